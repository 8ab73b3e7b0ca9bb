"""The exchange's lists, kept up to date step by step, against lists drawn up afresh."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.market import FILTER_OF, Event, Market, MarketStatus, Result, Series
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.world import Listed, Moved

START = 1_800_000_000_000_000
S = MarketStatus
AFTER = {
    S.INITIALIZED: [S.ACTIVE],
    S.ACTIVE: [S.INACTIVE, S.CLOSED],
    S.INACTIVE: [S.ACTIVE, S.CLOSED],
    S.CLOSED: [S.ACTIVE, S.DETERMINED],
    S.DETERMINED: [S.DISPUTED, S.FINALIZED],
    S.DISPUTED: [S.AMENDED],
    S.AMENDED: [S.FINALIZED],
    S.FINALIZED: [],
}


def listed(at_us: int, series: str, number: int, legs: int) -> Listed:
    event = f"{series}-{number}"
    markets = tuple(
        Market(f"{event}-{leg}", event, "?", S.INITIALIZED, at_us, at_us + DAY, at_us + 2 * DAY,
               LINEAR_CENT)
        for leg in range(legs)
    )  # fmt: skip
    return Listed(
        at_us,
        Series(series, "?", "Tests", FeeTerms("quadratic")),
        Event(event, series, "?"),
        markets,
    )


@st.composite
def histories(draw) -> list[Listed | Moved]:
    happened: list[Listed | Moved] = []
    statuses: dict[str, MarketStatus] = {}
    at_us = START
    for number in range(draw(st.integers(1, 40))):
        at_us += draw(st.integers(0, 3)) * HOUR
        movable = [ticker for ticker, status in statuses.items() if AFTER[status]]
        if not movable or draw(st.booleans()):
            series = draw(st.sampled_from(["KXA", "KXB"]))
            event = listed(at_us, series, number, draw(st.integers(1, 3)))
            happened.append(event)
            statuses |= {market.ticker: market.status for market in event.markets}
        else:
            ticker = draw(st.sampled_from(movable))
            statuses[ticker] = draw(st.sampled_from(AFTER[statuses[ticker]]))
            result = Result.YES if statuses[ticker] is S.DETERMINED else None
            happened.append(Moved(at_us, ticker, statuses[ticker], result))
    return happened


def play(catalog: Catalog, happened: list[Listed | Moved]) -> None:
    for each in happened:
        if isinstance(each, Listed):
            catalog.list_event(each)
        else:
            catalog.move(each)


@given(histories(), st.integers(0, 40), st.integers(0, 100))
def test_lists_kept_up_are_lists_drawn_up(happened, before, hours):
    """Whenever the first look was, and however often things moved since."""
    archive = Archive(markets_us=10 * HOUR, step_us=HOUR)
    catalog = Catalog(archive)
    play(catalog, happened[:before])
    catalog.lists(START)
    play(catalog, happened[before:])
    now_us = max(happened[-1].at_us, START + hours * HOUR)
    lists = catalog.lists(now_us)

    markets = catalog.markets.values()
    live = [m for m in markets if not catalog.is_archived(m, now_us)]
    created = catalog.created
    assert lists.live.all() == sorted((created[m.ticker], m.ticker) for m in live)
    assert lists.updated.all() == sorted((m.updated_us, m.ticker) for m in live)
    gone = [m for m in markets if catalog.is_archived(m, now_us)]
    assert sorted(lists.archived.all()) == sorted((created[m.ticker], m.ticker) for m in gone)
    for word, keys in lists.by_word.items():
        when = {m.ticker: m.close_us if word == "closed" else created[m.ticker] for m in live}
        meant = [(when[m.ticker], m.ticker) for m in live if FILTER_OF[m.status] == word]
        assert keys.all() == sorted(meant)
    for series in ("KXA", "KXB"):
        events = [e.event_ticker for e in catalog.events.values() if e.series_ticker == series]
        assert list(catalog.events_of(series)) == events


def test_a_market_is_archived_after_its_time_and_no_earlier():
    catalog = Catalog(Archive(markets_us=2 * DAY, step_us=DAY))
    catalog.list_event(listed(START, "KXA", 1, 1))
    for status in (S.ACTIVE, S.CLOSED, S.DETERMINED, S.FINALIZED):
        catalog.move(Moved(START, "KXA-1-0", status, Result.NO if status is S.DETERMINED else None))
    market = catalog.markets["KXA-1-0"]
    midnight = START // DAY * DAY + 3 * DAY
    assert not catalog.is_archived(market, midnight - 1)
    assert catalog.is_archived(market, midnight)
    assert not catalog.is_archived(replace(market, settlement_us=None), midnight + 9 * DAY)


def test_cutoffs_move_once_a_step():
    archive = Archive()
    noon = START // DAY * DAY + 12 * HOUR
    assert archive.orders_updated(noon) == noon - 12 * HOUR - 14 * DAY
    assert archive.trades_created(noon) == archive.trades_created(noon + 11 * HOUR)
    assert archive.trades_created(noon + 12 * HOUR) == archive.trades_created(noon) + DAY
    assert archive.market_settled(noon) == archive.trades_created(noon)
