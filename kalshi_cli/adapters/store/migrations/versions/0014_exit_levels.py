"""Keep every level at which a position is left, and name the reason of what was held to the end.

Positions that are held have no level but those they were entered with.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("exit_plans") as table:
        for name in (
            "trail_units",
            "before_close_us",
            "peak_price_units",
            "asked_stop_units",
            "asked_trail_units",
        ):
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("entry_probability", sa.Float(), nullable=True))
    op.execute(
        "UPDATE round_trips SET reason = 'resolution: ' || reason WHERE reason LIKE 'settled %'"
    )
