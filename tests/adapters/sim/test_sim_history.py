"""Candlesticks and the historical tier of the embedded exchange."""

import asyncio

import pytest
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.routes import candles
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, parse_rfc3339
from kalshi_cli.engine.archive import Archive

EPOCH_S = 1_799_020_800
ALWAYS = f"start_ts={EPOCH_S - 9 * 86_400}&end_ts={EPOCH_S + 9 * 86_400}"


@pytest.fixture
def simulation(lived: Simulation) -> Simulation:
    return lived


@pytest.fixture
async def client(simulation: Simulation):
    async with SignedClient(simulation) as client:
        yield client


@pytest.fixture
def archived(simulation: Simulation) -> Archive:
    """Half a day live, and four hours of orders that have ended."""
    archive = Archive(
        markets_us=12 * HOUR,
        trades_us=12 * HOUR,
        orders_us=4 * HOUR,
        positions_us=12 * HOUR,
        step_us=HOUR,
    )
    simulation._exchange.catalog.archive = archive
    return archive


async def every(client: SignedClient, path: str, name: str, limit: int = 1000) -> list[dict]:
    rows, cursor = [], ""
    while True:
        body = await client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}&cursor={cursor}")
        rows += body[name]
        if not (cursor := body["cursor"]):
            return rows


async def busiest(client: SignedClient, status: str, series: str = "") -> dict:
    path = f"/markets?status={status}&series_ticker={series}"
    rows = await every(client, path, "markets")
    return max(rows, key=lambda row: float(row["volume_fp"]))


def series_of(row: dict) -> str:
    return row["ticker"].split("-")[0]


@pytest.mark.parametrize("minutes", [1, 60, 1440])
@pytest.mark.parametrize("status", ["open", "settled"])
async def test_candles_are_the_trades_and_quotes_told_elsewhere(
    client, simulation, minutes, status
):
    simulation.advance(simulation.now_us + SECOND)  # a day has ended just now
    row = await busiest(client, status)
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks"
    candles = (await client.get(f"{path}?{ALWAYS}&period_interval={minutes}"))["candlesticks"]
    trades = await every(client, f"/markets/trades?ticker={row['ticker']}", "trades")
    assert candles
    ends = [candle["end_period_ts"] for candle in candles]
    assert ends == sorted(set(ends))
    for candle in candles:
        end_us = candle["end_period_ts"] * SECOND
        assert end_us < simulation.now_us
        begin_us = end_us - minutes * MINUTE
        mine = [t for t in trades if begin_us < parse_rfc3339(t["created_time"]) <= end_us]
        volume = sum(float(trade["count_fp"]) for trade in mine)
        assert float(candle["volume_fp"]) == pytest.approx(volume)
        price = candle["price"]
        assert price["close_dollars"] == (mine[0]["yes_price_dollars"] if mine else None)
        assert price["open_dollars"] == (mine[-1]["yes_price_dollars"] if mine else None)
        for side, empty in (("yes_bid", "0.0000"), ("yes_ask", "1.0000")):
            quotes = candle[side]
            assert quotes["low_dollars"] <= quotes["open_dollars"] <= quotes["high_dollars"]
            assert quotes["low_dollars"] <= quotes["close_dollars"] <= quotes["high_dollars"]
            if end_us < parse_rfc3339(row["close_time"]):
                at = simulation._exchange.world.quotes_at(row["ticker"], end_us)
                quote = at[0 if side == "yes_bid" else 1]
                assert quotes["close_dollars"] == (str(quote) if quote else empty)
    if status == "settled" and minutes < 1440:
        assert candles[-1]["open_interest_fp"] == row["open_interest_fp"]


async def test_longer_candles_are_made_of_shorter_ones(client):
    row = await busiest(client, "settled")
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks?{ALWAYS}"
    minutes = (await client.get(f"{path}&period_interval=1"))["candlesticks"]
    hours = (await client.get(f"{path}&period_interval=60"))["candlesticks"]
    for hour in hours:
        inside = [
            m for m in minutes
            if hour["end_period_ts"] - 3600 < m["end_period_ts"] <= hour["end_period_ts"]
        ]  # fmt: skip
        assert sum(float(m["volume_fp"]) for m in inside) == pytest.approx(float(hour["volume_fp"]))
        traded = [m["price"] for m in inside if m["price"]["open_dollars"]]
        if traded:
            assert hour["price"]["high_dollars"] == max(p["high_dollars"] for p in traded)
            assert hour["price"]["close_dollars"] == traded[-1]["close_dollars"]
        for side in ("yes_bid", "yes_ask"):
            highest = max(m[side]["high_dollars"] for m in inside)
            lowest = min(m[side]["low_dollars"] for m in inside)
            assert lowest <= hour[side]["low_dollars"]
            assert hour[side]["high_dollars"] <= highest


async def test_history_does_not_change(client, simulation):
    """A candle that was told once is told for ever; open interest may round by a hundredth."""
    row = await busiest(client, "open", "KXBTCD")
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks"
    path += f"?{ALWAYS}&period_interval=60"
    before = (await client.get(path))["candlesticks"]
    simulation.advance(simulation.now_us + 5 * DAY)
    after = (await client.get(path))["candlesticks"][: len(before)]
    for old, new in zip(before, after, strict=True):
        drift = float(old.pop("open_interest_fp")) - float(new.pop("open_interest_fp"))
        assert abs(drift) < 0.011
    assert after == before
    assert row["ticker"] not in simulation._exchange.world._pits, "the world has forgotten it"


async def test_candles_of_several_markets_at_once(client):
    rows = (await every(client, "/markets?status=open", "markets"))[:3]
    names = [row["ticker"] for row in rows]
    query = f"{ALWAYS}&period_interval=60"
    several = f"/markets/candlesticks?market_tickers={','.join(names)},NOBODY&{query}"
    body = await client.get(several)
    assert [each["market_ticker"] for each in body["markets"]] == [*names, "NOBODY"]
    assert body["markets"][-1]["candlesticks"] == []
    for row, each in zip(rows, body["markets"], strict=False):
        alone = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks?{query}"
        assert each["candlesticks"] == (await client.get(alone))["candlesticks"]
    event = rows[0]["event_ticker"]
    body = await client.get(f"/series/{series_of(rows[0])}/events/{event}/candlesticks?{query}")
    assert rows[0]["ticker"] in body["market_tickers"]
    place = body["market_tickers"].index(rows[0]["ticker"])
    alone = f"/series/{series_of(rows[0])}/markets/{rows[0]['ticker']}/candlesticks?{query}"
    assert body["market_candlesticks"][place] == (await client.get(alone))["candlesticks"]
    assert body["adjusted_end_ts"] == EPOCH_S + 9 * 86_400


async def test_an_event_ends_where_its_candles_would_be_too_many(client):
    row = await busiest(client, "open")
    event = (await client.get(f"/events/{row['event_ticker']}"))["event"]
    legs = len((await client.get(f"/events/{row['event_ticker']}"))["markets"])
    path = f"/series/{event['series_ticker']}/events/{event['event_ticker']}/candlesticks"
    start, end = EPOCH_S, EPOCH_S + 20_000 * 60
    body = await client.get(f"{path}?start_ts={start}&end_ts={end}&period_interval=1")
    assert body["adjusted_end_ts"] == start + 10_000 // legs * 60


async def test_the_latest_candle_before_the_start_comes_first(client):
    row = await busiest(client, "settled")
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks"
    whole = (await client.get(f"{path}?{ALWAYS}&period_interval=60"))["candlesticks"]
    last = whole[-1]
    start = last["end_period_ts"] + 1_800
    query = f"start_ts={start}&end_ts={start + 7200}&period_interval=60"
    assert (await client.get(f"{path}?{query}"))["candlesticks"] == []
    (carried,) = (await client.get(f"{path}?{query}&include_latest_before_start=true"))[
        "candlesticks"
    ]
    assert carried["end_period_ts"] == last["end_period_ts"] + 3_600
    last_price = last["price"]["close_dollars"] or last["price"]["previous_dollars"]
    assert carried["price"]["previous_dollars"] == last_price
    assert carried["price"]["close_dollars"] is None
    assert carried["volume_fp"] == "0.00"
    assert carried["yes_bid"]["open_dollars"] == last["yes_bid"]["close_dollars"]


async def test_drawing_many_candles_lets_others_have_their_turn(client, simulation, monkeypatch):
    """The longest page that there is does not hold up whoever asks for the time meanwhile."""
    monkeypatch.setattr(candles, "_STINT_S", 0.0)  # a turn of the loop for each candle
    rows = await client.markets()
    names = ",".join(row["ticker"] for row in rows[:100])
    end = simulation.now_us // SECOND
    query = f"start_ts={end - 48 * 3_600}&end_ts={end}&period_interval=60"
    page = asyncio.ensure_future(
        client.get(f"/markets/candlesticks?{query}&market_tickers={names}")
    )
    turns = 0
    while not page.done():
        turns += 1
        await asyncio.sleep(0)  # noqa: TID251 - a turn of the loop
    drawn = await page
    count = sum(len(each["candlesticks"]) for each in drawn["markets"])
    assert 100 < count < turns


async def test_a_page_of_candles_is_as_of_one_moment(client, simulation, monkeypatch):
    """What happens while it is drawn is not in it."""
    monkeypatch.setattr(candles, "_STINT_S", 0.0)  # a turn of the loop for each candle
    client.http.timeout = None  # of market time, of which six hours pass
    row = await busiest(client, "open")
    end = simulation.now_us // SECOND + 86_400
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks"
    query = f"{path}?start_ts={EPOCH_S}&end_ts={end}&period_interval=1"
    before = await client.get(query)
    page = asyncio.ensure_future(client.get(query))
    for _ in range(20):
        await asyncio.sleep(0)  # noqa: TID251 - a turn of the loop
    assert not page.done()
    simulation.advance(simulation.now_us + 6 * HOUR)
    assert await page == before


async def test_candles_must_be_asked_for_whole_and_of_what_there_is(client):
    row = await busiest(client, "open")
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks"
    for query in (
        "",
        "end_ts=2&period_interval=1",
        "start_ts=1&period_interval=1",
        "start_ts=1&end_ts=2",
        "start_ts=1&end_ts=2&period_interval=5",
        "start_ts=2&end_ts=1&period_interval=1",
        "start_ts=soon&end_ts=2&period_interval=1",
    ):
        assert (await client.send("GET", f"{path}?{query}")).status_code == 400
    query = f"{ALWAYS}&period_interval=60"
    for missing in (
        f"/series/NOBODY/markets/{row['ticker']}/candlesticks",
        f"/series/{series_of(row)}/markets/NOBODY/candlesticks",
        f"/series/NOBODY/events/{row['event_ticker']}/candlesticks",
        f"/historical/markets/{row['ticker']}/candlesticks",
    ):
        assert (await client.send("GET", f"{missing}?{query}")).status_code == 404
    batch = f"/markets/candlesticks?{query}&market_tickers="
    for names in ("", ",".join(["A"] * 101)):
        assert (await client.send("GET", batch + names)).status_code == 400
    everything = ",".join(m["ticker"] for m in await client.markets())
    many = f"/markets/candlesticks?{ALWAYS}&period_interval=1&market_tickers={everything}"
    assert (await client.send("GET", many)).status_code == 400


async def test_the_cutoff_is_two_months_and_for_orders_two_weeks(client, simulation):
    cutoff = await client.get("/historical/cutoff")
    midnight = simulation.now_us // DAY * DAY
    assert {name: (midnight - parse_rfc3339(at)) // DAY for name, at in cutoff.items()} == {
        "market_settled_ts": 60,
        "trades_created_ts": 60,
        "orders_updated_ts": 14,
        "market_positions_last_updated_ts": 60,
    }
    for name in ("markets", "trades", "fills", "orders"):
        assert await every(client, f"/historical/{name}", name) == []


async def test_archived_markets_are_told_by_the_archive_alone(client, simulation):
    whole = await every(client, "/markets", "markets")
    simulation._exchange.catalog.archive = Archive(markets_us=12 * HOUR, step_us=HOUR)
    cutoff = (await client.get("/historical/cutoff"))["market_settled_ts"]
    old = [row for row in whole if row.get("settlement_ts", cutoff) < cutoff]
    assert 5 < len(old) < len(whole) - 5
    assert await every(client, "/historical/markets", "markets", 7) == old
    assert await every(client, "/markets", "markets", 7) == [r for r in whole if r not in old]
    gone, there = old[0], next(row for row in whole if row not in old)
    assert (await client.get(f"/historical/markets/{gone['ticker']}"))["market"] == gone
    assert (await client.send("GET", f"/markets/{gone['ticker']}")).status_code == 404
    missing = await client.send("GET", f"/historical/markets/{there['ticker']}")
    assert missing.status_code == 404
    assert await every(client, f"/markets?tickers={gone['ticker']}", "markets") == []

    both = f"tickers={gone['ticker']},{there['ticker']}"
    assert await every(client, f"/historical/markets?{both}", "markets") == [gone]
    event = gone["event_ticker"]
    legs = [row for row in old if row["event_ticker"] == event]
    assert await every(client, f"/historical/markets?event_ticker={event}", "markets") == legs
    series = series_of(gone)
    found = await every(client, f"/historical/markets?series_ticker={series}", "markets")
    assert found == [row for row in old if series_of(row) == series]
    for bad in (f"{both}&event_ticker={event}", "mve_filter=only", "limit=1001"):
        assert (await client.send("GET", f"/historical/markets?{bad}")).status_code == 400

    nested = (await client.get(f"/events/{event}?with_nested_markets=true"))["event"]
    assert nested["markets"] == [], "events are never archived, their markets are"
    settled = await every(client, "/events?status=settled", "events", 200)
    assert event in [row["event_ticker"] for row in settled]


async def test_archived_candles_have_keys_of_their_own(client, simulation):
    row = await busiest(client, "settled")
    query = f"{ALWAYS}&period_interval=60"
    path = f"/series/{series_of(row)}/markets/{row['ticker']}/candlesticks?{query}"
    live = (await client.get(path))["candlesticks"]
    simulation._exchange.catalog.archive = Archive(markets_us=0, step_us=1)
    assert (await client.send("GET", path)).status_code == 404
    archived = f"/historical/markets/{row['ticker']}/candlesticks?{query}"
    old = (await client.get(archived))["candlesticks"]

    def unsuffixed(value):
        if isinstance(value, dict):
            return {
                name.removesuffix("_dollars").removesuffix("_fp"): unsuffixed(each)
                for name, each in value.items()
            }
        return value

    assert old == [unsuffixed(candle) for candle in live]


async def test_archived_trades(client, simulation):
    whole = await every(client, "/markets/trades", "trades")
    simulation._exchange.catalog.archive = Archive(trades_us=12 * HOUR, step_us=HOUR)
    cutoff = (await client.get("/historical/cutoff"))["trades_created_ts"]
    old = [trade for trade in whole if trade["created_time"] < cutoff]
    assert 50 < len(old) < len(whole) - 50
    assert await every(client, "/historical/trades", "trades", 101) == old
    assert await every(client, "/markets/trades", "trades") == whole[: -len(old)]
    ticker = old[0]["ticker"]
    own = [trade for trade in old if trade["ticker"] == ticker]
    assert await every(client, f"/historical/trades?ticker={ticker}", "trades", 3) == own
    low = parse_rfc3339(old[-1]["created_time"]) // SECOND + 3600
    found = await every(client, f"/historical/trades?max_ts={low}", "trades")
    assert found == [t for t in old if parse_rfc3339(t["created_time"]) <= low * SECOND]
    found = await every(client, f"/historical/trades?min_ts={low}", "trades")
    assert found == [t for t in old if parse_rfc3339(t["created_time"]) >= low * SECOND]
    assert await every(client, "/historical/trades?is_block_trade=true", "trades") == []


async def test_the_accounts_own_past_moves_whole(client, simulation, archived):
    """What the live lists no longer tell, the historical ones do: nothing twice, nothing lost."""
    simulation._exchange.catalog.archive = Archive()
    fills = await every(client, "/portfolio/fills", "fills")
    orders = await every(client, "/portfolio/orders", "orders")
    held = "/portfolio/positions?settlement_status=all"
    positions = await every(client, held, "market_positions")
    settlements = await every(client, "/portfolio/settlements", "settlements")
    simulation._exchange.catalog.archive = archived
    cutoff = await client.get("/historical/cutoff")

    live = await every(client, "/portfolio/fills", "fills", 3)
    old = await every(client, "/historical/fills", "fills", 3)
    assert live + old == fills
    assert {fill["created_time"] < cutoff["trades_created_ts"] for fill in old} == {True}
    assert {fill["created_time"] < cutoff["trades_created_ts"] for fill in live} == {False}

    live = await every(client, "/portfolio/orders", "orders", 5)
    old = await every(client, "/historical/orders", "orders", 5)
    assert sorted(o["order_id"] for o in live + old) == sorted(o["order_id"] for o in orders)
    assert {order["last_update_time"] < cutoff["orders_updated_ts"] for order in old} == {True}
    assert "resting" not in {order["status"] for order in old}
    assert "resting" in {order["status"] for order in live}
    assert old
    gone = await client.send("GET", f"/portfolio/orders/{old[0]['order_id']}")
    assert gone.status_code == 404

    live = await every(client, held, "market_positions")
    old = await every(client, "/historical/positions", "market_positions")
    assert old
    assert live
    assert sorted(p["ticker"] for p in live + old) == sorted(p["ticker"] for p in positions)

    kept = await every(client, "/portfolio/settlements", "settlements")
    assert kept == [s for s in settlements if s["settled_time"] >= cutoff["market_settled_ts"]]
    assert len(kept) < len(settlements)


async def test_the_archive_filters_as_the_live_lists_do(client, simulation, archived):
    fills = await every(client, "/historical/fills", "fills")
    ticker = fills[0]["ticker"]
    own = await every(client, f"/historical/fills?ticker={ticker}", "fills")
    assert {fill["ticker"] for fill in own} == {ticker}
    now_s = simulation.now_us // SECOND
    assert await every(client, f"/historical/fills?min_ts={now_s}", "fills") == []
    assert await every(client, f"/historical/fills?max_ts={now_s}", "fills") == fills
    assert await every(client, "/historical/fills?subaccount=3", "fills") == []
    orders = await every(client, f"/historical/orders?ticker={ticker}", "orders")
    assert {order["ticker"] for order in orders} == {ticker}
    held = await every(client, "/historical/positions", "market_positions")
    ticker = held[0]["ticker"]
    own = (await client.get(f"/historical/positions?ticker={ticker}"))["market_positions"]
    assert own == held[:1]
    event = ticker.rpartition("-")[0]
    body = await client.get(f"/historical/positions?event_ticker={event}")
    assert [each["event_ticker"] for each in body["event_positions"]] == [event]
    for name in ("fills", "orders", "positions"):
        answer = await client.http.get(f"/historical/{name}")
        assert answer.status_code == 401
        assert (await client.send("GET", f"/historical/{name}?limit=1001")).status_code == 400


async def test_incentive_programmes_follow_their_markets(client, simulation):
    body = await client.get("/incentive_programs?limit=10000")
    programmes = body["incentive_programs"]
    assert body["next_cursor"] == ""
    assert {each["incentive_type"] for each in programmes} == {"liquidity", "volume"}
    assert len({each["id"] for each in programmes}) == len(programmes)
    rows = {row["ticker"]: row for row in await every(client, "/markets", "markets")}
    by_status: dict[str, set[str]] = {}
    for status in ("active", "upcoming", "closed", "paid_out"):
        path = f"/incentive_programs?limit=10000&status={status}"
        found = (await client.get(path))["incentive_programs"]
        by_status[status] = {each["id"] for each in found}
        markets = {rows[each["market_ticker"]]["status"] for each in found}
        allowed = {
            "active": {"active"},
            "upcoming": {"initialized"},
            "closed": {"closed", "determined"},
            "paid_out": {"finalized"},
        }
        assert markets <= allowed[status]
    assert set().union(*by_status.values()) == {each["id"] for each in programmes}
    assert by_status["active"]
    assert by_status["paid_out"]
    for kind, count in (("liquidity", None), ("volume", None), ("margin_maker_volume", 0)):
        path = f"/incentive_programs?limit=10000&type={kind}"
        found = (await client.get(path))["incentive_programs"]
        assert found == [each for each in programmes if each["incentive_type"] == kind]
        assert count is None or len(found) == count
    text = programmes[0]["incentive_description"]
    path = f"/incentive_programs?limit=10000&incentive_description={text}"
    found = (await client.get(path))["incentive_programs"]
    assert found == [each for each in programmes if each["incentive_description"] == text]
    paged, cursor = [], ""
    while True:
        body = await client.get(f"/incentive_programs?limit=5&cursor={cursor}")
        paged += body["incentive_programs"]
        if not (cursor := body["next_cursor"]):
            break
    assert paged == programmes
    for bad in ("status=open", "type=maker", "limit=0", "limit=10001"):
        assert (await client.send("GET", f"/incentive_programs?{bad}")).status_code == 400
