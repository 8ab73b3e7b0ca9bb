"""The settings as the steps want them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import kalshi_cli.portfolio.methods as methods_package
from kalshi_cli.bootstrap.strategies import running
from kalshi_cli.bootstrap.templates import templates
from kalshi_cli.domain.deliberation import Research, Role
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, from_datetime
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import AiCost, Money
from kalshi_cli.exits._base import Exit
from kalshi_cli.exits._gate import exits
from kalshi_cli.exits._planning import ExitRules
from kalshi_cli.filters._base import Filter
from kalshi_cli.filters._gate import filters
from kalshi_cli.forecasting.ruling import AI_ERROR
from kalshi_cli.plugins import load
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.risk._gate import controls
from kalshi_cli.settings.sections import Ai, Section, Settings
from kalshi_cli.steps.analysis_policy import AnalysisPolicy, Worth
from kalshi_cli.steps.asking import AskingPolicy
from kalshi_cli.steps.deliberation_policy import DeliberationPolicy
from kalshi_cli.steps.questions import RoundSeconds
from kalshi_cli.steps.record import WeightPolicy
from kalshi_cli.steps.regating import StartingSay
from kalshi_cli.steps.trade_policy import TradePolicy

DIRECTIONAL = "directional_trading"
FREE_FORECASTERS = frozenset({"baseline", "oracle"})
_AI_TICKS_PER_MONEY = 10_000


@dataclass(frozen=True, slots=True)
class Policies:
    """What each step is held to."""

    filters: tuple[Filter, ...]
    trading: TradePolicy
    analysis: AnalysisPolicy

    @property
    def exits(self) -> tuple[Exit, ...]:
        return self.trading.exits


def policies(env: Env, settings: Settings, forecaster: str | None) -> Policies:
    """Turn settings into what the steps are held to."""
    chosen = filters(
        {**_values(settings.filters), "min_minutes_to_close": _least_to_close(settings)}
    )
    return Policies(
        filters=chosen,
        trading=TradePolicy(
            env=env,
            strategies=running(settings, _attended_every_s(env, settings)),
            controls=controls(),
            filters=chosen,
            limits=_limits(settings),
            allocations=settings.allocation.shares,
            max_strategy_faults=settings.trading.max_strategy_faults,
            exits=exits(_values(settings.exits)),
            exit_rules=_exit_rules(settings),
            sizing=load(
                methods_package,
                settings.portfolio.method,
                Method,
                _values(settings.portfolio),
            ),
            kelly_fraction=settings.trading.kelly_fraction,
            probation_stake=settings.trading.probation_stake if env is Env.PROD else None,
            min_confidence=settings.trading.min_confidence_threshold,
            cancel_on_pause=settings.trading.cancel_entries_on_pause,
            ai_charged_to=DIRECTIONAL if DIRECTIONAL in settings.running else None,
            lends=settings.portfolio.lend_unused_shares,
            keep_denials_us=_span(settings.trading.keep_denials_days),
        ),
        analysis=_analysis(settings, forecaster),
    )


def _attended_every_s(env: Env, settings: Settings) -> float:
    """How often trading is due: in a simulated world once a cycle."""
    return settings.intervals.sim_cycle_s if env is Env.SIM else settings.intervals.trade_s


def _values(section: Section) -> Mapping[str, object]:
    return {name: getattr(section, name) for name in type(section).model_fields}


def _limits(settings: Settings) -> Limits:
    trading, risk = settings.trading, settings.risk
    return Limits(
        max_single_position=trading.max_single_position,
        max_order_contracts=risk.max_order_contracts,
        max_market_exposure=risk.max_market_exposure,
        max_event_exposure=risk.max_event_exposure,
        max_cluster_exposure=risk.max_cluster_exposure,
        max_category_exposure=risk.max_category_exposure,
        max_account_exposure=risk.max_account_exposure,
        strategy_allocation=None,
        max_positions=risk.max_positions,
        max_trades_per_hour=risk.max_trades_per_hour,
        max_orders_per_minute=risk.max_orders_per_minute,
        max_entries_per_market=risk.max_entries_per_market,
        max_unresolved_orders=risk.max_unresolved_orders,
        max_daily_loss=risk.max_daily_loss,
        max_drawdown=risk.max_drawdown,
        min_cash_reserve=risk.min_cash_reserve,
        min_net_edge=trading.min_net_edge,
        min_confidence_to_trade=trading.min_confidence_to_trade,
        max_quote_age_us=int(risk.max_quote_age_s * SECOND),
        max_book_age_us=int(risk.max_book_age_s * SECOND),
        max_forecast_age_us=int(risk.max_forecast_age_hours * HOUR),
        max_price_gap=risk.max_price_gap,
        reentry_cooldown_us=int(risk.reentry_cooldown_hours * HOUR),
        capital_limit=trading.capital_limit,
    )


def _least_to_close(settings: Settings) -> float:
    """Minutes before the close in which nothing is entered: what was would be left at once."""
    return max(
        settings.filters.min_minutes_to_close, settings.exits.leave_before_close_minutes or 0.0
    )


def _exit_rules(settings: Settings) -> Mapping[str, ExitRules]:
    rules = settings.exits
    minutes = rules.leave_before_close_minutes

    def holding(hours: float | None) -> ExitRules:
        return ExitRules(
            stop_loss=rules.stop_loss,
            take_profit=rules.take_profit,
            trailing_stop=rules.trailing_stop,
            max_hold_us=None if hours is None else int(hours * HOUR),
            before_close_us=None if minutes is None else int(minutes * MINUTE),
        )

    others = {name: holding(rules.max_hold_hours) for name in settings.running}
    return {**others, DIRECTIONAL: holding(rules.directional_max_hold_hours)}


def _span(days: float | None) -> int | None:
    return None if days is None else int(days * DAY)


def _analysis(settings: Settings, forecaster: str | None) -> AnalysisPolicy:
    """A forecaster that costs nothing is asked every time."""
    ai = settings.ai
    keep = _span(ai.keep_words_days)
    if forecaster in FREE_FORECASTERS:
        return AnalysisPolicy(None, None, None, keep_words_us=keep)
    return AnalysisPolicy(
        cooldown_us=int(ai.analysis_cooldown_hours * HOUR),
        per_day=ai.max_analyses_per_day,
        daily_budget=_ai_cost(ai.daily_ai_budget),
        worth=Worth(
            weight=_ai_weight(ai),
            logit_error=AI_ERROR,
            min_to_close_us=int(ai.min_hours_to_close * HOUR),
        ),
        keep_words_us=keep,
        fresh_us=int(settings.risk.max_forecast_age_hours * HOUR),
        round_=RoundSeconds(ai.round_seconds, ai.round_seconds + ai.call_timeout_s),
    )


def asking(settings: Settings) -> AskingPolicy:
    """How much a question may cost, and how long it may take."""
    ai = settings.ai
    models = dict.fromkeys((ai.primary_model, ai.fallback_model or ai.primary_model))
    return AskingPolicy(
        models=tuple(models),
        max_tokens=ai.ai_max_tokens,
        reserved_thinking=ai.reserved_thinking_tokens,
        call_s=ai.call_timeout_s,
        decision_s=ai.decision_timeout_s,
        decision_budget=_ai_cost(ai.max_ai_cost_per_decision),
        daily_budget=_ai_cost(ai.daily_ai_budget),
        held_share=ai.held_budget_share,
    )


def deliberation(settings: Settings) -> DeliberationPolicy:
    """Who has a say in a forecast, and how much of it. Raises `ConfigError` for a prompt file."""
    ai = settings.ai
    staged = {Role.FORECASTER: True, Role.CRITIC: ai.critic, Role.TRADER: ai.trader}
    roles = [role for role, is_on in staged.items() if is_on]
    written = Path(ai.prompts) if ai.prompts else None
    research = Research(ai.research, ai.max_searches) if ai.research else None
    return DeliberationPolicy(
        templates=templates([Role.ALL_IN_ONE] if ai.single_call else roles, written),
        starting_weight=_ai_weight(ai),
        min_confidence=settings.trading.min_confidence_threshold,
        min_confidence_to_trade=settings.trading.min_confidence_to_trade,
        at_once=ai.calls_at_once,
        samples=1 if ai.single_call else ai.samples,
        research=research,
    )


def weight_policy(settings: Settings) -> WeightPolicy:
    """How much of a say language models may have."""
    ai = settings.ai
    known = {
        name: from_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC)) + DAY
        for name, day in ai.knowledge_until.items()
    }
    return WeightPolicy(ai.primary_model, _ai_weight(ai), ai.max_weight, known)


def starting_say(settings: Settings) -> StartingSay:
    """What a model's forecast has a say with before anything is measured of it."""
    return StartingSay(_ai_weight(settings.ai), AI_ERROR)


def _ai_weight(ai: Ai) -> float:
    """W of a model of record: its start, until one is fitted, and never more than the cap."""
    return min(ai.starting_weight, ai.max_weight)


def _ai_cost(money: Money | None) -> AiCost | None:
    return None if money is None else AiCost(money.units * _AI_TICKS_PER_MONEY)
