"""Keep what stopped each market in the last pass, and how many were stopped so on each day."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "stops",
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("limit", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticker"], ["markets.ticker"], name="fk_stops_ticker_markets"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_stops_run_id_runs"),
        sa.PrimaryKeyConstraint("strategy", "ticker", name="pk_stops"),
    )
    op.create_table(
        "stop_days",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("ticker", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("limit", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("nearest_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", "strategy", "stage", "code", name="pk_stop_days"),
    )
