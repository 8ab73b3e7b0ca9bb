"""The desk on one screen, from the store alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money, total
from kalshi_cli.ports.desk import Holder
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.desk import DeskSummary
from kalshi_cli.ports.rows.trading import (
    FunnelRow,
    PositionRow,
    StrategyRow,
)


@dataclass(frozen=True, slots=True)
class HaltedByFile:
    """The file that halts the desk by being there, and what it says."""

    path: str
    said: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where the desk stands. `unlimited` names the limits that a person has removed; None where the
    settings are not valid.

    `equity` is the cash on record and the marks of `positions` together, by quotes that are none
    older than `quoted_us`; None where there is no cash on record, or nothing that a quote decides.
    A desk with a `halt_file` is halted, whether or not one that trades has put that on record yet.
    `holder` is the process that trades now, other than the one that looks; None where nobody does.
    """

    summary: DeskSummary
    strategies: tuple[StrategyRow, ...]
    funnel: tuple[FunnelRow, ...]
    positions: tuple[PositionRow, ...]
    equity: Money | None
    quoted_us: int | None
    unlimited: tuple[str, ...] | None
    halt_file: HaltedByFile | None
    holder: Holder | None


async def status(
    reports: Reports,
    *,
    unlimited: tuple[str, ...] | None,
    halt_file: HaltedByFile | None,
    running: Iterable[str] = (),
    holder: Holder | None = None,
) -> Status:
    """Read the desk's state, its funnel, what it holds and what each strategy earned, and that
    those of the `running` strategies have not done anything which have no record.
    """
    summary, held = await reports.summary(), await reports.positions()
    return Status(
        summary=_as_halted(summary, halt_file),
        strategies=_with_all(await reports.strategies(), running),
        funnel=await reports.funnel(),
        positions=held,
        equity=None if summary.cash is None else _worth(summary.cash, held),
        quoted_us=min(_quotes(held), default=None),
        unlimited=unlimited,
        halt_file=halt_file,
        holder=holder,
    )


def _with_all(rows: Sequence[StrategyRow], running: Iterable[str]) -> tuple[StrategyRow, ...]:
    """In name order."""
    known = {row.strategy: row for row in rows}
    every = {**{name: StrategyRow.nothing_yet(name) for name in running}, **known}
    return tuple(every[name] for name in sorted(every))


def _worth(cash: Money, held: Sequence[PositionRow]) -> Money:
    return cash + total([row.mark.value for row in held])


def _quotes(held: Sequence[PositionRow]) -> list[int]:
    """When those were quoted that a quote decides: once a result is known, that does."""
    return [
        row.quoted_us
        for row in held
        if row.quoted_us is not None and row.status is MarketStatus.ACTIVE
    ]


def _as_halted(summary: DeskSummary, halt_file: HaltedByFile | None) -> DeskSummary:
    """As the next step will put it on record, before it sends anything."""
    if halt_file is None or summary.state is DeskState.HALTED:
        return summary
    said = halt_file.said
    return replace(summary, state=DeskState.HALTED, state_reason=said, state_since_us=None)
