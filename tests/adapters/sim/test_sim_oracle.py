"""The oracle: the simulated truth, blurred as much as asked and the same each time."""

import math
from statistics import fmean, stdev

import pytest

from kalshi_cli.adapters.sim.oracle import OracleForecaster
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Listing, MarketStatus, Quote
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.engine.series_plan import market_logit_error
from kalshi_cli.errors import ConfigError, NotFound
from kalshi_cli.ports.forecaster import Judged, Question


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def question(simulation, wanted: MarketStatus = MarketStatus.ACTIVE) -> Question:
    catalog = simulation._exchange.catalog
    markets = [m for m in catalog.markets.values() if m.status is wanted]
    now = simulation.now_us
    quote = [
        Quote(m.ticker, None, None, None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS, now)
        for m in markets
    ]
    event = catalog.events[markets[0].event_ticker]
    listings = tuple(Listing(m, q) for m, q in zip(markets, quote, strict=True))
    return Question(event, "Crypto", listings, now)


async def test_without_error_it_tells_the_truth(simulation):
    oracle = OracleForecaster(simulation, 0.0, seed=1)
    judged = await oracle.judge(question(simulation))
    assert len(judged.judgements) > 40
    for each in judged.judgements:
        truth = simulation.truth(each.ticker)
        assert each.probability == min(max(truth, 1e-4), 1 - 1e-4)
        assert each.logit_error == 0.0
        assert logit(each.high) - logit(each.low) == pytest.approx(2 * 1.2816 * 0.02, rel=1e-6)


async def test_the_blur_has_the_size_asked_for_and_repeats_itself(simulation):
    oracle = OracleForecaster(simulation, 0.5, seed=1)
    asked = question(simulation)
    judged = await oracle.judge(asked)
    assert judged == await OracleForecaster(simulation, 0.5, seed=1).judge(asked)
    assert judged != await OracleForecaster(simulation, 0.5, seed=2).judge(asked)
    errors = [
        logit(each.probability) - logit(truth)
        for seed in range(6)
        for each in (await OracleForecaster(simulation, 0.5, seed=seed).judge(asked)).judgements
        if 0.01 < (truth := simulation.truth(each.ticker)) < 0.99
    ]
    assert abs(fmean(errors)) < 0.1
    assert stdev(errors) == pytest.approx(0.5, rel=0.15)
    assert "0.5 logits" in oracle.label
    crypto = market_logit_error("Crypto")
    (first, *_) = (await oracle.judge(asked)).judgements
    assert first.weight == pytest.approx(crypto**2 / (crypto**2 + 0.25))


async def test_it_abstains_where_trading_has_ended(simulation):
    simulation.advance(simulation.now_us + 12 * HOUR)
    oracle = OracleForecaster(simulation, 0.0, seed=1)
    assert await oracle.judge(question(simulation, MarketStatus.FINALIZED)) == Judged(())
    with pytest.raises(NotFound):
        simulation.truth("NOBODY")


def test_a_recording_has_no_oracle():
    class Tape:
        knows_truth = False

    with pytest.raises(ConfigError, match="recording"):
        OracleForecaster(Tape(), 0.0, seed=1)
