"""The desk on one screen, from the store alone."""

from dataclasses import dataclass, replace

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.ports.reports import DeskSummary, FunnelRow, PositionRow, Reports, StrategyRow


@dataclass(frozen=True, slots=True)
class HaltedByFile:
    """The file that halts the desk by being there, and what it says."""

    path: str
    said: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where the desk stands. `unlimited` names the limits that a person has removed.

    A desk with a `halt_file` is halted, whether or not one that trades has put that on record yet.
    """

    summary: DeskSummary
    strategies: tuple[StrategyRow, ...]
    funnel: tuple[FunnelRow, ...]
    positions: tuple[PositionRow, ...]
    unlimited: tuple[str, ...]
    halt_file: HaltedByFile | None


async def status(
    reports: Reports, *, unlimited: tuple[str, ...], halt_file: HaltedByFile | None
) -> Status:
    """Read the desk's state, its funnel, what it holds and what each strategy earned."""
    return Status(
        summary=_as_halted(await reports.summary(), halt_file),
        strategies=await reports.strategies(),
        funnel=await reports.funnel(),
        positions=await reports.positions(),
        unlimited=unlimited,
        halt_file=halt_file,
    )


def _as_halted(summary: DeskSummary, halt_file: HaltedByFile | None) -> DeskSummary:
    """As the next step will put it on record, before it sends anything."""
    if halt_file is None or summary.state is DeskState.HALTED:
        return summary
    said = halt_file.said
    return replace(summary, state=DeskState.HALTED, state_reason=said, state_since_us=None)
