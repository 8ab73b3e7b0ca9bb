"""Keep since when an entry that rests has had no market to lean on."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    with op.batch_alter_table("orders") as table:
        table.add_column(sa.Column("unanchored_us", sa.BigInteger(), nullable=True))
