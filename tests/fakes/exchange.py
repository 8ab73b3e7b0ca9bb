"""An exchange in memory, on its two main ports, that misbehaves on request.

It keeps books, matches against them at once, nets positions, charges fees and settles. What a test
wants to go wrong is scripted: `placing`, `cancelling` and `amending` hold the faults of the next
writes (a batch is one), `reading` the errors of the next reads, `hidden_reads` how many reads miss
a new order, `page_size` how short pages are, `unusable` rows that no read may trust. The smaller
ports are in `exchange_desks`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from kalshi_cli.domain.account import (
    Balance,
    CashMovement,
    ExchangePosition,
    Settlement,
    settlement_revenue,
)
from kalshi_cli.domain.book import Level, OrderBook, reaches
from kalshi_cli.domain.fees import FREE, FeeTerms, fill_fee
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import DAY, SECOND
from kalshi_cli.domain.market import (
    Event,
    Listing,
    Market,
    MarketStatus,
    Quote,
    Result,
    Series,
    Trade,
    payout,
)
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import (
    ExchangeOrderStatus,
    Fill,
    OrderIntent,
    OrderReport,
    TimeInForce,
)
from kalshi_cli.domain.position import cash_effect, outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import KalshiError, NotFound
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import (
    Amendment,
    AmendmentKind,
    Cancellation,
    CancellationKind,
    EventListing,
    ExchangeStatus,
    MarketData,
    OrderAddress,
    Outcome,
    OutcomeKind,
    Page,
    Permit,
    Placement,
    PlacementKind,
    QueuePosition,
    Trading,
    Unusable,
)
from kalshi_cli.ports.groups import OrderGroup

Row = TypeVar("Row")
Ladder = Sequence[tuple[str, str]]


class Fault(StrEnum):
    """What happens to a write. LOST never arrives; UNANSWERED is done, but nobody hears of it."""

    NOT_SENT = "not_sent"
    LOST = "lost"
    UNANSWERED = "unanswered"
    THROTTLED = "throttled"
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"


def levels(ladder: Ladder) -> list[Level]:
    return [Level(Price.parse(price), Contracts.parse(count)) for price, count in ladder]


UNDELIVERED: Mapping[Fault | None, Placement] = {
    Fault.NOT_SENT: Placement(PlacementKind.NOT_SENT, code="ConnectError"),
    Fault.LOST: Placement(PlacementKind.UNKNOWN, code="ReadTimeout"),
    Fault.THROTTLED: Placement(PlacementKind.THROTTLED, code="too_many_requests"),
    Fault.REFUSED: Placement(PlacementKind.REFUSED, code="trading_is_paused", message="paused"),
    Fault.UNAUTHORIZED: Placement(PlacementKind.UNAUTHORIZED, code="authentication_error"),
    Fault.FORBIDDEN: Placement(PlacementKind.FORBIDDEN, code="forbidden", message="not here"),
}
UNCHANGED: Mapping[Fault | None, Amendment] = {
    Fault.NOT_SENT: Amendment(AmendmentKind.UNKNOWN, code="not_sent"),
    Fault.LOST: Amendment(AmendmentKind.UNKNOWN, code="ReadTimeout"),
    Fault.THROTTLED: Amendment(AmendmentKind.REFUSED, code="too_many_requests"),
    Fault.REFUSED: Amendment(AmendmentKind.REFUSED, code="trading_is_paused"),
}


@dataclass
class FakeExchange:
    clock: Clock
    cash: Money = field(default_factory=lambda: Money.parse("1000.00"))
    page_size: int = 100
    hidden_reads: int = 0
    placing: list[Fault] = field(default_factory=list)
    cancelling: list[Fault] = field(default_factory=list)
    amending: list[Fault] = field(default_factory=list)
    reading: list[KalshiError] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    placed: list[tuple[str, OrderIntent]] = field(default_factory=list)
    status: ExchangeStatus = field(default_factory=lambda: ExchangeStatus(True, True))
    serieses: dict[str, Series] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    prints: list[Trade] = field(default_factory=list)
    all_fills: list[Fill] = field(default_factory=list)
    all_settlements: list[Settlement] = field(default_factory=list)
    movements: list[CashMovement] = field(default_factory=list)
    reports: dict[str, OrderReport] = field(default_factory=dict)
    nets: dict[str, Contracts] = field(default_factory=dict)
    groups: dict[str, OrderGroup] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    group_matches: dict[str, list[tuple[int, Contracts]]] = field(default_factory=dict)
    elsewhere: dict[int, Money] = field(default_factory=dict)
    _ladders: dict[str, dict[Side, list[Level]]] = field(default_factory=dict)
    _misses: dict[str, int] = field(default_factory=dict)

    # What a test arranges.

    def add_event(
        self,
        event_ticker: str,
        tickers: Sequence[str],
        *,
        exclusive: bool = False,
        category: str = "Economics",
        fees: FeeTerms = FREE,
        close_us: int | None = None,
    ) -> Event:
        """List an event of open markets on whole cents, without quotes."""
        series_ticker = event_ticker.partition("-")[0]
        self.serieses[series_ticker] = Series(series_ticker, series_ticker, category, fees)
        event = Event(
            event_ticker,
            series_ticker,
            event_ticker,
            category=category,
            mutually_exclusive=exclusive,
        )
        self.events[event_ticker] = event
        now = self.clock.now()
        close = now + DAY if close_us is None else close_us
        for ticker in tickers:
            self.markets[ticker] = Market(
                ticker=ticker,
                event_ticker=event_ticker,
                title=f"Will {ticker} happen?",
                status=MarketStatus.ACTIVE,
                open_us=now - DAY,
                close_us=close,
                latest_expiration_us=close + DAY,
                grid=LINEAR_CENT,
                updated_us=now,
            )
            self.set_book(ticker, (), ())
        return event

    def set_book(self, ticker: str, bids: Ladder, asks: Ladder) -> None:
        """Replace what others have resting: YES prices and counts, best first."""
        self._ladders[ticker] = {Side.BID: levels(bids), Side.ASK: levels(asks)}

    def fill_resting(self, order_id: str, count: str) -> Fill:
        """Another trader takes part of a resting order."""
        report = self.reports[order_id]
        return self._execute(report, report.price, Contracts.parse(count), is_taker=False)

    def settle(self, ticker: str, result: Result, value: Price | None = None) -> None:
        """Determine and finalize a market, cancel what rests in it, and pay."""
        for report in self._resting(ticker):
            self._cancel(report)
        paid = payout(result, value)
        assert paid is not None
        now = self.clock.now()
        self.markets[ticker] = market = replace(
            self.markets[ticker],
            status=MarketStatus.FINALIZED,
            result=result,
            settlement_value=paid,
            settlement_us=now,
            updated_us=now,
        )
        net = self.nets.pop(ticker, NO_CONTRACTS)
        if any(fill.ticker == ticker for fill in self.all_fills):
            revenue = settlement_revenue(net, paid)
            self.cash += revenue
            self.all_settlements.append(
                Settlement(ticker, market.event_ticker, result, paid, net, revenue, NO_MONEY, now)
            )

    # MarketData.

    async def exchange_status(self) -> ExchangeStatus:
        self._read()
        return self.status

    async def series(self) -> Page[Series]:
        self._read()
        return Page(tuple(self.serieses.values()))

    async def open_events(self, cursor: str = "", known: object = None) -> Page[EventListing]:
        self._read()
        shown = [self._event_listing(name) for name in self.events]
        is_open = MarketStatus.ACTIVE
        return self._page(
            [e for e in shown if any(x.market.status is is_open for x in e.listings)], cursor
        )

    async def event(self, event_ticker: str) -> EventListing:
        self._read()
        if event_ticker not in self.events:
            raise NotFound(f"There is no event {event_ticker!r}.")
        return self._event_listing(event_ticker)

    async def events_named(self, tickers: Collection[str]) -> Page[EventListing]:
        self._read()
        known = sorted(set(tickers) & self.events.keys())
        return Page(tuple(self._event_listing(name) for name in known))

    async def updated_markets(self, since_us: int, cursor: str = "") -> Page[Listing]:
        self._read()
        changed = (m for m in self.markets.values() if m.updated_us and m.updated_us >= since_us)
        return self._page([self._listing(market) for market in changed], cursor)

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        self._read()
        known = sorted(set(tickers) & self.markets.keys())
        return Page(tuple(self._listing(self.markets[t]) for t in known), "", tuple(self.unusable))

    async def books(self, tickers: Collection[str]) -> Mapping[str, OrderBook]:
        self._read()
        return {ticker: self.book(ticker) for ticker in tickers if ticker in self.markets}

    async def trades(
        self, ticker: str, min_us: int = 0, cursor: str = "", max_us: int | None = None
    ) -> Page[Trade]:
        self._read()
        return self._page(
            [
                t
                for t in reversed(self.prints)
                if t.ticker == ticker
                and min_us <= t.at_us
                and (max_us is None or t.at_us <= max_us)
            ],
            cursor,
        )

    # Trading.

    async def place(
        self,
        client_order_id: str,
        intent: OrderIntent,
        *,
        group_id: str = "",
        permit: Permit | None = None,
    ) -> Placement:
        try:
            if permit is not None:
                await permit()
        except KalshiError as error:
            return Placement(PlacementKind.NOT_SENT, code=error.code, message=str(error))
        return (await self.place_batch([(client_order_id, intent)], group_id=group_id))[0]

    async def place_batch(
        self, orders: Sequence[tuple[str, OrderIntent]], *, group_id: str = ""
    ) -> tuple[Placement, ...]:
        fault = self.placing.pop(0) if self.placing else None
        self.placed += orders
        if fault in UNDELIVERED:
            return (UNDELIVERED[fault],) * len(orders)
        answers = tuple(self._accept(name, intent, group_id) for name, intent in orders)
        if fault is Fault.UNANSWERED:
            return (Placement(PlacementKind.UNKNOWN, code="ReadTimeout"),) * len(orders)
        return answers

    async def cancel(self, order_id: str, ticker: str, exchange_index: int) -> Cancellation:
        return (await self.cancel_batch([OrderAddress(order_id, ticker, exchange_index)]))[0]

    async def cancel_batch(self, orders: Sequence[OrderAddress]) -> tuple[Cancellation, ...]:
        fault = self.cancelling.pop(0) if self.cancelling else None
        if fault in {Fault.NOT_SENT, Fault.LOST}:
            return (Cancellation(CancellationKind.UNKNOWN, code=str(fault)),) * len(orders)
        if fault in {Fault.THROTTLED, Fault.REFUSED}:
            return (Cancellation(CancellationKind.REFUSED, code=str(fault)),) * len(orders)
        if not self.status.exchange_active:
            return (Cancellation(CancellationKind.REFUSED, code="exchange_is_paused"),) * len(
                orders
            )
        answers = tuple(self._cancel_one(order.order_id) for order in orders)
        if fault is Fault.UNANSWERED:
            return (Cancellation(CancellationKind.UNKNOWN, code="ReadTimeout"),) * len(orders)
        return answers

    def _cancel_one(self, order_id: str) -> Cancellation:
        report = self._working(order_id)
        if report is None:
            return Cancellation(CancellationKind.GONE, code="not_found", message="not found")
        self._cancel(report)
        return Cancellation(CancellationKind.CANCELED, report.remaining)

    async def cancel_all(self) -> Outcome:
        for report in self._resting():
            self._cancel(report)
        return Outcome(OutcomeKind.DONE)

    async def amend(
        self, order_id: str, intent: OrderIntent, *, permit: Permit | None = None
    ) -> Amendment:
        try:
            if permit is not None:
                await permit()
        except KalshiError as error:
            return Amendment(AmendmentKind.REFUSED, code=error.code, message=str(error))

        def change(report: OrderReport) -> str:
            code = next(self._amend_objections(report, intent), "")
            if not code:
                left = intent.count - report.filled
                changed = replace(
                    report,
                    price=intent.limit,
                    initial=intent.count,
                    remaining=left,
                    expires_us=intent.expires_us,
                )
                self.reports[order_id] = changed
                self._match(changed)
            return code

        return self._change(order_id, change)

    async def decrease(self, order: OrderAddress, remaining: Contracts) -> Amendment:
        def change(report: OrderReport) -> str:
            if not 0 <= remaining.units < report.remaining.units:
                return "invalid_order_size"
            initial = report.filled + remaining
            changed = replace(report, initial=initial, remaining=remaining)
            self.reports[order.order_id] = changed
            if not remaining:
                self._cancel(changed)
            return ""

        told = self._change(order.order_id, change)
        return replace(told, filled=None)

    def _change(self, order_id: str, change: Callable[[OrderReport], str]) -> Amendment:
        fault = self.amending.pop(0) if self.amending else None
        if fault in UNCHANGED:
            return UNCHANGED[fault]
        before = self._working(order_id)
        if before is None:
            return Amendment(AmendmentKind.GONE, code="not_found", message="not found")
        code = change(before)
        if code:
            return Amendment(AmendmentKind.REFUSED, code=code)
        if fault is Fault.UNANSWERED:
            return Amendment(AmendmentKind.UNKNOWN, code="ReadTimeout")
        after = self.reports[order_id]
        if (after.filled, after.remaining) == (before.filled, before.remaining):
            return Amendment(AmendmentKind.AMENDED)
        return Amendment(AmendmentKind.AMENDED, after.filled - before.filled, after.remaining)

    async def queue_positions(self, tickers: Collection[str]) -> Page[QueuePosition]:
        self._read()
        found = [r for r in self._resting() if r.ticker in tickers]
        return Page(
            tuple(QueuePosition(r.order_id, r.ticker, self._ahead(r)) for r in found),
            unusable=tuple(self.unusable),
        )

    async def data_as_of(self) -> int:
        self._read()
        return self.clock.now()

    async def order(self, order_id: str) -> OrderReport | None:
        self._read()
        return self.reports[order_id] if self._is_seen(order_id) else None

    async def orders(
        self, *, resting_only: bool = False, min_us: int = 0, cursor: str = ""
    ) -> Page[OrderReport]:
        self._read()
        seen = [r for name, r in reversed(self.reports.items()) if self._is_seen(name)]
        resting = ExchangeOrderStatus.RESTING
        wanted = [r for r in seen if r.created_us >= min_us]
        return self._page([r for r in wanted if not resting_only or r.status is resting], cursor)

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        self._read()
        return self._page([f for f in reversed(self.all_fills) if f.at_us >= min_us], cursor)

    async def positions(self, cursor: str = "") -> Page[ExchangePosition]:
        self._read()
        held = [ExchangePosition(t, net) for t, net in sorted(self.nets.items()) if net]
        return self._page(held, cursor)

    async def settlements(self, *, min_us: int = 0, cursor: str = "") -> Page[Settlement]:
        self._read()
        newest = reversed(self.all_settlements)
        return self._page([s for s in newest if s.settled_us >= min_us], cursor)

    async def cash_movements(self, *, min_us: int = 0, cursor: str = "") -> Page[CashMovement]:
        self._read()
        newest = sorted(self.movements, key=lambda m: m.at_us, reverse=True)
        return self._page([m for m in newest if m.at_us >= min_us], cursor)

    async def balance(self) -> Balance:
        self._read()
        shards = tuple((shard, self.on_shard(shard)) for shard in sorted({0, *self.elsewhere}))
        return Balance(self.cash, self.clock.now(), shards)

    def on_shard(self, shard: int) -> Money:
        """Cash there; whatever was not moved elsewhere is on the first one."""
        if shard:
            return self.elsewhere.get(shard, NO_MONEY)
        return self.cash - total(list(self.elsewhere.values()))

    def move(self, source: int, destination: int, amount: Money) -> None:
        """Cash goes from shard to shard."""
        for shard, change in ((source, -amount), (destination, amount)):
            if shard:
                self.elsewhere[shard] = self.on_shard(shard) + change

    # How it works.

    def book(self, ticker: str) -> OrderBook:
        """Others' levels and our own resting orders together."""
        sides: dict[Side, dict[int, int]] = {Side.BID: {}, Side.ASK: {}}
        own = [(r.side, Level(r.price, r.remaining)) for r in self._resting(ticker)]
        others = [(side, level) for side in Side for level in self._ladders[ticker][side]]
        for side, level in (*others, *own):
            units = sides[side].get(level.price.units, 0) + level.count.units
            sides[side][level.price.units] = units
        bids, asks = (
            [Level(Price(price), Contracts(count)) for price, count in sides[side].items()]
            for side in (Side.BID, Side.ASK)
        )
        no = [Level(level.price.complement, level.count) for level in asks]
        return OrderBook.from_bids(ticker, bids, no, self.clock.now())

    def _accept(self, client_order_id: str, intent: OrderIntent, group_id: str) -> Placement:
        self._expire()
        code = next(self._objections(client_order_id, intent, group_id), "")
        if code == "order_already_exists":
            return Placement(PlacementKind.DUPLICATE, code=code, message="order already exists")
        if code:
            return _refused(code)
        count = self._allowed(intent)
        report = OrderReport(
            order_id=f"order-{len(self.reports) + 1}",
            client_order_id=client_order_id,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.limit,
            initial=count,
            filled=NO_CONTRACTS,
            remaining=count,
            status=ExchangeOrderStatus.RESTING,
            created_us=self.clock.now(),
            expires_us=intent.expires_us,
            exchange_index=intent.exchange_index,
        )
        self.reports[report.order_id] = report
        if group_id:
            self.group_of[report.order_id] = group_id
        self._misses[report.order_id] = self.hidden_reads
        self._match(report)
        if intent.time_in_force is not TimeInForce.GTC:
            self._cancel(self.reports[report.order_id])
        report = self.reports[report.order_id]
        return Placement(PlacementKind.ACCEPTED, report.order_id, report.filled, report.remaining)

    def _objections(
        self, client_order_id: str, intent: OrderIntent, group_id: str
    ) -> Iterator[str]:
        """The exchange's codes for what is wrong with an order, the first one counts."""
        market = self.markets.get(intent.ticker)
        yield from self._closed_doors(group_id)
        if any(report.client_order_id == client_order_id for report in self.reports.values()):
            yield "order_already_exists"
        if market is None:
            yield "not_found"
            return
        if market.status is not MarketStatus.ACTIVE or self.clock.now() >= market.close_us:
            yield "MARKET_INACTIVE"
        if market.grid is None or not market.grid.contains(intent.limit):
            yield "invalid_price"
        if intent.count.units <= 0:
            yield "invalid_order_size"
        if intent.expires_us is not None and intent.expires_us <= self.clock.now():
            yield "invalid_order"
        takes = self.book(intent.ticker).walk(intent.side, intent.count, intent.limit).count
        if intent.post_only and takes:
            yield "invalid_order"
        if intent.time_in_force is TimeInForce.FOK and takes < intent.count:
            yield "fill_or_kill_insufficient_resting_volume"
        if not self._can_pay(intent):
            yield "insufficient_balance"

    def _closed_doors(self, group_id: str) -> Iterator[str]:
        if not self.status.trading_active:
            yield "trading_is_paused"
        if group_id and group_id not in self.groups:
            yield "not_found"
        elif group_id and self.groups[group_id].triggered:
            yield "order_group_triggered"

    def _amend_objections(self, report: OrderReport, intent: OrderIntent) -> Iterator[str]:
        if intent.ticker != report.ticker:
            yield "order_ticker_mismatch"
            return
        if not self.status.trading_active:
            yield "trading_is_paused"
        if intent.side is not report.side:
            yield "order_side_mismatch"
        grid = self.markets[intent.ticker].grid
        if grid is None or not grid.contains(intent.limit):
            yield "invalid_price"
        if intent.count.units <= report.filled.units:
            yield "invalid_order_size"
        if intent.expires_us is not None and intent.expires_us <= self.clock.now():
            yield "invalid_order"
        left = replace(intent, count=intent.count - report.filled)
        if not self._can_pay(left, instead=report):
            yield "insufficient_balance"

    def _allowed(self, intent: OrderIntent) -> Contracts:
        """The count, capped to the position where the order may only reduce it."""
        if not intent.reduce_only:
            return intent.count
        held = self.nets.get(intent.ticker, NO_CONTRACTS)
        return Contracts(max(0, min(intent.count.units, -intent.side.sign * held.units)))

    def _can_pay(self, intent: OrderIntent, instead: OrderReport | None = None) -> bool:
        held = self.nets.get(intent.ticker, NO_CONTRACTS)
        closes = max(0, min(intent.count.units, -intent.side.sign * held.units))
        opens = Contracts(intent.count.units - closes)
        others = [r for r in self._resting() if instead is None or r.order_id != instead.order_id]
        reserved = sum(outcome_cost(r.side, r.price, r.remaining).units for r in others)
        needed = outcome_cost(intent.side, intent.limit, opens).units
        return needed + reserved <= self.cash.units

    def _match(self, report: OrderReport) -> None:
        ladder = self._ladders[report.ticker][report.side.opposite]
        while ladder and (left := self.reports[report.order_id].remaining):
            best = ladder[0]
            if not reaches(report.side, report.price, best.price):
                return
            count = min(left, best.count)
            rest = best.count - count
            ladder[:1] = [Level(best.price, rest)] if rest else []
            self._execute(self.reports[report.order_id], best.price, count, is_taker=True)

    def _execute(
        self, report: OrderReport, price: Price, count: Contracts, *, is_taker: bool
    ) -> Fill:
        event = self.events[self.markets[report.ticker].event_ticker]
        terms = self.serieses[event.series_ticker].fees
        fee = fill_fee(terms, side=report.side, price=price, count=count, is_taker=is_taker)
        held = self.nets.get(report.ticker, NO_CONTRACTS)
        self.cash += cash_effect(held, side=report.side, price=price, count=count) - fee
        self.nets[report.ticker] = held + report.side.signed(count)
        number, now = len(self.all_fills) + 1, self.clock.now()
        fill = Fill(
            f"fill-{number}", report.order_id, report.ticker, report.side, price, count,
            is_taker, fee, now,
        )  # fmt: skip
        self.all_fills.append(fill)
        taker = report.side if is_taker else report.side.opposite
        self.prints.append(Trade(f"trade-{number}", report.ticker, price, count, taker, now))
        left = report.remaining - count
        self.reports[report.order_id] = replace(
            report,
            filled=report.filled + count,
            remaining=left,
            status=ExchangeOrderStatus.RESTING if left else ExchangeOrderStatus.EXECUTED,
        )
        self._count_in_group(fill)
        return fill

    def _count_in_group(self, fill: Fill) -> None:
        group_id = self.group_of.get(fill.order_id, "")
        if group_id in self.groups:
            self.group_matches.setdefault(group_id, []).append((fill.at_us, fill.count))
            self.trigger_if_hit(group_id)

    def trigger_if_hit(self, group_id: str) -> None:
        """Trigger a group once the matches of 15 seconds reach its limit."""
        limit, since = self.groups[group_id].limit, self.clock.now() - 15 * SECOND
        matched = [n.units for at, n in self.group_matches.get(group_id, ()) if at > since]
        if limit is not None and sum(matched) >= limit.units:
            self.trigger(group_id)

    def trigger(self, group_id: str) -> None:
        """Cancel a group's orders; it takes no more until its reset."""
        self.groups[group_id] = replace(self.groups[group_id], triggered=True)
        for report in self._resting():
            if self.group_of.get(report.order_id) == group_id:
                self._cancel(report)

    def _ahead(self, report: OrderReport) -> Contracts:
        """The others at its price, and our own orders there that are older."""
        level = self._ladders[report.ticker][report.side]
        ahead = sum(each.count.units for each in level if each.price == report.price)
        for each in self._resting(report.ticker):
            if each.order_id == report.order_id:
                break
            if (each.side, each.price) == (report.side, report.price):
                ahead += each.remaining.units
        return Contracts(ahead)

    def _working(self, order_id: str) -> OrderReport | None:
        self._expire()
        report = self.reports.get(order_id)
        return report if report and report.status is ExchangeOrderStatus.RESTING else None

    def _cancel(self, report: OrderReport) -> None:
        if report.status is ExchangeOrderStatus.RESTING:
            self.reports[report.order_id] = replace(
                report, status=ExchangeOrderStatus.CANCELED, remaining=NO_CONTRACTS
            )

    def _expire(self) -> None:
        for report in self._resting():
            if report.expires_us is not None and self.clock.now() >= report.expires_us:
                self._cancel(report)

    def _resting(self, ticker: str | None = None) -> list[OrderReport]:
        resting = ExchangeOrderStatus.RESTING
        found = [report for report in self.reports.values() if report.status is resting]
        return [report for report in found if ticker in {None, report.ticker}]

    def _read(self) -> None:
        self._expire()
        if self.reading:
            raise self.reading.pop(0)

    def _is_seen(self, order_id: str) -> bool:
        """Whether a read shows the order: each read that misses it brings the first hit nearer."""
        left = self._misses.get(order_id, 0)
        if left:
            self._misses[order_id] = left - 1
        return order_id in self.reports and not left

    def _page(self, rows: Sequence[Row], cursor: str) -> Page[Row]:
        start = int(cursor or 0)
        end = start + self.page_size
        return Page(
            tuple(rows[start:end]), str(end) if end < len(rows) else "", tuple(self.unusable)
        )

    def _event_listing(self, event_ticker: str) -> EventListing:
        markets = [m for m in self.markets.values() if m.event_ticker == event_ticker]
        return EventListing(
            self.events[event_ticker], tuple(self._listing(market) for market in markets)
        )

    def _listing(self, market: Market) -> Listing:
        book = self.book(market.ticker)
        traded = [trade for trade in self.prints if trade.ticker == market.ticker]
        volume = Contracts(sum(trade.count.units for trade in traded))
        quote = Quote(
            ticker=market.ticker,
            bid=book.best_bid,
            ask=book.best_ask,
            last=traded[-1].price if traded else None,
            volume=volume,
            volume_24h=volume,
            open_interest=abs(self.nets.get(market.ticker, NO_CONTRACTS)),
            at_us=self.clock.now(),
        )
        return Listing(market, quote)


def _refused(code: str) -> Placement:
    return Placement(PlacementKind.REFUSED, code=code, message=code.replace("_", " ").lower())


def as_ports(exchange: FakeExchange) -> tuple[MarketData, Trading]:
    """The fake as the two ports: a type checker proves that it still implements them."""
    return exchange, exchange
