"""Who pays for the AI: what was asked about an event is paid for by the strategies that used it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
class Use:
    """A change of what was traded on a decision: one order of a strategy more, or less."""

    decision_id: str
    strategy: str
    orders: int


class Charges:
    """What each strategy's profit pays for the AI, revised by what changed on record."""

    def __init__(self) -> None:
        self._orders: dict[str, Counter[str]] = {}
        self._costs: dict[str, AiCost] = {}
        """Of decisions that were traded on, once."""
        self._paid: Counter[str] = Counter()

    def revise(self, uses: Sequence[Use], costs: Mapping[str, AiCost]) -> None:
        """`costs` are what decisions cost by now: those of `uses`, and any other."""
        used = {use.decision_id for use in uses}
        changed = used | (costs.keys() & self._orders.keys())
        self._charge(changed, -1)
        for use in uses:
            self._orders.setdefault(use.decision_id, Counter())[use.strategy] += use.orders
        self._costs |= {each: costs[each] for each in changed if each in costs}
        self._charge(changed, 1)

    def _charge(self, decisions: Collection[str], times: int) -> None:
        """Take what these pay for decisions into account, or out of it again."""
        known = [each for each in decisions if each in self._costs]
        paid = by_strategy(
            [DecisionCost(each, self._costs[each]) for each in known],
            {each: {name for name, n in self._orders[each].items() if n} for each in known},
        )
        for strategy, cost in paid.items():
            self._paid[strategy] += times * cost.units

    def paid(self, total: AiCost, charged_to: str | None) -> dict[str, Money]:
        """What each strategy pays of all that was ever spent.

        What nobody traded on is paid for by the strategy that forecasts are made for, if there is
        one.
        """
        paid = Counter({name: n for name, n in self._paid.items() if name != UNUSED})
        paid[charged_to or UNUSED] += total.units - paid.total()
        paid.pop(UNUSED, None)
        return {name: AiCost(units).to_money() for name, units in paid.items() if units}


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
