"""Keep the spread that a trial began with: a stop is told by it where only buyers print.

Trials of before were judged without it, and by prints from before their prices were read. They
prove too much, and go.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("DELETE FROM trials")
    with op.batch_alter_table("trials") as table:
        table.add_column(sa.Column("spread_units", sa.BigInteger(), nullable=False))
