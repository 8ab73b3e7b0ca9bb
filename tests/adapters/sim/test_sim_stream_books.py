"""Whatever happens, a client that follows the stream knows what the exchange knows.

Others quote and hit, our orders come, change and go, markets pause and end, while two clients
subscribe, unsubscribe and ask for snapshots as they like, one with NO prices and one with YES.
After each command each of them has exactly the exchange's ladders, and a third, who listened from
the start, has every order, fill and position.
"""

from collections import Counter

from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.streamed import Streamed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    Amend,
    Cancel,
    CancelAll,
    CreateGroup,
    Decrease,
    Place,
    SelfTrade,
    SetTrading,
    TriggerGroup,
)

TICKERS = ("KXT-1-A", "KXT-1-B")
tickers = st.sampled_from(TICKERS)
sides = st.sampled_from(list(Side))
prices = st.integers(40, 60).map(lambda cent: Price(cent * 100))
counts = st.one_of(st.integers(1, 900), st.integers(1, 9).map(lambda n: n * 100)).map(Contracts)
chosen = st.lists(st.sampled_from([*TICKERS, "KXNOBODY"]), min_size=1, unique=True)
who = st.integers(0, 1)


class StreamMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = ScriptedWorld(fees=FeeTerms("quadratic_with_maker_fees"))
        self.streamed = Streamed(self.world, cash="50.00")
        self.host = self.streamed.host
        self.clients = [self.streamed.connect() for _ in range(2)]
        self.watched: list[dict[str, None] | None] = [None, None]
        self.ears = self.streamed.client
        self.ears.subscribe("fill", "user_orders", "market_positions", "order_group_updates")
        self.ears.subscribe("trade", "ticker", "market_lifecycle_v2")
        self.sent = 0
        self.ended = False
        self.groups: list[str] = []

    @property
    def exchange(self):
        return self.streamed.exchange

    @initialize(names=chosen)
    def others_are_there_and_somebody_listens(self, names):
        for ticker in TICKERS:
            self.world.quote(ticker, Side.BID, "0.4500", "20.00")
            self.world.quote(ticker, Side.ASK, "0.5500", "20.00")
        self.streamed.live()
        self.subscribe(0, names)

    @rule(ticker=tickers, side=sides, price=prices, count=counts)
    def others_quote(self, ticker, side, price, count):
        bids, asks = self.world.ladders(ticker)
        opposite = asks if side is Side.BID else bids
        if not opposite or side.sign * (opposite[0].price.units - price.units) > 0:
            self.world.quote(ticker, side, str(price), str(count))
            self.streamed.live()

    @rule(ticker=tickers, side=sides, counts=st.lists(counts, min_size=1, max_size=3))
    def others_hit(self, ticker, side, counts):
        at_us = self.world.now_us + 1
        self.world.script += [Hit(at_us, ticker, side, count) for count in counts]
        self.streamed.live()

    @rule(
        ticker=tickers,
        side=sides,
        price=prices,
        count=counts,
        tif=st.sampled_from(list(TimeInForce)),
        prevention=st.sampled_from(list(SelfTrade)),
        minutes=st.none() | st.integers(1, 5),
        grouped=st.booleans(),
        on_pause=st.booleans(),
    )
    def place(self, ticker, side, price, count, tif, prevention, minutes, grouped, on_pause):
        rests = tif is TimeInForce.GTC
        self.send(
            ticker, side, price, count, tif,
            expiration_us=self.world.now_us + minutes * MINUTE if rests and minutes else None,
            self_trade_prevention=prevention,
            group_id=self.groups[-1] if grouped and self.groups else "",
            cancel_on_pause=on_pause,
        )  # fmt: skip

    def send(self, ticker, side, price, count, tif, **terms):
        self.sent += 1
        self.host.apply(Place(f"c{self.sent}", ticker, side, price, count, tif, **terms))

    @rule(ticker=tickers, side=sides, count=counts)
    def take(self, ticker, side, count):
        opposite = self.world.ladders(ticker)[side is Side.BID]
        if opposite:
            self.send(ticker, side, opposite[0].price, count, TimeInForce.IOC)

    @rule(ticker=tickers, side=sides, count=counts, hit=counts)
    def rest_before_all_and_be_hit(self, ticker, side, count, hit):
        ladder = self.world.ladders(ticker)[side is Side.ASK]
        best = ladder[0].price.units if ladder else 5_000
        self.send(ticker, side, Price(best + 100 * side.sign), count, TimeInForce.GTC)
        self.world.script.append(Hit(self.world.now_us + 1, ticker, side.opposite, hit))
        self.streamed.live()

    @rule(index=st.integers(0, 50), price=prices, count=counts, kind=st.integers(0, 3))
    def change(self, index, price, count, kind):
        resting = self.exchange.resting
        if not resting:
            return
        order = resting[index % len(resting)]
        if kind == 0:
            self.host.apply(Cancel(order.order_id))
        elif kind == 1:
            left = Contracts(min(count.units, order.remaining.units))
            self.host.apply(Decrease(order.order_id, reduce_by=left))
        else:
            whole = Contracts(order.filled.units + count.units)
            self.host.apply(Amend(order.order_id, order.ticker, order.side, price, whole))

    @rule()
    def cancel_all(self):
        self.host.apply(CancelAll())

    @rule(trigger=st.booleans())
    def group(self, trigger):
        if trigger and self.groups:
            self.host.apply(TriggerGroup(self.groups[-1]))
        else:
            self.groups.append(self.host.apply(CreateGroup(Contracts(300))).group_id)

    @rule(minutes=st.integers(0, 4))
    def advance(self, minutes):
        self.streamed.live(minutes * MINUTE)

    @rule(ticker=tickers, active=st.booleans())
    def pause(self, ticker, active):
        self.host.apply(SetTrading(active, ticker))

    @precondition(lambda self: self.world.now_us > START_US + 5 * SECOND)
    @rule(result=st.sampled_from([Result.YES, Result.NO]), late=st.booleans())
    def settle(self, result, late):
        """The second market ends, once."""
        if not self.ended:
            self.ended = True
            self.world.settle(TICKERS[1], self.world.now_us + MINUTE * late, result)

    @rule(i=who, names=chosen)
    def subscribe(self, i, names):
        """Also again, which adds."""
        self.clients[i].subscribe("orderbook_delta", market_tickers=names, use_yes_price=bool(i))
        self.watched[i] = {**(self.watched[i] or {}), **dict.fromkeys(names)}

    @rule(i=who, names=chosen, action=st.sampled_from(["add", "delete", "snapshot", "leave"]))
    def update(self, i, names, action):
        watched, client = self.watched[i], self.clients[i]
        if watched is None:
            return
        sid = client.sid("orderbook_delta")
        if action == "leave":
            client.ask("unsubscribe", sids=[sid])
            self.watched[i] = None
            return
        verb = "get_snapshot" if action == "snapshot" else f"{action}_markets"
        client.ask("update_subscription", sid=sid, action=verb, market_tickers=names)
        for name in names:
            if action == "add":
                watched[name] = None
            elif action == "delete":
                watched.pop(name, None)

    def ladders(self, ticker, *, yes_prices):
        market = self.exchange.catalog.markets.get(ticker)
        live = market and market.status in {MarketStatus.ACTIVE, MarketStatus.INACTIVE}
        bids, asks = self.world.ladders(ticker) if live else ((), ())
        return {
            "yes": {level.price.units: level.count.units for level in bids},
            "no": {
                (level.price if yes_prices else level.price.complement).units: level.count.units
                for level in asks
            },
        }

    @invariant()
    def books_are_the_exchange_s(self):
        for i, (client, watched) in enumerate(zip(self.clients, self.watched, strict=True)):
            client.read()
            for ticker in watched or ():
                book = client.reader.books[client.sid("orderbook_delta"), ticker]
                assert book == self.ladders(ticker, yes_prices=bool(i)), ticker

    @invariant()
    def the_account_adds_up(self):
        self.ears.read()
        reader, account = self.ears.reader, self.exchange.account
        latest = {msg["order_id"]: msg for msg in reader.of("user_order")}
        assert latest.keys() == self.exchange.orders.keys()
        for order in self.exchange.orders.values():
            msg = latest[order.order_id]
            assert msg["status"] == order.status
            assert msg["client_order_id"] == order.client_order_id
            assert msg["yes_price_dollars"] == str(order.price)
            assert msg["fill_count_fp"] == str(order.filled)
            assert msg["remaining_count_fp"] == str(order.remaining)
            assert msg["maker_fees_dollars"] == str(order.maker_fees)
            assert msg["taker_fees_dollars"] == str(order.taker_fees)
        fills = reader.of("fill")
        assert [m["trade_id"] for m in fills] == [fill.fill_id for fill in account.fills]
        for msg, fill in zip(fills, account.fills, strict=True):
            assert (msg["count_fp"], msg["fee_cost"]) == (str(fill.count), str(fill.fee))
        held = {msg["market_ticker"]: msg for msg in reader.of("market_position")}
        assert held.keys() == account.positions.keys()
        for ticker, position in account.positions.items():
            msg = held[ticker]
            assert msg["position_fp"] == str(position.net)
            assert msg["position_cost_dollars"] == str(position.cost)
            assert msg["realized_pnl_dollars"] == str(position.realized)
            assert msg["fees_paid_dollars"] == str(position.fees)
            traded = sum(f.count.units for f in account.fills if f.ticker == ticker)
            assert msg["volume_fp"] == str(Contracts(traded))
            assert position.net or msg["position_fee_cost_dollars"] == "0.000000"


TestStream = StreamMachine.TestCase
TestStream.settings = settings(max_examples=60, stateful_step_count=40)


def test_what_is_told_of_happens():
    """Else the stream would be followed where there is nothing to follow."""
    seen = Counter()

    class Watched(StreamMachine):
        def teardown(self):
            account = self.exchange.account
            seen["runs"] += 1
            seen["traded"] += bool(account.fills)
            seen["settled"] += bool(account.settlements)
            seen["followed"] += any(self.watched)

    chosen = settings(max_examples=100, stateful_step_count=40, derandomize=True, database=None)
    run_state_machine_as_test(Watched, settings=chosen)
    assert min(seen["traded"], seen["followed"]) > seen["runs"] / 3
    assert seen["settled"] > 0
