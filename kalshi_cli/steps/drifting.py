"""Whether cash and positions are as the exchange has them: the short look of `inspect-db`.

A difference stands only where two looks tell it between which nothing changed: see
`standing_still`.
"""

from dataclasses import dataclass, replace
from functools import partial

from kalshi_cli.domain.money import Money
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.positions import Difference, compare_positions
from kalshi_cli.steps.reconcile import CASH
from kalshi_cli.steps.standing_still import until_still


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
    looks = await until_still(
        partial(_look, trading, store),
        differs=lambda look: bool(look.differences),
        at_rest=lambda look: look,
    )
    last, before = looks.last, looks.before
    if before is None:
        return last
    why = "; ".join(filter(None, (last.why, looks.doubt)))
    alike = tuple(each for each in last.differences if each in before.differences)
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
