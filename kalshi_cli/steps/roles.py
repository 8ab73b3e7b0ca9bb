"""What each role is asked of an event, and how its answer is taken. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from kalshi_cli.domain.deliberation import Prompt, Role, Template
from kalshi_cli.domain.market import Listing, Market
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.forecasting import all_in_one, critic, forecaster, trader
from kalshi_cli.forecasting.critic import Review
from kalshi_cli.forecasting.legs import MOST_LEGS
from kalshi_cli.forecasting.ruling import Ruled, advised, reviewed
from kalshi_cli.forecasting.trader import Desk, Offer, Tip
from kalshi_cli.ports.forecaster import Question
from kalshi_cli.steps.deliberation_policy import DeliberationPolicy

Taken = TypeVar("Taken")
Asked = tuple[Prompt, Callable[[Mapping[str, Any]], Taken]]
"""A question, and what is made of its answer."""


def in_turn(question: Question) -> tuple[Listing, ...]:
    """As many markets as one question takes, in their order: what is held goes first, then what has
    no standing forecast.
    """

    def waits(listing: Listing) -> tuple[bool, bool]:
        ticker = listing.market.ticker
        return not question.held.get(ticker), ticker in question.standing

    chosen = sorted(question.listings, key=waits)[:MOST_LEGS]
    return tuple(each for each in question.listings if each in chosen)


def asked_first(
    policy: DeliberationPolicy, question: Question, markets: Sequence[Market]
) -> Asked[list[Ruled]]:
    """Of the Forecaster, who sees no price; or of all roles at once."""
    template = policy.templates[policy.first]
    event, category, now_us = question.event, question.category, question.now_us
    tickers = [market.ticker for market in markets]
    if template.role is Role.FORECASTER:
        blind = forecaster.ask(template, event, category, markets, now_us)
        return replace(blind, research=policy.research), lambda told: [
            Ruled(opinion) for opinion in forecaster.opinions(told, tickers)
        ]
    offers = tuple(_offers(question, tickers).values())
    prompt = all_in_one.ask(template, event, category, offers, now_us)
    return replace(prompt, research=policy.research), lambda told: [
        advised(reviewed(Ruled(opinion), review), tip)
        for opinion, review, tip in all_in_one.answers(told, tickers).values()
    ]


def asked_of_critic(
    template: Template, question: Question, markets: Sequence[Market], chosen: Sequence[Ruled]
) -> Asked[dict[str, Review]]:
    """About the opinions of these markets."""
    opinions = [each.opinion for each in chosen]
    tickers = [opinion.ticker for opinion in opinions]
    meant = [market for market in markets if market.ticker in tickers]
    prompt = critic.ask(
        template, question.event, question.category, meant, opinions, question.now_us
    )
    return prompt, lambda told: critic.reviews(told, tickers)


def asked_of_trader(
    template: Template, question: Question, chosen: Sequence[Ruled]
) -> Asked[dict[str, Tip]]:
    """About the opinions of these markets, beside their prices."""
    tickers = [each.opinion.ticker for each in chosen]
    offers = _offers(question, tickers)
    desks = [Desk(offers[e.opinion.ticker], e.opinion, e.review) for e in chosen]
    prompt = trader.ask(template, question.event, question.category, desks, question.now_us)
    return prompt, lambda told: trader.tips(told, tickers)


def _offers(question: Question, tickers: Sequence[str]) -> dict[str, Offer]:
    """What those who may see a price see of these markets."""
    by_ticker = {listing.market.ticker: listing for listing in question.listings}
    return {t: Offer(by_ticker[t], question.held.get(t, NO_CONTRACTS)) for t in tickers}
