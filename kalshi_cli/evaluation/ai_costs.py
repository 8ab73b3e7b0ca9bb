"""Who pays for the AI: what was asked about an event is paid for by the strategies that used it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_COST, AiCost, Money

UNUSED = "unused"
"""Whose cost it is that nothing was traded on."""


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """What the calls about one event cost together, on one asking."""

    decision_id: str
    cost: AiCost


@dataclass(frozen=True, slots=True)
class Used:
    """A decision that orders at the exchange were sent on: what it cost together, and whose."""

    decision_id: str
    cost: AiCost
    strategies: frozenset[str]


def charged(used: Sequence[Used], total: AiCost, charged_to: str | None) -> dict[str, Money]:
    """What each strategy's profit pays of all that was ever spent.

    What nobody traded on is paid for by the strategy that forecasts are made for, if there is one.
    """
    unused = total - AiCost(sum(each.cost.units for each in used))
    paid = by_strategy(
        [*(DecisionCost(each.decision_id, each.cost) for each in used), DecisionCost("", unused)],
        {each.decision_id: each.strategies for each in used},
        otherwise=charged_to or UNUSED,
    )
    return {name: cost.to_money() for name, cost in paid.items() if name != UNUSED and cost}


def by_strategy(
    costs: Sequence[DecisionCost],
    users: Mapping[str, AbstractSet[str]],
    *,
    otherwise: str = UNUSED,
) -> dict[str, AiCost]:
    """Each strategy's cost, to the last tick: shared evenly by those that traded on a decision.

    What nobody traded on is `otherwise`'s. `users` are strategies by decision.
    """
    paid: dict[str, AiCost] = {}
    for each in costs:
        sharing = sorted(users.get(each.decision_id, ())) or [otherwise]
        share, rest = divmod(each.cost.units, len(sharing))
        for at, strategy in enumerate(sharing):
            paid[strategy] = paid.get(strategy, NO_COST) + AiCost(share + (at < rest))
    return paid
