"""How much cash our resting orders may still cost: the exchange never lends a cent.

A bid pays p a contract and an ask 1 - p, but contracts that close what is held need nothing: they
give a dollar of collateral back. Which of our orders fill is not ours to choose, so a market needs
the worst case over all subsets of its orders. Cash depends only on how much fills on each side, and
that function is concave, so the worst case is all of one side, plus the orders of the other side
whose fee exceeds what closing pays.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.fees import FeeTerms, exit_terms, most_fees
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Money, Price
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Claim:
    """What an order may cost at worst: `cost` dollars for `count` contracts, fees included."""

    side: Side
    count: Contracts
    cost: Money


def claim(terms: FeeTerms, *, side: Side, price: Price, count: Contracts, is_taker: bool) -> Claim:
    """The claim of an order, however finely it fills."""
    fees = most_fees(exit_terms(terms), side=side, limit=price, count=count, is_taker=is_taker)
    return Claim(side, count, outcome_cost(side, price, count) + fees)


def requirement(net: Contracts, claims: Iterable[Claim]) -> Money:
    """Dollars that must lie ready for one market, given the position held in it."""
    cost = {Side.BID: 0, Side.ASK: 0}
    dust = {Side.BID: 0, Side.ASK: 0}
    for each in claims:
        cost[each.side] += each.cost.units
        dust[each.side] += max(0, each.cost.units - ONE_DOLLAR.units * each.count.units)
    closable = {Side.BID: max(0, -net.units), Side.ASK: max(0, net.units)}
    worst = {side: max(cost[side] - ONE_DOLLAR.units * closable[side], dust[side]) for side in Side}
    return Money(max(worst[side] + dust[side.opposite] for side in Side))
