"""What stopped a market in a pass of trading: the first thing that did, its number, its limit."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.code import Code

EVERY_MARKET = "EVERY"
"""The code under which a day counts its passes, and the markets that they looked at."""


class At(StrEnum):
    """How far a market came, in the order of a pass."""

    FILTER = "filter"
    STRATEGY = "strategy"
    STAKE = "stake"
    CONTROL = "control"
    SENT = "sent"


class End(Code):
    """The pass of trading."""

    BROKEN = (
        "BROKEN",
        "the strategy failed, and all that it proposed is left out",
        "`kalshi strategies show NAME` has the error; `kalshi strategies forgive NAME` once mended",
    )
    NO_SHARE = (
        "NO_SHARE",
        "the strategy has no share of the capital",
        "give it one under [allocation] of the config file",
    )
    FEES = (
        "FEES",
        "its fees are not known",
        "`kalshi ingest` reads them; what a trade costs is never guessed",
    )
    NO_FORECAST = (
        "NO_FORECAST",
        "there is no forecast on record",
        "`kalshi analyze TICKER` asks for one",
    )
    MIN_CONFIDENCE = (
        "MIN_CONFIDENCE",
        "the forecast is not as sure as it must be for a candidate",
        "wait for a surer one; trading.min_confidence_threshold is what is asked",
    )
    NOT_PROPOSED = (
        "NOT_PROPOSED",
        "the strategy proposes nothing there, and does not say why",
        "a strategy of your own may say why: see `Abstention`",
    )
    NO_ANCHOR = (
        "NO_ANCHOR",
        "a side of the market is missing, or too far",
        "wait until both sides are quoted within 10 cents",
    )
    OTHER_SIDE = ("OTHER_SIDE", "the other side is the better one", "nothing")
    WORKING = (
        "WORKING",
        "an order of its own is at work",
        "nothing; `kalshi inspect orders --live-only` shows it",
    )
    SENT = ("SENT", "an order was sent", "`kalshi inspect order ID` tells what became of it")
    REJECTED = (
        "REJECTED",
        "the exchange refused the order",
        "`kalshi inspect order ID` has its words",
    )
    NOT_SENT = (
        "NOT_SENT",
        "the order never left this machine",
        "`kalshi inspect order ID` says why; nothing traded",
    )


@dataclass(frozen=True, slots=True)
class Stop:
    """One market and one strategy in one pass: the first thing that stopped it, or that it was
    sent. `value` and `limit` are texts in their units, empty where nothing was counted.
    """

    strategy: str
    ticker: str
    at: At
    code: str
    value: str = ""
    limit: str = ""
    detail: str = ""

    @property
    def missed_by(self) -> float | None:
        """How far the number is from its limit, as a part of the limit; None where there is no
        such number.
        """
        value, limit = _number(self.value), _number(self.limit)
        return None if value is None or not limit else abs(value - limit) / abs(limit)


@dataclass(frozen=True, slots=True)
class StopCount:
    """How many markets of one strategy ended alike in a pass; `nearest` is the one that missed by
    least, None where no number tells.
    """

    strategy: str
    at: At
    code: str
    markets: int
    nearest: Stop | None


@dataclass(frozen=True, slots=True)
class StopDay:
    """How the markets of one strategy ended in the passes of a day of market time (UTC days since
    1970). `passes` are those in which any ended so, `most` how many did at once; `nearest` is the
    nearest miss of them all, of `nearest_us`.
    """

    day: int
    strategy: str
    at: At
    code: str
    passes: int
    most: int
    nearest: Stop | None
    nearest_us: int | None


def tallied(stops: Iterable[Stop]) -> tuple[StopCount, ...]:
    """Counts by strategy, then in the order of a pass, most markets first."""
    groups: dict[tuple[str, At, str], list[Stop]] = defaultdict(list)
    for stop in stops:
        groups[stop.strategy, stop.at, stop.code].append(stop)
    counts = [StopCount(*key, len(own), nearest_of(own)) for key, own in groups.items()]
    stages = list(At)
    return tuple(sorted(counts, key=lambda c: (c.strategy, stages.index(c.at), -c.markets, c.code)))


def nearest_of(stops: Iterable[Stop]) -> Stop | None:
    """The stop that missed by least; the first by ticker where several did."""
    told = [(missed, stop.ticker, stop) for stop in stops if (missed := stop.missed_by) is not None]
    return min(told, key=lambda each: each[:2])[2] if told else None


def _number(text: str) -> float | None:
    try:
        return float(text.removeprefix("$").replace(",", ""))
    except ValueError:
        return None
