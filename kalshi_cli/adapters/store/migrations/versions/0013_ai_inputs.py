"""Keep who answered an AI call and what it looked up, and what each forecast was asked from.

Of earlier calls nobody knows who answered: they make no model the one of record.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("ai_calls") as table:
        for name in ("provider", "tools"):
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
            table.alter_column(name, server_default=None)
        table.add_column(sa.Column("searches", sa.Integer(), nullable=False, server_default="0"))
        table.alter_column("searches", server_default=None)
        table.add_column(sa.Column("citations", sa.Text(), nullable=True))
    with op.batch_alter_table("forecasts") as table:
        for name in ("inputs", "prompt_version", "variant"):
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
            table.alter_column(name, server_default=None)
