"""What a maker keeps: mark-outs of its fills, and the programmes that pay for quoting."""

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, table


class MarkoutRecord(Record, table=True):
    """Dollars a contract, in units of $0.000001, rounded."""

    __tablename__ = "markouts"

    fill_id: str = key("fills.fill_id")
    horizon_us: int = big(key=True)
    ticker: str
    owner: str
    given_units: int = big()
    kept_units: int = big()
    half_units: int = big()
    filled_us: int = big(index=True)
    looked_us: int = big()


class IncentiveRecord(Record, table=True):
    __tablename__ = "incentives"

    program_id: str = key()
    ticker: str
    kind: str
    reward_units: int = big()
    start_us: int = big()
    end_us: int = big()
    target_units: int | None = maybe_big()
    discount_bps: int | None
    most_units: int | None = maybe_big()


MARKOUTS = table(MarkoutRecord)
INCENTIVES = table(IncentiveRecord)
