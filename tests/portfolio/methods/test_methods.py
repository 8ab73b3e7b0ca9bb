"""What every method of sizing is held to, whatever it wants."""

import math
from dataclasses import replace

import pytest
from fakes.decisions import NOW, PLAIN, a_forecast, level, the_limits
from hypothesis import given, settings
from hypothesis import strategies as st

import kalshi_cli.portfolio.methods as package
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.plugins import load, names
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.costing import taker_cost
from kalshi_cli.portfolio.exposure import Claim, event_loss, order_claim
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.portfolio.states import Rung

PARAMETERS = {"contracts": "whole", "fixed_stake": 0.03, "target_risk": 0.05}
METHODS = {name: load(package, name, Method, PARAMETERS) for name in names(package)}
BANKROLL = 1_000.0
KINDS = ("exclusive", "ladder", "free")
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def test_there_are_three():
    assert set(METHODS) == {"kelly", "risk_parity", "fixed"}


@st.composite
def desks(draw):
    """Proposals on a few events of each kind, their books, and what is held and left."""
    footings, proposals, books, claims, held, by_ticker = {}, [], {}, {}, {}, {}
    for number in range(draw(st.integers(1, 3))):
        kind, legs = draw(st.sampled_from(KINDS)), draw(st.integers(1, 4))
        weights = draw(st.lists(st.integers(1, 20), min_size=legs + 1, max_size=legs + 1))
        for leg in range(legs):
            ticker, event = f"E{number}-{leg}", f"E{number}"
            share = weights[leg] if kind == "exclusive" else sum(weights[leg + 1 :])
            fair = min(0.97, max(0.03, share / sum(weights)))
            footings[ticker] = Footing(
                event, draw(st.sampled_from(["Weather", "Sports"])) if leg == 0 else
                footings[f"{event}-0"].category,
                frozenset({f"u{number % 2}", "day"}), PLAIN,
                a_forecast(weight=draw(st.sampled_from([0.0, 0.1, 1.0])), logit_error=1.0),
                exclusive=kind == "exclusive",
                ladder=("up", Rung(leg, 1)) if kind == "ladder" else None, fair=fair,
            )  # fmt: skip
            side = draw(st.sampled_from(Side))
            cents = round(100 * fair) - side.sign * draw(st.integers(0, 12))
            if draw(st.booleans()) and 1 < cents < 99:
                prices = [c for c in (cents, cents + side.sign) if 0 < c < 100]
                counts = draw(st.lists(st.integers(1, 300), min_size=2, max_size=2))
                levels = [
                    level(f"0.{c:02}00", f"{n}.00") for c, n in zip(prices, counts, strict=False)
                ]
                sides = ((), tuple(levels)) if side is Side.BID else (tuple(levels), ())
                books[ticker] = OrderBook(ticker, *sides, NOW)
                proposals.append(
                    Proposal(ticker, side, Price(prices[-1] * 100), fair, Purpose.ENTRY, None, "",
                             draw(st.booleans()), NOW + 1, "f1")
                )  # fmt: skip
            elif draw(st.booleans()):
                count = Contracts(100 * draw(st.integers(1, 60)))
                held[ticker] = side.signed(count)
                claim = order_claim(ticker, side, Price(max(100, min(9_900, cents * 100))), count)
                claims.setdefault(event, []).append(claim)
                by_ticker[ticker] = event_loss([claim], exclusive=False)
    limits = the_limits(
        max_event_exposure=draw(st.sampled_from([0.02, 0.10, None])),
        max_cluster_exposure=draw(st.sampled_from([0.05, None])),
        max_single_position=draw(st.sampled_from([0.05, None])),
        strategy_allocation=draw(st.sampled_from([0.04, 0.40])),
    )
    used = sum((event_loss(own, exclusive=footings[own[0].ticker].exclusive)
                for own in claims.values()), Money(0))  # fmt: skip
    capital = Capital(
        strategy="s", bankroll=Money(int(BANKROLL * 1e6)),
        cash=Money(draw(st.integers(0, 1_000)) * 1_000_000), limits=limits,
        kelly_fraction=0.75, probation_stake=draw(st.sampled_from([None, 0.0025, 0.03])),
        footings=footings, by_ticker=by_ticker, by_cluster={"day": used}, by_category={},
        by_strategy=Money(0), by_account=used,
        claims={event: tuple(own) for event, own in claims.items()}, held=held,
    )  # fmt: skip
    return tuple(proposals), books, capital


def over(value, share):
    return share is not None and value.units > BANKROLL * 1e6 * share + 1


@every_method
@settings(max_examples=60)
@given(desk=desks())
def test_never_above_a_limit_and_nothing_is_forgotten(method, desk):
    proposals, books, capital = desk
    sizing = method.size(proposals, books, capital)
    limits = capital.limits
    assert len(sizing.intents) + len(sizing.unsized) == len(proposals)
    spent = Money(0)
    by_event: dict[str, list[Claim]] = {}
    for intent in sizing.intents:
        own = order_claim(intent.ticker, intent.side, intent.limit, intent.count)
        by_event.setdefault(intent.event_ticker, []).append(own)
        risk = max(own.if_yes, own.if_no)
        assert intent.count.is_whole
        assert intent.count.units > 0
        assert not over(risk, limits.max_single_position)
        before = capital.by_ticker.get(intent.ticker, Money(0))
        assert not over(before + risk, limits.max_market_exposure)
        if intent.post_only:
            assert not over(before + risk, capital.probation_stake)
            cost = risk
        else:
            book = books[intent.ticker]
            cost = taker_cost(book, intent.side, intent.count, intent.limit, PLAIN)
            assert cost is not None  # the book holds as much
            assert not over(before + cost - Money(500), capital.probation_stake)
        spent += cost
    assert not spent or spent.units <= capital.cash.units - BANKROLL * 1e6 * limits.min_cash_reserve
    risen = own_worst = 0
    for event, own in by_event.items():
        exclusive = capital.footings[own[0].ticker].exclusive
        held = capital.claims.get(event, ())
        before, after = (event_loss(x, exclusive=exclusive) for x in (held, [*held, *own]))
        assert after <= before or not over(after, limits.max_event_exposure)
        risen += after.units - before.units
        own_worst += event_loss(own, exclusive=exclusive).units
    assert risen <= 0 or not over(
        capital.by_cluster["day"] + Money(risen), limits.max_cluster_exposure
    )
    assert not over(Money(own_worst), limits.strategy_allocation)


@every_method
@settings(max_examples=40)
@given(desk=desks(), seed=st.randoms(use_true_random=False))
def test_whatever_the_order_of_the_proposals(method, desk, seed):
    proposals, books, capital = desk
    shuffled = list(proposals)
    seed.shuffle(shuffled)
    assert method.size(shuffled, books, capital) == method.size(proposals, books, capital)


@settings(max_examples=80)
@given(desk=desks())
def test_kelly_never_makes_growth_worse_than_doing_nothing(desk):
    """One event at a time, by the fair values it is told, at what the book takes and its fees."""
    proposals, books, capital = desk
    legs = [replace(p, resting=False) for p in proposals if p.ticker.startswith("E0-")]
    certain = {t: replace(f, forecast=a_forecast()) for t, f in capital.footings.items()}
    capital = replace(capital, footings=certain, held={}, claims={}, by_ticker={})
    sizing = METHODS["kelly"].size(legs, books, capital)
    if not sizing.intents:
        return
    footing = certain[sizing.intents[0].ticker]
    fairs = {t: f.fair for t, f in certain.items() if f.event_ticker == "E0"}
    names = sorted(fairs)
    if footing.exclusive:
        states = [({t}, fairs[t]) for t in names]
        states.append((set(), 1.0 - sum(p for _, p in states)))
    elif footing.ladder:
        beyond = [1.0, *(fairs[t] for t in names), 0.0]
        states = [(set(names[:i]), beyond[i] - beyond[i + 1]) for i in range(len(names) + 1)]
    else:
        states = [(set(), 1.0)]
        for t in names:
            states = [
                (won | extra, p * q)
                for won, p in states
                for extra, q in (({t}, fairs[t]), (set(), 1.0 - fairs[t]))
            ]
    total = 0.0
    for won, chance in states:
        wealth = BANKROLL
        for intent in sizing.intents:
            cost = taker_cost(books[intent.ticker], intent.side, intent.count, intent.limit, PLAIN)
            pays = (intent.ticker in won) is (intent.side is Side.BID)
            wealth += float(intent.count) * pays - float(cost)
        total += max(chance, 0.0) * math.log(wealth / BANKROLL)
    assert total >= 0.0
