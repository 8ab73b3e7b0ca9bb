"""What every store does, in a file, in memory and on PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from fakes.ai import PROMPT, a_reservation, a_settled
from fakes.decisions import (
    NOW,
    STRATEGY,
    a_forecast,
    a_market,
    a_plan,
    a_quote,
    an_event,
    an_intent,
    changed,
    level,
)
from fakes.desk_store import SERIES, WALL, seed

from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.domain.account import CashKind, CashMovement, Settlement
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.deliberation import Outcome
from kalshi_cli.domain.fees import FeeChange, FeeTerms
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.grid import TAPERED_DECI_CENT
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, day_of
from kalshi_cli.domain.market import Listing, MarketStatus, Result
from kalshi_cli.domain.marks import Behind
from kalshi_cli.domain.money import NO_MONEY, AiCost, Contracts, Money, Price
from kalshi_cli.domain.order import Fill, Order, OrderState, Pending, Purpose
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import (
    DuplicateEntry,
    IntegrityError,
    LeaseHeld,
    NotFound,
    Refused,
    StoreBusy,
    why_ended,
)
from kalshi_cli.evaluation.ai_costs import Use
from kalshi_cli.filters._base import FOREVER, Verdict
from kalshi_cli.ports.ai_ledger import Mark, Unfunded
from kalshi_cli.ports.catalog import CatalogEntry, Saved
from kalshi_cli.ports.desk import (
    DeskRequest,
    GroupState,
    KeptGroup,
    Standing,
)
from kalshi_cli.ports.exchange import SeenAgain
from kalshi_cli.ports.snapshots import (
    Performance,
    Snapshot,
    Watermarks,
)
from kalshi_cli.risk._base import Denial


def money(text: str) -> Money:
    return Money.parse(text)


def a_fill(number: int, side=Side.BID, price="0.4000", count="10.00", fee="0.0200", **changes):
    facts = {"order_id": "o1", "ticker": "T", "is_taker": True, "at_us": NOW + number * SECOND}
    return Fill(
        fill_id=f"f{number}",
        side=side,
        price=Price.parse(price),
        count=Contracts.parse(count),
        fee=money(fee),
        **{**facts, **changes},
    )


def settled(value="1.0000", net="10.00", revenue="10.00", **changes) -> Settlement:
    facts = {"ticker": "T", "event_ticker": "E", "settled_us": NOW + DAY, "fee": money("0.02")}
    result = Result.YES if value == "1.0000" else Result.NO
    return Settlement(
        result=result,
        value=Price.parse(value),
        net=Contracts.parse(net),
        revenue=money(revenue),
        **{**facts, **changes},
    )


class TestUnit:
    async def test_leaving_without_commit_leaves_nothing(self, store):
        async with store.unit() as unit:
            await unit.desk.start_run("test", NOW, WALL)
        async with store.unit() as unit:
            assert (await unit.desk.start_run("test", NOW, WALL)).number == 1

    async def test_an_error_leaves_nothing(self, store):
        async def fail() -> None:
            async with store.unit() as unit:
                await unit.catalog.set_marker("full_pass", 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        async with store.unit() as unit:
            assert await unit.catalog.marker("full_pass") is None

    async def test_a_commit_is_there_for_the_next(self, store):
        async with store.unit() as unit:
            await unit.catalog.set_marker("full_pass", NOW)
            await unit.commit()
        async with store.unit() as unit:
            assert await unit.catalog.marker("full_pass") == NOW


def marking(name: str, instant_us: int = 1):
    async def mark(unit):
        await unit.catalog.set_marker(name, instant_us)
        return name

    return mark


async def marked(store, *names):
    async with store.unit(reads=True) as unit:
        return [await unit.catalog.marker(name) for name in names]


class TestWriting:
    """What several tasks write at once."""

    async def test_each_has_its_answer_and_all_is_committed(self, writer):
        names = [f"n{number}" for number in range(20)]
        assert await asyncio.gather(*(writer.write(marking(name)) for name in names)) == names
        assert await marked(writer, *names) == [1] * 20

    async def test_they_are_written_in_the_order_they_were_asked_for(self, writer):
        await asyncio.gather(*(writer.write(marking("same", number)) for number in range(5)))
        assert await marked(writer, "same") == [4]

    async def test_one_that_fails_leaves_nothing_and_takes_no_other_along(self, writer):
        async def fails(unit):
            await unit.catalog.set_marker("broken", 1)
            raise ValueError("not in flight")

        asked = (marking("a"), fails, marking("b"))
        answers = await asyncio.gather(*map(writer.write, asked), return_exceptions=True)
        assert (answers[0], answers[2]) == ("a", "b")
        assert isinstance(answers[1], ValueError)
        assert await marked(writer, "a", "broken", "b") == [1, None, 1]

    async def test_a_row_that_is_refused_takes_no_other_along(self, writer):
        async def orphan(unit):
            await unit.catalog.save_events([an_event()], NOW)  # its series is not there

        asked = (marking("a"), orphan, marking("b"))
        answers = await asyncio.gather(*map(writer.write, asked), return_exceptions=True)
        assert (answers[0], answers[2]) == ("a", "b")
        assert isinstance(answers[1], IntegrityError)
        assert await marked(writer, "a", "b") == [1, 1]

    async def test_busy_for_one_is_busy_for_all_and_the_next_goes(self, writer):
        async def busy(unit):
            raise StoreBusy("somebody writes")

        asked = (marking("a"), busy)
        answers = await asyncio.gather(*map(writer.write, asked), return_exceptions=True)
        assert [type(each) for each in answers] == [StoreBusy, StoreBusy]
        assert await marked(writer, "a") == [None]
        assert await writer.write(marking("a")) == "a"

    async def test_who_gives_up_before_it_began_leaves_nothing(self, writer):
        given_up = asyncio.create_task(writer.write(marking("a")))
        kept = asyncio.create_task(writer.write(marking("b")))
        await asyncio.sleep(0)  # noqa: TID251 - both have asked, nothing has begun
        given_up.cancel()
        assert await kept == "b"
        assert given_up.cancelled()
        assert await marked(writer, "a", "b") == [None, 1]


class TestCatalog:
    async def test_what_goes_in_comes_out(self, store):
        event = an_event(
            sub_title="s", mutually_exclusive=True, fees=FeeTerms("quadratic", 500_000), strike_us=3
        )
        market = a_market(
            grid=TAPERED_DECI_CENT,
            expected_expiration_us=NOW + HOUR,
            floor_strike="12.5",
            result=Result.SCALAR,
            settlement_value=Price.parse("0.3333"),
            rules_primary="Wetterstation Zürich ≥ 3 °C",
            can_close_early=True,
        )
        quote = a_quote(bid=None, last=Price.parse("0.0010"))
        async with store.unit() as unit:
            await unit.catalog.save_series([SERIES], NOW)
            await unit.catalog.save_events([event], NOW)
            await unit.catalog.save_listings([Listing(market, quote)], NOW)
            assert await unit.catalog.entries() == (CatalogEntry(market, quote, event, SERIES),)

    async def test_fees_that_are_announced_are_told_until_all_events_were_read_after_them(
        self, store
    ):
        half = FeeTerms("quadratic", 500_000)
        of_series = FeeChange("1", SERIES.ticker, None, half, NOW + HOUR)
        cleared = FeeChange("1", SERIES.ticker, "E", None, NOW)
        elsewhere = FeeChange("2", "OTHER", "O", half, NOW + SECOND)
        await seed(store)
        async with store.unit() as unit:
            await unit.catalog.save_fee_changes([FeeChange("0", "S", None, half, NOW)])
            await unit.catalog.save_fee_changes([of_series, cleared, elsewhere])
            assert await unit.catalog.fee_changes() == (cleared, elsewhere, of_series)
            await unit.catalog.save_listings([Listing(a_market(), a_quote())], NOW)
            assert (await unit.catalog.entries())[0].fee_changes == (cleared, of_series)
            await unit.catalog.set_marker("full_pass", NOW)
            assert await unit.catalog.fee_changes() == (elsewhere, of_series)
            assert (await unit.catalog.entries())[0].fee_changes == (of_series,)

    async def test_a_market_without_a_usable_grid_keeps_none(self, store):
        await seed(store)
        async with store.unit() as unit:
            await unit.catalog.save_listings([Listing(a_market(grid=None), a_quote())], NOW)
            assert (await unit.catalog.entries())[0].market.grid is None

    @pytest.mark.parametrize("count", [49, 50, 249, 1_312])
    async def test_as_many_as_there_are_go_in_and_come_out(self, store, count):
        """Many rows go in one statement; none of them may be left out or take another's place."""
        await seed(store)

        def listed(volume: int) -> list[Listing]:
            return [
                Listing(a_market(f"T{n}"), a_quote(ticker=f"T{n}", volume=Contracts(n + volume)))
                for n in range(count)
            ]

        async with store.unit() as unit:
            saved = await unit.catalog.save_listings(listed(0), NOW)
            assert (saved.new, saved.changed) == (count, 0)
            again = await unit.catalog.save_listings([*listed(0)[1:], listed(7)[0]], NOW)
            assert (again.new, again.changed, again.unchanged) == (0, 1, count - 1)
            await unit.catalog.save_listings(listed(7), NOW)
            found = await unit.catalog.entries(tickers=[f"T{n}" for n in range(count)])
        volumes = {entry.market.ticker: entry.quote.volume.units for entry in found}
        assert volumes == {f"T{n}": n + 7 for n in range(count)}

    async def test_saving_twice_finds_everything_as_it_was(self, store):
        listings = [Listing(a_market(t), a_quote(ticker=t)) for t in ("A", "B", "C")]
        await seed(store)
        async with store.unit() as unit:
            assert await unit.catalog.save_listings(listings, NOW) == Saved(new=3)
            assert await unit.catalog.save_listings(listings, NOW) == Saved(unchanged=3)
            assert await unit.catalog.save_events([an_event()], NOW) == Saved(unchanged=1)
            moved = [replace(listings[0], quote=a_quote("0.4100", ticker="A")), *listings[1:]]
            assert await unit.catalog.save_listings(moved, NOW) == Saved(changed=1, unchanged=2)
            closed = replace(moved[1], market=a_market("B", status=MarketStatus.CLOSED))
            assert await unit.catalog.save_listings([closed], NOW) == Saved(changed=1)

    async def test_a_quote_seen_again_is_fresh_and_an_older_one_loses(self, store):
        await seed(store)
        later, older = NOW + SECOND, NOW - SECOND
        async with store.unit() as unit:
            again = [Listing(a_market(), a_quote(at_us=later))]
            assert await unit.catalog.save_listings(again, NOW) == Saved(unchanged=1)
            stale = [Listing(a_market(), a_quote("0.1000", at_us=older))]
            assert await unit.catalog.save_listings(stale, NOW) == Saved(unchanged=1)
            assert (await unit.catalog.entries())[0].quote == a_quote(at_us=later)

    async def test_a_listing_that_reads_as_before_moves_the_time_of_its_quote_alone(self, store):
        await seed(store, "A", "B", "C")
        marks = {"A": 7, "B": -8, "C": 9}
        listings = [Listing(a_market(t), a_quote(ticker=t), mark) for t, mark in marks.items()]
        async with store.unit() as unit:
            await unit.catalog.save_listings(listings, NOW)
            assert await unit.catalog.known_listings(NOW) == {7: "A", -8: "B", 9: "C"}
            assert await unit.catalog.known_listings(NOW + 1) == {}
            later = NOW + SECOND
            seen = [SeenAgain("A", 7, later), SeenAgain("B", 1, later), SeenAgain("X", 5, later)]
            await unit.catalog.seen_again(seen)  # B was written since it was asked about
            quotes = {e.market.ticker: e.quote for e in await unit.catalog.entries(["A", "B"])}
            assert quotes == {"A": a_quote(ticker="A", at_us=later), "B": a_quote(ticker="B")}
            await unit.catalog.seen_again([SeenAgain("A", 7, NOW)])
            assert (await unit.catalog.entries(["A"]))[0].quote.at_us == later

    async def test_a_fingerprint_alone_decides_whether_a_quote_reads_as_before(self, store):
        await seed(store)
        async with store.unit() as unit:
            first = Listing(a_market(), a_quote(), 7)
            assert await unit.catalog.save_listings([first], NOW) == Saved(changed=1)
            assert await unit.catalog.save_listings([first], NOW) == Saved(unchanged=1)
            again = replace(first, fingerprint=8)
            assert await unit.catalog.save_listings([again], NOW) == Saved(changed=1)
            assert await unit.catalog.known_listings(0) == {8: "T"}

    async def test_a_listing_older_than_the_quote_changes_nothing(self, store):
        """Else the store would know the newer wording, and never read the market again."""
        await seed(store)
        newer = Listing(a_market(title="New"), a_quote(at_us=NOW + 1), 8)
        older = Listing(a_market(title="Old"), a_quote(), 7)
        async with store.unit() as unit:
            await unit.catalog.save_listings([newer], NOW)
            assert await unit.catalog.save_listings([older], NOW) == Saved(unchanged=1)
            (entry,) = await unit.catalog.entries()
            assert (entry.market.title, entry.quote.at_us) == ("New", NOW + 1)

    async def test_a_verdict_is_of_one_mark_and_ends_when_it_says(self, store):
        await seed(store)
        verdicts = {
            "KEPT": Verdict(7, None, FOREVER),
            "DROPPED": Verdict(7, "TOO_FAR", NOW + DAY),
            "OLD": Verdict(6, "TOO_FAR", FOREVER),
            "SHUT": Verdict(7, "NOT_ACTIVE", FOREVER),
        }
        markets = {t: a_market(t) for t in (*verdicts, "NONE")}
        markets["SHUT"] = a_market("SHUT", status=MarketStatus.CLOSED)
        listings = [Listing(m, a_quote(ticker=t)) for t, m in markets.items()]
        async with store.unit() as unit:
            catalog = unit.catalog
            await catalog.save_listings(listings, NOW, verdicts)
            assert await catalog.unscreened(7, NOW) == ("NONE", "OLD", "T")
            assert await catalog.undropped(7, NOW) == ("KEPT", "NONE", "OLD", "T")
            assert await catalog.verdict_counts(7, NOW) == {None: 1, "TOO_FAR": 1}
            assert await catalog.unscreened(7, NOW + DAY - 1) == ("NONE", "OLD", "T")
            assert await catalog.unscreened(7, NOW + DAY) == ("DROPPED", "NONE", "OLD", "T")
            assert await catalog.verdict_counts(7, NOW + DAY) == {None: 1}
            late = Verdict(7, "CLOSING", FOREVER)
            await catalog.save_verdicts(dict.fromkeys(("DROPPED", "NONE", "OLD", "T"), late))
            await catalog.save_verdicts({})
            assert await catalog.unscreened(7, NOW + DAY) == ()
            assert await catalog.undropped(7, NOW + DAY) == ("KEPT",)
            assert await catalog.verdict_counts(7, NOW + DAY) == {None: 1, "CLOSING": 4}
            assert await catalog.verdict_counts(8, NOW) == {}

    async def test_a_verdict_goes_with_what_it_was_given_on(self, store):
        """The market, its quote, its event and its series; seen again alone leaves it."""
        await seed(store, "A", "B", "T")
        kept = {t: Verdict(7, None, FOREVER) for t in ("A", "B", "T")}
        again = Listing(a_market("A"), a_quote(ticker="A", at_us=NOW + 1))
        moved = Listing(a_market("A"), a_quote("0.4100", ticker="A", at_us=NOW + 1))
        renamed = Listing(a_market("A", title="New"), a_quote(ticker="A"))
        async with store.unit() as unit:
            catalog = unit.catalog

            async def lost_by(save, *rows):
                await catalog.save_verdicts(kept)
                assert await catalog.unscreened(7, NOW) == ()
                await save(rows, NOW)
                return await catalog.unscreened(7, NOW)

            assert await lost_by(catalog.save_events, an_event()) == ()
            assert await lost_by(catalog.save_events, an_event("F", title="Elsewhere")) == ()
            assert await lost_by(catalog.save_events, an_event(category="X")) == ("A", "B", "T")
            assert await lost_by(catalog.save_series, SERIES) == ()
            sports = replace(SERIES, category="Sports")
            assert await lost_by(catalog.save_series, sports) == ("A", "B", "T")
            assert await lost_by(catalog.save_listings, renamed) == ("A",)
            assert await lost_by(catalog.save_listings, replace(renamed, fingerprint=9)) == ("A",)
            assert await lost_by(catalog.save_listings, replace(renamed, fingerprint=9)) == ()
            assert await lost_by(catalog.save_listings, moved) == ("A",)
            assert await lost_by(catalog.save_listings, again) == ("A",)
            later = replace(again, quote=replace(again.quote, at_us=NOW + 2))
            assert await lost_by(catalog.save_listings, later) == ()
            assert await catalog.unseen(NOW) == ()
            assert await catalog.unseen(NOW + 1) == ("B", "T")

    async def test_entries_by_ticker_or_all(self, store):
        await seed(store, "B", "A", "C")
        async with store.unit() as unit:
            everything = await unit.catalog.entries()
            assert [entry.market.ticker for entry in everything] == ["A", "B", "C"]
            named = await unit.catalog.entries(tickers={"C", "B", "nothing"})
            assert [entry.market.ticker for entry in named] == ["B", "C"]
            assert await unit.catalog.entries(tickers=()) == ()
            assert await unit.catalog.events(["E", "F"]) == {"E": an_event()}
            assert await unit.catalog.events([]) == {}
            assert await unit.catalog.known_series() == {"SERIES": "Weather"}

    async def test_an_event_needs_its_series(self, store):
        async def save() -> None:
            async with store.unit() as unit:
                await unit.catalog.save_events([an_event(series_ticker="NOWHERE")], NOW)
                await unit.commit()

        with pytest.raises(IntegrityError):
            await save()
        async with store.unit() as unit:
            assert await unit.catalog.events([an_event().event_ticker]) == {}

    async def test_watched_is_held_ordered_or_forecast_and_unsettled(self, store):
        run = await seed(store, "HELD", "ORDERED", "FORECAST", "OVER", "PLAIN")
        over = a_market("OVER", status=MarketStatus.FINALIZED, result=Result.NO)
        async with store.unit() as unit:
            await unit.ledger.save_positions(
                [Position("HELD", "x", Contracts(100)), Position("PLAIN", "x", Contracts(0))]
            )
            forecasts = [
                a_forecast(ticker=t, forecast_id=t, run_id=run.run_id) for t in ("FORECAST", "OVER")
            ]
            await unit.forecasts.add(forecasts)
            await unit.catalog.save_listings([Listing(over, a_quote(ticker="OVER"))], NOW)
            await unit.commit()
        await journalled(store, an_intent(ticker="ORDERED", forecast_id=None), run=run.run_id)
        async with store.unit() as unit:
            assert await unit.catalog.watched() == {"HELD", "ORDERED", "FORECAST"}

    async def test_quote_history_and_funnel(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            for _ in range(2):
                await unit.catalog.record_quotes([a_quote()], "decision")
            await unit.catalog.drop_counts(run.run_id, {"volume": 3, "expiry": 7})
            await unit.catalog.drop_counts(run.run_id, {"volume": 2, "expiry": 9})
            await unit.commit()
        funnel = await store.reports.funnel()
        assert [(row.name, row.count) for row in funnel] == [("expiry", 9), ("volume", 2)]

    async def test_what_was_last_wanted_in_a_market_before_its_close(self, store):
        """Of A the newest bid is of within the quarter of an hour before the newest quote, of B it
        is older, and nobody was ever seen in C; what is told after the close is no quote.
        """
        await seed(store, "A", "B", "C")
        bid, ask = (Level(Price.parse(p), Contracts.parse("5.00")) for p in ("0.4000", "0.4500"))

        def told(ticker, minutes, *, bid=None, ask=None):
            at_us = a_market().close_us + minutes * MINUTE
            return replace(a_quote(ticker=ticker), at_us=at_us, bid=bid, ask=ask)

        lines = [
            told("A", -40, bid=bid, ask=bid), told("A", -16, bid=bid), told("A", -1, ask=ask),
            told("A", 0), told("A", 1, bid=ask),
            told("B", -17, bid=bid), told("B", -1, ask=ask),
            told("C", -1), told("C", 1, bid=bid),
        ]  # fmt: skip
        async with store.unit() as unit:
            await unit.catalog.record_quotes(lines, "held")
            found = await unit.catalog.last_quoted(["A", "B", "C"], 15 * MINUTE)
            assert found == {"A": Behind(bid, ask), "B": Behind(None, ask)}
            assert await unit.catalog.last_quoted([], 15 * MINUTE) == {}


class TestForecasts:
    async def test_the_newest_of_each_ticker(self, store):
        run = await seed(store, "A", "B")
        old, new = (
            a_forecast(
                ticker="A",
                forecast_id=str(at),
                made_us=NOW + at,
                run_id=run.run_id,
                cost=AiCost(at),
            )
            for at in (1, 2)
        )
        bare = a_forecast(ticker="B", forecast_id="b", run_id=run.run_id, market=None)
        bare = replace(bare, blended=None, cost=AiCost(0), label="oracle")
        bare = replace(bare, advice=Advice(None), decision_id="d1")
        new = replace(new, advice=Advice(Side.ASK, Price.parse("0.4321")))
        async with store.unit() as unit:
            await unit.forecasts.add([new, old, bare])
            assert await unit.forecasts.latest(["A", "B", "C"]) == {"A": new, "B": bare}
            assert await unit.forecasts.paid_since(NOW + 2) == {"A": (NOW + 2,)}
            assert await unit.forecasts.paid_since(NOW) == {"A": (NOW + 1, NOW + 2)}


class TestAiLedger:
    async def test_money_is_set_aside_and_then_what_it_cost_counts(self, store):
        run = await seed(store)
        call = a_reservation(run.run_id, amount=700, wall_us=WALL)
        async with store.unit() as unit:
            assert await unit.ai.reserve(call, daily_budget=AiCost(700)) is None
            assert await unit.ai.spent(day_of(WALL)) == AiCost(700)
            await unit.commit()
        async with store.unit() as unit:
            await unit.ai.settle(a_settled(11))
            assert await unit.ai.spent(day_of(WALL)) == AiCost(11)
            assert await unit.ai.spent(day_of(WALL) + 1) == AiCost(0)
            assert await unit.ai.spent_ever() == AiCost(11)
            await unit.commit()
        assert (await store.audit.check()).findings == ()

    async def test_a_call_is_settled_once_however_often_that_is_written(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            await unit.ai.reserve(a_reservation(run.run_id, wall_us=WALL), daily_budget=None)
            await unit.ai.settle(a_settled(11, text="first"))
            await unit.ai.settle(a_settled(12, text="again"))
            assert await unit.ai.spent(day_of(WALL)) == AiCost(11)
            await unit.commit()
        async with store.unit() as unit:
            await unit.ai.settle(a_settled(13, text="later"))
            await unit.commit()
        with pytest.raises(ValueError, match="c2 is not on record"):
            await store.write(lambda unit: unit.ai.settle(a_settled(11, "c2")))
        (row,) = await store.reports.ai_calls()
        assert (row.cost, await answered(store, "c1")) == (AiCost(11), "first")
        assert (await store.audit.check()).findings == ()

    async def test_a_day_gives_no_more_than_it_has(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            first = a_reservation(run.run_id, "c1", 600, WALL)
            assert await unit.ai.reserve(first, daily_budget=AiCost(1_000)) is None
            second = replace(first, call_id="c2", amount=AiCost(401))
            assert await unit.ai.reserve(second, daily_budget=AiCost(1_000)) is Unfunded.BUDGET
            assert (
                await unit.ai.reserve(replace(second, wall_us=WALL + DAY), daily_budget=None)
                is None
            )
            third = replace(second, call_id="c3", amount=AiCost(400))
            assert await unit.ai.reserve(third, daily_budget=AiCost(1_000)) is None
            assert await unit.ai.spent(day_of(WALL)) == AiCost(1_000)
            await unit.commit()
        assert [row.call_id for row in await store.reports.ai_calls()] == ["c2", "c3", "c1"]

    async def test_what_calls_of_one_transaction_cost_leaves_room_for_the_next(self, store):
        """Of 1,000: 600 set aside became 100, then 900 are left; 5 became 995, then none are."""
        run = await seed(store)
        day = {"daily_budget": AiCost(1_000)}
        async with store.unit() as unit:
            first = a_reservation(run.run_id, "c1", 600, WALL)
            assert await unit.ai.reserve(first, **day) is None
            await unit.ai.settle(a_settled(100, "c1"))
            much = replace(first, call_id="c2", amount=AiCost(901))
            assert await unit.ai.reserve(much, **day) is Unfunded.BUDGET
            assert await unit.ai.reserve(replace(much, amount=AiCost(900)), **day) is None
            one = replace(first, call_id="c3", amount=AiCost(1))
            assert await unit.ai.reserve(one, **day) is Unfunded.BUDGET
            assert await unit.ai.spent(day_of(WALL)) == AiCost(1_000)
            late = [replace(first, call_id=f"d{n}", wall_us=WALL + DAY) for n in range(3)]
            assert await unit.ai.reserve(replace(late[0], amount=AiCost(5)), **day) is None
            await unit.ai.settle(a_settled(995, "d0"))
            await unit.ai.settle(a_settled(995, "d0"))
            assert await unit.ai.reserve(replace(late[1], amount=AiCost(6)), **day) is (
                Unfunded.BUDGET
            )
            assert await unit.ai.reserve(replace(late[1], amount=AiCost(5)), **day) is None
            assert await unit.ai.reserve(replace(late[2], amount=AiCost(1)), **day) is (
                Unfunded.BUDGET
            )
            assert await unit.ai.spent(day_of(WALL) + 1) == AiCost(1_000)
            await unit.commit()
        assert (await store.audit.check()).findings == ()

    async def test_a_provider_that_is_not_paid_is_asked_again_tomorrow_or_when_it_is(self, store):
        run = await seed(store)
        calls = [a_reservation(run.run_id, f"c{n}", wall_us=WALL + n) for n in range(3)]
        tomorrow = replace(calls[0], wall_us=WALL + DAY)
        async with store.unit() as unit:
            await unit.ai.in_credit()  # nobody said otherwise
            await unit.ai.out_of_credits(WALL)
            assert await unit.ai.reserve(calls[1], daily_budget=None) is Unfunded.CREDITS
            assert await unit.ai.spent_ever() == AiCost(0)
            assert await unit.ai.reserve(tomorrow, daily_budget=None) is None
            await unit.ai.in_credit()
            assert await unit.ai.reserve(calls[1], daily_budget=None) is None
            await unit.ai.out_of_credits(WALL + 1)
            assert await unit.ai.reserve(calls[2], daily_budget=None) is Unfunded.CREDITS
            await unit.commit()

    async def test_a_bill_is_charged_to_the_day_of_the_call(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            call = a_reservation(run.run_id, amount=5, wall_us=WALL)
            assert await unit.ai.reserve(call, daily_budget=None) is None
            await unit.ai.settle(a_settled(2_000_000_000_000))  # $200: more than was set aside
            assert await unit.ai.spent(day_of(WALL)) == AiCost(2_000_000_000_000)
            await unit.commit()

    async def test_every_word_is_kept_once(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            for name in ("c1", "c2"):
                call = a_reservation(run.run_id, name, wall_us=WALL, decision_id=name)
                await unit.ai.reserve(call, daily_budget=None)
                await unit.ai.settle(a_settled(3, name, text=f"{name} said", detail="odd"))
            await unit.commit()
        whole = await store.reports.ai_call("c2")
        assert (whole.system, whole.user, whole.answer) == (PROMPT.system, PROMPT.user, "c2 said")
        row = whole.call
        assert (row.role, row.prompt_version, row.decision_id) == ("forecaster", "v1", "c2")
        assert (row.served_model, row.prompt_tokens, row.reason) == ("grok-4.3", 10, "odd")
        assert (row.cost, row.reserved, row.form) == (AiCost(3), AiCost(1_000), "clean")
        assert await store.reports.ai_call("c9") is None
        assert await store.reports.ai_calls(since_wall_us=WALL + 1) == ()

    async def test_what_an_answer_says_is_kept_apart_from_its_words(self, store):
        run = await seed(store)
        said = {"markets": [{"ticker": "A", "probability": 0.25}]}
        async with store.unit() as unit:
            for name, parsed in (("c1", said), ("c2", None)):
                call = a_reservation(run.run_id, name, wall_us=WALL, decision_id=name)
                await unit.ai.reserve(call, daily_budget=None)
                await unit.ai.settle(a_settled(3, name, parsed=parsed))
            await unit.commit()
        (row,) = await store.reports.said(["c1", "c2", "c9"])
        assert (row.decision_id, row.role, row.prompt_version) == ("c1", "forecaster", "v1")
        assert (row.served_model, row.form, row.called_wall_us) == ("grok-4.3", "clean", WALL)
        assert row.parsed == said
        assert (await store.reports.ai_call("c1")).parsed == said
        assert await store.reports.said([]) == ()

    async def test_old_words_are_dropped_where_nothing_is_at_stake(self, store):
        run = await seed(store)
        cases = {"old": ("E9", WALL, "old"), "held": ("E", WALL, "held")}
        cases |= {"new": ("E9", WALL + 1, "new"), "again": ("E9", WALL, "new")}
        async with store.unit() as unit:
            for name, (event, at, words) in cases.items():
                prompt = replace(PROMPT, user=f"{words}?")
                call = a_reservation(
                    run.run_id, name, wall_us=at, event_ticker=event, prompt=prompt
                )
                await unit.ai.reserve(call, daily_budget=None)
                await unit.ai.settle(a_settled(3, name, text=f"{words}!", parsed={"of": name}))
            await unit.ledger.save_positions([Position("T", "x", Contracts(100))])
            await unit.commit()
        async with store.unit() as unit:
            assert await unit.ai.drop_texts(WALL + 1) == 2  # the question and the answer
            assert await unit.ai.drop_texts(WALL + 1) == 0
            await unit.commit()
        whole = {name: await store.reports.ai_call(name) for name in cases}
        assert (whole["old"].user, whole["old"].answer) == (None, None)
        assert (whole["old"].system, whole["old"].parsed) == (PROMPT.system, {"of": "old"})
        assert {n: w.answer for n, w in whole.items()} == {
            "old": None,
            "held": "held!",
            "new": "new!",
            "again": "new!",
        }
        async with store.unit() as unit:  # said once more, it is known once more
            call = a_reservation(run.run_id, "c5", wall_us=WALL + 2, event_ticker="E9")
            await unit.ai.reserve(call, daily_budget=None)
            await unit.ai.settle(a_settled(3, "c5", text="old!"))
            await unit.commit()
        assert (await store.reports.ai_call("old")).answer == "old!"

    async def test_odd_text_is_kept_as_what_stands_for_it(self, store):
        """A NUL, which PostgreSQL cannot keep, and half a surrogate, which nothing can encode."""
        run = await seed(store)
        odd = replace(PROMPT, user="why \0 \udc80?")
        async with store.unit() as unit:
            await unit.ai.reserve(a_reservation(run.run_id, prompt=odd), daily_budget=None)
            await unit.ai.settle(
                a_settled(3, text="\0 \ud800\U0001f600", detail="\0", served_model="g\0")
            )
            await unit.commit()
        whole = await store.reports.ai_call("c1")
        assert (whole.user, whole.answer) == ("why \u2400 \ufffd?", "\u2400 \ufffd\U0001f600")
        assert (whole.call.reason, whole.call.served_model) == ("\u2400", "g\u2400")

    async def test_what_was_spent_on_what_and_who_used_it(self, store):
        run = await seed(store)
        calls = {"c1": ("d1", 0, 30), "c2": ("d1", 7, 12), "c3": ("d2", DAY, None)}
        async with store.unit() as unit:
            for name, (decision, later, cost) in calls.items():
                facts = {"wall_us": WALL + later, "decision_id": decision}
                facts["event_ticker"] = "E" if decision == "d1" else "OTHER"
                call = a_reservation(run.run_id, name, 99, **facts)
                await unit.ai.reserve(call, daily_budget=None)
                if cost is not None:
                    await unit.ai.settle(a_settled(cost, name))
            await unit.commit()
        day = day_of(WALL)
        first, second = await store.reports.ai_costs()
        assert (first.decision_id, first.wall_day, first.role) == ("d1", day, "forecaster")
        assert (first.model, first.calls, first.cost) == ("grok-4.3", 2, AiCost(42))
        assert (second.wall_day, second.model, second.cost) == (day + 1, "grok-4", AiCost(99))
        assert await store.reports.ai_costs(ticker="T") == (first,)
        assert await store.reports.ai_costs(since_wall_us=WALL + DAY) == (second,)
        assert await store.reports.ai_users() == {}

    async def test_an_order_uses_a_decision_unless_it_never_was_at_the_exchange(self, store):
        run = await seed(store, "T")
        async with store.unit() as unit:
            await unit.ai.reserve(a_reservation(run.run_id, "c1", 5), daily_budget=None)
            facts = {"forecast_id": "f1", "run_id": run.run_id, "decision_id": "d1"}
            await unit.forecasts.add([a_forecast(**facts)])
            await unit.commit()
        order = await journalled(store, an_intent(forecast_id="f1"))
        mark, changes, used, told = Mark(), [], [], []
        for state in ("not_sent", "canceled", "rejected", "unknown", "absent", "filled"):
            moved = replace(order, state=OrderState(state))
            async with store.unit() as unit:
                await unit.journal.save(moved, Cause.REPORT)
                since = await unit.ai.uses(mark)
                mark = since.mark
                changes.append([(use.decision_id, use.strategy, use.orders) for use in since.uses])
                used += [use.orders for use in (await unit.ai.uses(Mark())).uses]
                await unit.commit()
            assert since.costs == {"d1": AiCost(5)}
            told.append(bool(await store.reports.ai_users()))
        more, less = [("d1", STRATEGY, 1)], [("d1", STRATEGY, -1)]
        assert changes == [[], more, less, more, less, more]
        assert used == [1, 1, 1]
        assert told == [False, True, False, True, False, True]
        async with store.unit(reads=True) as unit:
            assert (await unit.ai.uses(mark)).uses == ()

    async def test_of_the_record_only_what_is_new_is_read(self, store):
        """Calls of a day before the newest one, and older ones that an order is sent on now."""
        run = await seed(store, "T")
        days = {"d1": 0, "d2": 2 * DAY, "d3": 4 * DAY}
        async with store.unit() as unit:
            for name, later in days.items():
                call = a_reservation(run.run_id, f"c-{name}", 5, WALL + later, decision_id=name)
                await unit.ai.reserve(call, daily_budget=None)
                facts = {"run_id": run.run_id, "decision_id": name}
                await unit.forecasts.add([a_forecast(forecast_id=f"f-{name}", **facts)])
            await unit.commit()
        async with store.unit() as unit:
            first = await unit.ai.uses(Mark())
            await unit.ai.settle(a_settled(7, "c-d3"))
            await unit.commit()
        assert first.costs == dict.fromkeys(days, AiCost(5))
        await journalled(store, an_intent(forecast_id="f-d1"))
        async with store.unit(reads=True) as unit:
            second = await unit.ai.uses(first.mark)
        assert second.uses == (Use("d1", STRATEGY, 1),)
        assert second.costs == {"d1": AiCost(5), "d3": AiCost(7)}

    async def test_a_call_in_flight_is_on_record(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            await unit.ai.reserve(a_reservation(run.run_id), daily_budget=None)
            await unit.commit()
        (row,) = await store.reports.ai_calls()
        assert (row.outcome, row.cost, row.latency_ms) == ("in_flight", None, None)
        assert (await store.reports.ai_call("c1")).answer is None

    async def test_which_model_answered_to_a_name_first(self, store):
        run = await seed(store)
        async with store.unit() as unit:
            assert await unit.ai.first_served(["grok-4"], "xai") == ""
            for at, (model, outcome) in enumerate(
                [("", "timed_out"), ("grok-4.3", "answered"), ("grok-5", "answered")]
            ):
                call = a_reservation(run.run_id, f"c{at}", wall_us=WALL + at)
                await unit.ai.reserve(call, daily_budget=None)
                ended = a_settled(1, f"c{at}", served_model=model, outcome=Outcome(outcome))
                await unit.ai.settle(ended)
            assert await unit.ai.first_served(["grok-4"], "xai") == "grok-4.3"
            assert await unit.ai.first_served(["grok-3"], "xai") == ""
            assert await unit.ai.first_served(["grok-4"], "localhost") == ""


async def answered(store, call_id):
    return (await store.reports.ai_call(call_id)).answer


async def journalled(store, intent, name="k1", run="run-000001", sequence=1) -> Order:
    order = Order(name, intent, OrderState.INTENT, NOW, NOW, run, sequence)
    async with hold_lease(store, "trading", lambda: WALL) as lease, store.unit() as unit:
        await unit.journal.record(order, lease.token, lambda: WALL)
        await unit.commit()
    return order


async def forecast_made(store) -> str:
    run = await seed(store)
    async with store.unit() as unit:
        await unit.forecasts.add([a_forecast(run_id=run.run_id)])
        await unit.commit()
    return run.run_id


class TestJournal:
    async def test_an_order_comes_back_as_it_was(self, store):
        await forecast_made(store)
        order = await journalled(store, an_intent(expires_us=NOW + HOUR, post_only=True))
        async with store.unit() as unit:
            assert await unit.journal.live() == (order,)
            resting = replace(
                order.moved(OrderState.RESTING, NOW + 1),
                order_id="o1",
                pending=Pending.CANCEL,
                filled=Contracts(300),
                message="seen",
            )
            await unit.journal.save(resting, Cause.REPORT)
            assert await unit.journal.find(order_ids=["o1"]) == (resting,)
            assert await unit.journal.find(client_order_ids=["k1", "k9"]) == (resting,)
            await unit.journal.save(resting.moved(OrderState.CANCELED, NOW + 2), Cause.REPORT)
            assert await unit.journal.live() == ()

    async def test_only_the_holder_of_the_lease_journals(self, store):
        await forecast_made(store)
        order = Order("k1", an_intent(), OrderState.INTENT, NOW, NOW, "run-000001", 1)

        async def journals(token: str, wall_us: int) -> None:
            async with store.unit() as unit:
                await unit.journal.record(order, token, lambda: wall_us)
                await unit.commit()

        async with hold_lease(store, "trading", lambda: WALL) as lease:
            with pytest.raises(LeaseHeld):
                await journals("somebody else's", WALL)
            with pytest.raises(LeaseHeld):
                await journals(lease.token, WALL + 10**18)
            token = lease.token
        with pytest.raises(LeaseHeld):
            await journals(token, WALL)
        async with store.unit() as unit:
            assert await unit.journal.live() == ()

    async def test_one_live_entry_for_each_strategy_market_and_forecast(self, store):
        await forecast_made(store)
        first = await journalled(store, an_intent())
        with pytest.raises(DuplicateEntry):
            await journalled(store, an_intent(), "k2", sequence=2)
        await journalled(store, an_intent(strategy="other"), "k3", sequence=3)
        await journalled(store, an_intent(purpose=Purpose.EXIT), "k4", sequence=4)
        async with store.unit() as unit:
            await unit.journal.save(first.moved(OrderState.REJECTED, NOW), Cause.REPORT)
            await unit.commit()
        await journalled(store, an_intent(), "k5", sequence=5)

    async def test_an_order_given_up_may_turn_up_beside_its_successor(self, store):
        await forecast_made(store)
        lost = await journalled(store, an_intent())
        lost = lost.moved(OrderState.UNKNOWN, NOW).moved(OrderState.ABSENT, NOW)
        async with store.unit() as unit:
            await unit.journal.save(lost, Cause.REPORT)
            await unit.commit()
        again = await journalled(store, an_intent(), "k2", sequence=2)
        found = replace(lost.moved(OrderState.RESTING, NOW), order_id="o1")
        async with store.unit() as unit:
            await unit.journal.save(found, Cause.REPORT)
            assert await unit.journal.live() == (found, again)

    async def test_orders_that_the_exchange_may_still_show(self, store):
        await forecast_made(store)
        lost = await journalled(store, an_intent())
        lost = lost.moved(OrderState.UNKNOWN, NOW).moved(OrderState.ABSENT, NOW)
        waiting = await journalled(store, an_intent(forecast_id=None), "k2", sequence=2)
        refused = await journalled(store, an_intent(forecast_id=None), "k3", sequence=3)
        refused = refused.moved(OrderState.REJECTED, NOW)
        async with store.unit() as unit:
            await unit.journal.save(lost, Cause.REPORT)
            await unit.journal.save(refused, Cause.REPORT)
            assert await unit.journal.unplaced({"T", "U"}) == (lost, waiting, refused)
            assert await unit.journal.unplaced({"U"}) == ()
            assert await unit.journal.given_up(NOW) == (lost,)
            assert await unit.journal.given_up(NOW + 1) == ()

    async def test_orders_without_a_forecast_do_not_clash(self, store):
        await forecast_made(store)
        for number in (1, 2):
            await journalled(store, an_intent(forecast_id=None), f"k{number}", sequence=number)
        with pytest.raises(Refused) as refused:
            await journalled(store, an_intent(forecast_id=None), "k1", sequence=3)
        assert refused.type is Refused

    async def test_what_counts_as_sent(self, store):
        await forecast_made(store)
        order = await journalled(store, an_intent())
        await journalled(store, an_intent(purpose=Purpose.EXIT), "k2", sequence=2)
        async with store.unit() as unit:
            traded = frozenset({(STRATEGY, "T", "f1")})
            assert await unit.journal.entries_since(NOW) == 1
            assert await unit.journal.entries_since(NOW + 1) == 0
            assert await unit.journal.traded_forecasts(["T", "U"]) == traded
            assert await unit.journal.traded_forecasts(["U"]) == frozenset()
            await unit.journal.save(order.moved(OrderState.REJECTED, NOW), Cause.REPORT)
            assert await unit.journal.traded_forecasts(["T"]) == frozenset()
        async with store.unit() as unit:
            await unit.journal.save(order.moved(OrderState.NOT_SENT, NOW), Cause.REPORT)
            assert await unit.journal.traded_forecasts(["T"]) == frozenset()
            assert await unit.journal.entries_since(NOW) == 0

    async def test_a_forecast_is_let_be_after_three_refusals(self, store):
        await forecast_made(store)
        found = []
        for number in (1, 2, 3):
            order = await journalled(store, an_intent(), f"k{number}", sequence=number)
            async with store.unit() as unit:
                await unit.journal.save(order.moved(OrderState.REJECTED, NOW), Cause.ANSWER)
                found.append(await unit.journal.traded_forecasts(["T"]))
                await unit.commit()
        assert found == [frozenset(), frozenset(), {(STRATEGY, "T", "f1")}]

    async def test_saving_what_was_never_journalled_is_a_defect(self, store):
        order = Order("k1", an_intent(), OrderState.INTENT, NOW, NOW, "run-000001", 1)
        async with store.unit() as unit:
            with pytest.raises(IntegrityError):
                await unit.journal.save(order, Cause.REPORT)

    async def test_old_denials_go_unless_an_order_lives_or_something_is_held(self, store):
        """T has a live order and U a position of one strategy each; the other has nothing there."""
        run_id = await forecast_made(store)
        await journalled(store, an_intent(forecast_id=None))
        denial = Denial("EVENT_EXPOSURE", "too much", "1200.00", "1000.00")
        wanted = [
            an_intent(ticker=ticker, strategy=strategy, forecast_id=None)
            for ticker in ("T", "U")
            for strategy in (STRATEGY, "other")
        ]
        async with store.unit() as unit:
            held = Position("U", "other", Contracts(100), Money(1), opened_us=NOW)
            await unit.ledger.save_positions([held])
            for number in range(3):
                await unit.journal.deny([(each, denial) for each in wanted], run_id, NOW + number)
            await unit.commit()

        async def dropped(before_us, most):
            async with store.unit() as unit:
                found = await unit.journal.drop_denials(before_us, most=most)
                await unit.commit()
                return found

        assert [await dropped(NOW, 10), await dropped(NOW + 2, 3)] == [0, 3]
        assert [await dropped(NOW + 2, 3), await dropped(NOW + 2, 3)] == [1, 0]
        left = [(d.ticker, d.strategy, d.at_us) for d in await store.reports.denials()]
        kept = {("T", STRATEGY), ("U", "other")}
        assert sorted(left) == sorted(
            (each.ticker, each.strategy, NOW + number)
            for each in wanted
            for number in range(3)
            if number == 2 or (each.ticker, each.strategy) in kept
        )

    async def test_denials_keep_their_numbers(self, store):
        run = await seed(store)
        denial = Denial("EVENT_EXPOSURE", "too much", "1200.00", "1000.00")
        async with store.unit() as unit:
            await unit.journal.deny([(an_intent(), denial)], run.run_id, NOW)
            await unit.journal.deny([], run.run_id, NOW)
            await unit.commit()
        (row,) = await store.reports.denials(strategy=STRATEGY)
        assert (row.code, row.value, row.limit, row.run_id) == (
            "EVENT_EXPOSURE",
            "1200.00",
            "1000.00",
            run.run_id,
        )
        assert (row.strategy, row.ticker, row.purpose, row.forecast_id) == (
            STRATEGY,
            "T",
            "entry",
            an_intent().forecast_id,
        )
        assert (row.side, row.price, row.count) == (
            an_intent().side,
            an_intent().limit,
            an_intent().count,
        )


class TestLedger:
    async def test_a_fill_counts_once(self, store):
        first, second = a_fill(1), a_fill(2, count="2.50")
        async with store.unit() as unit:
            assert await unit.ledger.add_fills([(second, "x"), (first, "x")]) == (first, second)
            assert await unit.ledger.add_fills([(first, "x"), (a_fill(3), "y")]) == (a_fill(3),)
            assert await unit.ledger.filled(["o1", "o2"]) == {"o1": Contracts.parse("22.50")}
            assert await unit.ledger.last_fill_us() == a_fill(3).at_us

    async def test_nothing_happened_yet(self, store):
        async with store.unit() as unit:
            assert await unit.ledger.last_fill_us() is None
            assert await unit.ledger.last_settlement_us() is None
            assert await unit.ledger.history() == ()
            assert await unit.ledger.cash() == NO_MONEY
            assert await unit.ledger.positions() == ()
            assert await unit.ledger.last_exits() == {}

    async def test_cash_by_hand(self, store):
        """$100, 10 YES at 0.40 (-4.02), 25 sold at 0.50: 10 close (+5.00), 15 NO open (-7.50).

        Fees are 0.02 a fill; NO pays 15 x $1 when the market ends NO.
        """
        deposit = CashMovement("d1", CashKind.DEPOSIT, money("100.00"), NOW)
        fills = [(a_fill(1), "x"), (a_fill(2, Side.ASK, "0.5000", "25.00"), "x")]
        no = settled("0.0000", "-15.00", "15.00")
        async with store.unit() as unit:
            assert await unit.ledger.add_cash([deposit]) == (deposit,)
            assert await unit.ledger.add_cash([deposit]) == ()
            await unit.ledger.add_fills(fills)
            assert await unit.ledger.cash() == money("93.46")
            assert await unit.ledger.add_settlements([no]) == (no,)
            assert await unit.ledger.cash() == money("108.46")

    async def test_a_changed_settlement_reverses_the_one_before(self, store):
        paid, nothing = settled(), settled("0.0000", revenue="0.00")
        async with store.unit() as unit:
            assert await unit.ledger.add_settlements([paid]) == (paid,)
            assert await unit.ledger.add_settlements([paid]) == ()
            assert await unit.ledger.cash() == money("10.00")
            assert await unit.ledger.add_settlements([nothing]) == (replace(nothing, revision=1),)
            assert await unit.ledger.add_settlements([nothing]) == ()
            assert await unit.ledger.cash() == NO_MONEY
            assert await unit.ledger.add_settlements([paid]) == (replace(paid, revision=2),)
            assert (await unit.ledger.history())[-1] == replace(paid, revision=2)
            assert await unit.ledger.cash() == money("10.00")
            assert await unit.ledger.last_settlement_us() == paid.settled_us

    async def test_history_in_the_order_it_happened(self, store):
        late, early, other = a_fill(2), a_fill(1), a_fill(3, ticker="U")
        async with store.unit() as unit:
            await unit.ledger.add_settlements([settled()])
            await unit.ledger.add_fills([(late, "x")])
            await unit.ledger.add_fills([(other, "external"), (early, "x")])
            assert await unit.ledger.history(["T"]) == ((early, "x"), (late, "x"), settled())
            assert len(await unit.ledger.history()) == 4

    async def test_positions_and_trips(self, store):
        held = Position("T", "x", Contracts(-500), money("2.00"), money("-1.00"), money("0.02"), 3)
        flat = Position("U", "x", realized=money("1.00"), updated_us=9)
        trip = RoundTrip(
            "U/x/0",
            "U",
            "x",
            Side.ASK,
            Contracts(100),
            money("0.40"),
            money("1.40"),
            money("0.02"),
            5,
            9,
            "target",
        )
        async with store.unit() as unit:
            await unit.ledger.save_positions([held, flat])
            assert await unit.ledger.positions() == (held,)
            assert await unit.ledger.positions(open_only=False) == (held, flat)
            twice = [trip, replace(trip, round_trip_id="U/x/1", closed_us=12)]
            await unit.ledger.save_round_trips(["U"], twice)
            assert await unit.ledger.last_exits() == {("x", "U"): 12}
            assert await unit.ledger.last_exits(["U", "V"]) == {("x", "U"): 12}
            assert await unit.ledger.last_exits(["V"]) == {}
            assert await unit.ledger.round_trip_counts() == {"x": 2}
            await unit.ledger.save_round_trips(["U"], [trip])
            assert await unit.ledger.last_exits() == {("x", "U"): 9}
            await unit.commit()
        (row,) = await store.reports.round_trips(owner="x")
        assert (row.trip, row.pnl) == (trip, money("0.98"))


class TestPlansAndSnapshots:
    async def test_plans(self, store):
        plan = a_plan(
            ticker="T",
            owner="x",
            stop=Price(3_000),
            target=None,
            leave_by_us=NOW + HOUR,
            entry_confidence=0.8,
            entry_fair=None,
            made_us=NOW,
            trail=Price(1_000),
            before_close_us=HOUR,
            peak=Price(4_500),
            asked_stop=Price(3_500),
            asked_trail=Price(500),
            entry_probability=0.6,
        )
        async with store.unit() as unit:
            await unit.plans.save(changed(plan, stop=None))
            await unit.plans.save(plan)
            assert await unit.plans.all() == {("T", "x"): plan}
            await unit.plans.remove("T", "x")
            assert await unit.plans.all() == {}

    async def test_watermarks(self, store):
        def worth(at_us: int, sale: str) -> Snapshot:
            equity = money(sale) + money("7.00")
            return Snapshot(at_us, money("1.00"), equity, money(sale), 0, 1, NO_MONEY)

        day = day_of(NOW)
        earned = Performance(
            NOW, STRATEGY, money("1.00"), money("2.00"), money("0.10"), NO_MONEY, 4
        )
        async with store.unit() as unit:
            assert await unit.snapshots.watermarks(day) == Watermarks(None, None, None, None)
            await unit.snapshots.add(worth(day * DAY, "100.00"), [], {})
            assert (await unit.snapshots.watermarks(day)).day_start == money("100.00")
            await unit.snapshots.add(worth(day * DAY - 2, "80.00"), [], {})
            await unit.snapshots.add(worth(day * DAY - 1, "90.00"), [], {})
            for at_us, sale in ((NOW, "120.00"), (NOW + 1, "110.00")):
                await unit.snapshots.add(worth(at_us, sale), [], {})
            await unit.snapshots.add(worth(NOW, "120.00"), [earned], {})
            assert await unit.snapshots.performance(NOW) == (earned,)
            assert await unit.snapshots.performance(NOW + 1) == ()
            assert await unit.snapshots.watermarks(day) == Watermarks(
                day_start=money("90.00"),  # the day begins with what the last one left
                peak=money("120.00"),
                last=worth(NOW + 1, "110.00"),
                paid_in=None,
            )

    @pytest.mark.parametrize(
        ("before_us", "first", "second"),
        [
            (30 * MINUTE, "90.00", "90.00"),
            (30 * MINUTE + 1, None, "70.00"),
            (14 * DAY, None, "70.00"),
        ],
    )
    async def test_a_day_begins_with_its_first_worth_where_the_desk_stood_still(
        self, store, before_us, first, second
    ):
        day = day_of(NOW)

        def worth(at_us: int, sale: str) -> Snapshot:
            return Snapshot(at_us, money(sale), money(sale), money(sale), 0, 1, NO_MONEY)

        async with store.unit() as unit:
            await unit.snapshots.add(worth(day * DAY - before_us, "90.00"), [], {})
            marks = await unit.snapshots.watermarks(day)
            assert marks.day_start == (None if first is None else money(first))
            await unit.snapshots.add(worth(day * DAY + 5 * HOUR, "70.00"), [], {})
            await unit.snapshots.add(worth(day * DAY + 6 * HOUR, "60.00"), [], {})
            assert (await unit.snapshots.watermarks(day)).day_start == money(second)

    async def test_what_came_or_went_is_neither_gain_nor_loss(self, store):
        """1,000 paid in; 40 lost; 300 withdrawn; 30 earned; 500 deposited."""
        day = day_of(NOW)
        steps = (
            (day * DAY - 2, CashKind.OPENING, "1000.00", "1000.00"),
            (day * DAY - 1, None, "0.00", "960.00"),
            (day * DAY, CashKind.WITHDRAWAL, "-300.00", "660.00"),
            (day * DAY + 1, None, "0.00", "690.00"),
            (day * DAY + 2, CashKind.DEPOSIT, "500.00", "1190.00"),
        )
        paid_in = NO_MONEY
        seen = []
        async with store.unit() as unit:
            for at_us, kind, amount, sale in steps:
                if kind is not None:
                    await unit.ledger.add_cash([CashMovement(kind, kind, money(amount), at_us)])
                paid_in += money(amount)
                worth = money(sale)
                await unit.snapshots.add(
                    Snapshot(at_us, worth, worth, worth, 0, 0, paid_in), [], {}
                )
                marks = await unit.snapshots.watermarks(day)
                seen.append((str(marks.day_start), str(marks.peak)))
        # Had it all been there: the day began 40 down, and the peak was before that.
        assert seen == [
            ("1000.000000", "1000.000000"),
            ("960.000000", "1000.000000"),
            ("660.000000", "700.000000"),
            ("660.000000", "700.000000"),
            ("1160.000000", "1200.000000"),
        ]


class TestDesk:
    async def test_runs_are_counted(self, store):
        async with store.unit() as unit:
            first = await unit.desk.start_run("ingest", NOW, WALL)
            second = await unit.desk.start_run("trade", NOW, WALL)
            await unit.desk.end_run(first.run_id, NOW + 1, WALL + 1, "done")
            await unit.commit()
        assert (first.number, second.number) == (1, 2)
        newest, oldest = await store.reports.runs()
        assert (newest.command, newest.ended_us) == ("trade", None)
        assert (oldest.command, oldest.ended_us, oldest.reason) == ("ingest", NOW + 1, "done")

    async def test_the_state_lasts(self, store):
        async with store.unit() as unit:
            assert await unit.desk.state() is DeskState.ACTIVE
            assert await unit.desk.standing() == Standing(DeskState.ACTIVE, "", "")
            for state in (DeskState.REDUCE_ONLY, DeskState.HALTED):
                await unit.desk.set_state(state, reason="why", who="me", at_us=NOW, wall_us=WALL)
            await unit.commit()
        async with store.unit() as unit:
            assert await unit.desk.state() is DeskState.HALTED
            assert await unit.desk.standing() == Standing(DeskState.HALTED, "why", "me")
        summary = await store.reports.summary()
        assert (summary.state, summary.state_reason, summary.state_since_us) == (
            DeskState.HALTED,
            "why",
            NOW,
        )

    async def test_each_shard_has_one_order_group_in_one_state(self, store):
        working, triggered, resumed = GroupState
        first = KeptGroup(0, "g-1", working, NOW)
        async with store.unit() as unit:
            assert await unit.desk.order_groups() == {}
            await unit.desk.keep_group(first)
            await unit.desk.keep_group(replace(first, exchange_index=3, group_id="g-2"))
            assert await unit.desk.turn_groups(triggered, before={working}, group_id="g-2") == 1
            assert await unit.desk.turn_groups(resumed, before={triggered}) == 1
            await unit.desk.keep_group(replace(first, group_id="g-3"))
            await unit.commit()
        async with store.unit() as unit:
            kept = await unit.desk.order_groups()
            assert {s: (g.group_id, g.state) for s, g in kept.items()} == {
                0: ("g-3", working),
                3: ("g-2", resumed),
            }
            assert await unit.desk.turn_groups(working, before={triggered}) == 0
            assert await unit.desk.turn_groups(triggered, before={working, resumed}) == 2

    async def test_a_request_and_its_answer(self, store):
        async with store.unit() as unit:
            first = await unit.desk.ask("cancel", "k1", WALL)
            second = await unit.desk.ask("close", "T", WALL)
            asked = await unit.desk.requests()
            assert [(r.request_id, r.kind, r.target) for r in asked] == [
                (first, "cancel", "k1"),
                (second, "close", "T"),
            ]
            await unit.desk.answer(first, "canceled", 0, WALL + 1)
            assert [r.request_id for r in await unit.desk.requests()] == [second]
            assert await unit.desk.request(first) == DeskRequest(
                first, "cancel", "k1", WALL, "canceled", 0
            )
            assert await unit.desk.request(99) is None

    async def test_a_request_is_taken_once(self, store):
        async with store.unit() as unit:
            asked = await unit.desk.ask("close", "T", WALL)
            assert await unit.desk.take(asked, WALL + 1)
            assert await unit.desk.requests() == ()
            assert await unit.desk.request(asked) == DeskRequest(asked, "close", "T", WALL)
            assert not await unit.desk.take(asked, WALL + 2)
            await unit.desk.answer(asked, "flat", 0, WALL + 3)
            assert not await unit.desk.take(asked, WALL + 4)


class TestReports:
    async def test_a_position_in_the_terms_of_what_is_held(self, store):
        """10 NO bought at 1 - 0.40, marked at the mid of 0.40 and 0.44: 10 x 0.58."""
        await seed(store)
        held = Position("T", "x", Contracts.parse("-10.00"), money("6.00"), fees=money("0.10"))
        async with store.unit() as unit:
            await unit.ledger.save_positions([held, Position("U", "external", Contracts(100))])
            plan = a_plan(
                "T", "x", stop=Price(4_500), entry_confidence=0.8, entry_fair=0.3, made_us=NOW,
                peak=Price(6_100),
            )  # fmt: skip
            plan = changed(plan, before_close_us=HOUR)
            await unit.plans.save(plan)
            await unit.plans.save(replace(plan, owner="another"))
            await unit.commit()
        row, unknown = await store.reports.positions()
        # 0.44 is asked for YES: 0.56 is bid for what is held
        assert (row.plan, row.outcome_bid, unknown.plan) == (plan, Price(5_600), None)
        (known,) = await store.reports.markets(ticker="T")
        assert (row.leave_us, unknown.leave_us) == (known.close_us - HOUR, None)
        assert (row.outcome.value, str(row.count), row.average) == ("no", "10.00", money("0.60"))
        assert (row.mark.value, row.mark.is_mid) == (money("5.80"), True)
        assert (row.unrealized, row.category, row.bid) == (money("-0.20"), "Weather", level("0.4"))
        assert (unknown.title, unknown.quoted_us, unknown.mark.is_mid) == ("", None, False)
        assert await store.reports.positions(ticker="T", owner="x") == (row,)
        assert await store.reports.positions(limit=1) == (row,)
        (strategy,) = [r for r in await store.reports.strategies() if r.strategy == "x"]
        assert (strategy.open_positions, strategy.net) == (1, money("-0.30"))

    async def test_what_a_position_realized_is_none_of_the_trips_before_it(self, store):
        """Of $1.00 that came of it in all, and 30 cents of fees, a trip has 70 and 20."""
        held = Position(
            "T", "x", Contracts(100), money("0.50"), realized=money("1.00"), fees=money("0.30")
        )
        trip = RoundTrip(
            "r", "T", "x", Side.BID, Contracts(100), money("0.20"), money("0.90"), money("0.20"),
            NOW, NOW, "why",
        )  # fmt: skip
        async with store.unit() as unit:
            await unit.ledger.save_positions([held, replace(held, owner="y")])
            await unit.ledger.save_round_trips(["T"], [trip])
            await unit.commit()
        row, other = await store.reports.positions()
        assert (row.realized, row.fees) == (money("0.30"), money("0.10"))
        assert (other.realized, other.fees) == (money("1.00"), money("0.30"))
        assert row.net == row.unrealized + money("0.20")

    async def test_the_tape_ends_with_the_ledgers_cash(self, store):
        opening = CashMovement("opening", CashKind.OPENING, money("100.00"), NOW)
        async with store.unit() as unit:
            await unit.ledger.add_cash([opening])
            await unit.ledger.add_fills([(a_fill(1), "x"), (a_fill(2, ticker="U"), "x")])
            await unit.ledger.add_settlements([settled()])
            await unit.ledger.add_settlements([settled("0.0000", revenue="0.00")])
            cash = await unit.ledger.cash()
            await unit.commit()
        tape = await store.reports.tape()
        assert [row.kind for row in tape] == ["settlement"] * 2 + ["fill"] * 2 + ["opening"]
        assert [str(row.cash) for row in tape] == [
            "-10.000000",
            "10.000000",
            "-4.020000",
            "-4.020000",
            "100.000000",
        ]
        assert tape[0].balance == cash == money("91.96")
        assert len(await store.reports.tape(ticker="U")) == 1
        assert await store.reports.tape(limit=1) == tape[:1]

    async def test_orders_and_fills(self, store):
        await forecast_made(store)
        order = await journalled(store, an_intent())
        async with store.unit() as unit:
            await unit.journal.save(
                replace(order.moved(OrderState.RESTING, NOW), order_id="o1", message="m"),
                Cause.ANSWER,
            )
            await unit.ledger.add_fills(
                [(a_fill(1), STRATEGY), (a_fill(2, order_id="o9"), "external")]
            )
            await unit.commit()
        (row,) = await store.reports.orders(ticker="T", states=[OrderState.RESTING])
        assert (row.order_id, row.strategy, row.message) == ("o1", STRATEGY, "m")
        assert await store.reports.orders(states=[OrderState.FILLED]) == ()
        assert await store.reports.orders(since_us=NOW + 1) == ()
        found = await store.reports.order("o1")
        assert found is not None
        assert found == await store.reports.order("k1")
        trail = await store.reports.order_events("k1")
        assert [(event.cause, event.state, event.detail) for event in trail] == [
            (Cause.INTENT, OrderState.INTENT, ""),
            (Cause.ANSWER, OrderState.RESTING, "m"),
        ]
        assert await store.reports.order_events("k2") == ()
        foreign, ours = await store.reports.fills()
        assert (foreign.owner, foreign.client_order_id) == ("external", None)
        assert (ours.fill, ours.client_order_id) == (a_fill(1), "k1")
        assert await store.reports.fills(order_id="o9") == (foreign,)

    async def test_markets_by_volume(self, store):
        await seed(store, "A", "B")
        async with store.unit() as unit:
            busy = a_quote(ticker="B", volume_24h=Contracts(99_999))
            await unit.catalog.save_listings([Listing(a_market("B"), busy)], NOW)
            await unit.commit()
        rows = await store.reports.markets(category="Weather", statuses=[MarketStatus.ACTIVE])
        assert [row.ticker for row in rows] == ["B", "A"]
        assert rows[1].bid == level("0.4000")
        assert await store.reports.markets(category="Sports") == ()
        assert len(await store.reports.markets(limit=1)) == 1

    async def test_analyses_show_the_quote_of_their_decision(self, store):
        run = await seed(store)
        forecast = a_forecast(run_id=run.run_id, made_us=NOW + SECOND)
        later = replace(forecast, forecast_id="f2", made_us=NOW + HOUR)
        async with store.unit() as unit:
            await unit.forecasts.add([forecast, later])
            await unit.catalog.record_quotes([a_quote(), a_quote("0.3", at_us=NOW - 1)], "decision")
            await unit.catalog.record_quotes([a_quote("0.2", at_us=NOW + 1)], "held")
            await unit.commit()
        second, first = await store.reports.analyses(ticker="T")
        assert (first.forecast, first.bid, first.payout) == (forecast, level("0.4000"), None)
        assert (second.forecast, second.bid) == (later, None)

    async def test_scored_forecasts_mark_the_first_of_each_model(self, store):
        run = await seed(store)
        over = a_market(result=Result.YES, status=MarketStatus.FINALIZED)
        made = [
            a_forecast(forecast_id="b", run_id=run.run_id, made_us=NOW + 1),
            a_forecast(forecast_id="a", run_id=run.run_id),
            a_forecast(forecast_id="c", run_id=run.run_id, model="grok-3", made_us=NOW + 2),
        ]
        async with store.unit() as unit:
            await unit.forecasts.add(made)
            await unit.commit()
        assert await store.reports.scored() == ()
        async with store.unit() as unit:
            await unit.catalog.save_listings([Listing(over, a_quote())], NOW)
            await unit.commit()
        scored = await store.reports.scored()
        assert [(r.forecast_id, r.is_first) for r in scored] == [
            ("a", True),
            ("b", False),
            ("c", True),
        ]
        assert {str(row.payout) for row in scored} == {"1.0000"}
        assert [r.forecast_id for r in await store.reports.scored(since_us=NOW + 1)] == ["b", "c"]

    async def test_a_scalar_result_without_its_value_scores_nothing(self, store):
        run = await seed(store)
        void = a_market(result=Result.SCALAR, status=MarketStatus.DETERMINED)
        async with store.unit() as unit:
            await unit.forecasts.add([a_forecast(run_id=run.run_id)])
            await unit.catalog.save_listings([Listing(void, a_quote())], NOW)
            await unit.commit()
        assert await store.reports.scored() == ()

    async def test_the_summary_counts(self, store):
        await forecast_made(store)
        await journalled(store, an_intent())
        summary = await store.reports.summary()
        assert (summary.markets, summary.markets_active, summary.events) == (1, 1, 1)
        assert (summary.orders, summary.live_orders, summary.unresolved_orders) == (1, 1, 1)
        assert (summary.forecasts, summary.markets_forecast, summary.fills) == (1, 1, 0)
        assert (summary.cash, summary.snapshot, summary.state) == (None, None, DeskState.ACTIVE)
        assert summary.last_run is not None

    async def test_a_run_that_was_asked_for_what_there_is_not_is_not_the_last(self, store):
        missed = why_ended(NotFound("No market KXNONE."))
        async with store.unit() as unit:
            for command, reason in (("trade", "done"), ("analyze", missed)):
                run = await unit.desk.start_run(command, NOW, NOW)
                await unit.desk.end_run(run.run_id, NOW, NOW, reason)
            await unit.commit()
        assert (await store.reports.summary()).last_run.command == "trade"
        assert [run.command for run in await store.reports.runs()] == ["analyze", "trade"]
        async with store.unit() as unit:
            await unit.desk.start_run("run-loop", NOW, NOW)  # runs now, or was killed
            await unit.commit()
        assert (await store.reports.summary()).last_run.command == "run-loop"

    async def test_quotes_are_listed_apart(self, store):
        await seed(store)
        quote = an_intent(purpose=Purpose.QUOTE, forecast_id=None)
        await journalled(store, quote)
        orders = await store.reports.orders(purposes=[Purpose.QUOTE])
        assert [(row.purpose, row.strategy) for row in orders] == [(Purpose.QUOTE, quote.strategy)]
        assert await store.reports.orders(purposes=[Purpose.EXIT]) == ()
        assert await store.reports.how_many("orders", purposes=[Purpose.QUOTE]) == 1
        assert await store.reports.how_many("orders", purposes=[Purpose.EXIT]) == 0
