"""One order, canceled by hand and read back."""

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.order import UNRESOLVED, WORKING, ExchangeOrderStatus, Order, OrderReport
from kalshi_cli.errors import NotFound, Unavailable
from kalshi_cli.ports.exchange import CancellationKind, MarketData
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.done import AGAIN, READ_BACKS, Done
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.reconcile import reconcile_desk


async def cancel_order(data: MarketData, desk: Desk, some_id: str) -> Done:
    """Cancel an order by our id or the exchange's, and read it back.

    Raises `NotFound` for an id nobody knows, `Unavailable` when it still rests or cannot be read.
    """
    order = await _journalled(desk.store, some_id)
    if order is not None and order.state in UNRESOLVED:
        await reconcile_desk(data, desk)
        order = await _journalled(desk.store, some_id)
    if order is None:
        report = await desk.trading.order(some_id)
        if report is None:
            raise NotFound(
                f"No order is called {some_id}.", remedy="`kalshi inspect orders` lists them."
            )
        answer = await desk.trading.cancel(report.order_id, report.ticker, report.exchange_index)
        kind, order_id = answer.kind, report.order_id
    else:
        if order.state in UNRESOLVED:
            raise Unavailable(
                f"Whether the exchange has {some_id} is not known yet.",
                remedy=AGAIN,
            )
        if order.order_id is None or order.state not in WORKING:
            return Done("cancel", some_id, f"nothing to cancel: it is {order.state}", (order,))
        _, answer = await cancel(desk, order, "by hand")
        kind, order_id = answer.kind, order.order_id
    report = await _read_back(desk, order_id)
    await reconcile_desk(data, desk)
    if report is None or report.status is ExchangeOrderStatus.RESTING:
        raise Unavailable(
            f"The cancel of {some_id} ({kind}) is not confirmed: {answer.message or 'no word'}.",
            remedy=AGAIN,
        )
    after = await _journalled(desk.store, some_id)
    outcome = f"{report.status} after {report.filled} of {report.initial} contracts"
    if kind is CancellationKind.GONE:
        outcome += " (it was gone already)"
    return Done("cancel", some_id, outcome, (after,) if after else ())


async def _journalled(store: Store, some_id: str) -> Order | None:
    async with store.unit(reads=True) as unit:
        by_ours = await unit.journal.find(client_order_ids=[some_id])
        return next(iter(by_ours or await unit.journal.find(order_ids=[some_id])), None)


async def _read_back(desk: Desk, order_id: str) -> OrderReport | None:
    """The order once it no longer rests; reads lag writes, so ask a few times."""
    report = None
    for attempt in range(READ_BACKS):
        if attempt:
            await desk.clock.sleep_until(desk.clock.now() + SECOND)
        report = await desk.trading.order(order_id)
        if report is not None and report.status is not ExchangeOrderStatus.RESTING:
            return report
    return report
