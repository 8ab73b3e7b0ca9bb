"""What the client makes of each message, of answers and errors, and of what it cannot read."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import stream_frames as frames
from fakes.asyncapi import asyncapi
from stream_frames import ORDER_ID, SIDS, TICKER, TRADE_ID, TS_MS

from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.machine import BEGINS, StreamMachine
from kalshi_cli.adapters.kalshi.stream.patience import Patience
from kalshi_cli.adapters.kalshi.stream.telling import GAP, MARGIN_US
from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.market import Result, Trade
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill, OrderReport
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import (
    BookLost,
    Change,
    EventFees,
    Link,
    MarketChange,
    Read,
    Resync,
    StreamQuote,
)

NOW_US = 1_800_000_000_000_000
AT_US = TS_MS * 1_000
NO_FEES_OF_ITS_OWN = frames.event_fee_update(fee_type_override=None, fee_multiplier_override=None)
PATIENCE = Patience(answer_s=3, snapshot_s=2, quiet_s=1_000, failures=3)


@dataclass
class Talk:
    """A client that has subscribed to everything, for one market, and its commands so far."""

    machine: StreamMachine = field(default_factory=lambda: StreamMachine(patience=PATIENCE))
    now_s: float = 0.0

    def connect(self) -> None:
        self.machine.opened(NOW_US, self.now_s)
        for command in self.commands():
            self.accept(command)

    def accept(self, command: dict[str, Any]) -> None:
        (channel,) = command["params"]["channels"]
        told = {"channel": channel, "sid": SIDS[channel]}
        frame = {"type": "subscribed", "id": command["id"], "msg": told}
        self.machine.receive(json.dumps(frame), NOW_US)

    def commands(self) -> list[dict[str, Any]]:
        return [json.loads(command) for command in self.machine.commands()]

    def hear(self, frame: Any) -> tuple:
        data = frame if isinstance(frame, bytes | str) else json.dumps(frame)
        self.machine.receive(data, NOW_US)
        return self.machine.take()

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Commands that are sent once time has passed."""
        self.now_s += seconds
        self.machine.tick(self.now_s)
        return self.commands()


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.machine.follow([TICKER])
    talk.connect()
    talk.machine.take()
    return talk


def test_the_samples_are_what_the_exchange_documents():
    spec = asyncapi()
    for frame in (*frames.EVERY, NO_FEES_OF_ITS_OWN):
        spec.check(frame)


BOOK = OrderBook(
    TICKER,
    (Level(Price(4_200), Contracts(10_350)), Level(Price(4_000), Contracts(500))),
    (Level(Price(4_300), Contracts(1_200)), Level(Price(4_500), Contracts(4_000))),
    NOW_US,
)


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (frames.snapshot(), BOOK),
        (
            frames.ticker(),
            StreamQuote(
                ticker=TICKER,
                bid=Level(Price(4_200), Contracts(10_350)),
                ask=Level(Price(4_300), Contracts(1_200)),
                last=Price(4_200),
                volume=Contracts(120_000),
                open_interest=Contracts(80_000),
                at_us=AT_US,
            ),
        ),
        (
            frames.ticker(
                price_dollars="0.0000",
                yes_bid_dollars="0.0000",
                yes_bid_size_fp="0.00",
                yes_ask_dollars="1.0000",
                yes_ask_size_fp="0.00",
            ),
            StreamQuote(TICKER, None, None, None, Contracts(120_000), Contracts(80_000), AT_US),
        ),
        (
            frames.trade(),
            Trade(TRADE_ID, TICKER, Price(4_300), Contracts(300), Side.BID, AT_US),
        ),
        (
            frames.fill(),
            Fill(
                fill_id=TRADE_ID,
                order_id=ORDER_ID,
                ticker=TICKER,
                side=Side.ASK,
                price=Price(4_300),
                count=Contracts(250),
                is_taker=True,
                fee=Money(42_900),
                at_us=AT_US,
                exchange_index=2,
            ),
        ),
        (
            frames.user_order(),
            OrderReport(
                order_id=ORDER_ID,
                client_order_id="mine",
                ticker=TICKER,
                side=Side.BID,
                price=Price(3_500),
                initial=Contracts(1_000),
                filled=Contracts(250),
                remaining=Contracts(750),
                status=ExchangeOrderStatus.RESTING,
                created_us=AT_US,
                expires_us=AT_US + 3_600_000_000,
                exchange_index=2,
            ),
        ),
        (frames.market_position(), ExchangePosition(TICKER, Contracts(-250))),
        (frames.lifecycle(), MarketChange(TICKER, Change.ACTIVATED)),
        (
            frames.lifecycle(
                event_type="determined",
                determination_ts=1_800_000_000,
                result="scalar",
                settlement_value="0.3700",
            ),
            MarketChange(
                ticker=TICKER,
                change=Change.DETERMINED,
                result=Result.SCALAR,
                settlement_value=Price(3_700),
                at_us=NOW_US,
            ),
        ),
        (
            frames.lifecycle(event_type="close_date_updated", close_ts=1_800_000_060),
            MarketChange(TICKER, Change.CLOSE_DATE_UPDATED, close_us=NOW_US + 60_000_000),
        ),
        (
            frames.event_fee_update(),
            EventFees("KXHIGHNY-27JAN06", FeeTerms.parse("quadratic_with_maker_fees", "0.5")),
        ),
        (
            NO_FEES_OF_ITS_OWN,
            EventFees("KXHIGHNY-27JAN06", None),
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_message_says(talk: Talk, frame, event):
    assert talk.hear(frame) == (event,)


@pytest.mark.parametrize(
    ("frame", "why", "due"),
    [
        (frames.ticker(yes_bid_dollars="0.42001"), "finer", None),
        (frames.ticker(yes_bid_dollars="0.4300"), "crossed", None),
        (frames.ticker(yes_bid_dollars="0.0000"), "side with size", None),
        (frames.ticker(price_dollars="1.2000"), "no price", None),
        (frames.trade(taker_book_side="ask"), "outcome side", Read.TRADES),
        (frames.trade(count_fp="0.00"), "no contracts", Read.TRADES),
        (frames.fill(fee_cost=0.0429), "Expected `str`", Read.FILLS),
        (frames.fill(yes_price_dollars="0.43005"), "finer", Read.FILLS),
        (frames.fill(trade_id=""), "empty", Read.FILLS),
        (frames.user_order(status="unknown"), "order status", Read.ORDERS),
        (frames.user_order(created_ts_ms=None), "creation", Read.ORDERS),
        (frames.user_order(book_side="sideways"), "book side", Read.ORDERS),
        (frames.market_position(position_fp=None), "Expected `str`", Read.POSITIONS),
        (frames.lifecycle(event_type="split"), "change of a market", Read.MARKETS),
        (frames.lifecycle(result="yes", settlement_value="0.5000"), "Result yes", Read.MARKETS),
    ],
)
def test_what_cannot_be_read_is_refused_and_due_over_rest(talk: Talk, frame, why, due):
    refused, *resync = talk.hear(frame)
    assert isinstance(refused, Unusable)
    assert refused.what == TICKER
    assert why in refused.reason
    expected = [Resync(due, TICKER, NOW_US - MARGIN_US, refused.reason)] if due else []
    assert resync == expected


def test_of_two_quotes_the_later_one_counts(talk: Talk):
    talk.hear(frames.ticker(ts_ms=TS_MS + 5))
    assert talk.hear(frames.ticker()) == ()


def test_of_markets_that_nobody_follows_nothing_is_told(talk: Talk):
    assert talk.hear(frames.ticker(market_ticker="KXOTHER")) == ()
    assert talk.hear(frames.trade(market_ticker="KXOTHER")) == ()
    assert talk.hear(frames.snapshot(market_ticker="KXOTHER")) == ()
    assert talk.hear(frames.fill(market_ticker="KXOTHER")) != ()  # the account is told as a whole


@pytest.mark.parametrize(
    ("told", "key"),
    [
        (frames.fill, "subaccount"),
        (frames.market_position, "subaccount"),
        (frames.user_order, "subaccount_number"),
    ],
)
def test_only_the_primary_subaccount_is_told(talk: Talk, told, key: str):
    """As REST is asked: what another subaccount does is no position or fill of the desk."""
    assert talk.hear(told(**{key: 7})) == ()
    assert talk.machine.tally["of another subaccount"] == 1
    assert len(talk.hear(told(**{key: 0}))) == 1
    assert len(talk.hear(told(**{key: None}))) == 1
    refused, due = talk.hear(told(**{key: "seven"}))  # nobody knows whose: read it
    assert isinstance(refused, Unusable)
    assert isinstance(due, Resync)


def test_new_fields_types_and_channels_harm_nobody(talk: Talk):
    assert talk.hear(frames.trade(colour="blue") | {"sparkle": [1, {"a": None}]}) != ()
    assert talk.hear({"type": "pyth_value", "sid": 44, "seq": 9, "msg": {}}) == ()
    assert talk.hear({"type": "novelty"}) == ()
    assert talk.hear({"type": "subscribed", "id": 99, "msg": {"channel": "pyth", "sid": 45}}) == ()
    assert talk.machine.tally["unknown type pyth_value"] == 1
    assert talk.machine.tally["unknown type novelty"] == 1
    assert not talk.machine.broken


def test_fees_told_by_halves_are_terms_that_nobody_knows(talk: Talk):
    (told,) = talk.hear(frames.event_fee_update(fee_multiplier_override=None))
    assert told.fees is not None
    assert not told.fees.is_known


def test_a_new_event_is_left_to_who_reads_all_events_and_counts_as_a_frame(talk: Talk):
    asyncapi().check(frames.event_lifecycle())
    assert talk.hear(frames.event_lifecycle(1)) == ()
    assert talk.hear(frames.lifecycle(2)) == (MarketChange(TICKER, Change.ACTIVATED),)
    assert talk.machine.tally["gaps"] == 0
    assert talk.hear(frames.event_lifecycle(4)) == (
        Resync(Read.MARKETS, "", NOW_US - MARGIN_US, GAP),
    )


def test_unknown_words_do_not_fill_the_memory(talk: Talk):
    for number in range(1_000):
        talk.hear({"type": f"novelty {number}"})
    assert len(talk.machine.tally) < 100


@pytest.mark.parametrize(
    ("channel", "read"),
    [("trade", Read.TRADES), ("market_lifecycle_v2", Read.MARKETS), ("fill", Read.FILLS)],
)
def test_a_gap_of_another_channel_makes_a_read_due(talk: Talk, channel, read):
    ok = {"type": "ok", "id": 77, "sid": SIDS[channel], "seq": 3}
    assert talk.hear(ok) == (Resync(read, "", NOW_US - MARGIN_US, GAP),)


def test_trades_that_come_again_are_told_once(talk: Talk):
    assert len(talk.hear(frames.trade(1))) == 1
    assert talk.hear(frames.trade(1)) == ()


def test_the_first_subscription_makes_every_read_due():
    talk = Talk()
    talk.machine.follow([TICKER])
    talk.connect()
    link, *due = talk.machine.take()
    assert link == Link(connected=True, heard_us=NOW_US)
    assert {each.read for each in due if isinstance(each, Resync)} == set(Read)
    assert {each.reason for each in due if isinstance(each, Resync)} == {BEGINS}


def test_a_read_is_due_only_when_the_stream_tells_again(talk: Talk):
    """Else what happens between the read and the subscription is lost."""
    talk.hear(frames.snapshot())
    talk.machine.closed("reset")
    assert talk.machine.take() == (
        Link(connected=False, heard_us=NOW_US, reason="reset"),
        BookLost(TICKER, "reset"),
    )
    talk.machine.opened(NOW_US + 60_000_000, 60.0)
    (link,) = talk.machine.take()
    assert isinstance(link, Link)
    for command in talk.commands():
        if command["params"]["channels"] == ["fill"]:
            talk.accept(command)
    (due,) = talk.machine.take()
    assert due == Resync(Read.FILLS, "", NOW_US - MARGIN_US, BEGINS)


def test_a_connection_that_fails_again_and_again_is_told_once(talk: Talk):
    talk.machine.closed("refused")
    talk.machine.take()
    talk.machine.closed("refused")
    assert talk.machine.take() == ()
    talk.machine.closed("no route")
    assert talk.machine.take() == (Link(connected=False, heard_us=NOW_US, reason="no route"),)


def test_every_subscription_is_one_that_the_exchange_documents():
    talk, spec = Talk(), asyncapi()
    talk.machine.follow([TICKER])
    talk.machine.opened(NOW_US, 0.0)
    commands = talk.commands()
    for command in commands:
        spec.check_command(command)
    assert {c["params"]["channels"][0] for c in commands} == set(SIDS)
    (books,) = [c["params"] for c in commands if c["params"]["channels"] == ["orderbook_delta"]]
    assert books["use_yes_price"] is True
    assert "use_yes_price" not in next(
        c["params"] for c in commands if c["params"]["channels"] == ["ticker"]
    )
    assert len({c["id"] for c in commands}) == len(commands)


def test_an_answer_that_does_not_come_is_asked_for_again_then_given_up():
    talk = Talk()
    talk.machine.opened(NOW_US, 0.0)
    asked = [c for c in talk.commands() if c["params"]["channels"] == ["fill"]]
    for _ in range(40):
        asked += [c for c in talk.wait(1) if c["params"]["channels"] == ["fill"]]
        if talk.machine.broken:
            break
    assert len(asked) == PATIENCE.failures + 1
    assert "a command was not answered" in talk.machine.broken


@pytest.mark.parametrize("code", [10, 25])
def test_a_terminal_error_is_answered_by_another_subscription(talk: Talk, code: int):
    talk.hear(frames.snapshot())
    lost, *_ = talk.hear(frames.error(code=code, msg="Subscription buffer overflow", sid=1, seq=2))
    assert lost == BookLost(TICKER, f"error {code}: Subscription buffer overflow")
    assert talk.commands() == []  # not at once: it would end again
    (command,) = talk.wait(2)
    assert command["cmd"] == "subscribe"
    assert command["params"]["channels"] == ["orderbook_delta"]


def test_an_error_of_a_silent_channel_makes_its_read_due_again(talk: Talk):
    talk.hear(frames.error(code=25, sid=4))
    (command,) = [c for c in talk.wait(2) if c["cmd"] == "subscribe"]
    talk.accept(command)
    (due,) = talk.machine.take()
    assert due == Resync(Read.FILLS, "", NOW_US - MARGIN_US, BEGINS)


def test_a_channel_that_is_denied_is_not_asked_for_again_on_this_connection():
    talk = Talk()
    talk.machine.opened(NOW_US, 0.0)
    for command in talk.commands():
        if command["params"]["channels"] == ["market_lifecycle_v2"]:
            events = talk.hear(frames.error(command["id"], 8, "Unknown channel name"))
        else:
            talk.accept(command)
    (refused,) = [event for event in events if isinstance(event, Unusable)]
    assert refused == Unusable("market_lifecycle_v2", "error 8: Unknown channel name")
    assert [c for _ in range(20) for c in talk.wait(5)] == []
    talk.machine.closed("reset")
    talk.machine.opened(NOW_US, talk.now_s)
    assert any(c["params"]["channels"] == ["market_lifecycle_v2"] for c in talk.commands())


def test_markets_that_are_denied_are_named_and_the_others_go_on(talk: Talk):
    talk.machine.follow(["KXB", "KXC"])
    (books, *_) = talk.commands()
    denied = frames.error(books["id"], 26, "Subscription market limit exceeded", sid=1, seq=1)
    denied["msg"]["market_tickers"] = ["KXC"]
    talk.hear(denied)
    (again,) = [c for c in talk.wait(0.5) if c["params"]["sids"] == [1]]
    assert again["params"]["market_tickers"] == ["KXB"]


@dataclass
class Narrow:
    """A subscription to trades that has room for so many markets, and does not say for which."""

    room: int
    client: StreamMachine = field(default_factory=lambda: StreamMachine((Channel.TRADES,)))
    covered: set[str] = field(default_factory=set)
    heard: int = 0

    def talk(self) -> None:
        while commands := [json.loads(command) for command in self.client.commands()]:
            for command in commands:
                self.heard += 1
                self.client.receive(json.dumps(self.answer(command)), NOW_US)

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        params = command["params"]
        tickers = set(params["market_tickers"])
        if params.get("action") == "delete_markets":
            self.covered -= tickers
        elif len(self.covered | tickers) > self.room:
            return frames.error(command["id"], 26, "Subscription market limit exceeded")
        else:
            self.covered |= tickers
        if command["cmd"] == "subscribe":
            told = {"channel": "trade", "sid": 3}
            return {"type": "subscribed", "id": command["id"], "msg": told}
        return {"type": "ok", "id": command["id"]}


@pytest.mark.parametrize("room", [1, 2, 7, 999, 1_000, 1_001, 1_399, 1_400])
def test_a_subscription_is_filled_as_far_as_there_is_room(room: int):
    narrow = Narrow(room)
    wanted = [f"KX-{number}" for number in range(1_400)]
    narrow.client.follow(wanted)
    narrow.client.opened(NOW_US, 0.0)
    narrow.talk()
    assert len(narrow.covered) == room
    assert narrow.heard <= 25
    refused = [event for event in narrow.client.take() if isinstance(event, Unusable)]
    assert len(refused) == (room < 1_400)
    if refused:
        said = f"error 26: Subscription market limit exceeded; no room for {1_400 - room} markets: "
        assert refused[0].reason.startswith(said)
        left_out = next(ticker for ticker in wanted if ticker not in narrow.covered)
        assert left_out in refused[0].reason
    heard = narrow.heard
    narrow.client.tick(60.0)
    narrow.talk()
    assert narrow.heard == heard


def test_a_market_that_is_left_makes_room_for_another():
    narrow = Narrow(2)
    narrow.client.follow(["KXA", "KXB", "KXC"])
    narrow.client.opened(NOW_US, 0.0)
    narrow.talk()
    assert narrow.covered == {"KXA", "KXB"}
    narrow.client.unfollow(["KXA"])
    narrow.talk()
    assert narrow.covered == {"KXB", "KXC"}


def test_too_many_requests_are_tried_later(talk: Talk):
    talk.machine.follow(["KXB"])
    (books, *_) = talk.commands()
    talk.hear(frames.error(books["id"], 27, "Too many requests", sid=1, seq=1))
    assert not any(c["params"].get("sids") == [1] for c in talk.wait(0.5))
    assert any(c["params"].get("sids") == [1] for c in talk.wait(1))


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>502 Bad Gateway</html>", b'{"type":"trade","sid":3', b"[1,2]", b"null",
     b'{"sid":3}', b"\xff\xfe", b'{"type":' * 2_000, b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_frame_breaks_the_connection_off_with_a_reason(talk: Talk, data: bytes):
    (refused,) = talk.hear(data)
    assert refused.what == "a frame"
    assert talk.machine.broken.startswith("a frame is not of the stream: ")
    talk.machine.closed(talk.machine.broken)
    talk.machine.opened(NOW_US, 1.0)
    assert not talk.machine.broken


def test_control_characters_are_not_passed_on(talk: Talk):
    (refused, *_) = talk.hear(frames.trade(market_ticker="\x1b[31mRED", count_fp="?"))
    assert refused.what == "[31mRED"


@pytest.mark.parametrize("missing", ["sid", "seq"])
def test_a_book_frame_without_its_number_loses_every_book(talk: Talk, missing: str):
    talk.machine.follow(["KXB"])
    for command in talk.commands():
        talk.hear({"type": "ok", "id": command["id"]})
    talk.hear(frames.snapshot())
    talk.hear(frames.snapshot(2, market_ticker="KXB"))
    frame = frames.delta(3)
    del frame[missing]
    talk.hear(frame)
    assert talk.machine.book(TICKER) is None
    assert talk.machine.book("KXB") is None


@pytest.mark.parametrize("msg", [frames.trade()["msg"], {"market_ticker": 5}])
def test_a_channel_that_was_not_asked_for_tells_nothing_readable_or_not(msg):
    talk = Talk(StreamMachine((Channel.BOOKS,), patience=PATIENCE))
    talk.connect()
    talk.machine.take()
    assert talk.hear({"type": "trade", "sid": 9, "msg": msg}) == ()
    assert talk.machine.tally["frames of no subscription"] == 1
