"""The whole desk on the embedded exchange, as processes: it trades, settles, repeats itself."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Kalshi
from fakes.program import Program, rows_of

from kalshi_cli.domain.money import Money

pytestmark = pytest.mark.slow

CHANCE = frozenset({"lease_token"})
"""Columns that are drawn by chance, besides those of real time."""
LOOP = ("run-loop", "--sim", "--cycles", "20", "--seed", "7")
LOOK_UPS = (
    "positions",
    "orders",
    "fills",
    "round-trips",
    "tape",
    "markets",
    "analyses",
    "runs",
    "denials",
)
Twins = tuple[Program, Program]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Two homes in which the same seed was played, each by a process of its own; the other one is
    an interpreter of its own as well, with other hashes, and makes its world itself.
    """
    one = Program(tmp_path_factory.mktemp("one"))
    other = Program(tmp_path_factory.mktemp("other"), is_apart=True)
    running = [each.start(*LOOP, "--json") for each in (one, other)]
    for process in running:
        ended = process.ended()
        assert ended.code == 0, ended.err
        assert len(ended.out.splitlines()) == 21
    return one, other


@pytest.fixture(scope="module")
def settled(twins: Twins, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The first of the two, a day later."""
    home = tmp_path_factory.mktemp("later") / "home"
    rarely = {"KALSHI_INTERVALS__SIM_CYCLE_S": "7200"}
    program = Program(shutil.copytree(twins[0].home, home), rarely)
    program.run("run-loop", "--cycles", "12", "-q")
    return program


def history(path: Path) -> dict[str, list[str]]:
    """Every table of a store, without the columns of real time and of chance, and the markers of
    real time.
    """
    tables = [
        name for (name,) in rows_of(path, "SELECT name FROM sqlite_master WHERE type='table'")
    ]
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in tables:
            names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            kept = [n for n in names if not n.endswith("_wall_us") and n not in CHANCE]
            columns = ", ".join(f'"{name}"' for name in kept)
            rows = connection.execute(f'SELECT {columns} FROM "{table}"')
            is_real = {"markers": lambda row: row[0].endswith("_wall")}.get(table, lambda _: False)
            found[table] = sorted(repr(row) for row in rows if not is_real(row))
    return found


def cash_by_hand(program: Program) -> Money:
    """Deposits, less what was paid for YES (a sale of YES locks the rest of its dollar), less fees,
    plus what settled. In units of a millionth of a dollar: prices are ten-thousandths, counts
    hundredths.
    """
    ((cash,),) = program.rows("SELECT sum(amount_units) FROM cash_movements")
    net: dict[str, int] = {}
    for ticker, side, price, count, fee in program.rows(
        "SELECT ticker, side, price_units, count_units, fee_units FROM fills"
    ):
        signed = count if side == "bid" else -count
        net[ticker] = net.get(ticker, 0) + signed
        cash -= signed * price + fee
    for ticker, value in program.rows("SELECT ticker, value_units FROM settlements"):
        cash += net.pop(ticker) * value
    locked = sum(-held * 10_000 for held in net.values() if held < 0)
    return Money(cash - locked)


def assert_the_books_balance(program: Program) -> None:
    report = program.data("inspect-db", "--sim")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"] == str(cash_by_hand(program))


def test_it_trades_and_markets_settle(twins: Twins, tmp_path: Path):
    program = Program(shutil.copytree(twins[0].home, tmp_path / "home"))
    assert program.rows("SELECT count(*) FROM fills")[0][0] > 0
    assert program.rows("SELECT count(*) FROM markets WHERE status = 'finalized'")[0][0] > 0
    assert program.rows("SELECT reason FROM runs") == [("20 cycles done",)]
    assert_the_books_balance(program)


def test_one_seed_gives_one_history(twins: Twins):
    one, other = (history(each.desk_db) for each in twins)
    assert one.keys() == other.keys()
    for table in one:
        assert one[table] == other[table], table
    log = "SELECT seq, kind, body FROM commands ORDER BY seq"
    assert rows_of(twins[0].world_db, log) == rows_of(twins[1].world_db, log) != []


def test_what_was_held_is_paid_as_the_exchange_decided(settled: Program):
    paid = settled.rows(
        "SELECT s.value_units, s.net_units, s.revenue_units, m.result, m.settlement_value_units"
        " FROM settlements s JOIN markets m USING (ticker)"
    )
    assert paid
    for value, net, revenue, result, market_value in paid:
        assert value == market_value
        assert result == "scalar" or value == {"yes": 10_000, "no": 0}[result]
        assert revenue == (net * value if net > 0 else -net * (10_000 - value))
    assert_the_books_balance(settled)


def test_every_look_up_shows_what_happened(settled: Program, kalshi: Kalshi):
    for name in LOOK_UPS:
        there = ("inspect", name, "--home", str(settled.home))
        assert kalshi(*there, "--json").json["data"], name
        assert len(kalshi(*there).out.splitlines()) > 3, name


def test_every_look_up_works_on_a_desk_where_nothing_happened(kalshi: Kalshi):
    for name in LOOK_UPS:
        assert kalshi("inspect", name, "--json").json["data"] == [], name
        assert kalshi("inspect", name).code == 0, name


def test_the_steps_alone_are_a_desk_and_twice_does_no_harm(tmp_path: Path):
    program = Program(tmp_path, is_apart=True)
    program.run("ingest", "--sim", "--seed", "7")
    assert program.data("analyze")["forecasts"]
    sent = program.data("trade")["orders"]
    assert sent
    again = program.data("trade", "--no-advance")["orders"]
    both = [(order["intent"]["ticker"], order["intent"]["forecast_id"]) for order in sent + again]
    assert len(set(both)) == len(both)
    assert not {order["intent"]["ticker"] for order in again} & {t for t, _ in both[: len(sent)]}
    placed = rows_of(program.world_db, "SELECT count(*) FROM commands WHERE kind = 'place'")
    assert placed == [(len(both),)]
    assert program.data("track")["open_positions"] is not None
    assert program.data("evaluate")["waiting"] > 0
    assert [reason for (reason,) in program.rows("SELECT DISTINCT reason FROM runs")] == ["done"]
    assert_the_books_balance(program)
