"""From what a method wants to orders: within every room, in contracts that can be traded.

Room is scarce. It goes first to what trades now, since a resting order may take up room in vain and
fills most easily when it should not; then to the best ratio of growth to risk. Where the legs of a
family want more of a shared room than there is, all of them get less.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.portfolio.families import Group, groups
from kalshi_cli.portfolio.leg import Leg, leg, spoken_terms_of
from kalshi_cli.portfolio.rooms import Room, Rooms
from kalshi_cli.portfolio.sizing import Sizing, Unsized, Unstaked

WHOLE = 100
HUNDREDTH = 1
"""Steps of a count in units of 0.01 contracts: the exchange takes either in every market."""
_TRIES = 10
_ASKED_ANEW = 2
_A_HAIR_LESS = 0.999
_DUST = 1e-6


@dataclass(frozen=True, slots=True)
class Bounded:
    """A group with the most contracts that each leg may get, and the room that says so."""

    group: Group
    most: tuple[float, ...]
    rooms: tuple[Room, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a method wants of a group: contracts of each leg, and `counts` at a smaller share of it.

    `rank` orders wishes, the largest first. A smaller share wants no more risk.
    """

    bounded: Bounded
    rank: float
    wanted: Sequence[float]
    counts: Callable[[float], Sequence[float]]


Wishes = Callable[[Sequence[Bounded], Rooms], Sequence[Wish]]


def allot(
    proposals: Sequence[Proposal],
    books: Mapping[str, OrderBook],
    capital: Capital,
    *,
    step: int,
    wishes: Wishes,
) -> Sizing:
    """Turn proposals of entries into intents, by the wishes of a method."""
    unsized: list[Unsized] = []
    intents: list[OrderIntent] = []
    legs: list[Leg] = []
    for proposal in sorted(proposals, key=_order):
        found = leg(proposal, books.get(proposal.ticker), capital, step)
        if isinstance(found, Unsized):
            unsized.append(found)
        else:
            legs.append(found)
    rooms = Rooms(capital)
    for is_resting in (False, True):
        own = [each for each in legs if each.proposal.resting is is_resting]
        for wish in sorted(_wishes(own, rooms, wishes, unsized), key=_first):
            counts, short = _fitted(wish, rooms, step)
            orders = list(zip(wish.bounded.group.legs, counts, strict=True))
            rooms.take(orders)
            intents += [each.intent(count, capital.strategy) for each, count in orders if count]
            unsized += _left_out(wish, counts, short, step)
    return Sizing(tuple(intents), tuple(unsized))


def _order(proposal: Proposal) -> tuple[str, str, int, float]:
    return proposal.ticker, proposal.side, proposal.limit.units, proposal.fair


def _first(wish: Wish) -> tuple[float, str]:
    return -wish.rank, wish.bounded.group.legs[0].ticker


def _wishes(
    legs: Sequence[Leg], rooms: Rooms, wishes: Wishes, unsized: list[Unsized]
) -> Sequence[Wish]:
    bounded: list[Bounded] = []
    for group in groups(legs, rooms.held(), rooms.capital.footings):
        if (unpriced := group.unpriced) is not None:
            detail = f"{unpriced} is held beside it, and neither a forecast nor a price tells of it"
            unsized += [
                Unsized(each.proposal, Unstaked.UNPRICED_HOLDING, detail) for each in group.legs
            ]
        else:
            found = [_bound(each, rooms) for each in group.legs]
            most, tightest = zip(*found, strict=True)
            bounded.append(Bounded(group, most, tightest))
    return wishes(bounded, rooms)


def _bound(each: Leg, rooms: Rooms) -> tuple[float, Room]:
    """The most contracts of one leg by itself, and the room that leaves fewest dollars."""
    limits = rooms.capital.limits
    cash, market, stake = rooms.cash(each), rooms.market(each), rooms.stake(each)
    tightest = min(
        (room for room in (cash, market, stake) if room is not None), key=lambda room: room.left
    )
    most = min(
        each.affordable(float(tightest.left)),
        sum(count for count, _ in each.steps),
        math.inf if limits.max_order_contracts is None else limits.max_order_contracts,
        math.inf if each.proposal.max_contracts is None else float(each.proposal.max_contracts),
    )
    payable = cash.left
    if limits.max_single_position is not None:
        payable = min(payable, rooms.capital.bankroll.scaled(limits.max_single_position))
    price = outcome_price(each.proposal.side, each.proposal.limit).units
    hundredths = int(most * WHOLE + _DUST)
    if market is not None:
        hundredths = min(hundredths, max(0, market.left.units) // price)
    while hundredths > 0 and (cost := each.committed(Contracts(hundredths))) > payable:
        hundredths = min(hundredths - 1, hundredths * max(0, payable.units) // cost.units)
    return hundredths / WHOLE, tightest


def _fitted(wish: Wish, rooms: Rooms, step: int) -> tuple[list[Contracts], Room | None]:
    """What shared rooms hold of a wish, and the room that is short of it.

    The method is asked for a smaller share first, which gives up the weakest; what is still too
    much is cut alike for all legs. Half of what is bought needs at most half of any room.
    """
    legs = wish.bounded.group.legs
    wanted, share, short = wish.wanted, 1.0, None
    for attempt in range(_TRIES):
        counts = [Contracts(int(each * WHOLE + _DUST)) for each in wanted]
        fits, room = rooms.strain(list(zip(legs, counts, strict=True)))
        if fits >= 1.0:
            return [_stepped(count, step) for count in counts], short
        short = room
        if fits <= 0.0:
            break
        if attempt < _ASKED_ANEW:
            share *= fits
            wanted = wish.counts(share)
        else:
            cut = fits if attempt == _ASKED_ANEW else min(fits, _A_HAIR_LESS)
            wanted = [cut * each for each in wanted]
    return [NO_CONTRACTS] * len(legs), short


def _stepped(count: Contracts, step: int) -> Contracts:
    return Contracts(count.units - count.units % step)


def _left_out(
    wish: Wish, counts: Sequence[Contracts], short: Room | None, step: int
) -> list[Unsized]:
    """Why each leg without contracts has none."""
    bounded = wish.bounded
    return [
        _why_not(leg, bounded.most[i], bounded.rooms[i], wish.wanted[i], short, step)
        for i, leg in enumerate(bounded.group.legs)
        if not counts[i]
    ]


def _why_not(
    each: Leg, most: float, own: Room, wanted: float, short: Room | None, step: int
) -> Unsized:
    if most * WHOLE < step and own.left < each.committed(Contracts(step)):
        short = own
    elif short is None or wanted * WHOLE < step:
        staked = Contracts(int(wanted * WHOLE + _DUST)).spoken
        detail = f"{spoken_terms_of(each.steps[0][1], each.win)}: a stake of {staked} contracts"
        return Unsized(each.proposal, Unstaked.NO_STAKE, detail)
    return Unsized(each.proposal, Unstaked.NO_ROOM, short.told)
