"""The fake misbehaves as scripted, and only then."""

import pytest
from fakes.clock import FakeClock
from fakes.exchange import FakeExchange, Fault

from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import (
    ExchangeOrderStatus,
    OrderIntent,
    Purpose,
    TimeInForce,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import (
    AmendmentKind,
    CancellationKind,
    OrderAddress,
    PlacementKind,
    Unusable,
)

INTENT = OrderIntent(
    strategy="s",
    ticker="KXF-1-A",
    event_ticker="KXF-1",
    side=Side.BID,
    limit=Price.parse("0.42"),
    count=Contracts.parse("10"),
    time_in_force=TimeInForce.GTC,
    purpose=Purpose.ENTRY,
    reason="test",
)


@pytest.fixture
def exchange() -> FakeExchange:
    fake = FakeExchange(FakeClock())
    fake.add_event("KXF-1", ["KXF-1-A"])
    fake.set_book("KXF-1-A", [("0.40", "20.00")], [("0.44", "15.00")])
    return fake


@pytest.mark.parametrize(
    ("fault", "kind", "arrived"),
    [
        (Fault.NOT_SENT, PlacementKind.NOT_SENT, 0),
        (Fault.LOST, PlacementKind.UNKNOWN, 0),
        (Fault.UNANSWERED, PlacementKind.UNKNOWN, 1),
        (Fault.THROTTLED, PlacementKind.THROTTLED, 0),
        (Fault.REFUSED, PlacementKind.REFUSED, 0),
    ],
)
async def test_faults_of_placing(
    exchange: FakeExchange, fault: Fault, kind: PlacementKind, arrived: int
) -> None:
    exchange.placing.append(fault)
    placed = await exchange.place("id", INTENT)
    assert (placed.kind, placed.order_id) == (kind, None)
    assert len((await exchange.orders()).items) == arrived
    again = await exchange.place("id", INTENT)
    expected = PlacementKind.DUPLICATE if arrived else PlacementKind.ACCEPTED
    assert again.kind is expected
    assert exchange.placed == [("id", INTENT)] * 2


@pytest.mark.parametrize(
    ("fault", "kind", "rests"),
    [
        (Fault.LOST, CancellationKind.UNKNOWN, True),
        (Fault.UNANSWERED, CancellationKind.UNKNOWN, False),
        (Fault.REFUSED, CancellationKind.REFUSED, True),
    ],
)
async def test_faults_of_cancelling(
    exchange: FakeExchange, fault: Fault, kind: CancellationKind, rests: bool
) -> None:
    placed = await exchange.place("id", INTENT)
    assert placed.order_id is not None
    exchange.cancelling.append(fault)
    assert (await exchange.cancel(placed.order_id, INTENT.ticker, 0)).kind is kind
    report = await exchange.order(placed.order_id)
    assert report is not None
    assert (report.status is ExchangeOrderStatus.RESTING) == rests


@pytest.mark.parametrize(
    ("fault", "kind", "left"),
    [
        (Fault.LOST, AmendmentKind.UNKNOWN, "10"),
        (Fault.NOT_SENT, AmendmentKind.UNKNOWN, "10"),
        (Fault.UNANSWERED, AmendmentKind.UNKNOWN, "4"),
        (Fault.REFUSED, AmendmentKind.REFUSED, "10"),
    ],
)
async def test_faults_of_changing(
    exchange: FakeExchange, fault: Fault, kind: AmendmentKind, left: str
) -> None:
    placed = await exchange.place("id", INTENT)
    assert placed.order_id is not None
    exchange.amending.append(fault)
    at = OrderAddress(placed.order_id, INTENT.ticker)
    assert (await exchange.decrease(at, Contracts.parse("4"))).kind is kind
    report = await exchange.order(placed.order_id)
    assert report is not None
    assert report.remaining == Contracts.parse(left)


async def test_a_lost_batch_is_lost_whole(exchange: FakeExchange) -> None:
    exchange.placing.append(Fault.UNANSWERED)
    placed = await exchange.place_batch([("a", INTENT), ("b", INTENT)])
    assert [each.kind for each in placed] == [PlacementKind.UNKNOWN] * 2
    assert len((await exchange.orders()).items) == 2
    exchange.cancelling.append(Fault.LOST)
    addresses = [OrderAddress(row.order_id, row.ticker) for row in exchange.reports.values()]
    canceled = await exchange.cancel_batch(addresses)
    assert [each.kind for each in canceled] == [CancellationKind.UNKNOWN] * 2
    assert len((await exchange.orders(resting_only=True)).items) == 2


async def test_reads_fail_lag_and_lose_rows_as_told(exchange: FakeExchange) -> None:
    exchange.reading.append(Unavailable("down"))
    with pytest.raises(Unavailable):
        await exchange.balance()
    exchange.hidden_reads = 2
    placed = await exchange.place("id", INTENT)
    assert placed.order_id is not None
    assert await exchange.order(placed.order_id) is None
    assert (await exchange.orders()).items == ()
    assert len((await exchange.orders()).items) == 1
    exchange.unusable.append(Unusable("KXBAD", "why"))
    assert (await exchange.positions()).unusable == (Unusable("KXBAD", "why"),)


async def test_a_resting_order_is_filled_and_settles(exchange: FakeExchange) -> None:
    """4 bought at 0.42 without fee: 1000 - 1.68; a YES result pays 4."""
    placed = await exchange.place("id", INTENT)
    assert placed.order_id is not None
    fill = exchange.fill_resting(placed.order_id, "4.00")
    assert (fill.price, fill.is_taker) == (Price.parse("0.42"), False)
    assert exchange.cash == Money.parse("998.32")
    exchange.settle("KXF-1-A", Result.YES)
    assert exchange.cash == Money.parse("1002.32")
    report = await exchange.order(placed.order_id)
    assert report is not None
    assert (report.status, report.filled) == (ExchangeOrderStatus.CANCELED, Contracts(400))
    assert (await exchange.positions()).items == ()
