"""The audit finds what is wrong, and repair puts right what can be derived."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from fakes.decisions import NOW, STRATEGY, a_forecast, an_intent
from fakes.desk_store import WALL, fresh_store, seed

from kalshi_cli.adapters.store.derived import derive
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.vacuuming import check_room
from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Fill, Order, OrderState
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import IntegrityError, StoreUnusable
from kalshi_cli.ports.audit import Repair


def a_fill(number, side, order_id="o1"):
    cost = Money(20_000)
    at_us = NOW + number * SECOND
    return Fill(
        f"f{number}", order_id, "T", side, Price(4_000), Contracts(1_000), True, cost, at_us
    )


@pytest.fixture
async def store(tmp_path):
    """A desk that bought 10 contracts and sold them again, with everything in order."""
    async with await fresh_store(tmp_path) as opened:
        run = await seed(opened)
        order = Order("k1", an_intent(), OrderState.INTENT, NOW, NOW, run.run_id, 1)
        async with opened.unit() as unit:
            await unit.forecasts.add([a_forecast(run_id=run.run_id)])
            await unit.ledger.add_cash([CashMovement("d1", CashKind.DEPOSIT, Money(10**8), NOW)])
            await unit.commit()
        async with hold_lease(opened, "trading", lambda: WALL) as lease, opened.unit() as unit:
            await unit.journal.record(order, lease.token, WALL)
            filled = replace(order.moved(OrderState.FILLED, NOW), order_id="o1")
            await unit.journal.save(replace(filled, filled=Contracts(1_000)), Cause.ANSWER)
            fills = [(a_fill(1, Side.BID), STRATEGY), (a_fill(2, Side.ASK, "o2"), "external")]
            await unit.ledger.add_fills([*fills, (a_fill(3, Side.BID, "o3"), "external")])
            derived = derive(await unit.ledger.history())
            await unit.ledger.save_positions(list(derived.positions.values()))
            await unit.ledger.save_round_trips(["T"], list(derived.trips.values()))
            await unit.commit()
        yield opened


async def test_books_in_order_are_clean(store):
    audit = await store.audit.check()
    assert audit.findings == ()
    assert dict(audit.checked)["fills"] == 3
    assert audit.cash == Money(10**8 - 10 * 400_000 - 3 * 20_000)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE orders SET limit_price_units = 10000", "ORDER_PRICE"),
        ("UPDATE orders SET filled_units = 1001", "ORDER_COUNT"),
        ("UPDATE orders SET state = 'lost'", "ORDER_STATE"),
        ("UPDATE orders SET state = 'resting', order_id = NULL", "ORDER_STATE"),
        ("UPDATE orders SET count_units = 999", "ORDER_OVERFILLED"),
        ("UPDATE fills SET price_units = 0", "FILL_IMPOSSIBLE"),
        ("UPDATE fills SET owner = 'other'", "FILL_ORPHANED"),
        ("UPDATE quotes SET ask_price_units = bid_price_units", "QUOTE_IMPOSSIBLE"),
        ("UPDATE quotes SET bid_price_units = 0", "QUOTE_IMPOSSIBLE"),
        ("UPDATE forecasts SET high = 1.0", "FORECAST_IMPOSSIBLE"),
        ("UPDATE forecasts SET run_id = 'none'", "ROW_ORPHANED"),
        ("UPDATE positions SET net_units = 1", "POSITION_WRONG"),
        ("DELETE FROM positions", "POSITION_WRONG"),
        ("UPDATE round_trips SET fees_units = 0", "TRIP_WRONG"),
        ("UPDATE round_trips SET proceeds_units = 1", "TRIPS_UNBALANCED"),
        ("INSERT INTO daily_ai_cost VALUES (3, 1, 5, 0)", "AI_COST_UNBALANCED"),
        (
            "INSERT INTO settlements VALUES ('T', 9, 0, 'E', 'yes', 10000, 1000, 9999999, 0, 0)",
            "SETTLEMENT_IMPOSSIBLE",
        ),
        (
            "INSERT INTO settlements VALUES ('T', 9, 0, 'E', 'no', 0, 0, 0, 0, 0)",
            "SETTLEMENT_COUNT",
        ),
        (
            "INSERT INTO orders SELECT 'k2', run_id, 2, strategy, ticker, event_ticker, side,"
            " limit_price_units, count_units, time_in_force, purpose, reason, post_only,"
            " reduce_only, fair, forecast_id, expires_us, exchange_index, 'intent', pending,"
            " NULL, 0, message, created_us, updated_us, NULL, lease_token, 0, NULL, NULL, NULL"
            " FROM orders"
            " UNION ALL SELECT 'k3', run_id, 3, strategy, ticker, event_ticker, side,"
            " limit_price_units, count_units, time_in_force, purpose, reason, post_only,"
            " reduce_only, fair, forecast_id, expires_us, exchange_index, 'unknown', pending,"
            " NULL, 0, message, created_us, updated_us, NULL, lease_token, 0, NULL, NULL, NULL"
            " FROM orders",
            "ENTRY_DOUBLED",
        ),
    ],
)
async def test_each_wrong_is_found(store, statement, code):
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute(statement)
        connection.commit()
    assert code in {finding.code for finding in (await store.audit.check()).findings}


async def test_repair_derives_again_and_keeps_reasons(store):
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute("UPDATE positions SET cost_units = 1 WHERE owner = 'external'")
        connection.execute(
            "INSERT INTO positions SELECT 'U', owner, 5, 1, 0, 0, 0, 0 FROM positions"
        )
        connection.execute("UPDATE round_trips SET fees_units = 0, reason = 'stop_loss'")
        connection.commit()
    repaired = await store.audit.repair()
    assert repaired == Repair(positions=3, round_trips=1)
    assert (await store.audit.check()).findings == ()
    (trip,) = await store.reports.round_trips()
    assert trip.trip.reason == "stop_loss"
    assert await store.audit.repair() == Repair(positions=0, round_trips=0)


async def test_vacuum_keeps_everything_and_gives_space_back(store):
    """A thousand pages that were used once: the file is smaller at once, not after a restart."""
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute("CREATE TABLE filler (x BLOB)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(4096000))")
        connection.commit()
        connection.execute("DROP TABLE filler")
        connection.commit()
    space = await store.audit.vacuum()
    assert space.before >= 4_096_000
    files = store.location.path.parent.glob(f"{store.location.path.name}*")
    sizes = {file.suffix: file.stat().st_size for file in files if "-shm" not in file.name}
    assert space.after == sum(sizes.values()) < space.before - 4_000_000
    assert (await store.audit.check()).is_clean


async def test_a_vacuum_needs_room_on_the_disk(store, monkeypatch):
    size = store.location.path.stat().st_size
    log = store.location.path.with_name(f"{store.location.path.name}-wal")
    size += log.stat().st_size if log.exists() else 0
    free = shutil.disk_usage(".")._replace(free=3 * size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    check_room(store.location)
    short = free._replace(free=3 * size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: short)
    with pytest.raises(IntegrityError, match="are free beside"):
        check_room(store.location)


async def test_a_damaged_file_is_found(store):
    path = store.location.path
    await store.close()
    with path.open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096 * 4)
    assert await is_found_damaged(store)


async def is_found_damaged(store):
    """Where the damage leaves anything readable the audit says so; else reading fails."""
    try:
        return not (await store.audit.check()).is_clean
    except StoreUnusable:
        return True
