"""Keep every change of a limit; a halt before any market time was known has none."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "limit_changes",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("old", sa.String(), nullable=True),
        sa.Column("new", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_wall_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name="pk_limit_changes"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_limit_changes_run_id"),
    )
    with op.batch_alter_table("desk_states") as table:
        table.alter_column("at_us", existing_type=sa.BigInteger(), nullable=True)
    op.execute("UPDATE desk_states SET at_us = NULL WHERE at_us = 0")
