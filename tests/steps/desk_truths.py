"""What must hold between a desk's books and an exchange's account, by no code of either.

The books are read as rows; sums are of whole units.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from fakes.exchange import FakeExchange

DEAD = {"not_sent", "absent", "rejected", "filled", "canceled", "expired"}
NEVER_SEEN = {"not_sent", "absent", "rejected"}
UNRESOLVED = {"intent", "unknown"}
WORKING = {"resting", "partially_filled"}
DOLLAR = 10_000
"""$1 for a hundredth of a contract, in $0.000001."""
STRANGER = "web-"
"""How the ids begin of orders that somebody else places by hand."""


class Row(NamedTuple):
    """An order as the journal has it."""

    client_order_id: str
    order_id: str | None
    owner: str
    ticker: str
    side: str
    purpose: str
    state: str
    limit: int
    count: int
    filled: int
    asked_limit: int | None
    asked_count: int | None
    reason: str
    token: str
    forecast_id: str | None

    @property
    def sign(self) -> int:
        return 1 if self.side == "bid" else -1

    @property
    def left(self) -> int:
        """Hundredths of a contract that it may still trade, as far as the journal knows."""
        return 0 if self.state in DEAD else max(self.count, self.asked_count or 0) - self.filled


_ROWS = """
    SELECT client_order_id, order_id, strategy, ticker, side, purpose, state, limit_price_units,
        count_units, filled_units, asked_price_units, asked_count_units, reason, lease_token,
        forecast_id
    FROM orders
"""


def journal(books: sqlite3.Connection) -> dict[str, Row]:
    return {row[0]: Row(*row) for row in books.execute(_ROWS)}


def holder(books: sqlite3.Connection) -> tuple[str, int]:
    """Whose the lease is, and until when."""
    return books.execute("SELECT token, expires_wall_us FROM leases").fetchone()


def desk_state(books: sqlite3.Connection) -> str:
    query = "SELECT state FROM desk_states ORDER BY change_id DESC LIMIT 1"
    row = books.execute(query).fetchone()
    return "active" if row is None else row[0]


def assert_nothing_is_undercounted(rows: Mapping[str, Row], exchange: FakeExchange) -> None:
    """Each order of the account is on record, once, at no less than it may still do."""
    named: set[str | None] = set()
    for report in exchange.reports.values():
        name = report.client_order_id or ""
        assert name not in named, f"{name} is there twice"
        named.add(name)
        if name.startswith(STRANGER):
            continue
        assert name in rows, f"the journal knows nothing of {report}"
        row = rows[name]
        assert row.state not in NEVER_SEEN, (row, report)
        rests = report.status == "resting"
        most = report.filled.units + report.remaining.units * rests
        assert row.filled + row.left >= most, (row, report)
        if rests:
            limits = [row.limit] if row.asked_limit is None else [row.limit, row.asked_limit]
            worst = max(limit * row.sign for limit in limits)
            assert worst >= report.price.units * row.sign, (row, report)


def assert_each_wish_was_met_once(rows: Mapping[str, Row], exchange: FakeExchange) -> None:
    """No order that was asked for once, and no forecast, has two orders at the exchange."""
    there = [rows[name] for r in exchange.reports.values() if (name := r.client_order_id) in rows]
    wishes = Counter(row.reason for row in there if row.reason.startswith("deed "))
    wishes += Counter(
        f"{row.owner} {row.ticker} {row.forecast_id}" for row in there if row.forecast_id
    )
    assert set(wishes.values()) <= {1}, wishes


_FILLED = """
    SELECT order_id, sum(CASE side WHEN 'bid' THEN count_units ELSE -count_units END)
    FROM fills WHERE ticker = ? AND owner = ? GROUP BY order_id
"""


def assert_exit_only_reduces(books: sqlite3.Connection, client_order_id: str) -> None:
    """An exit, and all its owner's orders on that side, are no more than it was told that it holds.

    It is told by its orders and by its fills, which may be heard of first: of each order the more.
    """
    rows = journal(books)
    row = rows[client_order_id]
    mine = [r for r in rows.values() if (r.ticker, r.owner) == (row.ticker, row.owner)]
    heard = dict(books.execute(_FILLED, (row.ticker, row.owner)))
    by_order = [(r.sign * r.filled, heard.pop(r.order_id, 0)) for r in mine]
    held = sum(max(told, key=abs) for told in by_order) + sum(heard.values())
    leaving = sum(r.left for r in mine if r.sign == row.sign)
    assert leaving <= max(0, -row.sign * held), ("EXIT_REDUCES", row, leaving, held)


def assert_books_are_true(books: sqlite3.Connection, exchange: FakeExchange, paid_in: int) -> None:
    """Orders, fills, positions, settlements and cash are those of the account, to the last unit."""
    rows = journal(books)
    there = {r.order_id: rows[r.client_order_id or ""] for r in _ours(exchange)}
    for report in _ours(exchange):
        row = there[report.order_id]
        told = report.order_id, report.filled.units, report.status == "resting"
        assert (row.order_id, row.filled, row.state in WORKING) == told, (row, report)
    open_ = [row for row in rows.values() if row.state in UNRESOLVED]
    assert not open_, open_
    assert {r.order_id for r in rows.values() if r.state in WORKING} <= there.keys()
    _assert_fills(books, exchange, {order_id: row.owner for order_id, row in there.items()})
    _assert_money(books, exchange, paid_in)


def _ours(exchange: FakeExchange):
    return [
        report
        for report in exchange.reports.values()
        if not (report.client_order_id or "").startswith(STRANGER)
    ]


def _assert_fills(
    books: sqlite3.Connection, exchange: FakeExchange, owners: Mapping[str, str]
) -> None:
    """Every fill once, its owner's, and positions that are their sums."""
    theirs = sorted(
        (
            f.fill_id, f.order_id, f.ticker, owners.get(f.order_id, "external"), f.side.value,
            f.price.units, f.count.units, f.fee.units,
        )
        for f in exchange.all_fills
    )  # fmt: skip
    columns = "fill_id, order_id, ticker, owner, side, price_units, count_units, fee_units"
    ours = sorted(books.execute(f"SELECT {columns} FROM fills"))
    assert ours == theirs
    settled = {settlement.ticker for settlement in exchange.all_settlements}
    nets: Counter[tuple[str, str]] = Counter()
    for _, _, ticker, owner, side, _, count, _ in theirs:
        nets[ticker, owner] += count if side == "bid" else -count
    held = {key: net for key, net in nets.items() if net and key[0] not in settled}
    booked = books.execute("SELECT ticker, owner, net_units FROM positions WHERE net_units != 0")
    assert {(ticker, owner): net for ticker, owner, net in booked} == held


def _assert_money(books: sqlite3.Connection, exchange: FakeExchange, paid_in: int) -> None:
    """Cash by YES flows, and $1 held back for each NO contract, is the account's and the ledger's.

    Of each settlement the newest revision is what the exchange says of it now.
    """
    query = "SELECT ticker, value_units, revenue_units FROM settlements ORDER BY revision"
    paid = {ticker: (value, revenue) for ticker, value, revenue in books.execute(query)}
    told = {s.ticker: (s.value.units, s.revenue.units) for s in exchange.all_settlements}
    assert paid == told
    net: Counter[str] = Counter()
    cash = paid_in
    for ticker, side, price, count, fee in books.execute(
        "SELECT ticker, side, price_units, count_units, fee_units FROM fills"
    ):
        bought = count if side == "bid" else -count
        cash -= bought * price + fee
        net[ticker] += bought
    for ticker, count in net.items():
        cash += count * paid[ticker][0] if ticker in paid else -DOLLAR * max(0, -count)
    assert cash == exchange.cash.units
    moved = books.execute("SELECT sum(amount_units) FROM cash_movements").fetchone()
    assert moved == (paid_in,)
