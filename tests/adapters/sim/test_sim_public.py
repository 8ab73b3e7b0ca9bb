"""Public market data of the embedded exchange: filters, paging, and their documented oddities.

Every answer is also judged by the exchange's specification, where that is at hand.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, parse_rfc3339, to_datetime
from kalshi_cli.engine.commands import SetTrading
from kalshi_cli.engine.schedule import in_weekly_pause

EPOCH_S = 1_799_020_800
PARAMETERS = "Parameter validation failed for "
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def simulation(lived: Simulation) -> Simulation:
    return lived


@pytest.fixture
async def client(simulation: Simulation):
    async with SignedClient(simulation) as client:
        yield client


async def every(client: SignedClient, path: str, name: str, limit: int = 1000) -> list[dict]:
    """All rows of a list, page by page."""
    rows, cursor = [], ""
    while True:
        body = await client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}&cursor={cursor}")
        assert len(body[name]) <= limit
        rows += body[name]
        if not (cursor := body["cursor"]):
            return rows


def tickers(rows: list[dict], name: str = "ticker") -> list[str]:
    return [row[name] for row in rows]


async def test_markets_come_newest_first_and_closed_ones_by_their_close(client):
    rows = await every(client, "/markets", "markets")
    keys = [(row["created_time"], row["ticker"]) for row in rows]
    assert keys == sorted(keys, reverse=True)
    assert len({row["created_time"] for row in rows}) > 10
    closed = await every(client, "/markets?status=closed", "markets")
    keys = [(row["close_time"], row["ticker"]) for row in closed]
    assert keys
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize("limit", [3, 100])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?status=open",
        "?status=closed",
        "?status=settled",
        "?series_ticker=KXBTCD",
        f"?min_updated_ts={EPOCH_S + 25 * 3600}&mve_filter=exclude",
        f"?min_close_ts={EPOCH_S + 20 * 3600}&status=closed",
    ],
)
async def test_pages_of_any_size_hold_the_same_rows(client, query, limit):
    path = f"/markets{query}"
    whole = tickers(await every(client, path, "markets"))
    assert whole
    assert tickers(await every(client, path, "markets", limit)) == whole
    assert len(set(whole)) == len(whole)


async def test_a_page_survives_what_is_listed_meanwhile(client, simulation):
    """A cursor names the last row, not a number of rows: nothing is shown twice or left out."""
    whole = tickers(await every(client, "/markets?status=open", "markets"))
    first = await client.get("/markets?status=open&limit=10")
    simulation.advance(simulation.now_us + 3 * HOUR)
    rest = f"/markets?status=open&limit=1000&cursor={first['cursor']}"
    seen = tickers(first["markets"]) + tickers((await client.get(rest))["markets"])
    still = set(tickers(await every(client, "/markets?status=open", "markets")))
    assert len(set(seen)) == len(seen)
    assert [t for t in seen if t in still and t in whole] == [t for t in whole if t in still]


async def test_the_limit_is_0_to_1000_and_0_is_as_good_as_none(client):
    usual = await client.get("/markets")
    assert len(usual["markets"]) == 100
    assert tickers((await client.get("/markets?limit=0"))["markets"]) == tickers(usual["markets"])
    for limit in (-1, 1001):
        answer = await client.send("GET", f"/markets?limit={limit}")
        assert answer.status_code == 400
        assert answer.json()["msg"].startswith(f"{PARAMETERS}GetMarkets: limit")


@pytest.mark.parametrize(
    "query",
    [
        "min_created_ts=1&min_close_ts=1",
        "max_close_ts=1&min_settled_ts=1",
        "min_settled_ts=1&max_updated_ts=1",
        "min_created_ts=1&status=settled",
        "min_created_ts=1&status=paused",
        "max_close_ts=1&status=open",
        "min_settled_ts=1&status=closed",
        "min_updated_ts=1&status=open",
        "min_updated_ts=1&tickers=A",
        "min_updated_ts=1&event_ticker=A",
        "min_updated_ts=1&series_ticker=A",
        "max_updated_ts=1&mve_filter=only",
        "mve_filter=both",
        "status=open,closed",
        "status=active",
        "min_created_ts=yesterday",
        "min_created_ts=--1",
        "min_created_ts=1.5",
    ],
)
async def test_filters_at_odds_are_refused(client, query):
    answer = await client.send("GET", f"/markets?{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"msg"}


@pytest.mark.parametrize(
    ("family", "statuses", "field"),
    [
        ("created", ("", "unopened", "open"), "created_time"),
        ("close", ("", "closed"), "close_time"),
        ("settled", ("", "settled"), "settlement_ts"),
        ("updated", ("",), "updated_time"),
    ],
)
async def test_timestamps_filter_what_they_are_named_for(client, family, statuses, field):
    everything = await every(client, "/markets", "markets")
    low, high = EPOCH_S + 20 * 3600, EPOCH_S + 32 * 3600
    for status in statuses:
        meant = await every(client, f"/markets?status={status}", "markets")
        rows = [row for row in everything if row in meant]
        expected = {
            row["ticker"]
            for row in rows
            if field in row and low <= parse_rfc3339(row[field]) / SECOND <= high
        }
        query = f"/markets?min_{family}_ts={low}&max_{family}_ts={high}&status={status}"
        if family == "updated":
            expected -= {r["ticker"] for r in rows if parse_rfc3339(r[field]) / SECOND == low}
        assert set(tickers(await every(client, query, "markets"))) == expected


async def test_names_filter_exactly(client):
    rows = await every(client, "/markets", "markets")
    one, other = rows[0], rows[-1]
    both = f"/markets?tickers={other['ticker']},{one['ticker']},NOBODY,{one['ticker']}"
    assert tickers((await client.get(both))["markets"]) == [one["ticker"], other["ticker"]]
    empty = await client.get("/markets?tickers=&limit=5")
    assert tickers(empty["markets"]) == tickers(rows[:5])
    event = one["event_ticker"]
    found = await every(client, f"/markets?event_ticker={event}", "markets")
    assert set(tickers(found)) == {r["ticker"] for r in rows if r["event_ticker"] == event}
    commas = f"/markets?event_ticker={event},{other['event_ticker']}"
    assert (await client.get(commas))["markets"] == []
    series = (await client.get(f"/events/{event}"))["event"]["series_ticker"]
    found = await every(client, f"/markets?series_ticker={series}", "markets")
    assert {r["event_ticker"].split("-")[0] for r in found} == {series}
    assert (await client.get("/markets?series_ticker=NOBODY"))["markets"] == []
    mixed = f"/markets?tickers={one['ticker']}&event_ticker={other['event_ticker']}"
    assert (await client.get(mixed))["markets"] == []
    assert (await client.get("/markets?mve_filter=only"))["markets"] == []
    assert tickers(await every(client, "/markets?mve_filter=exclude", "markets")) == tickers(rows)


async def test_a_market_tells_what_it_was_a_day_ago(client, simulation):
    """Quotes and last price of the same clock hour yesterday; nothing before it opened."""
    told = 0
    for row in await every(client, "/markets?status=open", "markets"):
        hour = (simulation.now_us - DAY) // HOUR * HOUR
        bid, ask = simulation._exchange.world.quotes_at(row["ticker"], hour)
        assert row["previous_yes_bid_dollars"] == (str(bid) if bid else "0.0000")
        assert row["previous_yes_ask_dollars"] == (str(ask) if ask else "0.0000")
        trades = f"/markets/trades?ticker={row['ticker']}&limit=1&max_ts={hour // SECOND}"
        last = (await client.get(trades))["trades"]
        assert row["previous_price_dollars"] == (last[0]["yes_price_dollars"] if last else "0.0000")
        told += bool(last) + (bid is not None)
    assert told > 10


async def test_a_settled_market_keeps_its_statistics_but_for_the_day(client, simulation):
    row = (await every(client, "/markets?status=settled", "markets"))[0]
    assert float(row["volume_24h_fp"]) > 0
    simulation.advance(parse_rfc3339(row["close_time"]) + DAY)
    later = (await client.get(f"/markets/{row['ticker']}"))["market"]
    assert later == {**row, "volume_24h_fp": "0.00"}


async def test_books_take_a_depth_and_repeated_tickers(client):
    rows = await every(client, "/markets?status=open", "markets")
    ticker = next(r["ticker"] for r in rows if float(r["yes_bid_size_fp"]) > 0)
    whole = (await client.get(f"/markets/{ticker}/orderbook?depth=0"))["orderbook_fp"]
    deepest = (await client.get(f"/markets/{ticker}/orderbook?depth=100"))["orderbook_fp"]
    assert deepest == whole
    for depth in (-1, 101, "all"):
        answer = await client.send("GET", f"/markets/{ticker}/orderbook?depth={depth}")
        assert answer.status_code == 400
    empty = {"yes_dollars": [], "no_dollars": []}
    assert (await client.get("/markets/NOBODY/orderbook"))["orderbook_fp"] == empty
    commas = (await client.get(f"/markets/orderbooks?tickers={ticker},{ticker}"))["orderbooks"]
    assert commas == [{"ticker": f"{ticker},{ticker}", "orderbook_fp": empty}]
    hundred = "&".join(f"tickers={row['ticker']}" for row in rows[:50] * 2)
    assert len((await client.get(f"/markets/orderbooks?{hundred}"))["orderbooks"]) == 100
    many = await client.send("GET", f"/markets/orderbooks?{hundred}&tickers=A")
    assert many.status_code == 400


async def test_trades_are_kept_when_their_market_has_settled(client):
    settled = await every(client, "/markets?status=settled", "markets")
    row = max(settled, key=lambda row: float(row["volume_fp"]))
    trades = await every(client, f"/markets/trades?ticker={row['ticker']}", "trades")
    assert trades[0]["yes_price_dollars"] == row["last_price_dollars"]
    assert len(trades) > 5
    assert sum(float(trade["count_fp"]) for trade in trades) <= float(row["volume_fp"])


async def test_trades_by_time_and_market(client):
    everything = await every(client, "/markets/trades", "trades")
    times = [parse_rfc3339(trade["created_time"]) for trade in everything]
    assert times == sorted(times, reverse=True)
    assert len(set(tickers(everything, "trade_id"))) == len(everything) > 1000
    low, high = EPOCH_S + 10 * 3600, EPOCH_S + 11 * 3600
    within = f"min_ts={low}&max_ts={high}"
    expected = [t for t, at in zip(everything, times, strict=True) if low <= at / SECOND <= high]
    assert expected
    assert await every(client, f"/markets/trades?{within}", "trades", 7) == expected
    ticker = expected[0]["ticker"]
    own = [trade for trade in everything if trade["ticker"] == ticker]
    assert await every(client, f"/markets/trades?ticker={ticker}", "trades", 3) == own
    both = [trade for trade in expected if trade["ticker"] == ticker]
    assert await every(client, f"/markets/trades?ticker={ticker}&{within}", "trades", 2) == both
    assert (await client.get("/markets/trades?ticker=NOBODY"))["trades"] == []
    assert (await client.get("/markets/trades?is_block_trade=true"))["trades"] == []
    usual = await client.get("/markets/trades?is_block_trade=false")
    assert usual["trades"] == everything[:100]
    garbage = await client.get("/markets/trades?cursor=garbage")
    assert garbage == usual
    answer = await client.send("GET", "/markets/trades?is_block_trade=maybe")
    assert answer.status_code == 400


async def test_trades_come_in_while_a_reader_pages(client, simulation):
    first = await client.get("/markets/trades?limit=50")
    whole = await every(client, "/markets/trades", "trades")
    simulation.advance(simulation.now_us + HOUR)
    then = await client.get(f"/markets/trades?limit=50&cursor={first['cursor']}")
    assert first["trades"] + then["trades"] == whole[:100]


async def test_series_by_category_and_change(client, simulation):
    rows = (await client.get("/series"))["series"]
    sports = (await client.get("/series?category=Sports"))["series"]
    assert sports == [row for row in rows if "Sports" in row["categories"]]
    assert sports
    assert (await client.get("/series?category=sports"))["series"] == []
    assert (await client.get("/series?tags=Soccer"))["series"] == []
    bare = (await client.get("/series?include_product_metadata=true&include_volume=true"))["series"]
    for row, more in zip(rows, bare, strict=True):
        markets = await every(client, f"/markets?series_ticker={row['ticker']}", "markets")
        volume = sum(float(market["volume_fp"]) for market in markets)
        assert float(more.pop("volume_fp")) == pytest.approx(volume)
        assert more.pop("product_metadata") == {}
        assert more == row
    late = (await client.get(f"/series?min_updated_ts={simulation.now_us // SECOND}"))["series"]
    assert late == []
    assert (await client.get("/series?min_updated_ts=1"))["series"] == rows
    one = (await client.get(f"/series/{rows[0]['ticker']}?include_volume=true"))["series"]
    assert "volume_fp" in one
    assert (await client.get("/series/fee_changes?show_historical=true")) == {
        "series_fee_change_arr": []
    }


async def test_events_by_their_markets(client, simulation):
    everything = await every(client, "/events?with_nested_markets=true", "events", 200)
    assert len(everything) > 20
    for status, field in {"open": {"active"}, "settled": {"finalized"}}.items():
        found = await every(client, f"/events?status={status}", "events", 9)
        expected = [
            event["event_ticker"]
            for event in everything
            if field & {market["status"] for market in event["markets"]}
        ]
        assert expected
        assert tickers(found, "event_ticker") == expected
    close_s = EPOCH_S + 36 * 3600
    found = await every(client, f"/events?min_close_ts={close_s}", "events", 200)
    assert set(tickers(found, "event_ticker")) == {
        event["event_ticker"]
        for event in everything
        if any(parse_rfc3339(m["close_time"]) >= close_s * SECOND for m in event["markets"])
    }
    new_s = EPOCH_S + 24 * 3600
    found = await every(client, f"/events?min_updated_ts={new_s}", "events", 200)
    assert tickers(found, "event_ticker") == [
        event["event_ticker"]
        for event in everything
        if parse_rfc3339(event["last_updated_ts"]) > new_s * SECOND
    ]
    one, other = everything[0]["event_ticker"], everything[-1]["event_ticker"]
    named = await client.get(f"/events?tickers={other},{one},NOBODY&with_milestones=true")
    assert tickers(named["events"], "event_ticker") == [one, other]
    assert named["milestones"] == []
    assert "milestones" not in await client.get("/events?limit=1")
    series = everything[0]["series_ticker"]
    found = await every(client, f"/events?series_ticker={series}", "events", 2)
    assert {event["series_ticker"] for event in found} == {series}


async def test_an_event_without_its_markets(client):
    ticker = (await client.get("/events?limit=1"))["events"][0]["event_ticker"]
    bare = await client.get(f"/events/{ticker}?exclude_markets=true")
    assert bare["markets"] == []
    assert "markets" not in bare["event"]
    both = f"/events/{ticker}?exclude_markets=true&with_nested_markets=true"
    answer = await client.send("GET", both)
    assert answer.status_code == 400
    looks = await client.get(f"/events/{ticker}/metadata")
    beside = (await client.get(f"/events/{ticker}"))["markets"]
    assert tickers(looks["market_details"], "market_ticker") == tickers(beside)
    assert (await client.send("GET", "/events/NOBODY/metadata")).status_code == 404


async def test_there_are_no_combos_and_asking_has_rules(client):
    assert await client.get("/events/multivariate?limit=5") == {"events": [], "cursor": ""}
    both = "/events/multivariate?collection_ticker=A&series_ticker=B"
    for path in (both, "/events/multivariate?limit=201"):
        assert (await client.send("GET", path)).status_code == 400
    assert await client.get("/events/fee_changes") == {"event_fee_changes": [], "cursor": ""}


async def test_the_schedule_is_the_one_that_is_kept(client, simulation):
    """Minute by minute through two weeks, the hours told are the hours in which orders go."""
    schedule = (await client.get("/exchange/schedule"))["schedule"]
    (week,) = schedule["standard_hours"]
    for minute in range(0, 14 * 24 * 60, 5):
        at_us = simulation.now_us // DAY * DAY + minute * MINUTE
        local = to_datetime(at_us).astimezone(ZoneInfo("America/New_York"))
        clock = f"{local:%H:%M}"
        open_now = any(
            hours["open_time"] <= clock
            and (clock < hours["close_time"] or hours["close_time"] == "00:00")
            for hours in week[f"{local:%A}".lower()]
        )
        assert open_now is not in_weekly_pause(at_us), local
    (window,) = schedule["maintenance_windows"]
    start = datetime.fromisoformat(window["start_datetime"]).astimezone(
        ZoneInfo("America/New_York")
    )
    assert f"{start:%A %H:%M}" == "Thursday 03:00"
    assert (
        parse_rfc3339(window["end_datetime"]) - parse_rfc3339(window["start_datetime"]) == 2 * HOUR
    )


async def test_the_status_knows_the_weekly_pause(client, simulation):
    window = (await client.get("/exchange/schedule"))["schedule"]["maintenance_windows"][0]
    assert (await client.get("/exchange/status"))["trading_active"] is True
    simulation.advance(parse_rfc3339(window["start_datetime"]))
    status = await client.get("/exchange/status")
    assert (status["exchange_active"], status["trading_active"]) == (True, False)
    assert {shard["trading_active"] for shard in status["exchange_index_statuses"]} == {False}
    assert status["exchange_estimated_resume_time"] == window["end_datetime"]
    simulation.advance(parse_rfc3339(window["end_datetime"]))
    status = await client.get("/exchange/status")
    assert status["trading_active"] is True
    assert "exchange_estimated_resume_time" not in status


async def test_the_status_tells_each_shard(client, simulation):
    def trading(status: dict) -> list[bool]:
        return [shard["trading_active"] for shard in status["exchange_index_statuses"]]

    simulation._host.apply(SetTrading(active=False, shard=2))
    status = await client.get("/exchange/status")
    assert trading(status) == [True, True, False, True]
    assert status["trading_active"] is True
    simulation._host.apply(SetTrading(active=True, shard=2))
    simulation._host.apply(SetTrading(active=False, shard=0))
    status = await client.get("/exchange/status")
    assert trading(status) == [False, True, True, True]
    assert status["trading_active"] is False


async def test_a_paused_market_keeps_its_book(client, simulation):
    row = next(m for m in await client.markets() if float(m["yes_bid_size_fp"]) > 0)
    book = await client.get(f"/markets/{row['ticker']}/orderbook")
    simulation._host.apply(SetTrading(active=False, ticker=row["ticker"]))
    paused = (await every(client, "/markets?status=paused", "markets"))[0]
    assert paused == {**row, "status": "inactive", "updated_time": paused["updated_time"]}
    assert await client.get(f"/markets/{row['ticker']}/orderbook") == book
    assert row["ticker"] not in tickers(await every(client, "/markets?status=open", "markets"))


async def test_account_reads_are_as_of_now(client, simulation):
    body = await client.get("/exchange/user_data_timestamp")
    assert parse_rfc3339(body["as_of_time"]) == simulation.now_us


async def test_prints_survive_a_restart(home):
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        simulation.advance(simulation.now_us + 6 * HOUR)
        before = await every(client, "/markets/trades", "trades")
        lists = await every(client, "/markets", "markets")
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        assert await every(client, "/markets/trades", "trades") == before
        assert await every(client, "/markets", "markets") == lists
