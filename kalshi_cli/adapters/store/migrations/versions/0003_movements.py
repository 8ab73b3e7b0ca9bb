"""Tell the shard of cash, who accepted it, and what was paid in when the desk was valued."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COLUMNS = (
    ("settlements", "exchange_index", sa.Integer(), "0"),
    ("cash_movements", "exchange_index", sa.Integer(), "0"),
    ("cash_movements", "who", sa.String(), ""),
    ("cash_movements", "why", sa.Text(), ""),
    ("balance_snapshots", "paid_in_units", sa.BigInteger(), "0"),
)


def upgrade() -> None:
    for table, name, kind, value in _COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    op.execute(
        "UPDATE balance_snapshots SET paid_in_units = (SELECT COALESCE(SUM(amount_units), 0)"
        " FROM cash_movements WHERE cash_movements.at_us <= balance_snapshots.at_us)"
    )
    for table, name, _, _ in _COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(name, server_default=None)
