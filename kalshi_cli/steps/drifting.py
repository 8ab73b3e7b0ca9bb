"""Whether cash and positions are as the exchange has them: the short look of `inspect-db`.

An account may trade while it is read, and the lists are read one after the other: a difference
stands only where two looks tell it between which nothing changed, as for `comparing`.
"""

from dataclasses import dataclass, replace

from kalshi_cli.domain.money import Money
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.comparing import MOST_LOOKS
from kalshi_cli.steps.positions import Difference, compare_positions
from kalshi_cli.steps.reconcile import CASH


@dataclass(frozen=True, slots=True)
class Drift:
    """What the exchange tells otherwise. Where `why` says something, that may not be all of it.

    `ours` is the ledger's cash, `theirs` the exchange's.
    """

    ours: Money
    theirs: Money
    differences: tuple[Difference, ...]
    why: str = ""


async def drift(trading: Trading, store: Store) -> Drift:
    """Look until nothing differs, or two looks are the same; of an account that does not stand
    still, what the last two have alike. Changes nothing.
    """
    looks = [await _look(trading, store)]
    while looks[-1].differences and len(looks) < MOST_LOOKS:
        looks.append(await _look(trading, store))
        if looks[-2] == looks[-1]:
            return looks[-1]
    last = looks[-1]
    if not last.differences:
        return last
    moving = f"the account changed at each of {len(looks)} looks"
    why = "; ".join(filter(None, (last.why, moving)))
    alike = tuple(each for each in last.differences if each in looks[-2].differences)
    return replace(last, differences=alike, why=why)


async def _look(trading: Trading, store: Store) -> Drift:
    theirs = (await trading.balance()).cash
    compared = await compare_positions(trading, store)
    async with store.unit(reads=True) as unit:
        ours = await unit.ledger.cash()
    differences = compared.differences
    if ours != theirs and not compared.why:
        differences = (*differences, Difference(CASH, str(ours), str(theirs)))
    why = f"positions were read in part: {compared.why}" if compared.why else ""
    return Drift(ours, theirs, differences, why)
