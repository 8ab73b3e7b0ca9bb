"""Where a desk's books and an exchange's account disagree, told by neither of them.

The books are read as rows, the account as JSON; sums are decimals.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any

from crash.account import Account

Asks = Callable[[str], list[tuple[Any, ...]]]

NEVER_THERE = {"not_sent", "absent", "rejected"}
STATUS = {
    "resting": "resting",
    "partially_filled": "resting",
    "filled": "executed",
    "canceled": "canceled",
    "expired": "canceled",
}
CENT, UNIT, PRICE = Decimal("0.01"), Decimal("0.000001"), Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Books:
    """What a store says, as it stands there."""

    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    settlements: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    paid_in: Decimal


ASKED = {
    "orders": (
        "client_order_id",
        "order_id",
        "state",
        "ticker",
        "side",
        "purpose",
        "strategy",
        "forecast_id",
        "limit_price_units",
        "count_units",
        "filled_units",
        "exchange_index",
    ),
    "fills": (
        "fill_id",
        "order_id",
        "ticker",
        "side",
        "price_units",
        "count_units",
        "fee_units",
        "is_taker",
        "owner",
    ),
    "settlements": ("ticker", "settled_us", "revision", "revenue_units"),
    "positions": ("ticker", "net_units"),
}


def books_of(asks: Asks) -> Books:
    """All of it, from whatever answers queries."""
    ((paid_in,),) = asks("SELECT coalesce(sum(amount_units), 0) FROM cash_movements")
    changes = asks("SELECT client_order_id FROM order_events WHERE cause = 'amend'")
    changed = {row[0] for row in changes}
    orders = _rows(asks, "orders")
    return Books(
        orders=[{**row, "was_changed": row["client_order_id"] in changed} for row in orders],
        fills=_rows(asks, "fills"),
        settlements=sorted(_rows(asks, "settlements"), key=itemgetter("revision")),
        positions=_rows(asks, "positions"),
        paid_in=paid_in * UNIT,
    )


def _rows(asks: Asks, table: str) -> list[dict[str, Any]]:
    names = ASKED[table]
    rows = asks(f"SELECT {', '.join(names)} FROM {table}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def disagreements(books: Books, account: Account) -> list[str]:
    """Nothing, where no order is lost, doubled or orphaned and all money is where it should be."""
    return [
        *_orders(books, account),
        *_entries(books, account),
        *_fills(books, account),
        *_positions(books, account),
        *_cash(books, account),
    ]


def _orders(books: Books, account: Account) -> Iterator[str]:
    there = {row["client_order_id"]: row for row in account.orders}
    if len(there) != len(account.orders):
        yield "a client order id is at the exchange twice"
    ours = {row["client_order_id"]: row for row in books.orders}
    yield from (f"{name} is at the exchange and not in the journal" for name in there.keys() - ours)
    for name, order in ours.items():
        state = order["state"]
        if state in {"intent", "unknown"}:
            yield f"{name} is still {state}"
        elif state in NEVER_THERE:
            if name in there:
                yield f"{name} is {state}, and at the exchange: {there[name]}"
        elif name not in there:
            yield f"{name} is {state}, and not at the exchange"
        else:
            yield from (f"{name}: {each}" for each in _terms(order, there[name]))


def _terms(order: dict[str, Any], there: dict[str, Any]) -> Iterator[str]:
    pairs = {
        "order_id": (order["order_id"], there["order_id"]),
        "ticker": (order["ticker"], there["ticker"]),
        "side": (order["side"], there["book_side"]),
        "price": (order["limit_price_units"] * PRICE, Decimal(there["yes_price_dollars"])),
        "filled": (order["filled_units"] * CENT, Decimal(there["fill_count_fp"])),
        "status": (STATUS[order["state"]], there["status"]),
        "shard": (order["exchange_index"], there["exchange_index"]),
    }
    count, filled = order["count_units"] * CENT, pairs["filled"][1]
    if there["status"] == "resting":  # a decrease leaves `initial_count_fp` as it was
        pairs["count"] = count, filled + Decimal(there["remaining_count_fp"])
    elif not order["was_changed"]:
        pairs["count"] = count, Decimal(there["initial_count_fp"])
    for what, (mine, theirs) in pairs.items():
        if mine != theirs:
            yield f"{what} {mine}, at the exchange {theirs}"


def _entries(books: Books, account: Account) -> Iterator[str]:
    there = {row["client_order_id"] for row in account.orders}
    entries = Counter(
        (row["strategy"], row["ticker"], row["forecast_id"])
        for row in books.orders
        if row["purpose"] == "entry" and row["client_order_id"] in there
    )
    yield from (f"entered {count} times: {key}" for key, count in entries.items() if count > 1)


def _fills(books: Books, account: Account) -> Iterator[str]:
    mine = {row["fill_id"]: row for row in books.fills}
    theirs = {row["fill_id"]: row for row in account.fills}
    if len(theirs) != len(account.fills):
        yield "the exchange tells a fill twice"
    owners = {row["order_id"]: row["strategy"] for row in books.orders if row["order_id"]}
    yield from (f"fill {fill_id} is not booked" for fill_id in theirs.keys() - mine)
    yield from (f"fill {fill_id} never happened" for fill_id in mine.keys() - theirs)
    for fill_id in mine.keys() & theirs:
        row, told = mine[fill_id], theirs[fill_id]
        is_as = (
            row["order_id"],
            row["ticker"],
            row["side"],
            row["price_units"] * PRICE,
            row["count_units"] * CENT,
            row["fee_units"] * UNIT,
            bool(row["is_taker"]),
            row["owner"],
        )
        should = (
            told["order_id"],
            told["ticker"],
            told["book_side"],
            Decimal(told["yes_price_dollars"]),
            Decimal(told["count_fp"]),
            Decimal(told["fee_cost"]),
            told["is_taker"],
            owners.get(told["order_id"], "external"),
        )
        if is_as != should:
            yield f"fill {fill_id} is booked as {is_as}, it was {should}"


def _positions(books: Books, account: Account) -> Iterator[str]:
    mine: dict[str, Decimal] = {}
    for row in books.positions:
        mine[row["ticker"]] = mine.get(row["ticker"], Decimal()) + row["net_units"] * CENT
    theirs = {row["ticker"]: Decimal(row["position_fp"]) for row in account.positions}
    for ticker in sorted(mine.keys() | theirs):
        ours, told = mine.get(ticker, Decimal()), theirs.get(ticker, Decimal())
        if ours != told:
            yield f"holds {ours} of {ticker}, at the exchange {told}"


def _cash(books: Books, account: Account) -> Iterator[str]:
    """To a millionth of a dollar. A NO contract is a YES sold, and a dollar put aside for it; the
    fees that a settlement repeats were paid by its fills.
    """
    cash, nets = books.paid_in, dict[str, Decimal]()
    for fill in books.fills:
        bought = fill["count_units"] * CENT * (1 if fill["side"] == "bid" else -1)
        nets[fill["ticker"]] = nets.get(fill["ticker"], Decimal()) + bought
        cash -= bought * fill["price_units"] * PRICE + fill["fee_units"] * UNIT
    cash -= sum((max(-net, Decimal()) for net in nets.values()), Decimal())
    settled = {(row["ticker"], row["settled_us"]): row for row in books.settlements}
    cash += sum((row["revenue_units"] * UNIT for row in settled.values()), Decimal())
    if cash != account.cash:
        yield f"the ledger has {cash} dollars, the exchange {account.cash}"
    told = Counter(row["ticker"] for row in account.settlements)
    booked = Counter(ticker for ticker, _ in settled)
    if told != booked:
        yield f"settlements of {told}, booked are {booked}"
