"""Positions and the plans to leave them."""

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, table


class PositionRecord(Record, table=True):
    """Derived from fills and settlements, and rebuildable."""

    __tablename__ = "positions"

    ticker: str = key()
    owner: str = key()
    net_units: int = big()
    cost_units: int = big()
    realized_units: int = big()
    fees_units: int = big()
    opened_us: int | None = maybe_big()
    updated_us: int | None = maybe_big()


class ExitPlanRecord(Record, table=True):
    __tablename__ = "exit_plans"

    ticker: str = key()
    owner: str = key()
    stop_price_units: int | None = maybe_big()
    target_price_units: int | None = maybe_big()
    leave_by_us: int | None = maybe_big()
    entry_confidence: float | None
    entry_fair: float | None
    made_us: int = big()
    trail_units: int | None = maybe_big()
    before_close_us: int | None = maybe_big()
    peak_price_units: int | None = maybe_big()
    asked_stop_units: int | None = maybe_big()
    asked_trail_units: int | None = maybe_big()
    entry_probability: float | None
    target_rests: bool


POSITIONS = table(PositionRecord)
EXIT_PLANS = table(ExitPlanRecord)
