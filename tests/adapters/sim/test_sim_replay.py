"""State is a function of the origin and the log: whatever was asked, replaying gives its bytes."""

from collections.abc import Callable
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.adapters.sim.world.making import freeze, thaw
from kalshi_cli.adapters.sim.world.origin import Origin
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    Advance,
    Amend,
    Cancel,
    CancelAll,
    Command,
    CreateGroup,
    Decrease,
    DeleteGroup,
    Deposit,
    LimitGroup,
    Place,
    ResetGroup,
    SetTrading,
    Transfer,
    TriggerGroup,
)
from kalshi_cli.engine.exchange import Exchange

Draft = Callable[[Exchange], Command]
"""What is asked can depend on what is there: an index becomes a market, an order or a group."""

whole = st.integers(0, 1_000)
sides = st.sampled_from(list(Side))


def market(exchange: Exchange, index: int) -> str:
    live = [m.ticker for m in exchange.catalog.markets.values() if m.status is MarketStatus.ACTIVE]
    return live[index % len(live)]


def order(exchange: Exchange, index: int) -> str:
    resting = exchange.resting
    return resting[index % len(resting)].order_id if resting else "nobody"


def group(exchange: Exchange, index: int) -> str:
    groups = list(exchange.state.groups)
    return groups[index % len(groups)] if groups else ""


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    kind = draw(st.sampled_from(["place"] * 6 + ["change"] * 3 + ["time"] * 3 + ["rare"]))
    if kind == "place":
        return draw(placements())
    if kind == "change":
        return draw(changes())
    if kind == "time":
        span = draw(st.sampled_from([SECOND, MINUTE, 20 * MINUTE, 5 * HOUR]))
        return lambda exchange: Advance(exchange.now_us + span)
    return draw(rarities())


@st.composite
def placements(draw: st.DrawFn) -> Draft:
    index, side, far = draw(whole), draw(sides), draw(st.integers(-12, 6))
    tif = draw(st.sampled_from(list(TimeInForce)))
    rests = tif is TimeInForce.GTC
    count, minutes = draw(st.integers(1, 40)), draw(st.none() | st.integers(1, 90))
    in_group, on_pause = draw(st.booleans()), draw(st.booleans())

    def placed(exchange: Exchange) -> Command:
        ticker = market(exchange, index)
        bids, asks = exchange.world.ladders(ticker)
        touch = [level.price.units for level in (asks if side is Side.BID else bids)[:1]] or [5_000]
        cents = max(1, min(99, touch[0] // 100 + side.sign * far))
        return Place(
            client_order_id=f"c{len(exchange.state.by_client_id)}",
            ticker=ticker,
            side=side,
            price=Price(100 * cents),
            count=Contracts(100 * count),
            time_in_force=tif,
            expiration_us=exchange.now_us + minutes * MINUTE if rests and minutes else None,
            group_id=group(exchange, index) if in_group else "",
            cancel_on_pause=on_pause,
        )

    return placed


@st.composite
def changes(draw: st.DrawFn) -> Draft:
    index, by, cents = draw(whole), draw(st.integers(1, 10)), draw(st.integers(-3, 3))
    kind = draw(st.sampled_from(["cancel", "decrease", "amend"]))

    def changed(exchange: Exchange) -> Command:
        order_id = order(exchange, index)
        found = exchange.orders.get(order_id)
        if kind == "cancel" or found is None:
            return Cancel(order_id)
        if kind == "decrease":
            return Decrease(order_id, reduce_by=Contracts(50 * by))
        price = Price(max(100, min(9_900, found.price.units + 100 * cents)))
        return Amend(order_id, found.ticker, found.side, price, Contracts(100 * by))

    return changed


@st.composite
def rarities(draw: st.DrawFn) -> Draft:
    index, on = draw(whole), draw(st.booleans())
    limit = Contracts(100 * draw(st.integers(1, 20)))
    amount = Money(10_000 * draw(st.integers(-3_000, 3_000)))
    makers: list[Draft] = [
        lambda _: CancelAll(),
        lambda _: CreateGroup(limit),
        lambda exchange: DeleteGroup(group(exchange, index)),
        lambda exchange: ResetGroup(group(exchange, index)),
        lambda exchange: TriggerGroup(group(exchange, index)),
        lambda exchange: LimitGroup(group(exchange, index), limit),
        lambda _: Transfer(abs(amount), 0, 2),
        lambda _: Deposit(amount),
        lambda exchange: SetTrading(on, market(exchange, index)),
        lambda _: SetTrading(on),
        lambda exchange: SetTrading(
            active=False,
            ticker=market(exchange, index),
            until_us=exchange.now_us + amount.units % HOUR,
        ),
        lambda exchange: SetTrading(
            active=False, shard=index % 4, until_us=exchange.now_us + amount.units % HOUR
        ),
    ]
    return makers[draw(st.integers(0, len(makers) - 1))]


@cache
def template(seed: int) -> tuple[Origin, bytes, bytes]:
    """A world of a seed at its epoch: building one takes longer than reading it."""
    host = open_simulation(None, seed=seed)._host
    return host.origin, *freeze(host.exchange)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 2), st.lists(drafts(), min_size=5, max_size=40), st.sampled_from([0, 1, 5]))
def test_the_log_replayed_gives_the_same_bytes(seed, asked, ticks):
    origin, exchange, world = template(seed)
    store = WorldStore(None)
    store.create(origin, "template")
    store.save_snapshot(0, exchange, world)
    host = Host(store, origin, snapshots=False)
    for number, draft in enumerate(asked):
        host.apply(draft(host.exchange))
        for _ in range(ticks * (number % 3)):  # whether anything happens in them or not
            host.tick(host.exchange.now_us + SECOND // 4)
    host.snapshot()
    again = Host(store, origin, snapshots=False)
    assert again.seq == host.seq
    lived = freeze(host.exchange)
    assert freeze(again.exchange) == lived
    assert freeze(_thawed_often(store, origin)) == lived
    store.close()


def _thawed_often(store: WorldStore, origin: Origin) -> Exchange:
    """The log applied by one who leaves and comes back after every third command."""
    exchange = thaw(origin, *template(origin.seed)[1:])
    for number, command in store.commands_after(0):
        exchange.apply(command)
        if number % 3 == 0:
            exchange = thaw(origin, *freeze(exchange))
    return exchange
