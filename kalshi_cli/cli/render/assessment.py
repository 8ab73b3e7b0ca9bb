"""How `analyze TICKER` looks: one market on one screen, or a line a market where there are many.

Whatever a model or the exchange wrote is shown on one line and commands no terminal.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.measures import against, measured
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import (
    best,
    cents,
    charged,
    count,
    dollars,
    held,
    instant,
    percent,
    shown,
    until,
)
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.side import Outcome, Side
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.trader import Tip
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.steps.assess import Assessment, Blend, Plan, SideWorth
from kalshi_cli.steps.gates import Gate, Stage

if TYPE_CHECKING:
    from rich.console import Console

Facts = Iterator[tuple[str, str]]
FEW = 4
"""Failed gates of the short card: with them it fits a screen of 80 by 24."""
ROOM = 66
"""Characters of a text on the short card."""


def show_card(
    found: Assessment, console: "Console", *, whole: bool, and_then: Sequence[tuple[str, str]]
) -> None:
    """One market; `whole` with all that was said and every gate. `and_then` are more lines."""
    console.print(found.ticker, style="bold")
    facts = [*_market(found), *_roles(found, whole=whole), *_worth(found)]
    if whole:
        print_facts(console, facts)
        for whose in dict.fromkeys(gate.strategy for gate in found.gates):
            title = f"Gates of {whose}" if whose else "Gates"
            _show_gates(title, [g for g in found.gates if g.strategy == whose], console)
        print_facts(console, and_then)
    else:
        print_facts(console, [*facts, *_gates(found), *and_then])


def show_lines(all_found: Sequence[Assessment], console: "Console") -> None:
    """A line a market: what it is worth, and what would be done or stands in the way."""
    print_table(
        console,
        "Markets",
        (
            "ticker",
            ("market", "right"),
            ("forecast", "right"),
            ("fair", "right"),
            ("edge", "right"),
            ("would", "cut"),
        ),
        [
            (
                found.ticker,
                percent(None if found.blend is None else found.blend.market),
                percent(None if found.forecast is None else found.forecast.probability),
                percent(None if found.blend is None else found.blend.fair),
                _best_edge(found.sides),
                _would(found),
            )
            for found in all_found
        ],
    )


def _market(found: Assessment) -> Facts:
    quote, closes = found.quote, found.market.close_us
    yield "market", shown(f"{found.event.title}: {found.market.title}", 2 * ROOM)
    yield "closes", f"{instant(closes)}, in {until(closes - found.at_us)}; {found.market.status}"
    yield (
        "quote",
        f"{best(quote.bid)} bid, {best(quote.ask)} ask; {count(quote.volume_24h)} traded in 24 h, "
        f"{count(quote.volume)} in all",
    )


def _roles(found: Assessment, *, whole: bool) -> Facts:
    """What was forecast, and by whom; the roles behind it where there were any."""
    forecast, views = found.forecast, found.views
    if forecast is None:
        yield "forecast", "none on record"
        return
    yield "forecast", _forecast(forecast, found.at_us)
    if views.is_silent:
        yield "roles", f"none: {forecast.forecaster} asks no language model"
        return
    for opinion in views.opinions:
        yield "Forecaster", _opinion(opinion)
        yield from _evidence(opinion, whole=whole)
    review = views.review
    if review is None:
        yield "Critic", "not heard"
    else:
        to = "" if review.low is None else f" to {percent(review.low)}-{percent(review.high)}"
        problems = "; ".join(review.problems) or "no problem named"
        yield "Critic", _cut(f"{review.ruling}{to}: {problems}", whole=whole)
    yield "Trader", "not heard" if views.tip is None else _cut(_tip(views.tip), whole=whole)


def _forecast(forecast: Forecast, now_us: int) -> str:
    name = forecast.forecaster
    who = name if forecast.model == name else f"{name} {forecast.model}"
    age = "now" if forecast.made_us == now_us else f"{until(now_us - forecast.made_us)} ago"
    return (
        f"{percent(forecast.probability)} [{percent(forecast.low)}, {percent(forecast.high)}] "
        f"by {shown(who, 40)}, {age}, for {charged(forecast.cost)}"
    )


def _opinion(opinion: Opinion) -> str:
    base = (
        "no base rate" if opinion.base_rate is None else f"base rate {percent(opinion.base_rate)}"
    )
    return (
        f"{percent(opinion.probability)}, 80% interval {percent(opinion.low)} to "
        f"{percent(opinion.high)}, {base}"
    )


def _evidence(opinion: Opinion, *, whole: bool) -> Facts:
    for name, points in (("for", opinion.evidence_for), ("against", opinion.evidence_against)):
        for point in points if whole else points[:1]:
            yield f"  {name}", _cut(point, whole=whole)
    if whole:
        yield "  because", _cut(opinion.reasoning, whole=True)


def _tip(tip: Tip) -> str:
    side, limit = tip.advice.side, tip.advice.limit
    reasons = "; ".join(tip.reasons) or "no reason given"
    if side is None:
        return f"stand aside: {reasons}"
    upto = "" if limit is None else f" up to {cents(outcome_price(side, limit))}"
    return f"buy {_outcome(side)}{upto}: {reasons}"


def _worth(found: Assessment) -> Facts:
    if found.blend is None:
        yield "blend", "none: there is no forecast, or no market to anchor it to"
    else:
        yield "blend", _blend(found.blend)
    for side in found.sides:
        yield (
            f"{_outcome(side.side)} at {cents(side.price)}",
            f"fee {side.fee * 100:.2f}c, edge {side.edge * 100:+.2f}c a contract",
        )
    for plan in found.plans:
        yield "size", _plan(plan)


def _blend(blend: Blend) -> str:
    slope = "" if blend.slope == 1.0 else f", slope {blend.slope:.2f}"
    clamp = ", at the clamp" if blend.is_clamped else ""
    said = f"market {percent(blend.market)}, forecast {percent(blend.said)}"
    return f"{said}, w {blend.weight:.2f}{slope} -> p* {percent(blend.fair)}{clamp}"


def _plan(plan: Plan) -> str:
    if plan.intent is None:
        return shown(f"nothing by {plan.strategy}: {plan.why}", 3 * ROOM)
    cost = "" if plan.cost is None else f" for {dollars(plan.cost)} with fees"
    return f"{_order(plan.intent)}{cost} ({plan.strategy})"


def _order(intent: OrderIntent) -> str:
    how = "wait for" if intent.post_only else "buy"
    price = cents(outcome_price(intent.side, intent.limit))
    return f"{how} {count(intent.count)} {_outcome(intent.side)} at {price}"


def _gates(found: Assessment) -> Facts:
    """How many were passed at each stage, and the first that were not."""
    parts = []
    for stage in Stage:
        of_stage = [gate for gate in found.gates if gate.stage is stage]
        if of_stage:
            passed = sum(gate.passed for gate in of_stage)
            parts.append(f"{passed}/{len(of_stage)} {stage}")
    yield "gates", ", ".join(parts) + " passed"
    for gate in found.failed[:FEW]:
        whose = f"{gate.strategy}, " if gate.strategy else ""
        yield "", _cut(f"{whose}{gate.code}: {_numbers(gate)}{gate.detail}", whole=False)
    if len(found.failed) > FEW:
        yield "", f"and {len(found.failed) - FEW} more: --explain"


def _numbers(gate: Gate) -> str:
    told = against(gate.code, gate.value, gate.limit, gate.detail)
    return f"{told}; " if told else ""


def _show_gates(title: str, gates: Sequence[Gate], console: "Console") -> None:
    print_table(
        console,
        title,
        ("stage", ("gate", "wrap"), "", ("value", "right"), ("limit", "wrap"), ("why", "wrap")),
        [
            (
                gate.stage,
                gate.code,
                "ok" if gate.passed else "NO",
                *measured(gate.code, gate.value, gate.limit, gate.detail),
                shown(gate.detail),
            )
            for gate in gates
        ],
    )


def _best_edge(sides: Sequence[SideWorth]) -> str:
    edges = [side.edge for side in sides]
    return f"{max(edges) * 100:+.1f}c" if edges else "-"


def _would(found: Assessment) -> str:
    """The order that would be sent; else the first gate that stands in the way, or why nothing."""
    if found.failed:
        return found.failed[0].code
    orders = [_order(plan.intent) for plan in found.plans if plan.intent is not None]
    return "; ".join(orders) or "nothing proposed"


def _cut(text: str, *, whole: bool) -> str:
    return shown(text, None if whole else ROOM)


def _outcome(side: Side) -> str:
    """What an order on that side buys, as people say it."""
    return held(Outcome.YES if side is Side.BID else Outcome.NO)
