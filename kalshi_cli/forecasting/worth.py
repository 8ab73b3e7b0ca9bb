"""What is worth asking about: where a forecast is likeliest to find something, for its price.

Before anybody is asked, a forecast that has a say of w and errs by sigma logits will move p* by
about s = w sigma p (1 - p) dollars, one standard deviation, to either side. Only what goes beyond
the cost c of a trade (half the spread and the taker's fee) earns: of a normal move, E[(move - c)+]
= s phi(c/s) - c Phi(-c/s). That times what there is to trade on a side is what a forecast is worth.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.marks import benchmark

What = TypeVar("What")
EXPLORED = 10
"""One question in so many goes to what was not asked about for the longest time: what a formula
never asks about, nobody ever learns anything of."""


def expected_gain(quote: Quote, terms: FeeTerms, *, weight: float, logit_error: float) -> float:
    """Dollars that a forecast of a market is worth on average, at the sizes of its best prices.

    0 without a market to anchor to, or where the fees are not known.
    """
    middle = benchmark(quote.bid, quote.ask)
    if middle is None or quote.bid is None or quote.ask is None or not terms.is_known:
        return 0.0
    spread = weight * logit_error * middle * (1.0 - middle)
    half = float(quote.ask.price - quote.bid.price) / 2.0
    gain = 0.0
    for level in (quote.bid, quote.ask):
        cost = half + fee_per_contract(terms, level.price, is_taker=True)
        gain += float(level.count) * _beyond(spread, cost)
    return gain


def _beyond(spread: float, cost: float) -> float:
    """E[(move - cost)+] of a normal move with that standard deviation."""
    if spread <= 0.0:
        return 0.0
    reach = cost / spread
    density = math.exp(-reach * reach / 2.0) / math.sqrt(2.0 * math.pi)
    return spread * density - cost * 0.5 * math.erfc(reach / math.sqrt(2.0))


@dataclass(frozen=True, slots=True)
class Prospect(Generic[What]):
    """Something to ask about. `gain` is in dollars, `length` what asking costs in any one unit;
    `asked_us` is when it was last asked about, None for never.
    """

    what: What
    gain: float
    length: float
    is_held: bool
    asked_us: int | None


def in_order(prospects: Sequence[Prospect[What]]) -> tuple[What, ...]:
    """What to ask about first: what is held, then by gain for its price, some by turn.

    What ties stays in the order given.
    """
    held = [each for each in prospects if each.is_held]
    others = [each for each in prospects if not each.is_held]
    by_worth = iter(sorted(others, key=_worth))
    by_turn = iter(sorted(others, key=lambda each: -1 if each.asked_us is None else each.asked_us))
    chosen: dict[int, Prospect[What]] = {id(each): each for each in sorted(held, key=_worth)}
    wanted = len(prospects)
    while len(chosen) < wanted:
        _take(chosen, by_worth, EXPLORED - 1)
        _take(chosen, by_turn, 1)
    return tuple(each.what for each in chosen.values())


def _worth(prospect: Prospect[What]) -> float:
    return -prospect.gain / prospect.length


def _take(chosen: dict[int, Prospect[What]], source: Iterator[Prospect[What]], count: int) -> None:
    fresh = (each for each in source if id(each) not in chosen)
    for each in islice(fresh, count):
        chosen[id(each)] = each
