"""What the stream tells of an event's fees: on record at once, until all events are read."""

from dataclasses import replace

import pytest
from fakes.floor import EVENT, A, the_policies, waiting

from kalshi_cli.domain.fees import FREE, MILLION, FeeChange, FeeTerms
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.order import OrderState
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.exchange import Page, Unusable
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.guarding import FeesTold
from kalshi_cli.steps.hearing import TOLD, hear_fees
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

DEAR = FeeTerms("quadratic_with_maker_fees", 2 * MILLION)
PLAIN = FeeTerms("quadratic")


async def tell(floor, fees, event=EVENT):
    """The stream tells of these terms now."""
    await hear_fees(floor.store, {event: FeesTold(fees, floor.clock.now())})


async def changes(floor):
    async with floor.store.unit(reads=True) as unit:
        return await unit.catalog.fee_changes()


async def test_a_full_pass_reads_the_terms_of_series_however_young_those_known_are(floor):
    """They were read half an hour before, for a series that was new, and changed since."""
    charge(floor, None)
    name, series = next(iter(floor.exchange.serieses.items()))
    floor.clock.now_us += HOUR // 2
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    assert (await floor.ingest()).kind == "delta"
    floor.clock.now_us += HOUR // 2
    floor.exchange.serieses[name] = replace(series, fees=DEAR)
    assert (await floor.ingest()).kind == "full"
    assert await terms(floor) == DEAR


async def terms(floor):
    """What a fill is charged by now."""
    async with floor.store.unit(reads=True) as unit:
        (entry,) = await unit.catalog.entries([A])
    return entry.fee_terms(floor.clock.now())


def charge(floor, fees):
    """From now on the exchange charges the event by terms of its own."""
    floor.exchange.events[EVENT] = replace(floor.exchange.events[EVENT], fees=fees)


async def test_what_was_told_counts_at_once_and_is_kept_as_what_is_announced(floor):
    series, since_us = floor.exchange.events[EVENT].series_ticker, floor.clock.now() + 1
    floor.clock.now_us = since_us
    await tell(floor, DEAR)
    assert await changes(floor) == (FeeChange(TOLD, series, EVENT, DEAR, since_us),)
    assert await terms(floor) == DEAR
    floor.clock.now_us += SECOND
    await tell(floor, None)
    assert await changes(floor) == (FeeChange(TOLD, series, EVENT, None, since_us + SECOND),)
    assert await terms(floor) == floor.exchange.serieses[series].fees


async def test_an_event_that_nobody_knows_changes_nothing(floor):
    floor.clock.now_us += 1
    await tell(floor, DEAR, event="KXELSE-1")
    assert await changes(floor) == ()


async def test_what_is_told_again_changes_nothing(floor):
    floor.clock.now_us += 1
    await tell(floor, None)  # as it was read
    assert await changes(floor) == ()
    await tell(floor, DEAR)
    first = await changes(floor)
    floor.clock.now_us += SECOND
    await tell(floor, DEAR)
    assert await changes(floor) == first


async def test_what_is_told_counts_over_what_was_announced_for_before(floor):
    """And leaves alone what is announced for later, and what is of others."""
    series, now_us = floor.exchange.events[EVENT].series_ticker, floor.clock.now()
    past, later = (
        FeeChange(name, series, EVENT, DEAR, now_us + at)
        for name, at in (("past", SECOND), ("later", HOUR))
    )
    other = FeeChange("other", series, "KXT-9", DEAR, now_us + SECOND)
    async with floor.store.unit() as unit:
        await unit.catalog.save_fee_changes([past, later, other])
        await unit.commit()
    floor.clock.now_us += MINUTE
    assert await terms(floor) == DEAR
    await tell(floor, PLAIN)
    assert await terms(floor) == PLAIN
    told = FeeChange(TOLD, series, EVENT, PLAIN, now_us + MINUTE)
    assert await changes(floor) == (other, past, told, later)
    floor.clock.now_us = now_us + HOUR
    assert await terms(floor) == DEAR


async def test_after_it_was_told_all_events_are_read_and_that_is_the_truth(floor):
    """What came late is over as soon as the next pass, five minutes later."""
    floor.clock.now_us += 1
    charge(floor, PLAIN)
    await tell(floor, DEAR)
    floor.clock.now_us += 5 * MINUTE
    assert (await floor.ingest()).kind == "full"
    assert (await changes(floor), await terms(floor)) == ((), PLAIN)
    floor.clock.now_us += 1
    await tell(floor, PLAIN)  # once more, as it was read
    assert (await floor.ingest()).kind == "delta"


async def test_a_change_stays_in_force_until_what_it_is_of_can_be_read(floor, monkeypatch):
    """Of a series, and then of an event: an old row is not what is charged now."""
    start, series = floor.clock.now(), next(iter(floor.exchange.serieses))

    async def no_series():
        return Page((), unusable=(Unusable(series, "no fee type"),))

    async def no_event(*args, **options):
        return Page((), unusable=(Unusable(EVENT, "no series"),))

    charge(floor, None)
    floor.notices.series_changes = [FeeChange("s", series, None, DEAR, start + HOUR + 1)]
    floor.clock.now_us += HOUR
    assert ((await floor.ingest()).kind, await terms(floor)) == ("full", FREE)
    monkeypatch.setattr(floor.exchange, "series", no_series)
    for _ in range(2):
        floor.clock.now_us += 5 * MINUTE
        assert ((await floor.ingest()).kind, await terms(floor)) == ("full", DEAR)
    monkeypatch.undo()
    name = floor.exchange.serieses[series]
    floor.exchange.serieses[series] = replace(name, fees=DEAR)
    floor.notices.series_changes = []
    assert ((await floor.ingest()).kind, await terms(floor)) == ("full", DEAR)
    assert (await floor.ingest()).kind == "delta"
    floor.clock.now_us += 1
    await tell(floor, PLAIN)
    monkeypatch.setattr(floor.exchange, "open_events", no_event)
    for _ in range(2):
        floor.clock.now_us += 5 * MINUTE
        assert ((await floor.ingest()).kind, await terms(floor)) == ("full", PLAIN)
    monkeypatch.undo()
    charge(floor, PLAIN)
    assert (await floor.ingest()).kind == "full"
    assert (await changes(floor), await terms(floor)) == ((), PLAIN)


async def test_what_is_told_while_all_events_are_read_outlives_that_reading(floor):
    """Told before the pass has read what is announced, and after it has read the event."""
    fee_changes, open_events = floor.notices.event_fee_changes, floor.exchange.open_events

    async def told_first(cursor=""):
        floor.clock.now_us += SECOND
        await tell(floor, DEAR)
        return await fee_changes(cursor)

    async def told_last(*args, **options):
        page = await open_events(*args, **options)
        floor.clock.now_us += SECOND
        await tell(floor, PLAIN)
        return page

    floor.clock.now_us += HOUR
    floor.notices.event_fee_changes = told_first
    assert (await floor.ingest()).kind == "full"
    assert await terms(floor) == DEAR
    floor.notices.event_fee_changes, floor.exchange.open_events = fee_changes, told_last
    assert (await floor.ingest()).kind == "full"
    assert await terms(floor) == PLAIN
    floor.exchange.open_events = open_events
    charge(floor, PLAIN)
    assert (await floor.ingest()).kind == "full"
    assert (await changes(floor), await terms(floor)) == ((), PLAIN)


async def test_an_entry_is_judged_by_it_in_the_next_pass(floor):
    """Nothing was ingested in between."""
    await floor.reconcile()
    await floor.forecast()
    await send(floor.desk, waiting(floor.clock, forecast_id="f1", fair=0.60))
    policy = replace(the_policies("oracle").trading, strategies=())
    await trade(floor.exchange, floor.desk, policy=policy)
    assert (await floor.order()).state is OrderState.RESTING
    floor.clock.now_us += 1
    await tell(floor, FeeTerms("of_a_new_kind"))
    await trade(floor.exchange, floor.desk, policy=policy)
    order = await floor.order()
    assert order.state is OrderState.CANCELED
    trail = await follow_order(floor.store.reports, order.client_order_id)
    assert [e.detail for e in trail.events if e.cause is Cause.CANCEL] == ["its fees are not known"]
