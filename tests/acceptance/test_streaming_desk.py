"""A loop on an exchange across a socket: what it does at once because the stream tells, and what it
does where there is no stream.
"""

import asyncio
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.decisions import a_plan
from fakes.program import Program, rows_of, wait_until
from fakes.served import ServedExchange

from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.bootstrap.watch import open_watch
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.scheduler.lanes import Lane, Loop, Ran, Step, Stop
from kalshi_cli.settings.credentials import Credentials
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.react import Reacted

pytestmark = pytest.mark.slow
HELD = "SELECT net_units FROM positions WHERE net_units != 0 AND ticker = ?"
TRACKED = "SELECT 1 FROM balance_snapshots"
RARELY = {
    f"KALSHI_INTERVALS__{name}_S": "3600"
    for name in ("INGEST", "ANALYZE", "TRADE", "TRACK", "EVALUATE")
}
LOOP = ("run-loop", "--env", "demo", "--forecaster", "baseline", "--json")


@pytest.fixture
def exchange() -> Iterator[ServedExchange]:
    with ServedExchange(seed=7) as served:
        yield served


def cycles_of(out: str) -> list[dict]:
    return [json.loads(line)["data"] for line in out.splitlines()]


def test_what_happens_to_the_account_is_known_though_no_look_is_due(
    exchange: ServedExchange, tmp_path: Path
):
    """The next look is an hour away; the stream tells of what somebody else bought."""
    demo, store = Program(tmp_path, {**exchange.variables, **RARELY}), tmp_path / "demo.db"
    process = demo.start(*LOOP)
    wait_until(lambda: rows_of(store, TRACKED), "the first look")
    bought = exchange.buys_one()
    wait_until(lambda: rows_of(store, HELD, bought), "its position")
    process.send_signal(signal.SIGINT)
    ended = process.ended()
    assert ended.code == 130
    assert cycles_of(ended.out)[0]["watching"].startswith("streaming ")


def test_a_loop_whose_stream_is_not_there_polls_and_says_so(
    exchange: ServedExchange, tmp_path: Path
):
    variables = {**exchange.variables, **RARELY, "KALSHI_WS_URL": "ws://127.0.0.1:9"}
    variables |= {"KALSHI_INTERVALS__TRACK_S": "1", "KALSHI_INTERVALS__TRADE_S": "2"}
    demo, store = Program(tmp_path, variables), tmp_path / "demo.db"
    process = demo.start(*LOOP)
    wait_until(lambda: rows_of(store, TRACKED), "the first look")
    bought = exchange.buys_one()
    wait_until(lambda: rows_of(store, HELD, bought), "its position")
    process.send_signal(signal.SIGINT)
    watching = {
        cycle["watching"] for cycle in cycles_of(process.ended().out) if "watching" in cycle
    }
    assert all(text.startswith("polling until the stream is back: ") for text in watching)


def environment_of(exchange: ServedExchange, home: Path) -> Environment:
    told = exchange.variables
    scale = json.loads(told["KALSHI_SIM_CLOCK"])
    return Environment(
        Env.DEMO,
        "a test",
        home,
        credentials=Credentials(told["KALSHI_API_KEY"], told["KALSHI_PRIVATE_KEY"], "a test"),
        base_url=told["KALSHI_BASE_URL"],
        ws_url=told["KALSHI_WS_URL"],
        market_time=TimeScale(scale["wall0"], scale["virtual0"], scale["speed"]),
    )


async def test_a_bid_that_reaches_the_target_is_sold_to_at_once(
    exchange: ServedExchange, tmp_path: Path
):
    """Every look is an hour away; a plan is met as soon as the guard has seen it."""
    rare = Settings.model_validate({"home": tmp_path, "intervals": {"track_s": 3_600.0}})
    opened = open_desk(
        environment_of(exchange, tmp_path), rare, command="test", trades=True, single_step=False
    )
    async with opened as desk, open_watch(desk) as watch:
        await desk.ingest()
        await desk.track()
        entry = await _tightest(desk)
        ticker = entry.market.ticker
        plan = a_plan(ticker)
        bought = await send(desk.sender, _buys(entry), plan)
        assert bought.state is OrderState.FILLED
        stop, ran = Stop(), list[Ran]()
        guard = [lane for lane in desk.lanes(stop, watch=watch) if lane.name != "decide"]
        running = asyncio.ensure_future(Loop(guard, desk.clock, stop=stop, report=ran.append).run())
        await _until(lambda: watch.stream.book(ticker) is not None, "its book")
        await _until(lambda: any(each.step == "track" for each in ran), "the first look")
        async with desk.store.unit() as unit:
            bid = watch.stream.book(ticker).best_bid.price
            await unit.plans.save(a_plan(ticker, target=bid - Price(500)))
            await unit.commit()

        def left() -> bool:
            return any(isinstance(each.result, Reacted) and each.result.exits for each in ran)

        await _until(left, "an exit")
        # The fill comes by the stream, or by the look that the exit rang for: never twice.
        await _until(lambda: _is_flat(desk, ran), "the look after it")
        stop.ask("done")
        await running
        async with desk.store.unit() as unit:
            positions = await unit.ledger.positions()
        assert [p for p in positions if p.owner == plan.owner] == []
        found = await desk.track()
        assert (found.reconciled.complete, found.reconciled.differences) == (True, ())
        orders = [row for row in await desk.store.reports.orders() if row.client_order_id]
        assert [str(row.purpose) for row in orders].count("exit") == 1


@pytest.mark.parametrize(("reason", "left"), [("SIGTERM", 0), ("20 cycles done", 1)])
async def test_entries_go_at_a_stop_though_an_answer_of_the_ai_takes_minutes(
    exchange: ServedExchange, tmp_path: Path, reason: str, left: int
):
    rare = Settings.model_validate({"home": tmp_path})
    opened = open_desk(
        environment_of(exchange, tmp_path), rare, command="test", trades=True, single_step=False
    )
    async with opened as desk:
        await desk.ingest()
        await desk.track()
        entry = await _tightest(desk)
        price = entry.quote.bid.price - Price(500)
        waits = replace(_buys(entry), limit=price, time_in_force=TimeInForce.GTC, post_only=True)
        order = await send(desk.sender, waits)
        assert order.state is OrderState.RESTING
        stop, answered, ran = Stop(), asyncio.Event(), list[Ran]()
        _, guard = desk.lanes(stop)
        thinking = Lane("decide", (Step("analyze", MINUTE, answered.wait),), counts=True)
        loop = Loop([thinking, guard], desk.clock, stop=stop, report=ran.append)
        running = asyncio.ensure_future(loop.run())
        await _until(lambda: any(each.step == "track" for each in ran), "the first look")
        stop.ask(reason)
        await _until(lambda: any(each.step == "stop" for each in ran), "the end of the guard")
        async with desk.store.unit() as unit:
            assert len(await unit.journal.live()) == left
        assert not running.done()
        answered.set()
        await running
        found = await desk.wind_down()
        assert [each.client_order_id for each in found.canceled] == [order.client_order_id]


def _is_flat(desk, ran: list[Ran]) -> bool:
    steps = [each.step for each in ran]
    return "track" in steps[[_has_exit(each) for each in ran].index(True) :]


def _has_exit(each: Ran) -> bool:
    return isinstance(each.result, Reacted) and bool(each.result.exits)


async def _tightest(desk):
    async with desk.store.unit() as unit:
        entries = await unit.catalog.entries()
    priced = [
        e
        for e in entries
        if e.quote.bid and e.quote.ask and 2_000 < e.quote.bid.price.units < 8_000
    ]
    return min(priced, key=lambda e: e.quote.ask.price.units - e.quote.bid.price.units)


def _buys(entry) -> OrderIntent:
    return OrderIntent(
        strategy="directional_trading",
        ticker=entry.market.ticker,
        event_ticker=entry.event.event_ticker,
        side=Side.BID,
        limit=entry.quote.ask.price + Price(300),
        count=Contracts.parse("1.00"),
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.ENTRY,
        reason="a test",
    )


async def _until(condition, what: str) -> None:
    try:
        async with asyncio.timeout(40):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # noqa: TID251
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None
