"""However slow the consumer is: bounded, and nothing is lost without a word."""

from dataclasses import replace

from kalshi_cli.adapters.kalshi.stream.mailbox import SLOW, Bounds, Mailbox
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import (
    BookLost,
    Change,
    MarketChange,
    Read,
    Resync,
    StreamQuote,
)

SMALL = Bounds(trades_a_market=2, trades=5, account=3, changes=2, unusable=2, batch=2)
FILL = Fill("f1", "o1", "A", Side.BID, Price(1), Contracts(1), is_taker=True, fee=Money(0), at_us=9)


def trade(ticker: str, at_us: int) -> Trade:
    return Trade(f"{ticker}{at_us}", ticker, Price(5_000), Contracts(100), Side.BID, at_us)


def quote(ticker: str, at_us: int) -> StreamQuote:
    return StreamQuote(ticker, None, None, None, Contracts(0), Contracts(0), at_us)


def look(ticker: str) -> OrderBook | BookLost:
    return BookLost(ticker, "test") if ticker == "lost" else OrderBook(ticker, (), (), 1)


def taken(mailbox: Mailbox) -> list:
    return list(mailbox.take(look))


def test_books_and_quotes_are_told_as_they_stand():
    mailbox = Mailbox(SMALL)
    for at_us in range(1_000):
        mailbox.books["A"] = None
        mailbox.put(quote("A", at_us), None)
    assert taken(mailbox) == [quote("A", 999), OrderBook("A", (), (), 1)]
    assert not mailbox


def test_so_many_books_at_once_and_the_others_next_time():
    mailbox = Mailbox(SMALL)
    mailbox.books |= dict.fromkeys(["A", "lost", "C"])
    assert taken(mailbox) == [OrderBook("A", (), (), 1), BookLost("lost", "test")]
    assert mailbox
    assert taken(mailbox) == [OrderBook("C", (), (), 1)]


def test_trades_of_a_market_that_overflow_become_a_read_from_the_oldest_on():
    mailbox = Mailbox(SMALL)
    for at_us in (50, 40, 60):
        mailbox.put(trade("A", at_us), since_us=100)
    mailbox.put(trade("B", 70), since_us=100)
    assert taken(mailbox) == [trade("B", 70), Resync(Read.TRADES, "A", 40, SLOW)]


def test_all_trades_together_are_bounded_too():
    mailbox = Mailbox(SMALL)
    for ticker in "ABCDEF":
        mailbox.put(trade(ticker, 50), since_us=100)
    due = taken(mailbox)
    assert due == [Resync(Read.TRADES, ticker, 50, SLOW) for ticker in "ABCDEF"]
    mailbox.put(trade("A", 51), since_us=100)
    assert taken(mailbox) == [trade("A", 51)]


def test_an_account_that_overflows_is_to_be_read_from_the_first_event_on():
    mailbox = Mailbox(SMALL)
    for since_us in (100, 200, 300):
        mailbox.put(FILL, since_us)
    assert taken(mailbox) == [FILL] * 3
    for since_us in (400, 500, 600, 700):
        mailbox.put(FILL, since_us)
    mailbox.put(replace(FILL, fill_id="f2"), 800)
    assert taken(mailbox) == [
        replace(FILL, fill_id="f2"),
        *(Resync(read, "", 400, SLOW) for read in (Read.ORDERS, Read.FILLS, Read.POSITIONS)),
    ]


def test_market_changes_that_overflow_make_the_markets_due():
    mailbox = Mailbox(SMALL)
    for _ in range(3):
        mailbox.put(MarketChange("A", Change.ACTIVATED), 100)
    assert taken(mailbox) == [Resync(Read.MARKETS, "", 100, SLOW)]


def test_of_two_reads_of_a_kind_the_earlier_instant_counts():
    mailbox = Mailbox(SMALL)
    mailbox.put(Resync(Read.FILLS, "", 50, "one"), None)
    mailbox.put(Resync(Read.FILLS, "", 90, "two"), None)
    assert taken(mailbox) == [Resync(Read.FILLS, "", 50, "two")]
    mailbox.put(Resync(Read.FILLS, "", 50, "one"), None)
    mailbox.put(Resync(Read.FILLS, "", None, "two"), None)
    assert taken(mailbox) == [Resync(Read.FILLS, "", None, "two")]


def test_refusals_are_kept_as_far_as_they_fit():
    mailbox = Mailbox(SMALL)
    for number in range(9):
        mailbox.put(Unusable(str(number), "why"), None)
    assert taken(mailbox) == [Unusable("7", "why"), Unusable("8", "why")]


def test_a_market_that_is_left_is_forgotten():
    mailbox = Mailbox(SMALL)
    mailbox.books["A"] = None
    mailbox.put(quote("A", 1), None)
    mailbox.put(trade("A", 1), None)
    mailbox.forget("A")
    assert not mailbox
