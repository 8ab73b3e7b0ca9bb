"""The strategies that there are, which of them run, on what share, and how they do."""

import inspect
from collections.abc import Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.strategy_fault import StrategyFault
from kalshi_cli.domain.trial import HitRate
from kalshi_cli.errors import NotFound
from kalshi_cli.ports.rows.trading import StrategyRow

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.settings.sections import Settings
    from kalshi_cli.strategies._base import Strategy


@dataclass(frozen=True, slots=True)
class Signalled:
    """How often a signal was right, and the hit rate that is proven by that."""

    signal: str
    trials: int
    hits: int
    proven: float


@dataclass(frozen=True, slots=True)
class Member:
    """One strategy. `share` is of the bankroll, `path` its file where a person wrote it, and
    `named` says whether the settings have it run, with a share or without.

    `parameters` are as they are in force; `record` is None where it never traded here,
    `hit_rates` are what the trials of its signals came to, and `unloadable` says why its file
    cannot be loaded.
    """

    name: str
    runs: bool
    named: bool
    share: float
    path: str | None
    summary: str
    description: str
    parameters: tuple[tuple[str, str], ...]
    fault: StrategyFault | None
    record: StrategyRow | None
    hit_rates: tuple[Signalled, ...]
    unloadable: str | None


@dataclass(frozen=True, slots=True)
class Forgiven:
    """A strategy that is asked again; `had` is what it did wrong, None where it did nothing."""

    strategy: str
    had: StrategyFault | None


async def roster(prepared: Prepared, store: "SqlStore") -> tuple[Member, ...]:
    """Every strategy: the ones that run first, then by name."""
    from kalshi_cli.bootstrap.strategies import strategy
    from kalshi_cli.settings.strategies import names

    async with store.unit() as unit:
        settings = prepared.settings.under(await unit.desk.rebalanced())
        faults = await unit.desk.strategy_faults()
        rates = await unit.trials.hit_rates(0)
    records = {row.strategy: row for row in await store.reports.strategies()}
    found = []
    for name in names(settings):
        built = strategy(name, settings)
        own = [_signalled(s, rate) for (who, s), rate in sorted(rates.items()) if who == name]
        found.append(_member(settings, built, name, faults.get(name), records.get(name), own))
    return tuple(sorted(found, key=lambda member: (not member.runs, member.name)))


async def member(prepared: Prepared, store: "SqlStore", name: str) -> Member:
    """One strategy, which there is."""
    return next(each for each in await roster(prepared, store) if each.name == name)


async def forgive(prepared: Prepared, store: "SqlStore", name: str) -> Forgiven:
    """Forget what a strategy did wrong."""
    known = await member(prepared, store, name)
    async with store.unit() as unit:
        await unit.desk.forgive(name)
        await unit.commit()
    return Forgiven(name, known.fault)


def one_of(prepared: Prepared, name: str) -> None:
    """Raises `NotFound` for a strategy that there is not."""
    from kalshi_cli.settings.strategies import names

    known = names(prepared.settings)
    if name not in known:
        raise NotFound(f"There is no strategy {name!r}.", remedy=f"Use one of {', '.join(known)}.")


def _signalled(signal: str, rate: HitRate) -> Signalled:
    from kalshi_cli.evaluation.flips import proven

    return Signalled(signal, rate.count, rate.hits, proven(rate))


def _reflowed(text: str) -> str:
    """Paragraphs as one line each, for any width; lists and what is indented stand as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        paragraph
        if any(line.startswith((" ", "-", "*")) for line in paragraph.split("\n"))
        else " ".join(paragraph.split())
        for paragraph in paragraphs
    )


def _member(
    settings: "Settings",
    built: "Strategy",
    name: str,
    fault: StrategyFault | None,
    record: StrategyRow | None,
    hit_rates: Sequence[Signalled],
) -> Member:
    from kalshi_cli.bootstrap.strategies import Unloadable, file_of

    path, share = file_of(name, settings), settings.allocation.shares.get(name, 0.0)
    error = built.error if isinstance(built, Unloadable) else None
    told = (
        error
        or inspect.getdoc(inspect.getmodule(type(built)) if path is None else type(built))
        or ""
    )
    summary = " ".join(told.split("\n\n")[0].split())
    taken: tuple[Field[Any], ...] = fields(built) if is_dataclass(built) else ()
    return Member(
        name=name,
        runs=name in settings.running and share > 0 and error is None,
        named=name in settings.running,
        share=share,
        path=None if path is None else str(path),
        summary=summary,
        description=_reflowed(told),
        parameters=tuple((each.name, str(getattr(built, each.name))) for each in taken),
        fault=fault,
        record=record,
        hit_rates=tuple(hit_rates),
        unloadable=error,
    )
