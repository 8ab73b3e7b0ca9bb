"""Keep the filters' verdict with each quote."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("quotes") as table:
        table.add_column(sa.Column("screened_by", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("dropped_by", sa.String(), nullable=True))
        table.add_column(sa.Column("holds_until_us", sa.BigInteger(), nullable=True))
