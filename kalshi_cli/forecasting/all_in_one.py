"""All three roles in one question: cheaper, and not blind, since the Trader's part needs a price.

It is there to be compared with the roles apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kalshi_cli.domain.deliberation import Prompt, Template
from kalshi_cli.domain.market import Event
from kalshi_cli.forecasting import critic, forecaster, trader
from kalshi_cli.forecasting.critic import Review
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.legs import described, each_leg, question
from kalshi_cli.forecasting.trader import Offer, Tip
from kalshi_cli.forecasting.untrusted import block

WIDER = {"low": "wider_low", "high": "wider_high"}
"""What the Critic's interval is called beside the Forecaster's."""
LEG: Mapping[str, Any] = {
    **forecaster.LEG,
    **{WIDER.get(name, name): kind for name, kind in critic.LEG.items()},
    **trader.LEG,
}


def ask(
    template: Template, event: Event, category: str, offers: Sequence[Offer], now_us: int
) -> Prompt:
    """The question: the event, and of each market the price and what is held."""
    markets = [offer.listing.market for offer in offers]
    seen = [block("desk", trader.offered(offer)) for offer in offers]
    parts = (described(event, category, markets, now_us), *seen)
    return question(template, parts, [market.ticker for market in markets], LEG)


def answers(
    answer: Mapping[str, Any], tickers: Sequence[str]
) -> dict[str, tuple[Opinion, Review, Tip]]:
    """What each role says of each market. Raises `Unfit` for an answer that is no such."""
    return each_leg(answer, tickers, _parts)


def for_critic(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """One market's part with the Critic's interval by the names it has in an answer of its own."""
    others = {name: value for name, value in row.items() if name not in WIDER}
    return others | {name: row[wider] for name, wider in WIDER.items() if wider in row}


def _parts(row: Mapping[str, Any]) -> tuple[Opinion, Review, Tip]:
    return forecaster.opinion(row), critic.review(for_critic(row)), trader.tip(row)
