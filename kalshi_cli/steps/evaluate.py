"""Say honestly what was earned, and whether any of it is more than luck.

Nothing is written. Every forecast that has an answer is scored against the market of its moment;
every strategy's profit is net of fees and of the AI it used; too little data prints "unresolved".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.marks import Standing, position_mark
from kalshi_cli.domain.money import AiCost, Money
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.evaluation.pnl import StrategyPnl, TradeResult, strategy_pnl, trade_result
from kalshi_cli.evaluation.rebalancing import NewShare
from kalshi_cli.evaluation.scores import By, Score, ScoredForecast, score
from kalshi_cli.evaluation.slices import ClosedTrade, Cut, Slice, slices
from kalshi_cli.forecasting.weights import Fit
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.markets import ScoredRow
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.charging import charged
from kalshi_cli.steps.rebalancing import ShareChange
from kalshi_cli.steps.record import WeightPolicy, fitted_weights, with_roles
from kalshi_cli.steps.valuation import Prices, value


@dataclass(frozen=True, slots=True)
class EvaluateResult:
    """Scores, profits, and equity beside all that was ever paid in, by the ledger.

    `at_us` is market time; None in a world that nobody has seen. `paid_in` is the opening balance
    and deposits less withdrawals; it and `equity` are None before the account was first seen.
    `waiting` counts forecasts whose market has no result yet, and `repeated` those of markets with
    a result that are not judged, since an earlier one of the same market and model (or other group)
    is. `slices` are the closed trades by group, where they can be cut so. `labels` say what a
    person must know of the forecasters behind the numbers. `weights` are what the record of each
    language model says of its say. `shares` are what the record says of the shares of the bankroll,
    where that was asked for, and `changes` what that changed.
    """

    at_us: int | None
    by: By
    scores: tuple[Score, ...]
    slices: tuple[Slice, ...]
    weights: tuple[Fit, ...]
    waiting: int
    repeated: int
    strategies: tuple[StrategyPnl, ...]
    equity: Money | None
    paid_in: Money | None
    ai_cost: AiCost
    labels: tuple[str, ...]
    shares: tuple[NewShare, ...] | None = None
    changes: tuple[ShareChange, ...] | None = None

    @property
    def since_start(self) -> Money | None:
        """What was earned or lost, whatever was deposited or withdrawn meanwhile."""
        if self.equity is None or self.paid_in is None:
            return None
        return self.equity - self.paid_in


async def evaluate(
    store: Store,
    reports: Reports,
    clock: Clock,
    *,
    ai_charged_to: str | None,
    weights: WeightPolicy,
    by: By = By.MODEL,
    is_fiction: bool = False,
) -> EvaluateResult:
    """Evaluate everything on record; `is_fiction` says that no model can have read of it."""
    scored = await reports.scored()
    summary = await reports.summary()
    async with store.unit(reads=True) as unit:
        positions = await unit.ledger.positions(open_only=False)
        found = await unit.catalog.entries(tickers={p.ticker for p in positions})
        cash, paid_in = await unit.ledger.cash(), await unit.ledger.paid_in()
        spent, charges = await unit.ai.spent_ever(), await charged(unit, ai_charged_to)
        orders, seen = await unit.journal.live(), await unit.snapshots.seen()
    entries = {entry.market.ticker: entry for entry in found}
    held = [position for position in positions if not position.is_flat]
    prices = Prices(entries, {}, orders, seen)
    stands = prices.standings(position.ticker for position in positions)
    results = [
        _result(position, entries.get(position.ticker), each)
        for position, each in zip(positions, stands, strict=True)
    ]
    equity = value(cash, held, prices).equity
    scores = score(
        await _judged(reports, scored, by, weights.known_until, is_fiction=is_fiction), by
    )
    return EvaluateResult(
        at_us=clock.now() or None,
        by=by,
        scores=scores,
        slices=await _slices(store, reports, by),
        weights=await fitted_weights(store, reports, weights, scored, is_fiction=is_fiction),
        waiting=summary.forecasts - len(scored),
        repeated=len(scored) - sum(row.judged + row.contaminated for row in scores),
        strategies=strategy_pnl(results, charges),
        equity=None if paid_in is None else equity,
        paid_in=paid_in,
        ai_cost=spent,
        labels=_labels(scored),
    )


async def _judged(
    reports: Reports,
    scored: Sequence[ScoredRow],
    by: By,
    known_until: Mapping[str, int],
    *,
    is_fiction: bool,
) -> Sequence[ScoredForecast]:
    """What is scored; with the strategy that entered on each where that is asked about."""
    found = await with_roles(reports, scored, known_until, is_fiction=is_fiction)
    if by is not By.STRATEGY:
        return found
    entries = await reports.orders(purposes=[Purpose.ENTRY])
    traded = {row.forecast_id: row.strategy for row in entries if row.filled}
    return [
        replace(each, traded_by=traded.get(row.forecast_id, ""))
        for row, each in zip(scored, found, strict=True)
    ]


async def _slices(store: Store, reports: Reports, by: By) -> tuple[Slice, ...]:
    """The closed trades by group, where trades can be cut so."""
    if by.value not in {cut.value for cut in Cut}:
        return ()
    trips = [row.trip for row in await reports.round_trips()]
    async with store.unit(reads=True) as unit:
        found = await unit.catalog.entries(tickers={trip.ticker for trip in trips})
    entries = {entry.market.ticker: entry for entry in found}
    return slices([_closed(trip, entries.get(trip.ticker)) for trip in trips], Cut(by.value))


def _closed(trip: RoundTrip, entry: CatalogEntry | None) -> ClosedTrade:
    """A market that is not listed any more is an event of its own."""
    return ClosedTrade(
        strategy=trip.owner,
        event_ticker=trip.ticker if entry is None else entry.event.event_ticker,
        category="" if entry is None else entry.category,
        horizon_us=None if entry is None else entry.market.close_us - trip.opened_us,
        price=float(trip.entry_cost) / float(trip.count),
        pnl=trip.pnl,
    )


def _result(position: Position, entry: CatalogEntry | None, stands: Standing) -> TradeResult:
    """A market that is not listed is an event of its own."""
    worth = position_mark(position, stands).value
    event = position.ticker if entry is None else entry.event.event_ticker
    return trade_result(position, event, worth)


def _labels(scored: Collection[ScoredRow]) -> tuple[str, ...]:
    return tuple(sorted({row.label for row in scored} - {""}))
