"""Keep what others wanted where an order of ours rested, so that whoever looks at the store values
what is held there as the snapshot did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "seen_of_others",
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("bid_price_units", sa.BigInteger(), nullable=True),
        sa.Column("bid_count_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_price_units", sa.BigInteger(), nullable=True),
        sa.Column("ask_count_units", sa.BigInteger(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticker", name="pk_seen_of_others"),
    )
