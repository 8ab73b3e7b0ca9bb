"""Killed at every step of an order's life, the desk finds out what became of it, and goes on.

A point is a hook in the process itself, which kills itself there; where a request shall be on its
way, the exchange keeps its answer back until the kill. The exchange is calm: nobody else trades and
no price moves, so that orders in its wide markets rest, and those in its narrow ones fill.

`JOURNAL_STEPS=all pytest tests/crash/test_journal_steps.py` dies at all of them; the suite at one
of each kind.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from crash.dying import Point
from crash.served_desk import LOOP, ORDERS, ServedDesk, served_desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ALL = os.environ.get("JOURNAL_STEPS") == "all"
CALM = Path(__file__).with_name("calm.toml")
STORE = "kalshi_cli.adapters.store"
JOURNAL, LEDGER = f"{STORE}.journal:SqlJournal", f"{STORE}.ledger:SqlLedger"
TRADING = "kalshi_cli.adapters.kalshi.trading:KalshiTrading"
BEFORE, AFTER = "before", "after"
STEPS = (
    Point(BEFORE, f"{TRADING}.place", 2),  # the intent is committed
    Point(BEFORE, f"{LEDGER}.add_fills", 1),
    Point(AFTER, f"{JOURNAL}.save", 2),  # the answer is written, and not committed
    *(
        Point(when, where, number)
        for when, where, number in (
            (BEFORE, f"{JOURNAL}.record", 2),
            (AFTER, f"{JOURNAL}.record", 2),
            (AFTER, f"{TRADING}.place", 2),  # the answer is here, and not on record
            (BEFORE, f"{JOURNAL}.save", 2),
            (AFTER, f"{LEDGER}.add_fills", 1),
            (BEFORE, f"{LEDGER}.save_positions", 1),
            (AFTER, f"{LEDGER}.save_positions", 1),
            (BEFORE, f"{STORE}.snapshots:SqlSnapshots.add", 1),
            (AFTER, f"{STORE}.snapshots:SqlSnapshots.add", 1),
        )
        if ALL
    ),
)
COMMITS = range(1, 101) if ALL else (3,)
"""Of a loop; it dies before and after each of them."""
EVENING = "2027-01-07T00:00:00Z"
"""Then a new world begins: this one closes for a part of the night."""
HELD_BACK_MS = 60_000
WAITING = {"KALSHI_TRADING__RESTING_MINUTES": "600", "KALSHI_FILTERS__ALLOW_SERIES": '["KXANCHOR"]'}
RACING = {
    "KALSHI_FILTERS__ALLOW_SERIES": '["KXSLOOP"]',
    "KALSHI_FILTERS__MIN_MINUTES_TO_CLOSE": "150",
    "KALSHI_EXITS__DIRECTIONAL_MAX_HOLD_HOURS": "off",
    "KALSHI_EXITS__VALUE_EXIT": "off",
}
"""What is bought in a race is held to its end."""
TRADING_ON = {
    "KALSHI_FILTERS__ALLOW_SERIES": '["KXREEF"]',
    "KALSHI_EXITS__DIRECTIONAL_MAX_HOLD_HOURS": "0.005",
}
"""In and out again, every few seconds."""


@pytest.fixture(scope="module")
def of_the_day(
    tmp_path_factory: pytest.TempPathFactory, postgres: str | None
) -> Iterator[Callable[[], ServedDesk]]:
    """One desk for all, as long as its world's day lasts."""
    with ExitStack() as worlds:
        desks: list[ServedDesk] = []

        def desk() -> ServedDesk:
            if not desks or desks[-1].owner.control("GET", "")["now"] > EVENING:
                worlds.close()
                home = tmp_path_factory.mktemp("steps")
                world = served_desk(home, seed=5, world=CALM, postgres=postgres)
                desks.append(worlds.enter_context(world))
            return desks[-1]

        yield desk


@pytest.fixture
def desk(of_the_day: Callable[[], ServedDesk]) -> ServedDesk:
    return of_the_day()


def dies(
    desk: ServedDesk, point: Point, *arguments: str, change: str = "", **variables: str
) -> None:
    """Run a command until it dies at the point: it must get there, and nobody else kills it."""
    ended = desk.start(*arguments, point=point, change=change, **variables).ended()
    assert ended.was_killed, f"it never came to {point}\n{ended.told}"


def state_of(desk: ServedDesk, name: str) -> tuple[str, str]:
    """What the journal says of an order: its state, and what is asked for it."""
    query = f"SELECT state, pending FROM orders WHERE client_order_id = '{name}'"
    ((state, pending),) = desk.rows(query)
    return state, pending


def there(desk: ServedDesk) -> dict[str, dict[str, Any]]:
    """The exchange's orders by our ids."""
    return {order["client_order_id"]: order for order in desk.owner.orders()}


def intents(desk: ServedDesk) -> list[str]:
    """Our ids of orders that may have been sent."""
    return [
        row[0] for row in desk.rows("SELECT client_order_id FROM orders WHERE state = 'intent'")
    ]


@pytest.mark.parametrize(
    "point", STEPS, ids=lambda point: f"{point.when}-{point.where.rpartition('.')[2]}"
)
def test_killed_around_a_step(desk: ServedDesk, point: Point):
    dies(desk, point, *LOOP, **TRADING_ON)
    if point.name == "place":
        (doubtful,) = intents(desk)
        assert (doubtful in there(desk)) == (point.when == AFTER)
    desk.audit(pause=False)
    assert not intents(desk)


@pytest.mark.parametrize("number", COMMITS)
@pytest.mark.parametrize("when", [BEFORE, AFTER] if ALL else [AFTER])
def test_killed_around_a_commit(desk: ServedDesk, when: str, number: int):
    dies(desk, Point(when, f"{STORE}.unit:SqlUnit.commit", number), *LOOP, **TRADING_ON)
    desk.audit(pause=False)


def a_resting_order(desk: ServedDesk) -> str:
    """Our id of an order that rests for hours, with more than one contract left of it.

    Others rest for minutes only, and may be over at the exchange by now.
    """
    query = (
        "SELECT client_order_id FROM orders"
        " WHERE state = 'resting' AND count_units > 100 AND ticker LIKE 'KXANCHOR%'"
    )
    if not desk.rows(query):
        desk.start(*LOOP, **WAITING)
        desk.wait_until(lambda: desk.rows(query))
        assert desk.running.kill().was_killed
        desk.audit(pause=False)
    return str(desk.rows(query)[0][0])


CHANGES = (
    (AFTER, "cancel", "", "cancel"),
    (BEFORE, "amend", "moved", "amend"),
    *(
        (
            (BEFORE, "cancel", "", "cancel"),
            (AFTER, "amend", "moved", "amend"),
            (BEFORE, "decrease", "smaller", "amend"),
            (AFTER, "decrease", "smaller", "amend"),
        )
        if ALL
        else ()
    ),
)


@pytest.mark.parametrize(("when", "what", "change", "pending"), CHANGES)
def test_killed_around_a_change(desk: ServedDesk, when: str, what: str, change: str, pending: str):
    """It was asked for; the order is as the exchange has it, whether or not that was reached."""
    name = a_resting_order(desk)
    before = there(desk)[name]
    dies(desk, Point(when, f"{TRADING}.{what}"), "cancel", name, "--env", "demo", change=change)
    assert state_of(desk, name) == ("resting", pending)
    assert (there(desk)[name] != before) == (when == AFTER)
    desk.audit(pause=False)
    assert state_of(desk, name)[1] == "none"


def held_back(method: str, path: str) -> dict[str, Any]:
    rule = {"fault": "latency", "ms": HELD_BACK_MS, "after": True}
    return rule | {"method": method, "path": path}


IN_OUR_WORDS = {"executed": {"filled"}, "resting": {"resting", "partially_filled"}}
"""The exchange's status, and the journal's: a desk that died often has taken what was near."""


def test_killed_between_a_request_and_its_answer(desk: ServedDesk):
    known = there(desk)
    desk.misbehave([held_back("POST", ORDERS)])
    running = desk.start(*LOOP, **TRADING_ON)
    desk.wait_until(lambda: there(desk).keys() - known)
    assert running.kill().was_killed

    (sent,) = there(desk).keys() - known
    assert state_of(desk, sent) == ("intent", "none")
    desk.audit(pause=False)
    assert state_of(desk, sent)[0] in IN_OUR_WORDS[there(desk)[sent]["status"]]


def test_killed_between_a_cancel_and_its_answer(desk: ServedDesk):
    name = a_resting_order(desk)
    desk.misbehave([held_back("DELETE", f"{ORDERS}/*")])
    running = desk.start("cancel", name, "--env", "demo")
    desk.wait_until(lambda: there(desk)[name]["status"] == "canceled")
    assert running.kill().was_killed

    assert state_of(desk, name) == ("resting", "cancel")
    desk.audit(pause=False)
    assert state_of(desk, name) == ("canceled", "none")


@pytest.mark.parametrize("when", [BEFORE, AFTER] if ALL else [AFTER])
def test_killed_in_the_booking_of_settlements(desk: ServedDesk, when: str):
    """What is held when its market ends is paid once."""
    desk.start(*LOOP, **RACING)
    held = "SELECT * FROM positions WHERE ticker LIKE 'KXSLOOP%' AND net_units != 0"
    desk.wait_until(lambda: desk.rows(held))
    assert desk.running.kill().was_killed
    desk.advance("6h10m")
    settled = len(desk.owner.account().settlements)
    booked = len(desk.rows("SELECT * FROM settlements"))
    assert settled > booked

    dies(desk, Point(when, f"{LEDGER}.add_settlements"), "track", "--env", "demo")

    assert len(desk.rows("SELECT * FROM settlements")) == booked
    desk.audit(pause=False)
    assert len(desk.rows("SELECT * FROM settlements")) == settled
