"""What may be lost, in the worst state of the world.

A claim is what a position or an order loses in dollars when its market ends YES and when it ends
NO. An event whose markets exclude each other has one state for each of them and one for none; the
markets of any other event are free to go wrong together. Losses are before fees.

What is held counts with what it cost. A gain that was made is no cushion for it: that is in the
bankroll by then, so an order that would close a hedge counts as taking it away.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Money, Price
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Claim:
    """Dollars lost if YES and if NO; negative where that state pays.

    An order may stay unfilled, so it can only add to a loss: see `order_claim`.
    """

    ticker: str
    if_yes: Money
    if_no: Money


def position_claim(position: Position) -> Claim:
    """What a position loses: its cost, less $1 for each contract of the outcome that pays."""
    paid = ONE_DOLLAR * abs(position.net)
    won, lost = position.cost - paid, position.cost
    yes_held = position.net.units > 0
    return Claim(position.ticker, won if yes_held else lost, lost if yes_held else won)


def order_claim(ticker: str, side: Side, price: Price, count: Contracts) -> Claim:
    """What an order adds if it is filled where that hurts, and not filled where it would help."""
    cost, nothing = outcome_cost(side, price, count), Money(0)
    return Claim(ticker, nothing, cost) if side is Side.BID else Claim(ticker, cost, nothing)


def closing_claim(
    position: Position, entries: Iterable[tuple[Price, Contracts]], leaving: Contracts
) -> Claim:
    """What orders against a position add beyond their cost, by closing what would have paid.

    `entries` are the limits and counts of those that enter on the other side, `leaving` what exits
    may close. Exits count as filled first and the cheapest entries next: whatever is filled last
    opens something, at its own price.
    """
    held = abs(position.net)
    paid = ONE_DOLLAR * held - position.cost
    left, lost = held.units, 0
    closers = sorted(
        (outcome_cost(position.side.opposite, price, Contracts(1)).units, count.units)
        for price, count in entries
    )
    for price, count in [(0, leaving.units), *closers]:
        closed = min(left, count)
        left -= closed
        lost += max(0, -(-paid.units * closed // held.units) - price * closed)
    added, nothing = Money(lost), Money(0)
    yes_held = position.net.units > 0
    return Claim(position.ticker, added if yes_held else nothing, nothing if yes_held else added)


def event_loss(claims: Iterable[Claim], *, exclusive: bool) -> Money:
    """The most that one event's claims can lose, never below $0."""
    losses: dict[str, tuple[int, int]] = {}
    for claim in claims:
        yes, no = losses.get(claim.ticker, (0, 0))
        losses[claim.ticker] = (yes + claim.if_yes.units, no + claim.if_no.units)
    if not exclusive:
        return Money(max(0, sum(max(yes, no) for yes, no in losses.values())))
    none_wins = sum(no for _, no in losses.values())
    return Money(max([0, none_wins, *(none_wins - no + yes for yes, no in losses.values())]))


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
