"""No sequence of commands makes or loses a cent, a contract or a place in the queue."""

from collections import Counter, defaultdict

from fakes.scripted_world import START_US, Hit, ScriptedWorld
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kalshi_cli.domain.account import settlement_revenue
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT, TAPERED_DECI_CENT
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.admission import reserved
from kalshi_cli.engine.commands import (
    Advance,
    Amend,
    Amended,
    Cancel,
    CancelAll,
    CanceledAll,
    Command,
    CreateGroup,
    Decrease,
    DeleteGroup,
    Deposit,
    Grouped,
    LimitGroup,
    Moneyed,
    Place,
    Placed,
    Rejected,
    ResetGroup,
    SelfTrade,
    SetTrading,
    Transfer,
    TriggerGroup,
)
from kalshi_cli.engine.exchange import Exchange

TICKERS = ("KXT-1-A", "KXT-1-B")
SHARD_OF = {"KXT-1-A": 0, "KXT-1-B": 2}
tickers = st.sampled_from(TICKERS)
sides = st.sampled_from(list(Side))
cents = st.integers(1, 99).map(lambda cent: Price(cent * 100))
tails = st.sampled_from([Price(10), Price(50), Price(990), Price(9_010), Price(9_990)])
counts = st.one_of(st.integers(1, 5_000), st.integers(1, 60).map(lambda n: n * 100)).map(Contracts)
few = st.integers(1, 400).map(Contracts)
indices = st.integers(0, 50)


class Conservation(RuleBasedStateMachine):
    """Random traffic with little money, so that the limit of cash is met again and again."""

    terms = FeeTerms("quadratic_with_maker_fees")
    grid = LINEAR_CENT

    def __init__(self) -> None:
        super().__init__()
        self.world = ScriptedWorld(fees=self.terms, grid=self.grid, shards=SHARD_OF)
        self.exchange = Exchange.open(self.world, {0: Money.parse("20.00"), 2: Money.parse("9.00")})
        self.sent = 0
        self.ended = False
        self.joined: dict[str, int] = {}
        """When an order joined the back of its queue last: its priority at its price."""

    def apply(self, command: Command):
        """A refusal must leave everything as it was, but for an id that it says it burnt."""
        before = self.told()
        answer = self.exchange.apply(command)
        if isinstance(answer, Rejected) and not answer.burns_id:
            assert self.told() == before
        return answer

    def told(self):
        state = self.exchange.state
        account = state.account
        return (
            dict(account.cash_on),
            dict(state.orders),
            dict(state.groups),
            len(account.fills),
            len(account.transfers),
            len(account.movements),
            dict(state.by_client_id),
            state.ids_given,
        )

    def joins(self, order_id: str) -> None:
        self.sent += 1
        self.joined[order_id] = self.sent

    def pick(self, index: int) -> str:
        """A live order, or one that nobody knows."""
        resting = self.exchange.resting
        return resting[index % len(resting)].order_id if resting else "nobody"

    def group(self, index: int | None) -> str:
        groups = list(self.exchange.state.groups)
        return "" if index is None or not groups else groups[index % len(groups)]

    def price(self, cent: Price, tail: Price | None) -> Price:
        return tail if tail is not None and self.grid is TAPERED_DECI_CENT else cent

    @initialize()
    def others_are_there(self):
        """Others want twenty contracts a side, at 0.40 and 0.45."""
        for ticker in TICKERS:
            self.world.quote(ticker, Side.BID, "0.4000", "20.00")
            self.world.quote(ticker, Side.ASK, "0.4500", "20.00")

    @rule(ticker=tickers, side=sides, cent=cents, tail=st.none() | tails, count=counts)
    def others_quote(self, ticker, side, cent, tail, count):
        """Others join the book without crossing it."""
        price = self.price(cent, tail)
        bids, asks = self.world.ladders(ticker)
        opposite = asks if side is Side.BID else bids
        if not opposite or side.sign * (opposite[0].price.units - price.units) > 0:
            self.world.quote(ticker, side, str(price), str(count))

    @rule(
        ticker=tickers,
        side=sides,
        cent=cents,
        tail=st.none() | tails,
        count=counts,
        tif=st.sampled_from(list(TimeInForce)),
        post_only=st.booleans(),
        prevention=st.sampled_from(list(SelfTrade)),
        minutes=st.none() | st.integers(1, 30),
        group=st.none() | indices,
        on_pause=st.booleans(),
        shard=st.sampled_from([-1, -1, 0, 2]),
    )
    def place(
        self,
        ticker,
        side,
        cent,
        tail,
        count,
        tif,
        post_only,
        prevention,
        minutes,
        group,
        on_pause,
        shard,
    ):
        resting = tif is TimeInForce.GTC
        self.send(
            ticker=ticker,
            side=side,
            price=self.price(cent, tail),
            count=count,
            time_in_force=tif,
            post_only=post_only and resting,
            reduce_only=tif is TimeInForce.IOC and post_only,
            expiration_us=self.world.now_us + minutes * MINUTE if resting and minutes else None,
            self_trade_prevention=prevention,
            shard=shard,
            group_id=self.group(group),
            cancel_on_pause=on_pause,
        )

    def send(self, **terms):
        self.sent += 1
        command = Place(client_order_id=f"c{self.sent}", **terms)
        answer = self.apply(command)
        if isinstance(answer, Rejected):
            assert answer.burns_id == (answer.code == "fill_or_kill_insufficient_resting_volume")
            return
        assert isinstance(answer, Placed)
        assert command.shard in {-1, SHARD_OF[command.ticker]}
        self.joins(answer.order_id)
        order = self.exchange.orders[answer.order_id]
        if command.post_only:
            assert not answer.filled
        rests = command.time_in_force is TimeInForce.GTC
        assert rests or order.status is not ExchangeOrderStatus.RESTING

    @rule(ticker=tickers, side=sides, count=few)
    def take(self, ticker, side, count):
        """What somebody wants, up to four contracts of it."""
        opposite = self.world.ladders(ticker)[side is Side.BID]
        if opposite:
            price, ioc = opposite[0].price, TimeInForce.IOC
            self.send(ticker=ticker, side=side, price=price, count=count, time_in_force=ioc)

    @rule(ticker=tickers, side=sides, count=few, hit=few)
    def rest_before_all_and_be_hit(self, ticker, side, count, hit):
        ladder = self.world.ladders(ticker)[side is Side.ASK]
        if not ladder:
            return
        best, gtc = ladder[0].price, TimeInForce.GTC
        price = (self.grid.above if side is Side.BID else self.grid.below)(best) or best
        self.send(ticker=ticker, side=side, price=price, count=count, time_in_force=gtc)
        self.world.script.append(Hit(self.world.now_us + 1, ticker, side.opposite, hit))
        self.apply(Advance(self.world.now_us + 3 * SECOND))

    @rule(index=indices)
    def cancel(self, index):
        self.apply(Cancel(self.pick(index)))

    @rule()
    def cancel_all(self):
        assert isinstance(self.apply(CancelAll()), CanceledAll)
        closing = self.exchange.state.closing
        assert all(order.ticker in closing for order in self.exchange.resting)

    @rule(index=indices, count=counts, by=st.booleans())
    def decrease(self, index, count, by):
        order_id = self.pick(index)
        self.apply(
            Decrease(order_id, count if by else None, None if by else count),
        )

    @rule(index=indices, cent=cents, count=counts, more=st.booleans(), minutes=st.integers(-1, 30))
    def amend(self, index, cent, count, more, minutes):
        """Another count at the same price, or any count at any price."""
        order_id = self.pick(index)
        order = self.exchange.orders.get(order_id)
        if order is None:
            return
        self.sent += 1
        price = cent if more else order.price
        expires = None if minutes < 0 else minutes and self.world.now_us + minutes * MINUTE
        answer = self.apply(
            Amend(
                order_id,
                order.ticker,
                order.side,
                price,
                count,
                new_client_order_id=f"a{self.sent}" if more else "",
                expiration_us=expires,
            )
        )
        if isinstance(answer, Amended):
            if price != order.price or count - order.filled > order.remaining:
                self.joins(order_id)
            else:
                assert not answer.filled

    @rule(limit=st.integers(1, 30), shard=st.sampled_from([0, 2]))
    def create_group(self, limit, shard):
        self.apply(CreateGroup(Contracts(100 * limit), shard))

    @rule(
        index=indices,
        kind=st.sampled_from([DeleteGroup, ResetGroup, TriggerGroup]),
        limit=st.none() | st.integers(1, 30),
    )
    def change_group(self, index, kind, limit):
        group_id = self.group(index)
        change = kind(group_id) if limit is None else LimitGroup(group_id, Contracts(100 * limit))
        answer = self.apply(change)
        if isinstance(answer, Grouped) and not isinstance(change, ResetGroup | LimitGroup):
            assert not [o for o in self.exchange.resting if o.group_id == group_id]

    @rule(cents_=st.integers(1, 2_000), source=st.sampled_from([0, 2]), client=st.integers(0, 3))
    def transfer(self, cents_, source, client):
        amount = Money(10_000 * cents_)
        self.apply(Transfer(amount, source, 2 - source, str(client) if client else ""))

    @rule(cents_=st.integers(-500, 500))
    def deposit(self, cents_):
        answer = self.apply(Deposit(Money(10_000 * cents_)))
        assert isinstance(answer, Moneyed) or cents_ <= 0

    @rule(
        ticker=tickers | st.just(""),
        shard=st.none() | st.sampled_from([0, 2]),
        on=st.booleans(),
        span_us=st.none() | st.sampled_from([1, SECOND, MINUTE]),
    )
    def set_trading(self, ticker, shard, on, span_us):
        until_us = None if on or span_us is None else self.world.now_us + span_us
        self.apply(SetTrading(on, ticker, shard, until_us))

    @rule(ticker=tickers, side=sides, counts=st.lists(counts, max_size=4))
    def others_hit(self, ticker, side, counts):
        at_us = self.world.now_us + 1
        self.world.script += [Hit(at_us, ticker, side, count) for count in counts]

    @rule(span_us=st.sampled_from([0, SECOND // 2, 3 * SECOND, 20 * SECOND, 5 * MINUTE]))
    def advance(self, span_us):
        self.apply(Advance(self.world.now_us + span_us))

    @rule(result=st.sampled_from(list(Result)), value=st.integers(0, 10_000), late=st.booleans())
    def settle(self, result, value, late):
        """The second market ends, once; later where nothing is held there."""
        is_held = bool(self.exchange.account.net(TICKERS[1]))
        if self.world.now_us > START_US and not self.ended and (is_held or late):
            self.ended = True
            price = Price(value) if result is Result.SCALAR else None
            self.world.settle(TICKERS[1], self.world.now_us + MINUTE * late, result, price)
            self.apply(Advance(self.world.now_us + 3 * SECOND))

    @invariant()
    def every_cent_is_accounted_for(self):
        """Cash by contracts: each fill pays p for YES or 1 - p for NO, each dollar returns once.

        Reckoned from the fills alone, on each shard, with what was sent between shards.
        """
        account = self.exchange.account
        expected: dict[int, int] = defaultdict(int)
        expected[0] = sum(movement.amount.units for movement in account.movements)
        expected[0] -= 9_000_000  # the opening of shard 2, which is among the deposits
        expected[2] = 9_000_000
        net = dict.fromkeys(TICKERS, 0)
        for fill in account.fills:
            expected[SHARD_OF[fill.ticker]] -= (
                fill.side.sign * fill.price.units * fill.count.units + fill.fee.units
            )
            net[fill.ticker] += fill.side.sign * fill.count.units
        returned = {s.settlement.ticker: s.settlement for s in account.settlements}
        for ticker, units in net.items():
            expected[SHARD_OF[ticker]] -= 10_000 * max(0, -units)
            settled = returned.get(ticker)
            assert account.net(ticker).units == (0 if settled else units)
            if settled:
                expected[SHARD_OF[ticker]] += settled.revenue.units
                assert settled.net.units == units
                assert settled.revenue == settlement_revenue(settled.net, settled.value)
        for sent in account.transfers:
            expected[sent.source] -= sent.amount.units
            if sent.arrived:
                expected[sent.destination] += sent.amount.units
        assert {shard: account.cash_on[shard].units for shard in (0, 2)} == dict(expected)

    @invariant()
    def cash_never_runs_out(self):
        now_us = self.world.now_us
        for shard, cash in self.exchange.account.cash_on.items():
            assert cash.units >= reserved(self.exchange.state, now_us, shard).units >= 0

    @invariant()
    def orders_and_fills_agree(self):
        filled: dict[str, int] = {}
        for fill in self.exchange.account.fills:
            filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.count.units
        for order in self.exchange.orders.values():
            assert order.filled.units == filled.get(order.order_id, 0)
            if order.status is ExchangeOrderStatus.RESTING:
                assert 0 < order.remaining.units <= order.initial.units - order.filled.units
            else:
                assert not order.remaining

    @invariant()
    def the_book_holds_our_orders_in_their_order(self):
        """What rests at the exchange is what rests in the book, by price and then by arrival."""
        for ticker in TICKERS:
            if self.exchange.catalog.markets[ticker].status not in {
                MarketStatus.ACTIVE,
                MarketStatus.INACTIVE,
            }:
                continue
            mine = [o for o in self.exchange.resting if o.ticker == ticker]
            for side in Side:
                ranked = sorted(
                    (o for o in mine if o.side is side),
                    key=lambda o: (-side.sign * o.price.units, self.joined[o.order_id]),
                )
                booked = [r for r in self.world._book(ticker, side) if r.order_id]
                assert [(o.order_id, o.price.units, o.remaining.units) for o in ranked] == [
                    (r.order_id, r.price, r.units) for r in booked
                ]

    @invariant()
    def a_triggered_group_has_no_orders(self):
        for order in self.exchange.resting:
            group = self.exchange.state.groups.get(order.group_id)
            assert group is None or not group.triggered


class SubCentConservation(Conservation):
    """The same on a grid with prices below a cent, where every fill rounds."""

    terms = FeeTerms("quadratic")
    grid = TAPERED_DECI_CENT


TestConservation = Conservation.TestCase
TestSubCentConservation = SubCentConservation.TestCase
TestConservation.settings = settings(max_examples=60, stateful_step_count=40)
TestSubCentConservation.settings = settings(max_examples=40, stateful_step_count=40)


def test_the_traffic_trades_and_is_settled():
    """Else all of this would be true of accounts in which nothing happens."""
    seen = Counter()

    class Watched(Conservation):
        def teardown(self):
            account = self.exchange.account
            seen["traded"] += bool(account.fills)
            seen["settled"] += bool(account.settlements)
            seen["runs"] += 1

    chosen = settings(max_examples=80, stateful_step_count=40, derandomize=True, database=None)
    run_state_machine_as_test(Watched, settings=chosen)
    assert seen["traded"] > seen["runs"] / 3
    assert seen["settled"] > 0
