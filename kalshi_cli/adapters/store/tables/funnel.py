"""Where markets came to their end: in the last pass each of them, and how many on each day."""

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, refers, table, text


class StopRecord(Record, table=True):
    """The newest pass of each strategy."""

    __tablename__ = "stops"

    strategy: str = key()
    ticker: str = key("markets.ticker")
    run_id: str = refers("runs.run_id")
    at_us: int = big()
    stage: str
    code: str
    value: str
    limit: str
    detail: str = text()


class StopDayRecord(Record, table=True):
    """A day of market time; `ticker`, `value`, `limit`, `detail` are those of the nearest miss."""

    __tablename__ = "stop_days"

    day: int = key()
    strategy: str = key()
    stage: str = key()
    code: str = key()
    passes: int
    most: int
    ticker: str | None
    value: str
    limit: str
    detail: str = text()
    nearest_us: int | None = maybe_big()


STOPS = table(StopRecord)
STOP_DAYS = table(StopDayRecord)
