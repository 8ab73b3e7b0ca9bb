"""No sequence of commands makes or loses a cent or a contract."""

from fakes.scripted_world import START_US, Hit, ScriptedWorld
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kalshi_cli.domain.account import settlement_revenue
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT, TAPERED_DECI_CENT
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.admission import reserved
from kalshi_cli.engine.commands import Advance, Cancel, Place, Placed, Rejected, SelfTrade
from kalshi_cli.engine.exchange import Exchange

TICKERS = ("KXT-1-A", "KXT-1-B")
tickers = st.sampled_from(TICKERS)
sides = st.sampled_from(list(Side))
cents = st.integers(1, 99).map(lambda cent: Price(cent * 100))
tails = st.sampled_from([Price(10), Price(50), Price(990), Price(9_010), Price(9_990)])
counts = st.one_of(st.integers(1, 5_000), st.integers(1, 60).map(lambda n: n * 100)).map(Contracts)


class Conservation(RuleBasedStateMachine):
    """Random traffic with little money, so that the limit of cash is met again and again."""

    terms = FeeTerms("quadratic_with_maker_fees")
    grid = LINEAR_CENT

    def __init__(self) -> None:
        super().__init__()
        self.world = ScriptedWorld(fees=self.terms, grid=self.grid)
        self.exchange = Exchange.open(self.world, Money.parse("20.00"))
        self.sent = 0

    def price(self, cent: Price, tail: Price | None) -> Price:
        return tail if tail is not None and self.grid is TAPERED_DECI_CENT else cent

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
        tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
        post_only=st.booleans(),
        prevention=st.sampled_from(list(SelfTrade)),
        minutes=st.none() | st.integers(1, 30),
    )
    def place(self, ticker, side, cent, tail, count, tif, post_only, prevention, minutes):
        self.sent += 1
        resting = tif is TimeInForce.GTC
        before = self.exchange.account.cash, len(self.exchange.orders)
        expires = self.world.now_us + minutes * MINUTE if resting and minutes else None
        answer = self.exchange.apply(
            Place(
                client_order_id=f"c{self.sent}",
                ticker=ticker,
                side=side,
                price=self.price(cent, tail),
                count=count,
                time_in_force=tif,
                post_only=post_only and resting,
                reduce_only=not resting and post_only,
                expiration_us=expires,
                self_trade_prevention=prevention,
            )
        )
        if isinstance(answer, Rejected):
            assert before == (self.exchange.account.cash, len(self.exchange.orders))
        else:
            assert isinstance(answer, Placed)
            order = self.exchange.orders[answer.order_id]
            if post_only and resting:
                assert not answer.filled
            assert resting or order.status is not ExchangeOrderStatus.RESTING

    @rule(index=st.integers(0, 50))
    def cancel(self, index):
        if resting := self.exchange.resting:
            self.exchange.apply(Cancel(resting[index % len(resting)].order_id))

    @rule(ticker=tickers, side=sides, counts=st.lists(counts, max_size=4))
    def others_hit(self, ticker, side, counts):
        at_us = self.world.now_us + 1
        self.world.script += [Hit(at_us, ticker, side, count) for count in counts]

    @rule(minutes=st.integers(0, 40))
    def advance(self, minutes):
        self.exchange.apply(Advance(self.world.now_us + minutes * MINUTE))

    @rule(result=st.sampled_from(list(Result)), value=st.integers(0, 10_000), late=st.booleans())
    def settle(self, result, value, late):
        """The second market ends, once."""
        if self.world.now_us > START_US and not getattr(self, "ended", False):
            self.ended = True
            price = Price(value) if result is Result.SCALAR else None
            self.world.settle(TICKERS[1], self.world.now_us + MINUTE * late, result, price)

    @invariant()
    def every_cent_is_accounted_for(self):
        """Cash by contracts: each fill pays p for YES or 1 - p for NO, each dollar returns once."""
        account = self.exchange.account
        spent = sum(
            fill.side.sign * fill.price.units * fill.count.units + fill.fee.units
            for fill in account.fills
        )
        short = dict.fromkeys(TICKERS, 0)
        net = dict(short)
        returned = {s.settlement.ticker: s.settlement for s in account.settlements}
        for fill in account.fills:
            net[fill.ticker] += fill.side.sign * fill.count.units
        paid = sum(settlement.revenue.units for settlement in returned.values())
        locked = sum(10_000 * max(0, -units) for units in net.values())
        assert account.cash.units == account.deposit.units - spent - locked + paid
        for ticker, units in net.items():
            settled = returned.get(ticker)
            assert account.net(ticker).units == (0 if settled else units)
            if settled:
                assert settled.net.units == units
                assert settled.revenue == settlement_revenue(settled.net, settled.value)

    @invariant()
    def cash_never_runs_out(self):
        account = self.exchange.account
        assert account.cash.units >= reserved(self.exchange.state, self.world.now_us).units >= 0

    @invariant()
    def orders_and_fills_agree(self):
        filled: dict[str, int] = {}
        for fill in self.exchange.account.fills:
            order = self.exchange.orders[fill.order_id]
            assert order.side.sign * (order.price.units - fill.price.units) >= 0
            filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.count.units
        for order in self.exchange.orders.values():
            assert order.filled.units == filled.get(order.order_id, 0)
            if order.status is ExchangeOrderStatus.RESTING:
                assert order.filled.units + order.remaining.units == order.initial.units
            else:
                assert not order.remaining


class SubCentConservation(Conservation):
    """The same on a grid with prices below a cent, where every fill rounds."""

    terms = FeeTerms("quadratic")
    grid = TAPERED_DECI_CENT


TestConservation = Conservation.TestCase
TestSubCentConservation = SubCentConservation.TestCase
TestConservation.settings = settings(max_examples=40, stateful_step_count=40)
TestSubCentConservation.settings = settings(max_examples=30, stateful_step_count=40)
