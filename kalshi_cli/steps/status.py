"""The desk on one screen, from the store alone."""

from dataclasses import dataclass

from kalshi_cli.ports.reports import DeskSummary, FunnelRow, PositionRow, Reports, StrategyRow


@dataclass(frozen=True, slots=True)
class Status:
    """Where the desk stands. `unlimited` names the limits that a person has removed."""

    summary: DeskSummary
    strategies: tuple[StrategyRow, ...]
    funnel: tuple[FunnelRow, ...]
    positions: tuple[PositionRow, ...]
    unlimited: tuple[str, ...]


async def status(reports: Reports, *, unlimited: tuple[str, ...]) -> Status:
    """Read the desk's state, its funnel, what it holds and what each strategy earned."""
    return Status(
        summary=await reports.summary(),
        strategies=await reports.strategies(),
        funnel=await reports.funnel(),
        positions=await reports.positions(),
        unlimited=unlimited,
    )
