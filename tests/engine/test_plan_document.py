"""A world of somebody's own: what a plan may say, and what is refused in one clear line."""

import tomllib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import DECI_CENT
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.generated import EPOCH_US, GeneratedWorld
from kalshi_cli.engine.plan_document import difference, read_plan
from kalshi_cli.engine.series_plan import CLIMATES, SERIES
from kalshi_cli.engine.world import Listed
from kalshi_cli.engine.world_plan import DEFAULT_PLAN, WorldPlan
from kalshi_cli.errors import InvalidValue

EXAMPLE = Path(__file__).parents[2] / "docs" / "worlds" / "small-exchange.toml"


def plan_of(text: str) -> WorldPlan:
    return read_plan(tomllib.loads(text))


def test_the_documented_example_says_what_its_comments_say() -> None:
    plan = plan_of(EXAMPLE.read_text("utf-8"))
    assert plan.cash == {0: Money.parse("8000"), 3: Money.parse("2000")}
    assert (plan.archive.markets_us, plan.archive.orders_us) == (30 * DAY, 7 * DAY)
    assert (plan.upsets.pauses, plan.upsets.disputes, plan.upsets.scalar) == (0.05, 0.02, 0.007)
    assert plan.climates["Sports"] == replace(CLIMATES["Sports"], half_spread=0.015)
    regatta = plan.series_named("KXREGATTA")
    assert regatta.fees == FeeTerms("quadratic_with_maker_fees", 1_000_000)
    assert (regatta.grid, regatta.exchange_index) == (DECI_CENT, 3)
    hoops = next(series for series in SERIES if series.ticker == "KXHOOPGAME")
    assert plan.series_named("KXHOOPGAME") == replace(hoops, exchange_index=3)


def test_a_scaled_world_lists_about_as_many_open_markets_and_most_hardly_trade() -> None:
    plan = plan_of(EXAMPLE.read_text("utf-8"))
    world = GeneratedWorld(3, plan=plan)
    listed = [o for o in world.advance(EPOCH_US) if isinstance(o, Listed)]
    active = [(o, m) for o in listed for m in o.markets if m.status is MarketStatus.ACTIVE]
    assert len(active) == pytest.approx(400, rel=0.15)
    sports = sum(o.series.category == "Sports" for o, _ in active)
    assert sports > 0.3 * len(active)
    shards = {(o.series.ticker, o.series.exchange_index) for o, _ in active}
    assert ("KXREGATTA", 3) in shards
    assert all(m.exchange_index == o.event.exchange_index == o.series.exchange_index
               for o, m in active)  # fmt: skip
    assert len({m.ticker for o in listed for m in o.markets}) == sum(len(o.markets) for o in listed)
    volume = {m.ticker: world.tally(m.ticker).volume.units for _, m in active}
    first = [v for t, v in volume.items() if t.startswith("KXHOOPGAME-")]
    tail = [v for t, v in volume.items() if t.startswith("KXHOOPGAMEN")]
    assert sum(first) / len(first) > 3 * sum(tail) / len(tail)
    world.advance(EPOCH_US + HOUR)


def test_an_empty_document_is_the_default_world_under_a_name_of_its_own() -> None:
    plan = plan_of("")
    assert difference(plan, DEFAULT_PLAN) == ""
    assert plan.digest
    assert GeneratedWorld(1, plan=plan).world_id == GeneratedWorld(1).world_id + f":{plan.digest}"


def test_a_plan_survives_its_own_bytes() -> None:
    plan = plan_of(EXAMPLE.read_text("utf-8"))
    assert plan.listed  # what is derived is no part of it
    copy = msgspec.json.decode(msgspec.json.encode(plan), type=WorldPlan)
    assert copy == plan
    assert difference(plan, copy) == ""
    assert len(msgspec.json.encode(plan)) < 30_000


def test_a_difference_is_named() -> None:
    one = plan_of(EXAMPLE.read_text("utf-8"))
    told = {
        "half_spread = 0.015": "half_spread of category 'Sports' (0.015 and 0.02)",
        "pauses = 0.05": "shares",
        "markets = 400": "scale",
        '3 = "2000.00"': "cash",
    }
    for line, expected in told.items():
        text = EXAMPLE.read_text("utf-8")
        changed = line.replace("0.015", "0.02").replace("0.05", "0.06").replace("400", "500")
        changed = changed.replace("2000", "2001")
        assert difference(one, plan_of(text.replace(line, changed, 1))) == expected
    text = EXAMPLE.read_text("utf-8").replace("life_h = 30", "life_h = 31")
    assert difference(one, plan_of(text)) == "life_h of series KXREGATTA (30 and 31)"
    assert difference(one, plan_of("")) == "exchange_index of series KXHOOPGAME (3 and 0)"


NEW = """
[[series]]
ticker = "KXMINE"
title = "Mine"
category = "Sports"
shape = "{shape}"
legs = {legs}
period_h = 24
life_h = 30
offset_h = 4
lead_h = 1
information = "steady"
question = "{question}"
rules = "Rules."
subjects = {subjects}
"""


def new(
    shape: str = "single", legs: int = 1, question: str = "Will it?", subjects: str = '["it"]'
) -> str:
    return NEW.format(shape=shape, legs=legs, question=question, subjects=subjects)


@pytest.mark.parametrize(("shape", "legs"), [("above", 4), ("bands", 5), ("single", 1)])
def test_a_series_alone_is_a_world(shape: str, legs: int) -> None:
    world = GeneratedWorld(2, plan=plan_of('base = "none"\n' + new(shape, legs)))
    listed = [o for o in world.advance(EPOCH_US + DAY) if isinstance(o, Listed)]
    assert {o.series.ticker for o in listed} == {"KXMINE"}
    assert all(len(o.markets) == legs for o in listed)


def test_a_crowd_underreacts_only_where_its_plan_says_so() -> None:
    late = EXAMPLE.with_name("late-news.toml").read_text("utf-8")
    assert plan_of(late).climates["Newsroom"].underreaction == 0.9
    prompt = plan_of(late.replace("underreaction = 0.9", ""))
    assert prompt.climates["Newsroom"].underreaction == 0.0
    assert difference(plan_of(late), prompt) == (
        "underreaction of category 'Newsroom' (0.9 and 0.0)"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bsae = 'none'", "A world has no 'bsae'. Did you mean 'base'?"),
        ("base = 'nothing'", "base must be one of default, none"),
        ("base = 'none'", "A world needs a series"),
        ("[scale]\ntail = 1", "scale says no 'markets'"),
        ("[scale]\nmarkets = 200_000", "markets must be a whole number from 1 to 120,000"),
        ("[scale]\nmarkets = 10\n[scale.weights]\nSprots = 1", "Did you mean 'Sports'?"),
        ("[shares]\npauses = 1.5", "pauses must be a number from 0 to 1, not 1.5"),
        ("[shares]\npause = 0.1", "Did you mean 'pauses'?"),
        ("[cash]\n0 = 100", "dollars as text"),
        ("[cash]\n0 = 'plenty'", "dollars as text"),
        ("[cash]\n0 = '0.001'", "whole cents"),
        ("[cash]\n9 = '1.00'", "cash has no '9'"),
        ("[archive]\nmarkets_days = 0", "markets_days must be a whole number from 1"),
        ("[categories.Sports]\nhalf_spred = 1", "Did you mean 'half_spread'?"),
        ("[categories.Sports]\nhalf_spread = 0.5", "a number from 0.005 to 0.15, not 0.5"),
        ("[categories.Golf]\nhalf_spread = 0.05", "Golf is new and says no 'market_logit_error'"),
        ("series = 3", "series must be a list of tables"),
        ("[[series]]\ntitle = 'x'", "ticker must be 2 to 30 capital letters"),
        ("[[series]]\nticker = 'KX-1'", "ticker must be 2 to 30 capital letters"),
        ("[[series]]\nticker = 'KXNEW'", "KXNEW is new and says no 'title'"),
        ("[[series]]\nticker = 'KXBTCD'\nlegs = true", "legs must be a whole number"),
        ("[[series]]\nticker = 'KXBTCD'\ncategory = 'Crpyto'", "Did you mean 'Crypto'?"),
        ("[[series]]\nticker = 'KXBTCD'\ngrid = 'cent'", "grid must be one of linear_cent"),
        ("[[series]]\nticker = 'KXBTCD'\nrefresh_s = 7", "refresh_s must be one of 10, 15"),
        ("[[series]]\nticker = 'KXBTCD'\nfees = {kind = 'flat'}", "fees has no 'kind'"),
        ("[[series]]\nticker = 'KXBTCD'\nfees = {type = 'flat'}", "type must be one of quadratic"),
        ("[[series]]\nticker = 'KXBTCD'\ninformation = [[0, 0.5], [1, 0.4]]", "rising, or one of"),
        ("[[series]]\nticker = 'KXBTCD'\nexchange_index = 7", "a whole number from 0 to 3"),
        ("[[series]]\nticker = 'KXBTCD'\nspacing = 0.5", "spacing must be written with"),
        ("[[series]]\nticker = 'KXBTCD'\n[[series]]\nticker = 'KXBTCD'", "KXBTCD is there twice"),
        ("[[series]]\nticker = 'KXBTCD'\nlife_h = 8784\nlegs = 200\nperiod_h = 1", "would be open"),
        (new("single", 2), "legs must be 1 where the shape is single"),
        (new("bands", 2), "legs must be 3 or more"),
        (new("versus", 2, subjects='["New York", "Newark"]'), "different in their first three"),
        (new(question="Will {team} win?"), "{subject}, {strike} and {date} only"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        plan_of(text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
