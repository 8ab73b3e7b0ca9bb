"""Keep what a maker's fills were worth later, and the programmes that pay for quoting."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "markouts",
        sa.Column("fill_id", sa.String(), nullable=False),
        sa.Column("horizon_us", sa.BigInteger(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("given_units", sa.BigInteger(), nullable=False),
        sa.Column("kept_units", sa.BigInteger(), nullable=False),
        sa.Column("half_units", sa.BigInteger(), nullable=False),
        sa.Column("filled_us", sa.BigInteger(), nullable=False),
        sa.Column("looked_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fill_id"], ["fills.fill_id"], name="fk_markouts_fill_id_fills"),
        sa.PrimaryKeyConstraint("fill_id", "horizon_us", name="pk_markouts"),
    )
    op.create_index("ix_markouts_filled_us", "markouts", ["filled_us"])
    op.create_table(
        "incentives",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reward_units", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("target_units", sa.BigInteger(), nullable=True),
        sa.Column("discount_bps", sa.Integer(), nullable=True),
        sa.Column("most_units", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("program_id", name="pk_incentives"),
    )
