"""One world, watched: rules trade in it, and its prices are measured."""

from collections import Counter, deque
from dataclasses import dataclass, field
from hashlib import blake2b

from kalshi_cli.domain.fees import FeeTerms, effective_terms
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series, Trade
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.generated import EPOCH_US, GeneratedWorld
from kalshi_cli.engine.schedule import in_weekly_pause
from kalshi_cli.engine.world import Listed, Matched, Moved, Printed
from kalshi_cli.engine.world_plan import DEFAULT_PLAN, WorldPlan
from tests.studies.claims import cell_name
from tests.studies.ledger import Ledger
from tests.studies.looks import LOT, Look, Taken, fee
from tests.studies.makers import Makers
from tests.studies.rules import PLACES, SETS, TAKING
from tests.studies.traits import Traits

STEP = 290 * SECOND
"""Not a multiple of any refresh, so that quotes are met at every age."""
EPOCHS = 14
"""Worlds begin on any day of two weeks, so that slow series are met at every age."""
WATCHED = "watched only"
QUICK = 8 * HOUR
"""Markets that live no longer are looked at every step."""


@dataclass(slots=True)
class Followed:
    """A market that the study follows."""

    market: Market
    series: Series
    event: Event
    place: str
    mids: deque[float | None] = field(default_factory=lambda: deque(maxlen=6))
    tape: deque[tuple[int, Taken]] = field(default_factory=lambda: deque(maxlen=6))

    def terms(self, now_us: int) -> FeeTerms:
        waiver = self.market.fee_waiver_expires_us
        return effective_terms(self.series.fees, self.event.fees, waiver, now_us)


class Watch:
    """Takers rule by rule in every event; resting orders in two events of three."""

    def __init__(self, seed: int, plan: WorldPlan = DEFAULT_PLAN) -> None:
        self.seed = seed
        self.world = GeneratedWorld(seed, EPOCH_US + seed % EPOCHS * DAY, plan)
        self.ledger = Ledger()
        self.traits = Traits(self.ledger)
        self.makers = Makers(self.world)
        self.followed: dict[str, Followed] = {}
        self.legs: dict[str, list[str]] = {}
        self.active: set[str] = set()
        self.checked: Counter[str] = Counter()
        self.early: Counter[str] = Counter()
        self._round = 0
        self._paid: dict[str, float] = {}

    def run(self, days: int) -> "Watch":
        for self._round in range(days * DAY // STEP):
            self._follow()
            if in_weekly_pause(self.world.now_us):
                continue
            for event, legs in list(self.legs.items()):
                self._visit(event, [ticker for ticker in legs if ticker in self.active])
        self._count_early(days)
        return self

    def _count_early(self, days: int) -> None:
        """Early closes by what was due in the time watched, not by what closed in it: a window
        that is no multiple of a period holds more or fewer of the closes that were announced.
        """
        for plan in self.world.genesis.plan.listed.values():
            due, early = days * DAY / (plan.period_h * HOUR), self.early[plan.ticker]
            self.ledger.ratio(f"early closes: {plan.category}", plan.ticker, due, early)

    def _follow(self) -> None:
        for occurrence in self.world.advance(self.world.now_us + STEP):
            match occurrence:
                case Listed():
                    self._list(occurrence)
                case Moved():
                    self._move(occurrence)
                case Printed():
                    self._print(occurrence.trade)
                case Matched():
                    self._rate(occurrence)

    def _list(self, listed: Listed) -> None:
        event = listed.event.event_ticker
        digest = blake2b(f"{self.seed} {event}".encode(), digest_size=4).digest()
        place = (*PLACES, WATCHED)[int.from_bytes(digest) % 4]
        self.legs[event] = [market.ticker for market in listed.markets]
        for market in listed.markets:
            self.followed[market.ticker] = Followed(market, listed.series, listed.event, place)
            if market.status is MarketStatus.ACTIVE:
                self.active.add(market.ticker)

    def _move(self, moved: Moved) -> None:
        followed = self.followed[moved.ticker]
        event = followed.market.event_ticker
        if moved.status is MarketStatus.ACTIVE:
            self.active.add(moved.ticker)
            return
        self.active.discard(moved.ticker)
        self.makers.withdraw(moved.ticker)
        if moved.value is not None:
            self._paid[moved.ticker] = float(moved.value)
        if moved.status is MarketStatus.CLOSED and moved.ticker == self.legs[event][-1]:
            self._close(followed, moved.at_us)
        elif moved.status is MarketStatus.DETERMINED:
            self.traits.determined(event, scalar=moved.result is Result.SCALAR)
        elif moved.status is MarketStatus.FINALIZED:
            self.ledger.settle(event, moved.ticker, self._paid.pop(moved.ticker))

    def _print(self, trade: Trade) -> None:
        followed = self.followed[trade.ticker]
        taken = Taken(Side(trade.taker_side), trade.price)
        if followed.tape and followed.tape[0] == (trade.at_us, taken.side):
            followed.tape.popleft()
        followed.tape.appendleft((trade.at_us, taken))
        if followed.place == WATCHED:
            truth = self.world.truth(trade.ticker)
            assert truth is not None
            self.traits.printed(trade, followed.market.event_ticker, followed.series, truth)

    def _rate(self, matched: Matched) -> None:
        order = self.makers.filled(matched.order_id, matched.execution.count)
        followed, truth = self.followed[matched.ticker], self.world.truth(matched.ticker)
        assert truth is not None
        price, count = matched.execution.price, matched.execution.count
        terms = followed.terms(matched.at_us)
        charged = fee(terms, order.side, price, count, is_taker=False)
        cell = cell_name(followed.place, order.side, followed.series.category)
        for rule in (*order.rules, cell):
            self.ledger.trade(
                rule, followed.market.event_ticker, matched.ticker, order.side, float(price),
                truth, float(count), charged,
            )  # fmt: skip

    def _close(self, followed: Followed, at_us: int) -> None:
        tickers = self.legs[followed.event.event_ticker]
        lasts = [self.world.tally(ticker).last for ticker in tickers]
        prices = [None if last is None else float(last) for last in lasts]
        self.traits.closed(followed.event, prices)
        self.early[followed.series.ticker] += at_us < followed.market.close_us

    def _visit(self, event: str, tickers: list[str]) -> None:
        """Look at an event when it is due: quick ones every step, the others every third."""
        if not tickers:
            return
        first = self.followed[tickers[0]]
        life = first.market.close_us - first.market.open_us
        if life > QUICK and self._round % 3:
            return
        looks = [self._look(ticker) for ticker in tickers]
        for look in looks:
            self._take(event, look)
            if first.place != WATCHED:
                self.makers.quote(look, first.place)
            self.traits.looked(event, look, self.world.crowd(look.ticker))
            self.followed[look.ticker].mids.appendleft(look.mid)
        if len(looks) == len(self.legs[event]) > 1:
            self._take_sets(first.event, looks)

    def _look(self, ticker: str) -> Look:
        followed, truth = self.followed[ticker], self.world.truth(ticker)
        assert truth is not None
        assert followed.market.grid is not None
        bids, asks = self.world.ladders(ticker)
        return Look(
            ticker=ticker,
            series=followed.series,
            terms=followed.terms(self.world.now_us),
            grid=followed.market.grid,
            bids=self.makers.others(ticker, Side.BID, bids),
            asks=self.makers.others(ticker, Side.ASK, asks),
            mids=tuple(followed.mids),
            tape=tuple(taken for _, taken in followed.tape),
            left_us=followed.market.close_us - self.world.now_us,
            truth=truth,
        )

    def _take(self, event: str, look: Look) -> None:
        for rule, (side, wants) in TAKING.items():
            if look.taking(side) is not None and wants(look):
                self._taken(rule, event, look, side)

    def _taken(self, rule: str, event: str, look: Look, side: Side) -> None:
        level = look.taking(side)
        assert level is not None
        charged = fee(look.terms, side, level.price, LOT, is_taker=True)
        self.ledger.trade(
            rule, event, look.ticker, side, float(level.price), look.truth, float(LOT), charged
        )

    def _take_sets(self, event: Event, looks: list[Look]) -> None:
        for rule, (exclusive, found) in SETS.items():
            markets = [self.followed[look.ticker].market for look in looks]
            ladder = all(market.strike_type == "greater" for market in markets)
            if event.mutually_exclusive if exclusive else ladder:
                self.checked[rule] += 1
                for legs in found(looks):
                    for look, side in legs:
                        self._taken(rule, event.event_ticker, look, side)
