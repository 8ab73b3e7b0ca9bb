"""Trials of signals: begun in each pass of trading, and judged by the tape once their time is over.

A pass may be a process of its own, so they are kept. What is traded is measured like what is not.
"""

from collections.abc import Iterable, Sequence

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.trial import Ending, Trial, Verdict, determined, verdict
from kalshi_cli.errors import PASSING, ExchangeRefusal
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.isolating import one_line
from kalshi_cli.steps.looking import TRIALS_US
from kalshi_cli.strategies._base import Strategy, View

LATE_US = 12 * HOUR
"""A trial that was not judged within this time after its end is not judged any more: its prints may
be gone from where they are read.
"""
AT_ONCE = 20
"""Trials that are judged in one pass, at most; the oldest first."""
FAILURES = 3
"""Tapes that cannot be read, after which a pass leaves the others for the next: each was asked for
more than once, and waited for.
"""
PAGES = 10
"""Of a tape, at most; one that has more is not told."""


def tried(strategy: Strategy, view: View) -> tuple[Trial, ...] | str:
    """The trials that a strategy begins, or what is wrong with them."""
    try:
        trials = strategy.tries(view)
        wrong = _wrong(trials, strategy.name, view)
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is its own fault
        return one_line(f"{type(error).__name__}: {error}")
    return trials if wrong is None else one_line(wrong)


def _wrong(trials: object, strategy: str, view: View) -> str | None:
    if not isinstance(trials, tuple) or not all(isinstance(each, Trial) for each in trials):
        return "it tries what is no tuple of Trial"
    known = {c.market.ticker: c.event.event_ticker for c in view.candidates}
    seen = set(view.trying)
    for trial in trials:
        if known.get(trial.ticker) != trial.event_ticker or trial.strategy != strategy:
            return f"{trial.ticker}: it tries a market that it was not shown, or for another"
        if trial.event_ticker in seen:
            return f"{trial.event_ticker}: it tries twice at a time"
        if trial.at_us < view.now_us or trial.until_us <= trial.at_us:
            return f"{trial.ticker}: its trial begins in the past, or ends before"
        if not trial.stop < trial.entry < trial.target:
            return f"{trial.ticker}: its trial is not between its stop and its target"
        seen.add(trial.event_ticker)
    return None


async def begin_trials(store: Store, trials: Iterable[Trial]) -> None:
    """Put trials on record."""
    begun = tuple(trials)
    if not begun:
        return
    async with store.unit() as unit:
        await unit.trials.begin(begun)
        await unit.commit()


async def judge_trials(data: MarketData, store: Store, view: DeskView) -> tuple[Verdict, ...]:
    """Put on record how trials ended whose time is over, and forget those of long ago.

    What cannot be read now is left for the next pass, and holds up nothing in this one.
    """
    due = [trial for trial in view.trials if trial.until_us < view.now_us][:AT_ONCE]
    if not due:
        return ()
    found: list[Verdict] = []
    failed = 0
    for trial in due:
        try:
            judged = await _judged(data, trial, view.now_us)
            found += [] if judged is None else [judged]
        except PASSING:
            failed += 1
            if failed == FAILURES:
                break
    async with store.unit() as unit:
        await unit.trials.judge(found)
        await unit.trials.forget(view.now_us - TRIALS_US)
        await unit.commit()
    return tuple(found)


async def _judged(data: MarketData, trial: Trial, now_us: int) -> Verdict | None:
    """None where it is not told yet how its market was determined, which closed before its end."""
    untold = Verdict(trial, Ending.UNTOLD, trial.until_us)
    if now_us - trial.until_us > LATE_US:
        return untold
    tape = await _tape(data, trial)
    if tape is None:
        return untold
    found = verdict(trial, tape)
    if found.ending is not Ending.TIMED_OUT:
        return found
    page = await data.listings([trial.ticker])
    market = next((listing.market for listing in page.items), None)
    return untold if market is None else determined(found, market)


async def _tape(data: MarketData, trial: Trial) -> Sequence[Trade] | None:
    """All prints of a trial's time, and none of after; None where they cannot be had whole.

    Raises what may be better the next time.
    """
    prints: list[Trade] = []
    cursor = ""
    for _ in range(PAGES):
        try:
            page = await data.trades(trial.ticker, trial.at_us, cursor, trial.until_us)
        except ExchangeRefusal:
            return None
        if page.unusable:
            return None
        prints += page.items
        cursor = page.cursor
        if not cursor:
            return prints
    return None
