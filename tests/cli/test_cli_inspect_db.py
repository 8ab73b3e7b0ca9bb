"""`inspect-db` explains, repairs what is proved, and books cash only as it was typed."""

import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def desk(kalshi, kalshi_home):
    """A simulated desk whose books are open; gives a way to spoil them."""
    assert kalshi("track", "--sim", "--seed", "7").code == 0

    def spoil(statement: str) -> None:
        with closing(sqlite3.connect(kalshi_home / "sim" / "desk.db")) as store:
            store.execute(statement)
            store.commit()

    return spoil


def test_cash_that_nothing_explains_is_accepted_as_typed(kalshi, desk):
    assert kalshi("inspect-db", "--sim", "--reconcile").code == 0
    desk("UPDATE cash_movements SET amount_units = amount_units - 1250001")
    told = kalshi("inspect-db", "--sim", "--reconcile", "--json")
    assert (told.code, told.json["data"]["compared"]["unexplained"]) == (7, "1.250001")
    (cash,) = told.json["data"]["compared"]["discrepancies"]
    assert (cash["what"], cash["repair"]) == ("cash", "")
    assert kalshi("inspect-db", "--sim", "--repair").code == 7
    wrong = kalshi("inspect-db", "--sim", "--accept-cash", "1.25", "--why", "interest")
    assert (wrong.code, "$1.250001 is unexplained" in wrong.err) == (6, True)
    taken = kalshi(
        "inspect-db", "--sim", "--accept-cash", "1.250001", "--why", "interest", "--json"
    )
    accepted = taken.json["data"]["accepted"]
    assert (taken.code, accepted["amount"], accepted["why"]) == (0, "1.250001", "interest")
    assert accepted["who"]
    assert kalshi("inspect-db", "--sim").code == 0


def test_what_was_not_compared_is_not_said_to_agree(kalshi):
    told = kalshi("inspect-db", "--sim").out
    assert "not compared: there is no simulated world yet" in told
    assert "Differences" not in told


def test_a_repair_keeps_the_store_as_it_was(kalshi, desk, kalshi_home):
    desk("INSERT INTO positions SELECT 'U', 'x', 5, 1, 0, 0, 0, 0")
    done = kalshi("inspect-db", "--sim", "--repair", "--json")
    assert (done.code, done.json["data"]["repaired"]["positions"]) == (0, 1)
    with closing(sqlite3.connect(done.json["data"]["backup"])) as backup:
        assert backup.execute("SELECT ticker FROM positions").fetchall() == [("U",)]


def test_a_vacuum_tells_what_it_gave_back_and_leaves_no_copy(kalshi, desk, kalshi_home):
    desk("CREATE TABLE filler (x BLOB)")
    desk("INSERT INTO filler VALUES (zeroblob(4096000))")
    desk("DROP TABLE filler")
    done = kalshi("inspect-db", "--sim", "--vacuum", "--json")
    space = done.json["data"]["vacuumed"]
    assert (done.code, space["before"] - space["after"] > 4_000_000) == (0, True)
    assert done.json["data"]["backup"] is None
    told = kalshi("inspect-db", "--sim", "--vacuum").out
    assert (" MB before" in told, "reads the store" in told) == (True, False)
    assert not list((kalshi_home / "sim").glob("*.backup*"))


def test_a_vacuum_under_a_reader_says_why_nothing_came_back(kalshi, desk, kalshi_home):
    with closing(sqlite3.connect(kalshi_home / "sim" / "desk.db")) as reader:
        reader.execute("PRAGMA journal_mode")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM orders").fetchone()
        done = kalshi("inspect-db", "--sim", "--vacuum")
    (line,) = [line for line in done.out.splitlines() if " MB before" in line]
    assert (done.code, "somebody still reads the store" in line) == (0, True)


def test_beside_a_desk_that_trades_nothing_is_vacuumed_or_copied(kalshi, desk, kalshi_home):
    desk(
        "INSERT OR REPLACE INTO leases VALUES "
        "('sim/', 'another', 1, 'elsewhere', 1, 1, 4000000000000000)"
    )
    refused = kalshi("inspect-db", "--sim", "--vacuum")
    assert (refused.code, "elsewhere" in refused.err) == (6, True)
    assert not list((kalshi_home / "sim").glob("*.backup*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--accept-cash", "1"), "needs a --why"),
        (("--accept-cash", "1", "--why", " "), "needs a --why"),
        (("--accept-cash", "a lot", "--why", "x"), "no amount"),
        (("--accept-cash", "nan", "--why", "x"), "no amount"),
        (("--why", "x"), "goes with --accept-cash"),
    ],
)
def test_half_of_an_acceptance_is_a_mistake(kalshi, arguments, said):
    ended = kalshi("inspect-db", "--sim", *arguments)
    assert (ended.code, said in ended.err) == (2, True)
