"""Does any rule that sees only prices make money in the generated world?

Each rule trades small and is rated with the truth of that moment (for resting orders: of the next
look). Truth is E[outcome | all information], so this has the mean of the final profit without the
outcome's noise. Net of exact fees; errors are clustered by event.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import fee_per_contract
from kalshi_cli.domain.instant import DAY, MINUTE
from kalshi_cli.domain.market import Market, MarketStatus, Series
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.generated import GeneratedWorld
from kalshi_cli.engine.series_plan import documented_bias
from kalshi_cli.engine.world import Listed, Matched, Moved

CYCLE = 15 * MINUTE
TAKE_EVERY = 7
SIZE = Contracts(1_000)


@dataclass(frozen=True, slots=True)
class Look:
    """One market at one moment, as a rule may see it; `truth` is for the oracle and for rating."""

    bid: Level | None
    ask: Level | None
    before: float | None
    truth: float
    series: Series

    @property
    def mid(self) -> float | None:
        if self.bid is None or self.ask is None:
            return None
        return (float(self.bid.price) + float(self.ask.price)) / 2

    def gain(self, side: Side) -> float | None:
        """Dollars a contract that taking on a side is worth; None where nothing is offered."""
        level = self.ask if side is Side.BID else self.bid
        if level is None:
            return None
        fee = fee_per_contract(self.series.fees, level.price, is_taker=True)
        return side.sign * (self.truth - float(level.price)) - fee


def _moved(look: Look) -> float:
    return 0.0 if look.mid is None or look.before is None else look.mid - look.before


def _heavy(look: Look) -> float:
    if look.bid is None or look.ask is None:
        return 0.5
    return look.bid.count.units / (look.bid.count.units + look.ask.count.units)


def _low(look: Look) -> bool:
    return look.ask is not None and float(look.ask.price) <= 0.15


def _high(look: Look) -> bool:
    return look.bid is not None and float(look.bid.price) >= 0.85


RULES: dict[str, tuple[Side, Callable[[Look], bool]]] = {
    "buy": (Side.BID, lambda look: True),
    "sell": (Side.ASK, lambda look: True),
    "buy longshot": (Side.BID, _low),
    "sell longshot": (Side.ASK, _low),
    "buy favourite": (Side.BID, _high),
    "sell favourite": (Side.ASK, _high),
    "buy risen": (Side.BID, lambda look: _moved(look) > 0.03),
    "sell risen": (Side.ASK, lambda look: _moved(look) > 0.03),
    "buy fallen": (Side.BID, lambda look: _moved(look) < -0.03),
    "sell fallen": (Side.ASK, lambda look: _moved(look) < -0.03),
    "buy heavy bid": (Side.BID, lambda look: _heavy(look) > 0.6),
    "sell heavy ask": (Side.ASK, lambda look: _heavy(look) < 0.4),
    "oracle buys": (Side.BID, lambda look: (look.gain(Side.BID) or 0.0) > 0.01),
    "oracle sells": (Side.ASK, lambda look: (look.gain(Side.ASK) or 0.0) > 0.01),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A rule's result: trades, mean dollars a contract, and the 95 % interval of that."""

    trades: int
    mean: float
    low: float
    high: float


@dataclass
class Study:
    """One world, watched every cycle: takers' rules, and a maker that quotes on prices alone."""

    seed: int
    gains: dict[str, dict[tuple[int, str], list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def __post_init__(self) -> None:
        self.world = GeneratedWorld(self.seed)
        self.markets: dict[str, Market] = {}
        self.series: dict[str, Series] = {}
        self.active: set[str] = set()
        self.traded: set[tuple[str, str]] = set()
        self.before: dict[str, float] = {}
        self.quoted: dict[tuple[str, Side], str] = {}
        self.quotes = 0

    def run(self, days: int) -> None:
        for cycle in range(days * DAY // CYCLE):
            self._follow()
            for ticker in sorted(self.active):
                self._withdraw(ticker)
                if cycle % TAKE_EVERY == 0:
                    self._take(ticker)
                self._quote(ticker)

    def _note(self, rule: str, ticker: str, gain: float) -> None:
        event = self.markets[ticker].event_ticker
        self.gains[rule][self.seed, event].append(gain)

    def _follow(self) -> None:
        for occurrence in self.world.advance(self.world.now_us + CYCLE):
            match occurrence:
                case Listed():
                    for market in occurrence.markets:
                        self.markets[market.ticker] = market
                        self.series[market.ticker] = occurrence.series
                        if market.status is MarketStatus.ACTIVE:
                            self.active.add(market.ticker)
                case Moved(status=MarketStatus.ACTIVE):
                    self.active.add(occurrence.ticker)
                case Moved(status=MarketStatus.CLOSED):
                    self.active.discard(occurrence.ticker)
                case Matched():
                    self._rate_fill(occurrence)
                case _:
                    pass

    def _rate_fill(self, matched: Matched) -> None:
        side = Side(matched.order_id.partition(" ")[0])
        truth = self.world.truth(matched.ticker)
        assert truth is not None
        series, price = self.series[matched.ticker], matched.execution.price
        gain = side.sign * (truth - float(price))
        gain -= fee_per_contract(series.fees, price, is_taker=False)
        self._note("maker", matched.ticker, gain)
        self._note(f"maker in {series.category}", matched.ticker, gain)

    def _look(self, ticker: str) -> Look:
        bids, asks = self.world.ladders(ticker)
        truth = self.world.truth(ticker)
        assert truth is not None
        bid, ask = (side[0] if side else None for side in (bids, asks))
        return Look(bid, ask, self.before.get(ticker), truth, self.series[ticker])

    def _take(self, ticker: str) -> None:
        """Each rule once a market. Small against the book, so it is priced and not sent."""
        look = self._look(ticker)
        for rule, (side, wants) in RULES.items():
            gain = look.gain(side)
            if (rule, ticker) not in self.traded and gain is not None and wants(look):
                self.traded.add((rule, ticker))
                self._note(rule, ticker, gain)
        if look.mid is not None:
            self.before[ticker] = look.mid

    def _withdraw(self, ticker: str) -> None:
        for side in Side:
            order_id = self.quoted.pop((ticker, side), None)
            if order_id is not None:
                self.world.leave(ticker, order_id)

    def _quote(self, ticker: str) -> None:
        """Rest a tick inside the spread where the corrected microprice promises a cent."""
        look = self._look(ticker)
        if look.bid is None or look.ask is None:
            return
        width = look.ask.price.units - look.bid.price.units
        if not 200 <= width <= 1_000:
            return
        heavy = _heavy(look)
        micro = float(look.bid.price) * (1 - heavy) + float(look.ask.price) * heavy
        fair = micro - documented_bias(look.series.category, micro)
        for side, price in self._inside(ticker, look.bid.price, look.ask.price):
            fee = fee_per_contract(look.series.fees, price, is_taker=False)
            if side.sign * (fair - float(price)) - fee >= 0.01:
                self.quotes += 1
                order_id = f"{side} {self.quotes}"
                self.world.join(ticker, order_id, side, price, SIZE)
                self.quoted[ticker, side] = order_id

    def _inside(self, ticker: str, bid: Price, ask: Price) -> Iterator[tuple[Side, Price]]:
        grid = self.markets[ticker].grid
        assert grid is not None
        above, below = grid.above(bid), grid.below(ask)
        if above is not None and above < ask:
            yield Side.BID, above
        if below is not None and bid < below and below != above:
            yield Side.ASK, below


def _row(clusters: dict[tuple[int, str], list[float]]) -> Row:
    trades = sum(len(gains) for gains in clusters.values())
    mean = sum(sum(gains) for gains in clusters.values()) / trades
    squares = sum((sum(gains) - mean * len(gains)) ** 2 for gains in clusters.values())
    error = 1.96 * math.sqrt(squares) / trades
    return Row(trades, mean, mean - error, mean + error)


def fairness_table(seeds: range, days: int) -> dict[str, Row]:
    """Every rule over some seeds and days from the epoch."""
    pooled: dict[str, dict[tuple[int, str], list[float]]] = defaultdict(dict)
    for seed in seeds:
        study = Study(seed)
        study.run(days)
        for rule, clusters in study.gains.items():
            pooled[rule].update(clusters)
    return {rule: _row(clusters) for rule, clusters in sorted(pooled.items())}


def rendered(table: dict[str, Row]) -> str:
    """The table in cents a contract."""
    lines = [f"{'rule':34}{'trades':>8}{'cents':>9}   95 % interval"]
    for rule, row in table.items():
        cents = [100 * value for value in (row.mean, row.low, row.high)]
        lines.append(f"{rule:34}{row.trades:>8}{cents[0]:>9.2f}   [{cents[1]:.2f}, {cents[2]:.2f}]")
    return "\n".join(lines)
