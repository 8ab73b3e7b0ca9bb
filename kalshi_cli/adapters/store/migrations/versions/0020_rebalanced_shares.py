"""Keep the shares of the bankroll that were put in the place of the config file's."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "rebalanced_shares",
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("configured", sa.Float(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("strategy", name=op.f("pk_rebalanced_shares")),
    )
