"""New shares of the bankroll by what is measured: small steps, and only on evidence.

A share is raised on nothing but an edge that is shown, and lowered where it is shown that there is
none. What is free, of what nobody has and what was lowered, goes to those that earn by what a
dollar earned with them. What is not resolved stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.evaluation.interval import (
    MIN_CLUSTERS,
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    student_95,
    verdict,
)

WHOLE = 10_000
"""The bankroll, in the hundredths of a percent that shares are changed by."""
TINY = 1e-6
"""What a float may be off by."""
BAND = 200
"""A change of less is not made: it would be noise."""
STEP = 500
"""The most that a share moves at once."""
FLOOR = 500
"""No share is lowered below: what does not trade proves nothing."""
CEILING = 6_000
"""No share is raised above."""


@dataclass(frozen=True, slots=True)
class Staked:
    """All that a strategy closed in one event that is over: dollars paid for what it held, and its
    net profit after fees. `closed_us` is when the last of it was.
    """

    event_ticker: str
    staked: Money
    pnl: Money
    closed_us: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One strategy's share, and what a dollar staked returned, an observation an event.

    `shrunk` is its mean drawn toward zero by its doubt. `fresh` counts the events that closed since
    the share was last changed.
    """

    strategy: str
    share: float
    per_dollar: Interval | None
    shrunk: float
    verdict: Verdict
    fresh: int


@dataclass(frozen=True, slots=True)
class NewShare:
    """A share as it is and as it should be, the same where nothing speaks for a change.

    `setting` is what a config file calls it, under `[allocation]`.
    """

    setting: str
    measured: Measured
    new: float
    why: str

    @property
    def is_change(self) -> bool:
        return self.new != self.measured.share


def measured(
    strategy: str, share: float, events: Sequence[Staked], ai_cost: Money, changed_us: int | None
) -> Measured:
    """`ai_cost` is all the AI that the strategy used: each dollar staked bears the same of it."""
    staked = sum(event.staked.units for event in events)
    burden = ai_cost.units / staked if staked else 0.0
    found = clustered_mean(
        [
            Observation(event.event_ticker, event.pnl.units / event.staked.units - burden)
            for event in events
        ]
    )
    fresh = [event for event in events if changed_us is None or event.closed_us > changed_us]
    return Measured(strategy, share, found, shrunk(found), verdict(found), len(fresh))


def shrunk(found: Interval | None) -> float:
    """The mean times m² / (m² + error²), the share of it that is not doubt; 0 without an error."""
    if found is None or found.high is None:
        return 0.0
    error = (found.high - found.mean) / student_95(found.clusters - 1)
    square = found.mean * found.mean
    return found.mean * square / (square + error * error) if square else 0.0


def rebalanced(rows: Sequence[Measured], settings: Mapping[str, str]) -> tuple[NewShare, ...]:
    """New shares of all that run; together they come to no more than the bankroll. `settings` are
    what their shares are called.
    """
    old = {row.strategy: ceil(row.share * WHOLE - TINY) for row in rows}  # no part of one is free
    settled = [row for row in rows if row.fresh >= MIN_CLUSTERS]
    cuts = {
        row.strategy: _banded(old[row.strategy] - FLOOR)
        for row in settled
        if row.verdict is Verdict.NO_EDGE
    }
    earning = {row.strategy: row.shrunk for row in settled if row.verdict is Verdict.EDGE}
    free = max(0, WHOLE - sum(old.values()) + sum(cuts.values()))
    wanted = {
        name: _banded(min(CEILING - old[name], int(free * each / sum(earning.values()))))
        for name, each in earning.items()
    }
    moved = {name: wanted.get(name, 0) - cuts.get(name, 0) for name in old}
    return tuple(
        _new(settings[row.strategy], row, old[row.strategy], moved[row.strategy]) for row in rows
    )


def _banded(room: int) -> int:
    """How far a share moves that has so much room: a step at most, and not at all for little."""
    return min(STEP, room) if room >= BAND else 0


def _new(setting: str, row: Measured, old: int, moved: int) -> NewShare:
    new = (old + moved) / WHOLE if moved else row.share
    return NewShare(setting, row, new, _why(row, moved))


def _why(row: Measured, moved: int) -> str:
    if row.verdict is Verdict.UNRESOLVED:
        events = 0 if row.per_dollar is None else row.per_dollar.clusters
        return f"unresolved over {events} event{'s' * (events != 1)}: no change"
    if row.fresh < MIN_CLUSTERS:
        return f"{row.fresh} of {MIN_CLUSTERS} events since it was changed last: no change"
    said = "an edge is shown" if row.verdict is Verdict.EDGE else "no edge: it loses"
    if moved:
        return f"{said}, {row.shrunk:+.4f} a dollar staked"
    return f"{said}; less than {BAND / WHOLE:.0%} to move: no change"


def by_event(trades: Sequence[tuple[str, Money, Money, int]]) -> tuple[Staked, ...]:
    """Closed trades as (event, paid for it, net profit, closed), one row an event that cost
    anything.
    """
    found: dict[str, Staked] = {}
    for event, cost, pnl, closed_us in trades:
        before = found.get(event, Staked(event, NO_MONEY, NO_MONEY, closed_us))
        found[event] = replace(
            before,
            staked=before.staked + cost,
            pnl=before.pnl + pnl,
            closed_us=max(before.closed_us, closed_us),
        )
    return tuple(row for _, row in sorted(found.items()) if row.staked.units > 0)
