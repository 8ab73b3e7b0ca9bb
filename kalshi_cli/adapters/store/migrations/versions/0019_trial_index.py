"""Find trials under way, and count those that ended, without reading every row."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index(
        "ix_trials_ending_at_us_strategy_signal_slip_units",
        "trials",
        ["ending", "at_us", "strategy", "signal", "slip_units"],
    )
