"""Keep the fees that are announced, in the place of the instant at which the next ones begin."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "fee_changes",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("event_ticker", sa.String(), nullable=False),
        sa.Column("series_ticker", sa.String(), nullable=False),
        sa.Column("fee_type", sa.String(), nullable=True),
        sa.Column("fee_multiplier_units", sa.BigInteger(), nullable=True),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "event_ticker", name=op.f("pk_fee_changes")),
    )
    # what was announced is not on record: the next pass reads all of it, and the fees of now with it
    op.execute("DELETE FROM markers WHERE name IN ('fees_change', 'full_pass', 'series_pass')")
