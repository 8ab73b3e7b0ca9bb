"""Trials of signals, by strategy, market and instant."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import case, delete, func, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import ALIKE_US, Ending, HitRate, Trial, Verdict
from kalshi_cli.evaluation.flips import Spans
from kalshi_cli.ports.trials import Signal

_T = t.TRIALS.c
_UNDER_WAY = Prepared(
    select(
        _T.strategy, _T.signal, _T.event_ticker, _T.ticker, _T.side, _T.entry_price_units,
        _T.target_price_units, _T.stop_price_units, _T.spread_units, _T.at_us, _T.until_us,
    )
    .where(_T.ending.is_(None))
    .order_by(_T.at_us, _T.strategy, _T.ticker)
)  # fmt: skip


def _number(ending: Ending) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    return func.sum(case((_T.ending == ending.value, 1), else_=0))


_TOLD = [ending.value for ending in Ending if ending is not Ending.UNTOLD]
_SPANS = (
    select(
        _T.strategy,
        _T.signal,
        func.count().label("trials"),
        _number(Ending.HIT).label("hits"),
        _number(Ending.STOPPED).label("stops"),
        func.sum(_T.slip_units).label("slips"),
    )
    .where(_T.ending.in_(_TOLD), _T.at_us >= given("since_us"))
    .group_by(_T.strategy, _T.signal, _T.at_us // ALIKE_US)
    .subquery()
).c
_HIT_RATES = Prepared(
    select(
        _SPANS.strategy,
        _SPANS.signal,
        func.sum(_SPANS.stops),
        func.sum(_SPANS.slips),
        func.sum(_SPANS.trials),
        func.sum(_SPANS.hits),
        func.sum(_SPANS.trials * _SPANS.trials),
        func.sum(_SPANS.hits * _SPANS.hits),
        func.sum(_SPANS.trials * _SPANS.hits),
    ).group_by(_SPANS.strategy, _SPANS.signal)
)
_FORGET = Prepared(delete(t.TRIALS).where(_T.at_us < given("before_us")))


class SqlTrials:
    """Implements `ports.trials.Trials`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def begin(self, trials: Sequence[Trial]) -> None:
        rows = [{**_row(trial), "ending": None, "ended_us": None} for trial in trials]
        await self._transaction.upsert(t.TRIALS, [{**row, "slip_units": 0} for row in rows])

    async def under_way(self) -> tuple[Trial, ...]:
        return tuple(map(_trial_from, await self._transaction.rows(_UNDER_WAY)))

    async def judge(self, verdicts: Sequence[Verdict]) -> None:
        rows = [
            {
                **_row(verdict.trial),
                "ending": verdict.ending.value,
                "ended_us": verdict.ended_us,
                "slip_units": round(verdict.slipped * ONE_DOLLAR.units),
            }
            for verdict in verdicts
        ]
        await self._transaction.upsert(t.TRIALS, rows)

    async def hit_rates(self, since_us: int) -> Mapping[Signal, HitRate]:
        rows = await self._transaction.rows(_HIT_RATES, {"since_us": since_us})
        return {(row[0], row[1]): _rate(*map(int, row[2:])) for row in rows}

    async def forget(self, before_us: int) -> None:
        await self._transaction.write_prepared(_FORGET, {"before_us": before_us})


def _rate(stops: int, slips: int, *sums: int) -> HitRate:
    spans = Spans(*sums)
    slip = slips / stops / ONE_DOLLAR.units if stops else 0.0
    return HitRate(spans.count, spans.hits, slip, spans.alike)


def _row(trial: Trial) -> dict[str, object]:
    return {
        "strategy": trial.strategy,
        "ticker": trial.ticker,
        "at_us": trial.at_us,
        "event_ticker": trial.event_ticker,
        "signal": trial.signal,
        "side": trial.side.value,
        "entry_price_units": trial.entry.units,
        "target_price_units": trial.target.units,
        "stop_price_units": trial.stop.units,
        "spread_units": trial.spread.units,
        "until_us": trial.until_us,
    }


def _trial_from(row: Sequence[Any]) -> Trial:
    strategy, signal, event_ticker, ticker, side, *prices, at_us, until_us = row
    entry, target, stop, spread = map(Price, prices)
    return Trial(
        strategy=strategy,
        signal=signal,
        event_ticker=event_ticker,
        ticker=ticker,
        side=Side(side),
        entry=entry,
        target=target,
        stop=stop,
        spread=spread,
        at_us=at_us,
        until_us=until_us,
    )
