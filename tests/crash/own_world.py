"""A desk's books beside its simulated exchange, which is read from its own file."""

from fakes.program import Program

from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.engine.exchange import Exchange

NEVER_THERE = ("not_sent", "absent", "rejected")
EXCHANGE_STATUS = {
    "resting": "resting",
    "partially_filled": "resting",
    "filled": "executed",
    "canceled": "canceled",
    "expired": "canceled",
}


def exchange_of(program: Program) -> Exchange:
    """The exchange as its file tells it: the log applied to the newest snapshot."""
    store = WorldStore(program.world_db)
    origin = store.origin()
    assert origin is not None
    host = Host(store, origin, snapshots=False)
    host.close()
    return host.exchange


def orders_there(program: Program) -> set[str]:
    """The client order ids of all orders that ever reached the exchange."""
    return {order.client_order_id for order in exchange_of(program).orders.values()}


def assert_nothing_was_lost_or_repeated(program: Program) -> None:
    """The desk's orders, fills, positions and cash are the exchange's, one for one."""
    report = program.run("inspect-db", "--json").data
    assert report["audit"]["findings"] == report["differences"] == []
    exchange = exchange_of(program)
    assert report["audit"]["cash"] == str(exchange.account.cash)
    orders = program.rows("SELECT client_order_id, state, order_id, filled_units FROM orders")
    assert {row[1] for row in orders} <= {*NEVER_THERE, *EXCHANGE_STATUS}
    sent = {row[0]: row for row in orders if row[1] not in NEVER_THERE}
    there = {order.client_order_id: order for order in exchange.orders.values()}
    assert sent.keys() == there.keys()
    assert len(there) == len(exchange.orders) > 0
    for client_order_id, state, order_id, filled in sent.values():
        order = there[client_order_id]
        assert (order.order_id, order.filled.units) == (order_id, filled)
        assert order.status == EXCHANGE_STATUS[state]
    entries = program.rows(
        "SELECT strategy, ticker, forecast_id FROM orders"
        " WHERE purpose = 'entry' AND state NOT IN ('not_sent', 'absent', 'rejected')"
    )
    assert len(entries) == len(set(entries))
    fills = program.rows("SELECT fill_id, owner FROM fills")
    assert {fill_id for fill_id, _ in fills} == {fill.fill_id for fill in exchange.account.fills}
    assert {owner for _, owner in fills} <= {"directional_trading"}
    held = dict(program.rows("SELECT ticker, net_units FROM positions WHERE net_units != 0"))
    assert held == {
        ticker: position.net.units
        for ticker, position in exchange.account.positions.items()
        if position.net
    }
