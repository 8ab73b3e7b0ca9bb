"""What may be lost, in the worst state of the world, whatever is left by then.

A claim is what a position or orders lose in dollars when their market ends YES and when it ends
NO. An event whose markets exclude each other has one state for each of them and one for none; the
markets of any other event are free to go wrong together. Losses are before fees.

What pays in a state is no cushion for what loses there: an exit, which no limit ever refuses, may
take it away. So nothing that leaves, and no order that stays unfilled, makes a loss larger than it
counted when the last entry was let pass: an exit leaves to its owner's other orders what they may
sell (`domain.reduction`). For the same reason what is held counts with what it cost, and a gain
that was made is in the bankroll.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Claim:
    """Dollars lost if YES and if NO; nothing where that state pays."""

    ticker: str
    if_yes: Money
    if_no: Money


def position_claim(position: Position) -> Claim:
    """What a position loses where its outcome does not come: its cost."""
    return _claim(position.ticker, position.side, position.cost)


def orders_claim(
    ticker: str,
    side: Side,
    orders: Iterable[tuple[Price, Contracts]],
    closing: Contracts = NO_CONTRACTS,
) -> Claim:
    """What an owner's orders of one side lose, by their limits and counts, if they are filled.

    The first `closing` contracts close what it holds, and lose nothing: the cheapest, so that
    whatever opens does so at the highest price. An exit that rests may open, too, once something
    else has closed what it was for.
    """
    costs = sorted(
        (outcome_cost(side, price, Contracts(1)).units, count.units) for price, count in orders
    )
    left, opens = closing.units, 0
    for cost, count in costs:
        closed = min(left, count)
        left -= closed
        opens += cost * (count - closed)
    return _claim(ticker, side, Money(opens))


def order_claim(ticker: str, side: Side, price: Price, count: Contracts) -> Claim:
    """What one order that closes nothing loses if it is filled."""
    return _claim(ticker, side, outcome_cost(side, price, count))


def _claim(ticker: str, side: Side, cost: Money) -> Claim:
    buys_yes = side is Side.BID
    return Claim(ticker, NO_MONEY if buys_yes else cost, cost if buys_yes else NO_MONEY)


def event_loss(claims: Iterable[Claim], *, exclusive: bool) -> Money:
    """The most that one event's claims can lose."""
    losses: dict[str, tuple[int, int]] = {}
    for claim in claims:
        yes, no = losses.get(claim.ticker, (0, 0))
        losses[claim.ticker] = (yes + claim.if_yes.units, no + claim.if_no.units)
    if not exclusive:
        return Money(sum(max(yes, no) for yes, no in losses.values()))
    none_wins = sum(no for _, no in losses.values())
    return Money(max([none_wins, *(none_wins - no + yes for yes, no in losses.values())]))


def exposure(
    claims: Iterable[Claim], event_of: Mapping[str, str], exclusive_events: Collection[str]
) -> Money:
    """The worst states of all events together."""
    events: dict[str, list[Claim]] = {}
    for claim in claims:
        events.setdefault(event_of[claim.ticker], []).append(claim)
    return Money(
        sum(
            event_loss(own, exclusive=event in exclusive_events).units
            for event, own in events.items()
        )
    )
