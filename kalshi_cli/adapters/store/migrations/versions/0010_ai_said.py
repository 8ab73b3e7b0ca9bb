"""Keep what an AI's answer came to, so that its words may be dropped, and the slope of a blend.

A text that is dropped leaves its row: the id of a text is its hash.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("ai_calls") as table:
        table.add_column(sa.Column("parsed", sa.Text(), nullable=True))
    with op.batch_alter_table("ai_texts") as table:
        table.alter_column("body", existing_type=sa.Text(), nullable=True)
    with op.batch_alter_table("forecasts") as table:
        table.add_column(sa.Column("slope", sa.Float(), nullable=False, server_default="1"))
        table.alter_column("slope", server_default=None)
