"""What a client may ask of the stream, and every way in which it may not."""

import json

import pytest
from fakes.asyncapi import asyncapi
from fakes.scripted_world import ScriptedWorld
from fakes.streamed import Streamed

from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.side import Side

A, B = "KXT-1-A", "KXT-1-B"
NOBODY = "KXNOBODY"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def streamed():
    return Streamed(ScriptedWorld(), asyncapi())


@pytest.fixture
def client(streamed):
    return streamed.client


def only_error(frames):
    (frame,) = frames
    assert frame["type"] == "error", frame
    return frame


def test_each_channel_has_a_sid_and_one_answer(client):
    frames = client.subscribe("orderbook_delta", "trade", market_ticker=A)
    assert [(f["type"], f.get("msg", {}).get("channel"), f.get("id")) for f in frames] == [
        ("subscribed", "orderbook_delta", 1),
        ("subscribed", "trade", 1),
        ("orderbook_snapshot", None, None),
    ]
    assert [f["msg"]["sid"] for f in frames[:2]] == [1, 2]
    assert (frames[2]["sid"], frames[2]["seq"]) == (1, 1)


def test_subscribing_again_is_no_error_and_adds_what_is_new(client):
    client.subscribe("orderbook_delta", market_ticker=A)
    again = client.subscribe("orderbook_delta", market_tickers=[A, B])
    assert [(f["type"], f["msg"].get("sid")) for f in again[:1]] == [("subscribed", 1)]
    assert [f["msg"]["market_ticker"] for f in again[1:]] == [B]
    whole = client.subscribe("ticker", market_ticker=A), client.subscribe("ticker")
    assert [frame["msg"]["sid"] for frames in whole for frame in frames] == [2, 2]
    listed = client.ask("list_subscriptions")
    assert [entry["channel"] for entry in listed[0]["msg"]] == ["orderbook_delta", "ticker"]


def test_every_channel_of_the_exchange_can_be_subscribed_to(client):
    spec = asyncapi()
    channels = spec.channels
    assert len(channels) == 13
    frames = client.subscribe(*channels, market_ticker=A)
    assert [f["msg"]["channel"] for f in frames if f["type"] == "subscribed"] == channels


def test_an_unsubscribed_sid_is_gone_for_good(client, streamed):
    client.subscribe("trade", "ticker")
    frames = client.ask("unsubscribe", sids=[2, 1, 9])
    assert [(f["type"], f.get("sid"), f.get("seq")) for f in frames] == [
        ("unsubscribed", 2, 1),
        ("unsubscribed", 1, 1),
        ("error", None, None),
    ]
    assert frames[2]["msg"] == {"code": 7, "msg": "Unknown subscription ID"}
    assert client.ask("list_subscriptions")[0]["msg"] == []
    assert client.subscribe("trade")[0]["msg"]["sid"] == 3


def test_markets_come_and_go(client, streamed):
    client.subscribe("orderbook_delta", market_ticker=A)
    added = client.ask(
        "update_subscription", sid=1, action="add_markets", market_tickers=[B, NOBODY]
    )
    assert [f["type"] for f in added] == ["ok", "orderbook_snapshot", "orderbook_snapshot"]
    assert added[0]["msg"] == {"market_tickers": [A, B, NOBODY]}
    assert [f["seq"] for f in added] == [2, 3, 4]
    (gone,) = client.ask(
        "update_subscription", sids=[1], action="delete_markets", market_tickers=[A, NOBODY]
    )
    assert (gone["msg"], gone["seq"]) == ({"market_tickers": [B]}, 5)
    streamed.world.quote(A, Side.BID, "0.4000", "5")
    streamed.live()
    assert client.read() == []


def test_a_snapshot_is_sent_anew_on_demand(client, streamed):
    client.subscribe("orderbook_delta", market_ticker=A)
    streamed.world.quote(A, Side.BID, "0.4000", "5")
    streamed.live()
    frames = client.ask("update_subscription", sid=1, action="get_snapshot", market_tickers=[A, B])
    assert [(f["type"], f.get("id")) for f in frames] == [
        ("orderbook_snapshot", client.commands),
        ("orderbook_snapshot", client.commands),
    ]
    assert frames[0]["msg"]["yes_dollars_fp"] == [["0.4000", "5.00"]]
    streamed.world.quote(B, Side.BID, "0.4000", "5")
    streamed.live()
    assert client.read() == []  # asking once is no subscription


def test_a_market_that_does_not_exist_has_an_empty_book(client):
    frames = client.subscribe("orderbook_delta", market_ticker=NOBODY)
    msg = frames[1]["msg"]
    assert msg.keys() == {"market_ticker", "market_id", "clock"}
    assert msg["clock"] == 0


def test_tickers_can_be_asked_for_by_uuid(client):
    book = client.subscribe("orderbook_delta", market_ticker=A)[1]["msg"]
    frames = client.subscribe(
        "ticker", market_ids=[book["market_id"], UNKNOWN_ID], send_initial_snapshot=True
    )
    assert [f["type"] for f in frames] == ["subscribed", "ticker"]
    assert frames[1]["msg"]["market_ticker"] == A
    (ok,) = client.ask("update_subscription", sid=2, action="delete_markets", market_id=UNKNOWN_ID)
    assert ok["msg"] == {"market_ids": [book["market_id"]]}


def test_acknowledgements_need_not_list_the_markets(client):
    client.subscribe("ticker", market_ticker=A, skip_ticker_ack=True)
    (ok,) = client.ask("update_subscription", sid=1, action="add_markets", market_ticker=B)
    assert (ok["type"], ok["msg"]) == ("ok", {})


def test_new_markets_of_a_ticker_can_come_with_a_snapshot(client):
    client.subscribe("ticker", market_ticker=A)
    frames = client.ask(
        "update_subscription",
        sid=1,
        action="add_markets",
        market_tickers=[A, B],
        send_initial_snapshot=True,
    )
    assert [f["type"] for f in frames] == ["ok", "ticker"]
    assert frames[1]["msg"]["market_ticker"] == B
    assert "seq" not in frames[1]


def test_feeds_keep_their_topics(client):
    client.subscribe("cfbenchmarks_value", index_ids=["BRTI"])
    client.subscribe("pyth_value", underlying_tickers=["all"])

    def update(sid, action, **params):
        return client.ask("update_subscription", sid=sid, action=action, **params)[0]

    ok = update(1, "subscribe_indices", index_ids=["ETHUSD_RTI"])
    assert ok["msg"] == {"index_ids": ["BRTI", "ETHUSD_RTI"]}
    ok = update(1, "unsubscribe_indices", index_ids=["BRTI"])
    assert ok["msg"] == {"index_ids": ["ETHUSD_RTI"]}
    listed = update(1, "indexlist")
    assert (listed["type"], listed["msg"]) == ("cfbenchmarks_value_indexlist", {"index_ids": []})
    ok = update(2, "subscribe_underlyings", underlying_tickers=["Metal.XAU/USD"])
    assert ok["msg"] == {"underlying_tickers": ["all"]}
    ok = update(2, "unsubscribe_underlyings", underlying_tickers=["all"])
    assert ok["msg"] == {"underlying_tickers": ["Metal.XAU/USD"]}
    assert update(2, "underlying_list")["type"] == "pyth_value_underlying_list"
    for sid, action, code in (
        (1, "subscribe_indices", 24),
        (2, "unsubscribe_underlyings", 28),
        (1, "add_markets", 13),
    ):
        assert update(sid, action)["msg"]["code"] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 1),
        ("{", 1),
        ("[]", 1),
        ("7", 1),
        ('{"id":"1","cmd":"subscribe"}', 1),
        ('{"id":-1,"cmd":"subscribe"}', 1),
        ('{"id":1.5,"cmd":"subscribe"}', 1),
        ('{"id":1,"cmd":7}', 1),
        ('{"id":1}', 5),
        ('{"id":1,"cmd":"hello"}', 5),
        ('{"id":1,"cmd":"subscribe"}', 2),
        ('{"id":1,"cmd":"unsubscribe","params":[1]}', 2),
        ('{"id":1,"cmd":"update_subscription"}', 2),
    ],
)
def test_frames_that_are_no_command(client, text, code):
    error = only_error(client.send(text))
    assert error["msg"]["code"] == code
    assert error.get("id") == (1 if code != 1 else None)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"channels": []}, 3),
        ({"market_ticker": A}, 3),
        ({"channels": "ticker"}, 11),
        ({"channels": [7]}, 11),
        ({"channels": ["ticker", "tickers"]}, 8),
        ({"channels": ["orderbook_delta"]}, 14),
        ({"channels": ["orderbook_delta"], "market_id": UNKNOWN_ID}, 14),
        ({"channels": ["ticker", "orderbook_delta"]}, 14),
        ({"channels": ["fill"], "market_ids": [UNKNOWN_ID]}, 11),
        ({"channels": ["ticker"], "market_tickers": []}, 11),
        ({"channels": ["ticker"], "market_tickers": A}, 11),
        ({"channels": ["ticker"], "market_ticker": [A]}, 11),
        ({"channels": ["ticker"], "market_ticker": A, "market_tickers": [B]}, 11),
        ({"channels": ["ticker"], "market_ticker": A, "market_id": UNKNOWN_ID}, 11),
        ({"channels": ["ticker"], "market_id": "seven"}, 11),
        ({"channels": ["ticker"], "send_initial_snapshot": "yes"}, 11),
        ({"channels": ["orderbook_delta"], "market_ticker": A, "use_yes_price": 1}, 11),
        ({"channels": ["communications"], "shard_factor": 0}, 19),
        ({"channels": ["communications"], "shard_key": 0}, 20),
        ({"channels": ["communications"], "shard_factor": 4, "shard_key": 4}, 21),
        ({"channels": ["communications"], "shard_factor": 101}, 22),
        ({"channels": ["communications"], "shard_factor": "4"}, 11),
        ({"channels": ["communications"], "user_filter": "others"}, 11),
        ({"channels": ["cfbenchmarks_value"], "index_ids": "BRTI"}, 11),
    ],
)
def test_subscriptions_that_cannot_be(client, params, code):
    error = only_error(client.ask("subscribe", **params))
    assert (error["id"], error["msg"]["code"]) == (1, code)
    assert client.ask("list_subscriptions")[0]["msg"] == []  # the whole command failed


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"action": "add_markets"}, 12),
        ({"sids": [], "action": "add_markets"}, 12),
        ({"sids": [1, 2], "action": "add_markets"}, 12),
        ({"sid": 1, "sids": [1], "action": "add_markets"}, 12),
        ({"sid": "1", "action": "add_markets"}, 12),
        ({"sid": 9, "action": "add_markets"}, 7),
        ({"sid": 1}, 15),
        ({"sid": 1, "action": "move_markets"}, 13),
        ({"sid": 1, "action": "indexlist"}, 13),
        ({"sid": 2, "action": "get_snapshot", "market_ticker": A}, 13),
        ({"sid": 2, "action": "add_markets", "market_ticker": A}, 13),  # it has all of them
        ({"sid": 1, "action": "add_markets"}, 14),
        ({"sid": 1, "action": "delete_markets"}, 14),
        ({"sid": 1, "action": "get_snapshot"}, 14),
        ({"sid": 1, "action": "add_markets", "market_id": UNKNOWN_ID}, 14),
        ({"sid": 1, "action": "add_markets", "market_tickers": []}, 11),
    ],
)
def test_updates_that_cannot_be(client, params, code):
    client.subscribe("orderbook_delta", market_ticker=A)
    client.subscribe("ticker")
    error = only_error(client.ask("update_subscription", **params))
    assert (error["id"], error["msg"]["code"]) == (3, code)
    sequenced = error.get("sid") == 1
    assert ("seq" in error) is sequenced


@pytest.mark.parametrize(("params", "code"), [({}, 2), ({"sids": []}, 4), ({"sids": [True]}, 11)])
def test_unsubscribing_from_nothing(client, params, code):
    error = only_error(client.ask("unsubscribe", **params))
    assert error["msg"]["code"] == code


def test_an_id_of_zero_is_none(client):
    frames = client.send(json.dumps({"id": 0, "cmd": "list_subscriptions"}))
    frames += client.send(json.dumps({"cmd": "subscribe", "params": {"channels": ["trade"]}}))
    frames += client.send(json.dumps({"id": 0, "cmd": "nonsense"}))
    assert [f["type"] for f in frames] == ["ok", "subscribed", "error"]
    assert not any("id" in frame for frame in frames)


def test_a_subscription_has_a_limit_of_markets():
    client = Streamed(ScriptedWorld(), asyncapi(), limits=StreamLimits(markets=2)).client
    error = only_error(client.subscribe("ticker", market_tickers=["X", "Y", "Z"]))
    assert error["msg"]["code"] == 26
    client.subscribe("ticker", market_tickers=[A, B])
    error = only_error(client.subscribe("trade", "ticker", market_ticker="X"))
    assert error["msg"]["code"] == 26
    error = only_error(
        client.ask("update_subscription", sid=1, action="add_markets", market_ticker="X")
    )
    assert (error["msg"]["code"], error["sid"]) == (26, 1)


def test_half_a_million_made_up_markets_are_refused_before_anything_is_done(streamed, client):
    names = [f"KXNOBODY-{number}" for number in range(500_000)]
    for channels in (["orderbook_delta"], ["trade", "ticker"]):
        error = only_error(client.subscribe(*channels, market_tickers=names))
        assert error["msg"] == {"code": 26, "msg": "Subscription market limit exceeded"}
    assert client.ask("list_subscriptions")[0]["msg"] == []
    reporter = client.session._coverage.reporter
    assert not reporter._ids
    assert not reporter._interest.has("orderbook_delta")
    client.subscribe("orderbook_delta", market_ticker=A)
    error = only_error(
        client.ask("update_subscription", sid=1, action="add_markets", market_tickers=names)
    )
    assert (error["msg"]["code"], error["sid"]) == (26, 1)


def test_ten_thousand_named_markets_fit_a_subscription(client):
    names = [f"KXNOBODY-{number}" for number in range(10_000)]
    frames = client.subscribe("trade", market_tickers=names)
    assert [frame["type"] for frame in frames] == ["subscribed"]


def test_a_book_cannot_be_had_in_two_kinds_of_prices(client):
    """What a client reads must not depend on which of its subscriptions came first."""
    client.subscribe("orderbook_delta", market_ticker=A, use_yes_price=True)
    error = only_error(client.subscribe("orderbook_delta", market_ticker=B, use_yes_price=False))
    assert error["msg"] == {"code": 11, "msg": "Invalid parameter"}
    unsaid = client.subscribe("orderbook_delta", market_ticker=B)
    again = client.subscribe("orderbook_delta", "trade", market_ticker=B, use_yes_price=True)
    assert [frame["type"] for frame in unsaid + again] == [
        *("subscribed", "orderbook_snapshot"),
        *("subscribed", "subscribed"),
    ]
    client.ask("unsubscribe", sids=[1])
    client.subscribe("orderbook_delta", market_ticker=A)
    error = only_error(client.subscribe("orderbook_delta", market_ticker=A, use_yes_price=True))
    assert error["msg"]["code"] == 11


def test_a_subscription_has_a_limit_of_updates():
    streamed = Streamed(ScriptedWorld(), asyncapi(), limits=StreamLimits(updates_a_second=2))
    client = streamed.client
    client.subscribe("orderbook_delta", market_ticker=A)

    def update():
        ask = {"sid": 1, "action": "get_snapshot", "market_ticker": A}
        return client.ask("update_subscription", **ask)[0]

    assert [update()["type"] for _ in range(3)] == ["orderbook_snapshot"] * 2 + ["error"]
    assert update()["msg"] == {"code": 27, "msg": "Too many requests"}
    streamed.wall_us += SECOND
    assert update()["type"] == "orderbook_snapshot"


def test_a_slow_reader_loses_its_subscription_and_nobody_waits():
    streamed = Streamed(ScriptedWorld(), asyncapi(), limits=StreamLimits(waiting=3))
    slow, quick = streamed.client, streamed.connect()
    for client in (slow, quick):
        client.subscribe("orderbook_delta", "fill", market_ticker=A)
    for number in range(6):
        streamed.world.quote(A, Side.BID, f"0.4{number}00", "5")
        streamed.live()
        quick.read()
    assert len(quick.reader.of("orderbook_delta")) == 6
    (frame,) = slow.session.take()
    error = json.loads(frame.text)
    assert error["msg"] == {"code": 25, "msg": "Subscription buffer overflow"}
    assert (error["sid"], error["seq"]) == (1, 6)  # a snapshot and four deltas were thrown away
    (listed,) = slow.ask("list_subscriptions")
    assert listed["msg"] == [{"channel": "fill", "sid": 2}]
    again = slow.subscribe("orderbook_delta", market_ticker=A)
    assert again[0]["msg"]["sid"] == 3
    assert len(again[1]["msg"]["yes_dollars_fp"]) == 6


def test_where_the_stream_fails_every_subscription_ends(streamed, client, monkeypatch):
    """Rather an error than a book with a hole that nobody sees; subscribing anew gives it whole."""
    client.subscribe("orderbook_delta", market_ticker=A)
    client.subscribe("fill")
    broken = streamed.connect()
    with monkeypatch.context() as patch:
        patch.setattr(type(client.session), "tell", lambda *_: 1 / 0)
        streamed.world.quote(A, Side.BID, "0.4000", "5")
        streamed.live()
    frames = client.read()
    assert [(f["type"], f["sid"], f["msg"]) for f in frames] == [
        ("error", sid, {"code": 10, "msg": "Channel error"}) for sid in (1, 2)
    ]
    assert client.ask("list_subscriptions")[0]["msg"] == []
    assert broken.read() == []
    again = client.subscribe("orderbook_delta", market_ticker=A)
    assert again[1]["msg"]["yes_dollars_fp"] == [["0.4000", "5.00"]]
    streamed.world.quote(A, Side.BID, "0.4100", "5")
    streamed.live()
    assert [f["msg"]["price_dollars"] for f in client.read()] == ["0.4100"]


def test_error_texts_are_the_exchange_s(streamed):
    """Every code that can come is documented, under the same words."""
    from kalshi_cli.adapters.sim.stream.channels import ERRORS

    documented = asyncapi().errors
    assert {code: documented[code] for code in ERRORS} == dict(ERRORS)
    never = documented.keys() - ERRORS.keys()
    assert never == {6, 9, 16, 17, 18, 23}
