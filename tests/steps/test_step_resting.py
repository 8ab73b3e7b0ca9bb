"""An entry that rests leans on what others want: without that it stays a while, then goes."""

from dataclasses import replace

import pytest
from fakes.floor import EVENT, A, the_policies, waiting

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.order import OrderState
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import Unavailable
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

BID, ASK = ("0.4000", "100.00"), ("0.4400", "100.00")
NO_ASKS, NO_BIDS, WIDE = ((BID,), ()), ((), (ASK,)), ((("0.3300", "9.00"),), (ASK,))
"""Nobody asks; nobody bids but we; others are 11 cents apart, and our bid is between them."""
GAP = "nobody else quotes both sides within 10 cents"


async def rested(floor, **changes):
    """A bid of 10 at 41 cents, for two hours, on a forecast of 60."""
    await floor.reconcile()
    await floor.forecast()
    expires_us = floor.clock.now() + 2 * HOUR
    terms = {"forecast_id": "f1", "fair": 0.60, "expires_us": expires_us, **changes}
    return await send(floor.desk, waiting(floor.clock, **terms))


async def looked(floor, minutes=0, book=None, *, ingested=True):
    """Minutes later, with that book of others: what is left of the order."""
    floor.clock.now_us += minutes * MINUTE
    if book is not None:
        floor.exchange.set_book(A, *book)
    if ingested:
        await floor.ingest()
    policy = replace(the_policies("oracle").trading, strategies=())
    await trade(floor.exchange, floor.desk, policy=policy)
    return (await floor.order()).state


async def told(floor, *causes):
    """What the trail says under these causes."""
    trail = await follow_order(floor.store.reports, (await floor.order()).client_order_id)
    return [event.detail for event in trail.events if event.cause in causes]


@pytest.mark.parametrize("alone", [NO_ASKS, NO_BIDS, WIDE])
async def test_an_entry_without_a_market_stays_as_long_as_a_quote_may_be_old(floor, alone):
    await rested(floor)
    assert await looked(floor, 1, alone) is OrderState.RESTING
    assert await looked(floor, 14) is OrderState.RESTING
    assert await looked(floor, 1) is OrderState.RESTING  # 15 minutes are as long as is allowed
    assert await told(floor, Cause.JUDGED) == [GAP]
    assert await looked(floor, 1) is OrderState.CANCELED
    assert await told(floor, Cause.CANCEL) == [f"{GAP}, for 16m; at most 15m will do"]


async def test_each_gap_counts_from_its_own_beginning(floor):
    await rested(floor)
    assert await looked(floor, 1, NO_ASKS) is OrderState.RESTING
    assert await looked(floor, 14, ((BID,), (ASK,))) is OrderState.RESTING
    assert (await floor.order()).unanchored_us is None
    assert await looked(floor, 2, NO_ASKS) is OrderState.RESTING
    assert await looked(floor, 15) is OrderState.RESTING
    assert await told(floor, Cause.JUDGED) == [GAP, "others quote both sides again", GAP]
    assert await looked(floor, 1) is OrderState.CANCELED


async def test_no_gap_is_noted_of_an_entry_that_ended_while_the_book_was_read(floor):
    order = await rested(floor)
    read = floor.exchange.books

    async def canceled_meanwhile(tickers):
        await cancel(floor.desk, order, "a test")
        return await read(tickers)

    await floor.ingest()
    floor.exchange.books = canceled_meanwhile
    assert await looked(floor, 1, NO_ASKS, ingested=False) is OrderState.CANCELED
    assert await told(floor, Cause.JUDGED) == []
    assert (await floor.order()).unanchored_us is None


async def test_a_gap_does_not_keep_what_the_forecast_alone_would_not_pay(floor):
    """Made beside 40 cents: logit 0.4 = -0.4055, a tenth of the way to +0.4055 is 41.96 cents.

    Beside others' 42 it is worth 43.79, so that 41 pays; by itself it leaves 0.96 of a cent.
    """
    await floor.reconcile()
    await floor.forecast(weight=0.10, market=0.40, blended=0.4196)
    await send(floor.desk, waiting(floor.clock, forecast_id="f1", fair=0.4379))
    assert await looked(floor) is OrderState.RESTING
    assert await looked(floor, 1, NO_ASKS) is OrderState.CANCELED
    edge = "its edge is 0.96c a contract at a fair value of 41.96c, 1c is asked"
    assert await told(floor, Cause.CANCEL) == [f"{GAP}; by the forecast alone {edge}"]


async def test_a_book_that_cannot_be_read_leaves_it_to_a_quote_that_is_fresh(floor):
    await rested(floor)
    await floor.ingest()

    async def unread(tickers):
        raise Unavailable("the line is cut")

    floor.exchange.books = unread
    assert await looked(floor, 15, ingested=False) is OrderState.RESTING
    assert await looked(floor, 1, ingested=False) is OrderState.CANCELED
    assert await told(floor, Cause.CANCEL) == ["its prices are 16m old, at most 15m will do"]


async def test_an_entry_goes_whose_fees_nobody_can_tell_any_more(floor):
    await rested(floor)
    event = floor.exchange.events[EVENT]
    floor.exchange.events[EVENT] = replace(event, fees=FeeTerms("of_a_new_kind"))
    floor.clock.now_us += HOUR  # of a full pass
    assert await looked(floor) is OrderState.CANCELED
    assert await told(floor, Cause.CANCEL) == ["its fees are not known"]


async def test_a_price_that_does_not_pay_after_a_waiver_moves_where_it_does(floor):
    """Free, 41 cents leave 1.4 of 42.4; with 0.0175 x 0.41 x 0.59 they leave 0.98, and 40 1.98."""
    event = floor.exchange.events[EVENT]
    floor.exchange.events[EVENT] = replace(event, fees=FeeTerms("quadratic_with_maker_fees"))
    now, waived = floor.clock.now() + HOUR, replace(floor.exchange.markets[A], updated_us=1)
    expires_us = now + 2 * HOUR
    floor.exchange.markets[A] = replace(waived, fee_waiver_expires_us=expires_us + 1)
    floor.clock.now_us = now
    await floor.ingest()
    await floor.reconcile()
    await floor.forecast(p=0.424)
    order = await send(
        floor.desk, waiting(floor.clock, forecast_id="f1", fair=0.424, expires_us=expires_us)
    )
    assert await looked(floor) is OrderState.RESTING
    assert str(floor.exchange.reports[order.order_id].price) == "0.4100"
    floor.exchange.markets[A] = replace(waived, fee_waiver_expires_us=expires_us)
    await looked(floor, 60)
    assert str(floor.exchange.reports[order.order_id].price) == "0.4000"


async def test_evidence_of_its_own_grows_as_old_as_a_forecast_may(floor):
    await rested(floor, forecast_id=None, expires_us=floor.clock.now() + 7 * HOUR)
    assert await looked(floor, 360) is OrderState.RESTING
    assert await looked(floor, 1) is OrderState.CANCELED
    assert await told(floor, Cause.CANCEL) == [
        "what it was made on is 6h1m old, at most 6h will do"
    ]


@pytest.mark.parametrize(
    ("forecast", "why"),
    [
        (
            {"p": 0.415, "blended": 0.415},
            "its edge is 0.5c a contract at a fair value of 41.5c, 1c is asked",
        ),
        ({"advice": Advice(None)}, "the Trader would not place it"),
        ({"blended": None, "market": None}, "its newest forecast had no market to lean on"),
    ],
)
async def test_why_an_entry_goes_is_kept_with_it(floor, forecast, why):
    await rested(floor)
    floor.clock.now_us += MINUTE
    await floor.forecast(name="f2", **forecast)
    assert await looked(floor) is OrderState.CANCELED
    assert await told(floor, Cause.CANCEL) == [why]


async def test_why_an_entry_of_no_goes_is_told_of_no(floor):
    """NO at 57 cents: of 42.5 for YES 57.5 are left, half a cent more."""
    await rested(floor, side=Side.ASK, limit="0.4300", fair=0.30)
    floor.clock.now_us += MINUTE
    await floor.forecast(name="f2", p=0.425, blended=0.425)
    assert await looked(floor) is OrderState.CANCELED
    why = "its edge is 0.5c a contract at a fair value of 57.5c, 1c is asked"
    assert await told(floor, Cause.CANCEL) == [why]
