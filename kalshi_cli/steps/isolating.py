"""A strategy that raises or talks nonsense proposes nothing, and in the end is not asked any more.

The others go on. It is kept on record, since each pass may be a process of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.order import WORKING, Order, Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.strategy_fault import StrategyFault, erred
from kalshi_cli.ports.store import Store
from kalshi_cli.strategies._base import Abstention, Strategy, View
from kalshi_cli.strategies._judging import nonsense

LONGEST = 300
"""Characters that are kept of an error."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A strategy that proposed nothing through a fault of its own; `is_disabled` where it is not
    asked any more.
    """

    strategy: str
    error: str
    is_disabled: bool = False

    @property
    def told(self) -> str:
        if not self.is_disabled:
            return self.error
        return f"disabled until `kalshi strategies forgive {self.strategy}`: {self.error}"


async def known_faults(store: Store) -> Mapping[str, StrategyFault]:
    """The strategies whose last pass went wrong, by name."""
    async with store.unit() as unit:
        return await unit.desk.strategy_faults()


def asked(
    strategies: Sequence[Strategy], faults: Mapping[str, StrategyFault], only: str | None
) -> tuple[tuple[Strategy, ...], tuple[Broken, ...]]:
    """The strategies that are asked in a pass, and those that would be, but are disabled."""
    meant = [each for each in strategies if only in {None, each.name}]
    off = {name for name, fault in faults.items() if fault.is_disabled}
    broken = [
        Broken(s.name, faults[s.name].error, is_disabled=True) for s in meant if s.name in off
    ]
    return tuple(each for each in meant if each.name not in off), tuple(broken)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a strategy proposes, and by ticker why it proposes nothing elsewhere."""

    proposals: tuple[Proposal, ...]
    abstentions: Mapping[str, Abstention]


def answered(propose: Callable[[View], object], view: View) -> Answer | str:
    """What a strategy says of a view, or what is wrong with it."""
    try:
        proposed = propose(view)
        wrong = nonsense(proposed, view)
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is its own fault
        return one_line(f"{type(error).__name__}: {error}")
    if wrong is not None:
        return one_line(wrong)
    assert isinstance(proposed, tuple)  # noqa: S101 - for the type checker: it was judged
    return Answer(
        tuple(said for said in proposed if isinstance(said, Proposal)),
        {said.ticker: said for said in proposed if isinstance(said, Abstention)},
    )


def one_line(text: str) -> str:
    """A stranger's text as a row and a terminal can take it."""
    plain = " ".join(text.split())
    if plain.isprintable():
        return plain[:LONGEST]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)[:LONGEST]


def left_by(orders: Sequence[Order], strategies: Collection[str]) -> tuple[Order, ...]:
    """What disabled strategies left in the book; exits stay, as they do for everybody."""
    return tuple(
        order
        for order in orders
        if order.state in WORKING
        and order.intent.purpose is not Purpose.EXIT
        and order.intent.strategy in strategies
    )


async def keep_faults(
    store: Store,
    before: Mapping[str, StrategyFault],
    *,
    asked: Collection[str],
    broken: Sequence[Broken],
    now_us: int,
    most_in_a_row: int,
) -> None:
    """Count the faults of those that were asked; a pass without one wipes the slate."""
    errors = {each.strategy: each.error for each in broken if not each.is_disabled}
    cleared = [name for name in asked if name in before and name not in errors]
    if not errors and not cleared:
        return
    async with store.unit() as unit:
        for name, error in errors.items():
            await unit.desk.keep_fault(erred(before.get(name), name, error, now_us, most_in_a_row))
        for name in cleared:
            await unit.desk.forgive(name)
        await unit.commit()
