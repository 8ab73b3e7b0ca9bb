"""Keep what happened to each order, and what it was that a denial refused."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "order_events",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pending", sa.String(), nullable=False),
        sa.Column("filled_units", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_order_events"),
        sa.ForeignKeyConstraint(
            ["client_order_id"],
            ["orders.client_order_id"],
            name="fk_order_events_client_order_id",
        ),
    )
    op.create_index("ix_order_events_client_order_id", "order_events", ["client_order_id"])
    with op.batch_alter_table("denials") as table:
        table.add_column(sa.Column("side", sa.String(), nullable=True))
        table.add_column(sa.Column("price_units", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("count_units", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("forecast_id", sa.String(), nullable=True))
