"""What the stream tells: every frame judged by the exchange's own file, with numbers by hand."""

import gzip
import json

import pytest
from fakes.asyncapi import asyncapi
from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.streamed import USER_ID, Streamed
from fakes.traffic import A, B, order

from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.adapters.sim.stream.tickers import Ticker, ticker_msg
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    Amend,
    Cancel,
    CreateGroup,
    Decrease,
    DeleteGroup,
    LimitGroup,
    ResetGroup,
    SelfTrade,
    SetTrading,
    TriggerGroup,
)
from kalshi_cli.engine.world import Moved, Tally

IOC = TimeInForce.IOC


@pytest.fixture
def streamed():
    return Streamed(ScriptedWorld(fees=FeeTerms("quadratic_with_maker_fees")), asyncapi())


@pytest.fixture
def client(streamed):
    return streamed.client


def deltas(frames):
    """Side, price, change and whose, of each delta."""
    return [
        (m["side"], m["price_dollars"], m["delta_fp"], m.get("client_order_id", ""))
        for m in (f["msg"] for f in frames if f["type"] == "orderbook_delta")
    ]


@pytest.fixture
def book(streamed, client):
    """A watched book: 10 bid at 0.40, 8 asked at 0.45."""
    streamed.world.quote(A, Side.BID, "0.4000", "10")
    streamed.world.quote(A, Side.ASK, "0.4500", "8")
    client.subscribe("orderbook_delta", market_ticker=A)
    return client


def test_a_book_is_told_at_no_prices_unless_asked_otherwise(streamed, book):
    plain = book.reader.of("orderbook_snapshot")[0]
    assert plain["yes_dollars_fp"] == [["0.4000", "10.00"]]
    assert plain["no_dollars_fp"] == [["0.5500", "8.00"]]
    other = streamed.connect()
    other.subscribe("orderbook_delta", market_ticker=A, use_yes_price=True)
    assert other.reader.of("orderbook_snapshot")[0]["no_dollars_fp"] == [["0.4500", "8.00"]]
    streamed.world.quote(A, Side.ASK, "0.4700", "2")
    streamed.live()
    assert deltas(book.read()) == [("no", "0.5300", "2.00", "")]
    assert deltas(other.read()) == [("no", "0.4700", "2.00", "")]


def test_our_orders_name_themselves_in_the_changes_they_make(streamed, book):
    host = streamed.host
    placed = host.apply(order(Side.BID, "0.4000", "5", client="mine"))
    assert deltas(book.read()) == [("yes", "0.4000", "5.00", "mine")]
    host.apply(order(Side.BID, "0.4600", "3", IOC, client="taker"))
    assert deltas(book.read()) == [("no", "0.5500", "-3.00", "taker")]
    host.apply(order(Side.BID, "0.4500", "9", client="both"))
    assert deltas(book.read()) == [
        ("no", "0.5500", "-5.00", "both"),
        ("yes", "0.4500", "4.00", "both"),
    ]
    host.apply(Decrease(placed.order_id, reduce_by=Contracts.parse("2")))
    assert deltas(book.read()) == [("yes", "0.4000", "-2.00", "mine")]
    host.apply(
        Amend(placed.order_id, A, Side.BID, Price.parse("0.4100"), Contracts.parse("3"),
              new_client_order_id="renamed")
    )  # fmt: skip
    assert deltas(book.read()) == [
        ("yes", "0.4000", "-3.00", "renamed"),
        ("yes", "0.4100", "3.00", "renamed"),
    ]
    host.apply(Cancel(placed.order_id))
    assert deltas(book.read()) == [("yes", "0.4100", "-3.00", "renamed")]
    streamed.host.apply(order(Side.ASK, "0.4500", "1", client="crossing"))
    assert deltas(book.read()) == []  # stopped by our own bid: nothing changed


def test_what_others_do_to_our_orders_is_not_our_doing(streamed, book):
    streamed.host.apply(order(Side.BID, "0.4200", "5", client="mine"))
    book.read()
    streamed.world.script.append(Hit(START_US + 1, A, Side.ASK, Contracts.parse("12")))
    streamed.live()
    assert deltas(book.read()) == [("yes", "0.4000", "-7.00", ""), ("yes", "0.4200", "-5.00", "")]


def test_an_expiry_is_ours_and_a_change_with_others_is_split(streamed, book):
    expires = START_US + MINUTE
    streamed.host.apply(order(Side.BID, "0.4000", "5", client="mine", expiration_us=expires))
    book.read()
    streamed.world.script.append(Hit(START_US + 1, A, Side.ASK, Contracts.parse("4")))
    streamed.live(MINUTE)
    assert deltas(book.read()) == [
        ("yes", "0.4000", "-5.00", "mine"),
        ("yes", "0.4000", "-4.00", ""),
    ]


def test_the_clock_is_the_same_for_everybody_and_never_falls(streamed, book):
    for number in range(3):
        streamed.host.apply(order(Side.BID, "0.4000", "1", client=f"c{number}"))
        streamed.host.apply(order(Side.BID, "0.4000", "1", client=f"c{number}"))  # refused
    clocks = [f["msg"]["clock"] for f in book.read()]
    assert clocks == [1, 2, 3]
    late = streamed.connect()
    streamed.host.apply(order(Side.BID, "0.3000", "1", ticker=B))
    late.subscribe("orderbook_delta", market_ticker=A)
    assert late.reader.of("orderbook_snapshot")[0]["clock"] == 3  # its newest change, not B's
    streamed.host.apply(order(Side.BID, "0.4000", "1"))
    assert [f["msg"]["clock"] for f in late.read()] == [5]


def test_what_shrinks_comes_before_what_grows(streamed, book):
    """So that a book is never crossed between two deltas."""
    streamed.world.books.clear()
    streamed.world.quote(A, Side.BID, "0.5000", "1")
    streamed.world.quote(A, Side.ASK, "0.6000", "1")
    streamed.live()
    changes = [change.startswith("-") for _, _, change, _ in deltas(book.read())]
    assert changes == [True, True, False, False]


def test_a_closed_market_has_no_book(streamed, book):
    streamed.host.apply(order(Side.BID, "0.4000", "5", client="mine"))
    book.read()
    streamed.world.settle(A, START_US + 1, Result.YES)
    streamed.live(10 * SECOND)
    assert sorted(deltas(book.read())) == [
        ("no", "0.5500", "-8.00", ""),
        ("yes", "0.4000", "-15.00", ""),
    ]


def test_tickers_follow_quotes_and_trades(streamed, client):
    streamed.world.quote(A, Side.BID, "0.4000", "10")
    client.subscribe("ticker", market_tickers=[A, B], send_initial_snapshot=True)
    first, empty = client.reader.of("ticker")
    quote = ("yes_bid_dollars", "yes_bid_size_fp", "yes_ask_dollars", "yes_ask_size_fp")
    assert [first[name] for name in quote] == ["0.4000", "10.00", "1.0000", "0.00"]
    assert [empty[name] for name in quote] == ["0.0000", "0.00", "1.0000", "0.00"]
    streamed.live()
    assert client.read() == []
    streamed.host.apply(order(Side.ASK, "0.4000", "4", IOC))
    (frame,) = client.read()
    assert [frame["msg"][name] for name in quote[:2]] == ["0.4000", "6.00"]
    streamed.world.script.append(Hit(START_US + 5 * SECOND, A, Side.ASK, Contracts.parse("6")))
    streamed.live(10 * SECOND)
    (frame,) = client.read()
    assert [frame["msg"][name] for name in quote] == ["0.0000", "0.00", "1.0000", "0.00"]
    assert frame["msg"]["last_trade_size_fp"] == "6.00"
    assert frame["msg"]["ts_ms"] == (START_US + 11 * SECOND) // 1000
    assert "seq" not in frame


def test_the_whole_exchange_can_be_watched(streamed, client):
    client.subscribe("ticker", "trade", send_initial_snapshot=True)
    assert client.read() == []
    streamed.world.quote(B, Side.BID, "0.4000", "10")
    streamed.live()
    (frame,) = client.read()
    assert (frame["type"], frame["msg"]["market_ticker"]) == ("ticker", B)
    streamed.world.script.append(Hit(START_US + SECOND, B, Side.ASK, Contracts.parse("6")))
    streamed.live()
    trade, ticker = client.read()
    assert (trade["type"], ticker["type"]) == ("trade", "ticker")
    assert trade["msg"] == {
        "trade_id": trade["msg"]["trade_id"],
        "market_ticker": B,
        "yes_price_dollars": "0.4000",
        "no_price_dollars": "0.6000",
        "count_fp": "6.00",
        "taker_side": "no",
        "taker_outcome_side": "no",
        "taker_book_side": "ask",
        "is_block_trade": False,
        "ts": (START_US + SECOND) // SECOND,
        "ts_ms": (START_US + SECOND) // 1000,
    }
    assert trade["seq"] == 1


def test_trades_of_other_markets_are_not_told(streamed, client):
    client.subscribe("trade", market_ticker=A)
    for ticker in (A, B):
        streamed.world.quote(ticker, Side.BID, "0.4000", "10")
        streamed.world.script.append(Hit(START_US + 1, ticker, Side.ASK, Contracts.parse("6")))
    streamed.live()
    assert [f["msg"]["market_ticker"] for f in client.read()] == [A]


def test_dollar_volume_is_half_the_contracts(shared_data):
    """As in every ticker that was recorded, and in the example of the exchange's own file."""
    for recorded in recordings(shared_data, "ticker"):
        tally = Tally(
            Price.parse(recorded["price_dollars"]),
            Contracts.parse(recorded["volume_fp"]),
            Contracts(0),
            Contracts.parse(recorded["open_interest_fp"]),
        )
        ours = ticker_msg("KX", "id", Ticker(None, None, tally, Contracts(0)), START_US)
        for name in ("dollar_volume", "dollar_open_interest"):
            assert ours[name] == recorded[name]


def test_a_taker_and_a_maker_hear_of_their_fills(streamed, client):
    streamed.world.quote(A, Side.ASK, "0.5200", "1")
    client.subscribe("fill", "user_orders", "market_positions")
    streamed.host.apply(order(Side.BID, "0.9900", "1", IOC, client="taker"))
    frames = {f["type"]: f["msg"] for f in client.read()}
    fill = frames["fill"]
    assert fill == {
        "trade_id": fill["trade_id"],
        "order_id": fill["order_id"],
        "client_order_id": "taker",
        "market_ticker": A,
        "exchange_index": 0,
        "is_taker": True,
        "side": "yes",
        "action": "buy",
        "purchased_side": "yes",
        "outcome_side": "yes",
        "book_side": "bid",
        "yes_price_dollars": "0.5200",
        "count_fp": "1.00",
        "fee_cost": "0.017500",  # 0.07 * 0.52 * 0.48 = 0.017472, up to $0.0001
        "post_position_fp": "1.00",
        "ts": START_US // SECOND,
        "ts_ms": START_US // 1000,
    }
    done = frames["user_order"]
    assert (done["status"], done["fill_count_fp"], done["remaining_count_fp"]) == (
        "executed",
        "1.00",
        "0.00",
    )
    assert (done["last_update_reason"], done["taker_fill_cost_dollars"]) == ("Trade", "0.520000")
    position = frames["market_position"]
    assert position == {
        "user_id": USER_ID,
        "market_ticker": A,
        "position_fp": "1.00",
        "position_cost_dollars": "0.520000",
        "realized_pnl_dollars": "0.000000",
        "fees_paid_dollars": "0.017500",
        "position_fee_cost_dollars": "0.017500",
        "volume_fp": "1.00",
    }
    streamed.host.apply(order(Side.ASK, "0.6000", "3", client="maker"))
    client.read()
    streamed.world.script.append(Hit(START_US + 1, A, Side.BID, Contracts.parse("2")))
    streamed.live()
    frames = {f["type"]: f["msg"] for f in client.read()}
    fill = frames["fill"]
    assert (fill["is_taker"], fill["action"], fill["side"], fill["outcome_side"]) == (
        False,
        "sell",
        "yes",
        "no",
    )
    assert fill["post_position_fp"] == "-1.00"
    # 0.0175 * 2 * 0.6 * 0.4 = 0.0084; one of two contracts closes, the other opens a position
    assert fill["fee_cost"] == "0.008400"
    position = frames["market_position"]
    assert (position["realized_pnl_dollars"], position["position_cost_dollars"]) == (
        "0.080000",
        "0.400000",
    )
    assert (position["fees_paid_dollars"], position["position_fee_cost_dollars"]) == (
        "0.025900",
        "0.004200",
    )
    assert position["volume_fp"] == "3.00"


def test_a_settlement_changes_a_position(streamed, client):
    streamed.world.quote(A, Side.ASK, "0.5200", "1")
    streamed.host.apply(order(Side.BID, "0.5200", "1", IOC))
    client.subscribe("market_positions", market_ticker=A)
    streamed.world.settle(A, START_US + 1, Result.YES)
    streamed.live(10 * SECOND)
    (frame,) = client.read()
    msg = frame["msg"]
    assert (msg["position_fp"], msg["realized_pnl_dollars"]) == ("0.00", "0.480000")
    assert (msg["position_fee_cost_dollars"], msg["fees_paid_dollars"]) == ("0.000000", "0.017500")


def statuses(frames):
    return [
        (m["client_order_id"], m["status"], m["remaining_count_fp"], m.get("last_update_reason"))
        for m in (f["msg"] for f in frames if f["type"] == "user_order")
    ]


def test_orders_tell_why_they_changed(streamed, client):
    host = streamed.host
    client.subscribe("user_orders", market_tickers=[A])
    first = host.apply(order(count="5", client="a", expiration_us=START_US + HOUR))
    assert statuses(client.read()) == [("a", "resting", "5.00", None)]
    host.apply(Decrease(first.order_id, reduce_to=Contracts.parse("3")))
    assert statuses(client.read()) == [("a", "resting", "3.00", "Decrease")]
    amend = Amend(first.order_id, A, Side.BID, Price.parse("0.4900"), Contracts.parse("4"))
    host.apply(amend)
    assert statuses(client.read())[-1] == ("a", "resting", "4.00", "Amend")
    host.apply(order(Side.ASK, "0.4900", "1", client="b"))
    assert statuses(client.read()) == [("b", "canceled", "0.00", "SelfTradeCancel")]
    host.apply(order(Side.ASK, "0.4900", "1", client="c", self_trade_prevention=SelfTrade.MAKER))
    assert statuses(client.read()) == [
        ("a", "canceled", "0.00", "SelfTradeCancel"),
        ("c", "resting", "1.00", None),
    ]
    host.apply(order(Side.BID, "0.1000", "1", client="d", expiration_us=START_US + MINUTE))
    streamed.live(MINUTE)
    assert statuses(client.read())[-1] == ("d", "canceled", "0.00", "ExpiryCancel")
    gone = host.apply(order(Side.BID, "0.1000", "1", client="e"))
    host.apply(Cancel(gone.order_id))
    assert statuses(client.read())[-1] == ("e", "canceled", "0.00", None)
    host.apply(order(Side.BID, "0.1000", "1", client="f", cancel_on_pause=True))
    host.apply(SetTrading(active=False, ticker=A))
    assert statuses(client.read())[-1] == ("f", "canceled", "0.00", "HaltCancel")
    host.apply(order(ticker=B, client="other"))
    assert client.read() == []
    streamed.world.settle(A, START_US + 2 * MINUTE, Result.NO)
    streamed.live(5 * MINUTE)
    assert statuses(client.read()) == [("c", "canceled", "0.00", "CloseCancel")]


def test_groups_tell_what_became_of_them(streamed, client):
    host = streamed.host
    client.subscribe("order_group_updates", "user_orders", market_ticker=A)
    group = host.apply(CreateGroup(Contracts.parse("10"))).group_id
    host.apply(LimitGroup(group, Contracts.parse("20")))
    host.apply(order(client="in", group_id=group))
    host.apply(TriggerGroup(group))
    host.apply(ResetGroup(group))
    host.apply(DeleteGroup(group))
    frames = client.read()
    told = [f["msg"] for f in frames if f["type"] == "order_group_updates"]
    assert [(m["event_type"], m.get("contracts_limit_fp")) for m in told] == [
        ("created", "10.00"),
        ("limit_updated", "20.00"),
        ("triggered", None),
        ("reset", None),
        ("deleted", None),
    ]
    assert {m["order_group_id"] for m in told} == {group}
    orders = [f["msg"] for f in frames if f["type"] == "user_order"]
    assert [(m["status"], m["order_group_id"]) for m in orders] == [
        ("resting", group),
        ("canceled", group),
    ]


def lifecycle(frames):
    return [
        (f["msg"]["event_type"], f["msg"]["market_ticker"])
        for f in frames
        if f["type"] == "market_lifecycle_v2"
    ]


def test_a_market_s_life_is_told(streamed, client):
    client.subscribe("market_lifecycle_v2", market_ticker=A)  # there is no filter
    streamed.host.apply(SetTrading(active=False, ticker=B))
    paused = client.read()
    assert lifecycle(paused) == [("deactivated", B)]
    assert paused[0]["msg"]["is_deactivated"] is True
    streamed.host.apply(SetTrading(active=True, ticker=B))
    resumed = client.read()
    assert lifecycle(resumed) == [("activated", B)]
    assert resumed[0]["msg"]["is_deactivated"] is False
    streamed.world.settle(A, START_US + HOUR, Result.SCALAR, Price.parse("0.3750"))
    streamed.live(2 * HOUR)
    early, determined, settled = client.read()
    assert early["msg"] == {
        "market_ticker": A,
        "event_type": "close_date_updated",
        "close_ts": (START_US + HOUR) // SECOND,
    }
    assert determined["msg"] == {
        "market_ticker": A,
        "event_type": "determined",
        "determination_ts": (START_US + HOUR) // SECOND + 1,
        "result": "scalar",
        "settlement_value": "0.3750",
    }
    assert settled["msg"] == {
        "market_ticker": A,
        "event_type": "settled",
        "settled_ts": (START_US + HOUR) // SECOND + 2,
    }
    assert [early["seq"], determined["seq"], settled["seq"]] == [3, 4, 5]


def test_opening_and_closing_in_time_are_not_told(streamed, client):
    client.subscribe("market_lifecycle_v2")
    streamed.world.script.append(Moved(START_US + DAY, B, MarketStatus.CLOSED))
    streamed.live(2 * DAY)
    assert client.read() == []


def test_a_disputed_result_is_determined_anew(streamed, client):
    client.subscribe("market_lifecycle_v2")
    at_us = START_US + DAY
    streamed.world.script += [
        Moved(at_us, B, MarketStatus.CLOSED),
        Moved(at_us + 1, B, MarketStatus.DETERMINED, Result.YES),
        Moved(at_us + 2, B, MarketStatus.DISPUTED),
        Moved(at_us + 3, B, MarketStatus.AMENDED, Result.NO),
    ]
    streamed.live(2 * DAY)
    told = [(f["msg"]["event_type"], f["msg"].get("result")) for f in client.read()]
    assert told == [("determined", "yes"), ("determined", "no")]


def test_nobody_is_told_when_nobody_listens(streamed, client):
    client.close()
    streamed.live()
    streamed.host.apply(order())
    assert client.session.take() == []
    fresh = streamed.connect()
    fresh.subscribe("orderbook_delta", market_ticker=A)
    streamed.host.apply(order(client="second"))
    assert deltas(fresh.read()) == [("yes", "0.5000", "10.00", "second")]


def recordings(shared_data, kind):
    """Messages of a type as the exchange sent them."""
    for path in sorted((shared_data / "orderbook_stream").glob("forward*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                frame = json.loads(line)
                if frame["type"] == kind:
                    yield frame["msg"]


NEWER = {"clock", "sending_ts_ms"}
"""What frames carry since October 2026, after the recordings."""
OURS_ALONE = {"market_id", "ts", "ts_ms"}
"""Of the same form, but of another exchange at another time."""


@pytest.mark.parametrize("name", ["ws__orderbook_trade_yes", "ws__orderbook_trade_noleg"])
def test_a_recorded_conversation_is_had_again(shared_data, name):
    """The same command and the same changes of the book: the same frames, key by key."""
    folder = shared_data / "demo_2026_06"
    asked = json.loads((folder / f"{name}.meta.json").read_text())["subscribe_cmd"]
    lines = (folder / f"{name}.jsonl").read_text().splitlines()
    recorded = [json.loads(line) for line in lines if line]
    ticker = asked["params"]["market_tickers"][0]
    streamed = Streamed(ScriptedWorld(tickers=(ticker,)), asyncapi())
    deltas = recorded[3:]
    snapshot = recorded[2]["msg"]
    yes_prices = asked["params"]["use_yes_price"]
    for side in ("yes", "no"):
        for price, count in snapshot[f"{side}_dollars_fp"]:
            change(streamed.world, ticker, side, price, count, yes_prices=yes_prices)
    got = streamed.client.send(json.dumps(asked))
    for delta in (frame["msg"] for frame in deltas):
        change(
            streamed.world,
            ticker,
            delta["side"],
            delta["price_dollars"],
            delta["delta_fp"],
            yes_prices=yes_prices,
        )
        streamed.live()
        got += streamed.client.read()
    assert len(got) == len(recorded)
    for ours, theirs in zip(got, recorded, strict=True):
        assert ours.keys() - NEWER == theirs.keys()
        for key in theirs.keys() - {"msg"}:
            assert ours[key] == theirs[key]
        assert ours["msg"].keys() - NEWER == theirs["msg"].keys()
        for key in theirs["msg"].keys() - OURS_ALONE:
            assert ours["msg"][key] == theirs["msg"][key], key


def change(world, ticker, side, price, count, *, yes_prices):
    """Others make a level larger or smaller."""
    book_side = Side.BID if side == "yes" else Side.ASK
    at = Price.parse(price)
    if side == "no" and not yes_prices:
        at = at.complement
    units = Contracts.parse(count).units
    if units > 0:
        world.quote(ticker, book_side, str(at), count)
        return
    book = world.books[ticker, book_side]
    (level,) = [resting for resting in book if resting.price == at.units]
    level.units += units
    if not level.units:
        book.remove(level)


CENTS = {"yes_bid", "yes_ask", "no_bid", "no_ask", "no_bid_size_fp", "no_ask_size_fp"}
"""What tickers carried in May 2026: whole cents and the NO side are gone."""


def test_a_ticker_has_the_fields_that_were_recorded(shared_data, streamed, client):
    client.subscribe("ticker", market_ticker=A, send_initial_snapshot=True)
    (ours,) = client.reader.of("ticker")
    for theirs in recordings(shared_data, "ticker"):
        assert theirs.keys() - CENTS == ours.keys()
        for key in ours:
            assert type(ours[key]) is type(theirs[key]), key


def test_of_very_many_markets_each_is_looked_at_in_its_turn():
    streamed = Streamed(ScriptedWorld(), asyncapi(), limits=StreamLimits(looks=1))
    client = streamed.client
    client.subscribe("orderbook_delta", "ticker", market_tickers=[A, B])
    for ticker in (A, B):
        streamed.world.quote(ticker, Side.BID, "0.4000", "10")

    def told():
        return [(f["type"], f["msg"]["market_ticker"]) for f in client.read()]

    streamed.live()
    assert told() == [("orderbook_delta", A), ("ticker", A)]
    streamed.host.apply(order(Side.BID, "0.4000", "5", ticker=B))
    assert told() == [("orderbook_delta", B)] * 2 + [("ticker", B)]  # at once, and all of it
    streamed.world.quote(A, Side.BID, "0.4000", "10")
    streamed.live()
    late = streamed.connect()
    late.subscribe("orderbook_delta", market_ticker=A)
    assert late.reader.of("orderbook_snapshot")[0]["yes_dollars_fp"] == [["0.4000", "10.00"]]
    streamed.live()
    assert told() == [("orderbook_delta", A), ("ticker", A)]
    assert deltas(late.read()) == [("yes", "0.4000", "10.00", "")]
