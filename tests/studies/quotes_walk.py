"""What quotes would have made of recorded weather events: the market maker over the tape, no desk.

It looks every quarter of an hour, as a simulated desk does, at the book of the tape world, and
quotes at its defaults on a bankroll of $10,000. A quote is filled by later prints that go through
its price, until the next look; what it brings in is quoted against, and else held to the recorded
result. What fills lost is not measured back into the quotes, as a desk does after a while.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.fees import fill_fee
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, SECOND, day_of
from kalshi_cli.domain.market import Event, Market, Trade
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.recording import RecordedMarket, Recording
from kalshi_cli.engine.tape import TapeWorld
from kalshi_cli.engine.world import Listed, Printed
from kalshi_cli.settings.sections import Settings, Trading
from kalshi_cli.strategies._base import Candidate, View
from tests.fakes.decisions import proposed
from tests.studies.estimate import Sums
from tests.studies.walked import candidate
from tests.studies.weather import BANKROLL, TERMS, Made

SETTINGS = Settings(home=Path("unused"), trading=Trading(strategies=("market_making",)))
LOOK_US = int(SETTINGS.intervals.sim_cycle_s) * SECOND


@dataclass
class Resting:
    """A quote that rests until the next look; `left` is raw contract units not filled yet."""

    side: Side
    limit: Price
    left: int


@dataclass
class Maker:
    """The strategy on its way: `bought` are raw contract units of each side's outcome, `paid`
    dollars for them with their fees.
    """

    world: TapeWorld
    markets: dict[str, tuple[Event, Market]] = field(default_factory=dict)
    tapes: dict[str, list[Trade]] = field(default_factory=lambda: defaultdict(list))
    resting: dict[str, list[Resting]] = field(default_factory=dict)
    bought: dict[tuple[str, Side], int] = field(default_factory=lambda: defaultdict(int))
    paid: dict[str, Money] = field(default_factory=lambda: defaultdict(lambda: NO_MONEY))
    quotes: int = 0

    def __post_init__(self) -> None:
        (self.maker,) = policies(Env.SIM, SETTINGS, "baseline").trading.strategies

    def look(self, now_us: int) -> None:
        """Fill what rested by what was printed since, and quote anew."""
        for occurrence in self.world.advance(now_us):
            if isinstance(occurrence, Listed):
                for market in occurrence.markets:
                    self.markets[market.ticker] = occurrence.event, market
            elif isinstance(occurrence, Printed):
                self.print(occurrence.trade)
        for ticker in [t for t, (_, market) in self.markets.items() if market.close_us <= now_us]:
            del self.markets[ticker]
        self.resting.clear()
        candidates = tuple(
            self._candidate(*each, now_us)
            for ticker, each in self.markets.items()
            if each[1].open_us <= now_us and self.tapes[ticker]
        )
        for quote in proposed(self.maker, View(now_us, candidates, BANKROLL)):
            if quote.max_contracts is not None:
                resting = Resting(quote.side, quote.limit, quote.max_contracts.units)
                self.resting.setdefault(quote.ticker, []).append(resting)
                self.quotes += 1

    def print(self, trade: Trade) -> None:
        """Fill what rests by a print through its price."""
        self.tapes[trade.ticker].append(trade)
        left = trade.count.units
        for quote in self.resting.get(trade.ticker, ()):
            if (quote.limit.units - trade.price.units) * quote.side.sign <= 0:
                continue
            count = Contracts(min(quote.left, left))
            if not count:
                continue
            quote.left -= count.units
            left -= count.units
            fee = fill_fee(TERMS, side=quote.side, price=quote.limit, count=count, is_taker=False)
            cost = outcome_cost(quote.side, quote.limit, count)
            self.bought[trade.ticker, quote.side] += count.units
            self.paid[trade.ticker] += cost + fee

    def _held(self, ticker: str) -> int:
        return self.bought[ticker, Side.BID] - self.bought[ticker, Side.ASK]

    def gain(self, recorded: RecordedMarket) -> Money:
        """Dollars made once a market has paid."""
        ticker, value = recorded.market.ticker, recorded.value
        yes, no = (Contracts(self.bought[ticker, side]) for side in (Side.BID, Side.ASK))
        return value * yes + value.complement * no - self.paid[ticker]

    def _candidate(self, event: Event, market: Market, now_us: int) -> Candidate:
        ticker = market.ticker
        return candidate(
            self.world,
            event,
            market,
            TERMS,
            self.tapes[ticker],
            Contracts(self._held(ticker)),
            since_us=now_us - self.maker.tape_us,
            now_us=now_us,
        )


def quote_tape(recording: Recording, *, days: int | None = None) -> Made:
    """Quote over a recording, or its first days; what was made is by settlement day."""
    end_us = max(event.finalized_us for event in recording.events)
    if days is not None:
        end_us = min(end_us, recording.start_us + days * DAY)
    walker = Maker(TapeWorld(recording))
    for now_us in range(recording.start_us, end_us, LOOK_US):
        walker.look(now_us)
    made = Made(Sums(), orders=walker.quotes)
    by_day: dict[int, list[float]] = defaultdict(list)
    for event in recording.events:
        closes_us = max(each.market.close_us for each in event.markets)
        if closes_us > end_us:
            continue
        by_day[day_of(closes_us)].append(sum(float(walker.gain(each)) for each in event.markets))
        paid = sum(float(walker.paid[each.market.ticker]) for each in event.markets)
        made.events += 1
        made.entered += paid > 0
        made.staked += paid
    for gains in by_day.values():
        made.profit.add(len(gains), sum(gains))
    return made
