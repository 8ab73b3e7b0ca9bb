"""Keep the changes of orders that are under way, and whether a pause cancels an order."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("orders") as table:
        table.add_column(
            sa.Column("cancel_on_pause", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        for name in ("asked_price_units", "asked_count_units", "asked_expires_us"):
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
    with op.batch_alter_table("orders") as table:
        table.alter_column("cancel_on_pause", server_default=None)
