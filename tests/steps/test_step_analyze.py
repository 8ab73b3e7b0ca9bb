"""Asking for probabilities: what is asked, what is not and why, and what is kept."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from fakes.ai import a_reservation, a_settled, paid
from fakes.decisions import a_position
from fakes.floor import ASKS, EVENT, A, B, the_policies

from kalshi_cli.domain.forecast import Advice, Judgement, Probability
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, day_of
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_COST, AiCost, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import NotFound, Unavailable
from kalshi_cli.forecasting.logit import logit
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.forecaster import Judged, Skipped
from kalshi_cli.steps.analysis_policy import AnalysisPolicy, Worth
from kalshi_cli.steps.analyze import analyze

CENT = AiCost(100_000_000)
FREE = AnalysisPolicy(cooldown_us=None, per_day=None, daily_budget=None)


@dataclass
class Oracle:
    """Says 60 % of everything it does not keep silent about, for a price."""

    price: AiCost = NO_COST
    weight: float = 1.0
    silent: tuple[str, ...] = ()
    advice: Advice | None = None
    asked: list = field(default_factory=list)
    name: str = "fake"
    label: str = "a fake"
    at_once: int = 1

    async def judge(self, question):
        self.asked.append(question)
        made = tuple(
            Judgement(
                ticker=listing.market.ticker,
                probability=Probability(0.60),
                low=Probability(0.50),
                high=Probability(0.70),
                logit_error=0.0,
                weight=self.weight,
                rationale="because",
                model="fake-1",
                cost=self.price,
                advice=self.advice,
            )
            for listing in question.listings
            if listing.market.ticker not in self.silent
        )
        return Judged(made, spent=AiCost(self.price.units * len(made)))


async def run(floor, forecaster, policy=FREE, tickers=(), **options):
    return await analyze(
        floor.exchange,
        floor.store,
        floor.clock,
        forecaster,
        filters=options.get("filters", the_policies().filters),
        policy=policy,
        run_id=floor.run.run_id,
        tickers=tickers,
        stopping=options.get("stopping", lambda: False),
    )


def skipped(result):
    return [(each.ticker, each.code) for each in result.skipped]


async def test_a_forecast_is_kept_with_the_quote_of_its_moment(floor):
    floor.clock.now_us += MINUTE
    floor.exchange.set_book(A, (("0.4600", "10.00"),), (("0.5000", "10.00"),))
    result = await run(floor, Oracle())
    first, second = result.forecasts
    assert (first.ticker, first.market, first.blended, first.weight) == (A, 0.48, 0.60, 1.0)
    assert (second.ticker, second.market, second.made_us) == (B, 0.42, floor.clock.now())
    assert second.blended == 0.57  # never further than 0.15 from the market
    rows = await floor.store.reports.analyses(ticker=A)
    assert [(row.forecast, str(row.bid.price), str(row.ask.price)) for row in rows] == [
        (first, "0.4600", "0.5000")
    ]
    assert (result.forecaster, result.label, result.skipped) == ("fake", "a fake", ())


@pytest.mark.parametrize("advice", [Advice(None), Advice(Side.ASK, Price.parse("0.4100"))])
async def test_what_a_trader_said_is_kept_with_the_forecast(floor, advice):
    """Nothing else stands between a Trader that stands aside and the strategy that trades."""
    result = await run(floor, Oracle(advice=advice))
    assert [forecast.advice for forecast in result.forecasts] == [advice, advice]
    async with floor.store.unit() as unit:
        kept = await unit.forecasts.latest([A, B])
    assert [kept[ticker].advice for ticker in (A, B)] == [advice, advice]


async def test_old_words_are_forgotten_once_a_day(floor):
    keeps = replace(FREE, keep_words_us=2 * DAY)
    began = floor.clock.wall()

    async def words(call_id):
        whole = await floor.store.reports.ai_call(call_id)
        return whole.user

    await paid(floor.store, floor.run, CENT, wall_us=began)
    floor.clock.wall_us += 2 * DAY
    await run(floor, Oracle(), keeps)
    assert await words("c1")  # not older than that
    floor.clock.wall_us += DAY - began % DAY - 1
    await run(floor, Oracle(), keeps)
    assert await words("c1")  # the same day: once is enough
    floor.clock.wall_us += 1
    await run(floor, Oracle(), FREE)
    assert await words("c1")  # for ever
    await run(floor, Oracle(), keeps)
    assert await words("c1") is None


async def test_markets_of_an_event_are_asked_about_together(floor):
    floor.exchange.add_event("KXU-1", ["KXU-1-A"])
    floor.exchange.set_book("KXU-1-A", (("0.4000", "10.00"),), ASKS)
    floor.clock.now_us += HOUR
    await floor.ingest()
    oracle = Oracle()
    await run(floor, oracle)
    assert [
        (question.event.event_ticker, [x.market.ticker for x in question.listings])
        for question in oracle.asked
    ] == [(EVENT, [A, B]), ("KXU-1", ["KXU-1-A"])]
    assert {question.category for question in oracle.asked} == {"Economics"}


@pytest.mark.parametrize("weight", [0.0, 0.10, 0.36])
async def test_a_forecaster_has_the_say_that_it_claims(floor, weight):
    result = await run(floor, Oracle(weight=weight))
    made = result.forecasts[0]
    assert made.weight == weight
    moved = (logit(made.blended) - logit(0.42)) / (logit(0.60) - logit(0.42))
    assert moved == pytest.approx(weight)


async def test_without_a_market_there_is_nothing_to_blend_with(floor):
    floor.exchange.set_book(A, (("0.3000", "10.00"),), (("0.4500", "10.00"),))
    result = await run(floor, Oracle())
    assert [(f.market, f.blended) for f in result.forecasts] == [(None, None), (0.42, 0.57)]


async def test_silence_is_an_abstention(floor):
    result = await run(floor, Oracle(silent=(A,)))
    assert [forecast.ticker for forecast in result.forecasts] == [B]
    assert skipped(result) == [(A, "ABSTAINED")]


async def test_a_market_asked_recently_rests(floor):
    policy = replace(FREE, cooldown_us=4 * HOUR)
    await run(floor, Oracle(CENT, silent=(B,)), policy)
    floor.clock.now_us += 4 * HOUR - 1
    oracle = Oracle(CENT)
    result = await run(floor, oracle, policy)
    assert skipped(result) == [(A, "COOLDOWN")]
    assert [x.market.ticker for x in oracle.asked[0].listings] == [B]
    floor.clock.now_us += 1
    assert skipped(await run(floor, Oracle(CENT), policy)) == [(B, "COOLDOWN")]


async def test_a_cooldown_may_be_longer_than_a_day(floor):
    far = floor.exchange.markets[A]
    floor.exchange.markets[A] = replace(far, close_us=floor.clock.now() + 20 * DAY)
    await floor.ingest()
    policy = replace(FREE, cooldown_us=3 * DAY)
    await run(floor, Oracle(CENT), policy)
    floor.clock.now_us += 2 * DAY
    assert (A, "COOLDOWN") in skipped(await run(floor, Oracle(CENT), policy))


async def test_a_day_has_room_for_so_many(floor):
    policy = replace(FREE, per_day=2)
    floor.clock.now_us += DAY - HOUR  # 23:00
    for _ in range(2):
        floor.clock.now_us += MINUTE
        await run(floor, Oracle(CENT), policy, tickers=[A])
    assert skipped(await run(floor, Oracle(CENT), policy, tickers=[A])) == [(A, "DAILY_CAP")]
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], close_us=floor.clock.now() + DAY)
    floor.clock.now_us += HOUR  # 00:02 of the next day
    assert len((await run(floor, Oracle(CENT), policy, tickers=[A])).forecasts) == 1


async def test_what_was_forecast_for_nothing_neither_rests_nor_fills_the_day(floor):
    """A look by the baseline in the morning does not keep the model from being asked."""
    policy = replace(FREE, cooldown_us=4 * HOUR, per_day=1)
    await run(floor, Oracle(), FREE)
    floor.clock.now_us += MINUTE
    assert len((await run(floor, Oracle(CENT), policy)).forecasts) == 2
    floor.clock.now_us += 4 * HOUR
    assert skipped(await run(floor, Oracle(CENT), policy)) == [(A, "DAILY_CAP"), (B, "DAILY_CAP")]


async def test_named_markets_skip_filters_and_cooldown(floor):
    floor.exchange.set_book(A, (("0.0100", "10.00"),), (("0.9900", "10.00"),))
    policy = replace(FREE, cooldown_us=4 * HOUR)
    for _ in range(2):
        floor.clock.now_us += MINUTE
        result = await run(floor, Oracle(), policy, tickers=[A])
        assert [forecast.ticker for forecast in result.forecasts] == [A]


async def test_a_named_market_that_was_never_read_is_looked_up(floor):
    floor.exchange.add_event("KXU-1", ["KXU-1-A"])
    floor.exchange.set_book("KXU-1-A", (("0.4000", "10.00"),), ASKS)
    result = await run(floor, Oracle(), tickers=["KXU-1-A"])
    assert [forecast.ticker for forecast in result.forecasts] == ["KXU-1-A"]


async def test_what_is_named_in_any_case_is_called_by_its_name(floor):
    result = await run(floor, Oracle(), tickers=[A.lower(), A])
    assert result.named == (A,)  # what follows looks it up by this


async def test_a_ticker_that_nobody_knows(floor):
    oracle = Oracle()
    with pytest.raises(NotFound, match="KXNO-1-A"):
        await run(floor, oracle, tickers=[A, "KXNO-1-A"])
    assert oracle.asked == []  # and nothing was spent on the other


async def test_a_named_market_that_is_over(floor):
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], status=MarketStatus.CLOSED)
    floor.clock.now_us += HOUR
    await floor.ingest()
    assert skipped(await run(floor, Oracle(), tickers=[A])) == [(A, "NOT_ACTIVE")]


async def test_a_market_without_a_quote_of_this_moment_is_named(floor):
    """It closed, or could not be read, since the last pass."""
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], status=MarketStatus.CLOSED)
    del floor.exchange.markets[B]
    floor.exchange.unusable = [Unusable(B, "a price of 2 dollars")]
    oracle = Oracle()
    result = await run(floor, oracle)
    assert skipped(result) == [(A, "NO_QUOTE"), (B, "NO_QUOTE")]
    assert oracle.asked == []


# Money.


async def three_events(floor):
    for number in (1, 2):
        ticker = f"KXU-{number}-A"
        floor.exchange.add_event(f"KXU-{number}", [ticker])
        floor.exchange.set_book(ticker, (("0.4000", "10.00"),), ASKS)
    floor.clock.now_us += HOUR
    await floor.ingest()


async def test_what_a_pass_cost_and_what_the_day_did(floor):
    """The day counts in real time, whatever the market's clock says."""
    await paid(floor.store, floor.run, CENT, wall_us=floor.clock.wall())
    result = await run(floor, Oracle(price=CENT), replace(FREE, daily_budget=CENT))
    assert (result.spent, result.spent_today, result.budget) == (
        AiCost(2 * CENT.units),
        CENT,  # the fake pays nobody: what it says it cost is not on record
        CENT,
    )
    floor.clock.wall_us = (day_of(floor.clock.wall()) + 1) * DAY
    assert (await run(floor, Oracle())).spent_today == NO_COST


async def test_an_abstention_says_why(floor):
    class Abstains(Oracle):
        async def judge(self, question):
            return Judged((), (Skipped(A, "AI_BUDGET", "spent for today"),), CENT)

    result = await run(floor, Abstains())
    assert skipped(result) == [(A, "AI_BUDGET"), (B, "ABSTAINED")]
    assert result.spent == CENT


WORTH = Worth(weight=0.10, logit_error=1.0, min_to_close_us=HOUR)


async def test_what_is_worth_more_is_asked_about_first(floor):
    """KXU-2 is tight, KXU-1 wide; what is held comes before both."""
    await three_events(floor)
    for ticker, ask in (("KXU-1-A", "0.4900"), ("KXU-2-A", "0.4100")):
        floor.exchange.set_book(ticker, (("0.4000", "100.00"),), ((ask, "100.00"),))
    floor.exchange.set_book(A, (("0.3800", "1.00"),), (("0.4700", "1.00"),))
    floor.exchange.set_book(B, (("0.3800", "1.00"),), (("0.4700", "1.00"),))
    policy = replace(FREE, worth=WORTH)
    oracle = Oracle()
    await run(floor, oracle, policy)
    assert [q.event.event_ticker for q in oracle.asked] == ["KXU-2", "KXU-1", EVENT]
    async with floor.store.unit() as unit:
        await unit.ledger.save_positions([a_position("10.00", "0.4000", ticker=A)])
        await unit.commit()
    oracle = Oracle()
    await run(floor, oracle, policy)
    assert oracle.asked[0].event.event_ticker == EVENT
    assert str(oracle.asked[0].held[A]) == "10.00"


async def test_what_closes_too_soon_is_not_paid_for_unless_it_is_named(floor):
    soon = floor.exchange.markets[A]
    floor.exchange.markets[A] = replace(soon, close_us=floor.clock.now() + HOUR - 1)
    await floor.ingest()
    policy = replace(FREE, worth=WORTH)
    assert (A, "CLOSES_SOON") in skipped(await run(floor, Oracle(), policy))
    assert len((await run(floor, Oracle(), policy, tickers=[A])).forecasts) == 1


async def test_what_was_paid_for_rests_whatever_came_of_it(floor):
    """An answer that could not be used is no forecast, and was not free."""
    policy = replace(FREE, cooldown_us=4 * HOUR, per_day=2)
    async with floor.store.unit() as unit:
        for name, at_us in (("c1", floor.clock.now()), ("c2", floor.clock.now() + HOUR)):
            call = a_reservation(floor.run.run_id, name, decision_id=name, event_ticker=EVENT)
            assert await unit.ai.reserve(replace(call, at_us=at_us), daily_budget=None) is None
        await unit.ai.settle(a_settled(7, "c1"))
        await unit.ai.settle(a_settled(0, "c2"))  # turned away: that one was free
        await unit.commit()
    floor.clock.now_us += 4 * HOUR - 1
    assert skipped(await run(floor, Oracle(), policy)) == [(A, "COOLDOWN"), (B, "COOLDOWN")]
    floor.clock.now_us += 1
    assert len((await run(floor, Oracle(), policy)).forecasts) == 2


async def test_each_paid_question_has_the_quote_of_its_moment(floor):
    await three_events(floor)

    class Moves(Oracle):
        async def judge(self, question):
            floor.exchange.set_book("KXU-1-A", (("0.6000", "9.00"),), (("0.6200", "9.00"),))
            floor.exchange.set_book("KXU-2-A", (("0.6000", "9.00"),), (("0.6200", "9.00"),))
            floor.clock.now_us += MINUTE
            return await super().judge(question)

    result = await run(floor, Moves(), replace(FREE, worth=WORTH))
    markets = {f.ticker: f.market for f in result.forecasts}
    late = [ticker for ticker in ("KXU-1-A", "KXU-2-A") if markets[ticker] == 0.61]
    assert len(late) >= 1  # whoever was asked about first still had the old one


async def test_questions_go_side_by_side_and_results_in_ticker_order(floor):
    await three_events(floor)
    waiting, most = [], []

    class Slow(Oracle):
        async def judge(self, question):
            waiting.append(question)
            most.append(len(waiting))
            for _ in range(len(self.asked) % 2 + 1):
                await asyncio.sleep(0)  # noqa: TID251 - lets the other question go on
            waiting.remove(question)
            return await super().judge(question)

    result = await run(floor, Slow(at_once=2))
    assert max(most) == 2
    assert [f.ticker for f in result.forecasts] == [A, B, "KXU-1-A", "KXU-2-A"]


async def test_a_stop_ends_the_asking_before_the_next_question(floor):
    await three_events(floor)
    oracle = Oracle()
    result = await run(floor, oracle, stopping=lambda: bool(oracle.asked))
    assert len(oracle.asked) == 1
    assert [f.ticker for f in result.forecasts] == [A, B]
    assert skipped(result) == [("KXU-1-A", "STOPPED"), ("KXU-2-A", "STOPPED")]


async def test_a_free_forecaster_has_no_budget(floor):
    result = await run(floor, Oracle())
    assert (result.spent, result.budget) == (AiCost(0), None)


async def test_what_was_judged_before_a_failure_is_kept(floor):
    await three_events(floor)

    class Fails(Oracle):
        async def judge(self, question):
            if self.asked:
                raise Unavailable("the AI is down")
            return await super().judge(question)

    with pytest.raises(Unavailable):
        await run(floor, Fails())
    assert len(await floor.store.reports.analyses()) == 2
