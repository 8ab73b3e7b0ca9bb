"""Keep how sure a forecast's fitted slope was.

Of earlier forecasts nobody knows: they are staked as they were.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with op.batch_alter_table("forecasts") as table:
        column = sa.Column("slope_error", sa.Float(), nullable=False, server_default="0")
        table.add_column(column)
        table.alter_column("slope_error", server_default=None)
