"""Keep what came of each signal of a strategy, and which targets rest at the exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("entry_price_units", sa.BigInteger(), nullable=False),
        sa.Column("target_price_units", sa.BigInteger(), nullable=False),
        sa.Column("stop_price_units", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("slip_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("strategy", "ticker", "at_us", name="pk_trials"),
    )
    with op.batch_alter_table("exit_plans") as table:
        table.add_column(
            sa.Column("target_rests", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("exit_plans") as table:
        table.alter_column("target_rests", server_default=None)
