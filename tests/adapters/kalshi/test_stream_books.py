"""The client's books under every fault of a stream: right, or flagged."""

import json
from dataclasses import dataclass, field

import pytest
from fakes.asyncapi import asyncapi
from fakes.book_feed import Book, BookFeed
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi.stream.book_feed import SILENT
from kalshi_cli.adapters.kalshi.stream.books import Books
from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.adapters.kalshi.stream.patience import Patience
from kalshi_cli.adapters.kalshi.stream.telling import GAP, RESTARTED
from kalshi_cli.adapters.kalshi.stream.wire import SnapshotMsg
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import BookLost

A, B = "KXA-1", "KXB-2"
PATIENCE = Patience(answer_s=3, snapshot_s=2, quiet_s=5, failures=3)


def shown(book: OrderBook) -> Book:
    return {
        side: {level.price.units: level.count.units for level in levels}
        for side, levels in (("yes", book.bids), ("no", book.asks))
    }


@dataclass
class Wire:
    """A client, an exchange, and what happens to frames between them."""

    feed: BookFeed = field(
        default_factory=lambda: BookFeed(
            **{A: {"yes": {4_000: 500}, "no": {6_000: 700}}, B: {"yes": {}, "no": {9_900: 100}}}
        )
    )
    client: StreamMachine = field(
        default_factory=lambda: StreamMachine((Channel.BOOKS,), patience=PATIENCE)
    )
    now_s: float = 0.0
    on_the_way: list[bytes] = field(default_factory=list)
    newest: tuple[int, int] = (0, 0)
    sent: list[dict] = field(default_factory=list)

    def connect(self) -> None:
        self.client.opened(1, self.now_s)
        self.talk()

    def break_off(self) -> None:
        self.client.closed("reset")
        self.feed.disconnect()
        self.on_the_way.clear()
        self.newest = (0, 0)

    def talk(self) -> None:
        """The client's commands reach the exchange; its frames set out."""
        for command in self.client.commands():
            self.sent.append(json.loads(command))
            self.feed.obey(command)
        self.on_the_way += self.feed.take()

    def deliver(self, index: int = 0) -> None:
        if len(self.on_the_way) > index:
            self.hand_over(self.on_the_way.pop(index))

    def hand_over(self, data: bytes) -> None:
        self.client.receive(data, 1)
        frame = json.loads(data)
        if frame.get("sid") == self.feed.sid:
            self.newest = max(self.newest, (frame["sid"], frame.get("seq", 0)))
        self.check()

    def check(self) -> None:
        """Whatever book the client shows is the true one as of the last frame that it got."""
        for ticker in (A, B):
            book = self.client.book(ticker)
            if book is not None:
                assert shown(book) == self.feed.truth[self.newest][ticker], ticker

    def suffer(self, fault: str) -> None:
        match fault:
            case "deliver":
                self.deliver()
            case "drop":
                self.on_the_way[:1] = []
            case "twice":
                self.on_the_way[:0] = self.on_the_way[:1]
            case "late":
                self.on_the_way[:2] = self.on_the_way[:2][::-1]
            case "tick":
                self.tick()
            case "unfollow":
                self.client.unfollow([A])
                self.client.follow([A])
                self.talk()
            case "reset":
                self.break_off()
                self.connect()

    def tick(self, seconds: float = 1.0) -> None:
        self.now_s += seconds
        self.client.tick(self.now_s)
        self.talk()

    def settle(self) -> None:
        """No more faults: half a minute goes by."""
        for _ in range(30):
            self.tick()
            while self.on_the_way:
                self.deliver()
                self.talk()


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.client.follow([A, B])
    wire.connect()
    wire.settle()
    wire.client.take()
    wire.sent.clear()
    return wire


def test_a_book_is_followed(wire: Wire):
    wire.feed.change(A, "yes", 4_100, 300)
    wire.feed.change(A, "no", 6_000, 0)
    wire.settle()
    assert wire.client.take() == (OrderBook.from_bids(A, *ladders(wire, A), at_us=1),)
    assert shown(wire.client.book(A)) == {"yes": {4_000: 500, 4_100: 300}, "no": {}}


def ladders(wire: Wire, ticker: str):
    book = wire.client.book(ticker)
    return book.bids, [type(x)(x.price.complement, x.count) for x in book.asks]


def test_a_gap_loses_all_books_of_the_subscription_and_asks_for_them(wire: Wire):
    wire.feed.change(A, "yes", 4_100, 300)
    wire.feed.change(B, "yes", 100, 300)
    wire.on_the_way = wire.feed.take()[1:]
    wire.deliver()
    assert wire.client.book(A) is None
    assert wire.client.book(B) is None
    assert set(wire.client.take()) == {BookLost(A, GAP), BookLost(B, GAP)}
    wire.talk()
    assert [c["params"]["action"] for c in wire.sent] == ["get_snapshot"]
    assert set(wire.sent[0]["params"]["market_tickers"]) == {A, B}
    wire.settle()
    assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert shown(wire.client.book(B)) == wire.feed.books[B]


def test_an_answer_that_is_missing_is_a_gap_too(wire: Wire):
    """Answers take a number of the sequence: `ok` to a market that was added, say."""
    wire.client.follow(["KXC-3"])
    wire.feed.books["KXC-3"] = {"yes": {}, "no": {}}
    for command in wire.client.commands():
        wire.feed.obey(command)
    ok, snapshot = wire.feed.take()
    assert json.loads(ok)["type"] == "ok"
    wire.client.receive(snapshot, 1)
    assert wire.client.book(A) is None
    assert wire.client.book("KXC-3") is not None  # a snapshot stands by itself


def test_an_unknown_frame_with_a_number_is_counted(wire: Wire):
    seq = wire.feed.seq + 1
    frame = {"type": "novelty", "sid": wire.feed.sid, "seq": seq, "msg": {"x": 1}}
    wire.client.receive(json.dumps(frame).encode(), 1)
    assert wire.client.book(A) is not None
    assert wire.client.tally["unknown type novelty"] == 1
    wire.feed.seq += 1
    wire.feed.change(A, "yes", 4_100, 300)
    wire.settle()
    assert wire.client.tally["gaps"] == 0
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_a_loss_at_the_end_shows_once_it_has_been_quiet(wire: Wire):
    wire.feed.change(A, "yes", 4_100, 300)
    wire.feed.take()  # it never arrives, and nothing follows
    assert shown(wire.client.book(A)) != wire.feed.books[A]
    for _ in range(8):
        wire.tick()
        while wire.on_the_way:
            wire.deliver()
    wire.settle()
    assert wire.client.tally["gaps"] == 1
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_frames_again_and_late_change_nothing(wire: Wire):
    wire.feed.change(A, "yes", 4_100, 300)
    (frame,) = wire.feed.take()
    wire.hand_over(frame)
    wire.hand_over(frame)
    assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert wire.client.tally["frames again or late"] == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"price_dollars": "0.41005"}, "finer"),
        ({"price_dollars": "1.0000"}, "not between"),
        ({"price_dollars": 0.41}, "Expected `str`"),
        ({"delta_fp": "many"}, "decimal"),
        ({"delta_fp": "-900.00"}, "below zero"),
        ({"side": "maybe"}, "Invalid enum"),
        ({"side": None}, "Expected `str`"),
    ],
)
def test_an_unusable_change_loses_its_book_alone(wire: Wire, change: dict, why: str):
    wire.feed.change(A, "yes", 4_100, 300)
    (data,) = wire.feed.take()
    frame = json.loads(data)
    frame["msg"] |= change
    wire.client.receive(json.dumps(frame).encode(), 1)
    assert wire.client.book(A) is None
    assert shown(wire.client.book(B)) == wire.feed.books[B]
    lost, refused = wire.client.take()
    assert isinstance(lost, BookLost)
    assert isinstance(refused, Unusable)
    assert refused.what == A
    assert why in refused.reason
    wire.settle()
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_a_book_whose_snapshots_are_unusable_is_asked_for_less_and_less(wire: Wire):
    wire.feed.books[A]["yes"][10_000] = 100  # a bid of a whole dollar
    wire.feed.change(A, "yes", 4_100, 300)
    wire.on_the_way = wire.feed.take()
    frame = json.loads(wire.on_the_way[0])
    frame["msg"]["delta_fp"] = "?"
    wire.on_the_way = [json.dumps(frame).encode()]
    for _ in range(300):
        wire.deliver()
        wire.tick()
        while wire.on_the_way:
            wire.deliver()
    assert wire.client.book(A) is None
    assert shown(wire.client.book(B)) == wire.feed.books[B]
    asked = [c for c in wire.sent if c["params"].get("market_tickers") == [A]]
    assert 6 <= len(asked) <= 14
    assert not wire.client.broken


def test_a_subscription_that_answers_nothing_is_left_for_another(wire: Wire):
    wire.feed.change(A, "yes", 4_100, 300)
    wire.feed.change(A, "yes", 4_200, 300)
    wire.hand_over(wire.feed.take()[1])
    for _ in range(40):
        wire.now_s += 1
        wire.client.tick(wire.now_s)
        for command in wire.client.commands():
            wire.sent.append(json.loads(command))
        if wire.sent and wire.sent[-1]["cmd"] == "subscribe":
            break
    assert [c["cmd"] for c in wire.sent[-2:]] == ["unsubscribe", "subscribe"]
    wire.feed.obey(json.dumps(wire.sent[-1]))
    wire.settle()
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_probes_that_nobody_answers_end_the_subscription(wire: Wire):
    """The connection lives and tells nothing: after a few requests no book is believed."""
    known_s = 0.0
    for _ in range(40):
        wire.now_s += 1
        wire.client.heard(int(wire.now_s))
        wire.client.tick(wire.now_s)
        wire.sent += map(json.loads, wire.client.commands())
        known_s += wire.client.book(A) is not None
    asked = [command["cmd"] for command in wire.sent]
    assert asked[:4] == ["update_subscription"] * PATIENCE.failures + ["unsubscribe"]
    assert "subscribe" in asked
    assert known_s <= PATIENCE.quiet_s + PATIENCE.failures * PATIENCE.snapshot_s + 1
    assert set(wire.client.take()) >= {BookLost(A, SILENT), BookLost(B, SILENT)}
    assert wire.client.broken  # nothing answers the subscription either
    wire.break_off()
    wire.connect()
    wire.settle()
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_a_quiet_subscription_that_answers_goes_on(wire: Wire):
    for _ in range(20):
        wire.settle()
        assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert {command["params"].get("action") for command in wire.sent} == {"get_snapshot"}


@pytest.mark.parametrize("frames_before", [10, 300])
def test_numbers_that_begin_again_begin_the_subscription_anew(wire: Wire, frames_before: int):
    for _ in range(frames_before):
        change_often(wire, 1)
    wire.feed.seq = 0
    change_often(wire, 5 if frames_before < 100 else 1)
    assert wire.client.book(A) is None
    assert wire.client.book(B) is None
    assert set(wire.client.take()) == {BookLost(A, RESTARTED), BookLost(B, RESTARTED)}
    wire.settle()
    assert [c["cmd"] for c in wire.sent][:2] == ["unsubscribe", "subscribe"]
    assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert shown(wire.client.book(B)) == wire.feed.books[B]


def test_one_wild_number_does_not_silence_a_subscription(wire: Wire):
    wild = {"type": "novelty", "sid": wire.feed.sid, "seq": 10**15, "msg": {}}
    wire.client.receive(json.dumps(wild).encode(), 1)
    assert wire.client.book(A) is None  # a gap, as far as anybody knows
    change_often(wire, 1)
    wire.settle()
    assert [c["cmd"] for c in wire.sent if c["cmd"] != "update_subscription"] == [
        "unsubscribe",
        "subscribe",
    ]
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_an_answer_with_a_number_from_before_the_request_begins_the_subscription_anew(wire: Wire):
    change_often(wire, 20)
    for _ in range(6):
        wire.now_s += 1
        wire.client.tick(wire.now_s)
    (probe,) = map(json.loads, wire.client.commands())
    wire.feed.seq -= 3
    wire.feed.obey(json.dumps(probe))
    for data in wire.feed.take():
        wire.client.receive(data, 1)
    assert wire.client.book(A) is None
    wire.settle()
    assert shown(wire.client.book(A)) == wire.feed.books[A]


def test_a_few_frames_that_come_again_are_no_new_beginning(wire: Wire):
    for again in (1, 2, 3, 4):
        frames = []
        for _ in range(again):
            wire.feed.change(A, "yes", 4_100, wire.feed.clock + 1)
            frames += wire.feed.take()
        for data in (*frames, *frames):
            wire.hand_over(data)
        assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert wire.client.tally["numbers went back"] == 0
    assert wire.client.commands() == []


def test_frames_that_come_again_do_not_break_the_quiet(wire: Wire):
    """They say nothing of what happened since: a probe is due all the same."""
    change_often(wire, 4)
    wire.feed.change(A, "yes", 4_100, 700)
    (data,) = wire.feed.take()
    wire.client.receive(data, 1)
    for _ in range(7):
        wire.now_s += 1
        wire.client.tick(wire.now_s)
        if wire.client.tally["frames again or late"] < 4:
            wire.client.receive(data, 1)
        wire.sent += map(json.loads, wire.client.commands())
    assert [c["params"]["action"] for c in wire.sent] == ["get_snapshot"]


def change_often(wire: Wire, times: int) -> None:
    """So many changes, each of which arrives."""
    for _ in range(times):
        wire.feed.change(A, "yes", 4_100, wire.feed.clock + 1)
        for data in wire.feed.take():
            wire.client.receive(data, 1)


def test_lost_books_are_looked_at_only_when_one_is_due():
    """A reader of many lost books is not slowed down by them at every frame."""
    books = Books(patience_s=5.0)
    books.follow([A, B])
    assert not books.may_be_due
    books.now_s = 5.0
    assert books.may_be_due
    assert books.due([A]) == [A]  # B is not covered, and has its time as well
    assert not books.may_be_due
    books.now_s = 9.9
    assert books.due([A, B]) == []
    books.now_s = 10.0
    assert set(books.due([A, B])) == {A, B}
    books.snapshot(SnapshotMsg(A, (("0.40", "1"),), (("0.60", "1"),)))
    books.now_s = 11.0
    assert not books.may_be_due
    books.lose(A, "why not")
    assert books.due([A, B]) == [A]


def test_a_book_that_stays_crossed_is_lost(wire: Wire):
    wire.feed.change(A, "yes", 6_500, 300)
    (data,) = wire.feed.take()
    wire.client.receive(data, 1)
    assert wire.client.book(A) is None  # within an action that may be
    assert wire.client.take() == ()
    wire.client.tick(wire.now_s + 1)
    wire.client.tick(wire.now_s + 2)
    (lost,) = wire.client.take()
    assert isinstance(lost, BookLost)


def test_a_snapshot_that_takes_no_number_is_taken_where_it_was_asked_for(wire: Wire):
    """Whether the answer to `get_snapshot` takes a number is not documented."""
    wire.feed.change(A, "yes", 4_100, 300)
    wire.feed.change(A, "yes", 4_200, 300)
    wire.hand_over(wire.feed.take()[1])
    (command,) = wire.client.commands()
    wire.feed.obey(command)
    for data in wire.feed.take():
        frame = json.loads(data)
        frame["seq"] = wire.newest[1]
        wire.client.receive(json.dumps(frame).encode(), 1)
    assert shown(wire.client.book(A)) == wire.feed.books[A]
    assert shown(wire.client.book(B)) == wire.feed.books[B]


def test_markets_come_and_go_while_it_runs(wire: Wire):
    wire.feed.books["KXC-3"] = {"yes": {100: 100}, "no": {}}
    wire.client.follow(["KXC-3"])
    wire.settle()
    assert shown(wire.client.book("KXC-3")) == wire.feed.books["KXC-3"]
    wire.client.unfollow([A, B])
    assert wire.client.book(A) is None
    wire.settle()
    assert list(wire.feed.covered) == ["KXC-3"]
    wire.client.unfollow(["KXC-3"])
    wire.settle()
    assert wire.feed.covered == {}
    assert wire.sent[-1]["cmd"] == "unsubscribe"


def test_every_command_is_one_that_the_exchange_documents(wire: Wire):
    spec = asyncapi()
    test_markets_come_and_go_while_it_runs(wire)
    wire.break_off()
    wire.client.follow([A])
    wire.connect()
    wire.settle()
    actions = {command["params"].get("action") for command in wire.sent}
    assert actions == {"add_markets", "delete_markets", "get_snapshot", None}
    for command in wire.sent:
        spec.check_command(command)


PRICES = {"yes": (3_900, 4_000, 4_100), "no": (5_900, 6_000, 6_100)}
CHANGES = st.tuples(
    st.just("change"),
    st.sampled_from([A, B]),
    st.sampled_from(["yes", "no"]),
    st.integers(0, 2),
    st.sampled_from([0, 100, 250]),
)
FAULTS = st.sampled_from(
    ["deliver", "deliver", "deliver", "drop", "twice", "late", "reset", "tick", "unfollow"]
).map(lambda what: (what,))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(CHANGES, FAULTS), max_size=60))
def test_no_fault_makes_a_wrong_book(steps):
    """Frames dropped, doubled and out of order, connections that break, in any order: a book that
    is shown is the true one, and after half a minute without faults all are shown."""
    wire = Wire()
    wire.client.follow([A, B])
    wire.connect()
    for step in steps:
        if step[0] == "change":
            _, ticker, side, index, to = step
            wire.feed.change(ticker, side, PRICES[side][index], to)
            wire.talk()
        else:
            wire.suffer(step[0])
    wire.settle()
    for ticker in (A, B):
        assert shown(wire.client.book(ticker)) == wire.feed.books[ticker]
