"""How `why` looks: a week on one screen; or one market, to what would have traded it."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.measures import against, measured
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.trace import show_trace
from kalshi_cli.cli.render.words import (
    FIRST_STEPS,
    cents,
    count,
    held,
    instant,
    percent,
    shown,
    some,
    until,
)
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Outcome, Side
from kalshi_cli.domain.stop import Stop, StopDay
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.steps.gates import Gate
from kalshi_cli.steps.regating import Regated
from kalshi_cli.steps.wanting import Wanted
from kalshi_cli.steps.why import StrategyFunnel, WhyMarket, WhyNothing

if TYPE_CHECKING:
    from rich.console import Console

AROUND = 2
"""Lines of a screen that the prompt and what is said on stderr take."""
HEAD, NOTE = 3, 1
"""Lines above the rows of a table, and below them where a column had no room."""
WORDS = 14
"""Columns that the names of facts take, at most."""


def show_why_nothing(result: WhyNothing, console: "Console") -> None:
    """What was looked at, what was sent, and what stopped the rest, as much as a screen shows."""
    whole = list(_whole(result))
    print_facts(console, whole)
    lists = [len(funnel.ends) for funnel in result.strategies]
    rooms = lists
    if console.is_terminal:
        above = sum(-(-len(told) // (console.width - WORDS)) for _, told in whole)
        heads = (HEAD + NOTE) * sum(1 for number in lists if number)
        rooms = shared(lists, console.height - AROUND - above - heads)
    for funnel, room in zip(result.strategies, rooms, strict=True):
        _show_funnel(funnel, room, console)


def shared(wanted: Sequence[int], room: int) -> list[int]:
    """How many rows each list shows of so many lines: one each in turn, and at least one.

    A list that is cut gives a line to what says so.
    """
    given = [0] * len(wanted)
    while room > 0 and any(g < w for g, w in zip(given, wanted, strict=True)):
        for index, most in enumerate(wanted):
            if given[index] < most and room > 0:
                given[index] += 1
                room -= 1
    return [g if g == most else max(1, g - 1) for g, most in zip(given, wanted, strict=True)]


def _tell_rest(left: Sequence[tuple[str, int]], console: "Console") -> None:
    """What a screen has no rows for, in the line that says so."""
    if left:
        told = ", ".join(f"{number} {code}" for code, number in left)
        console.print(shown(f"and {len(left)} more: {told}", console.width), markup=False)


def _whole(result: WhyNothing) -> Iterator[tuple[str, str]]:
    last = result.last_run
    if result.since_us is None or result.until_us is None:
        yield "passes", f"none, and no run at all: {FIRST_STEPS}"
        return
    span = until(result.until_us - result.since_us)
    yield "looked at", f"{span} to {instant(result.until_us)}"
    yield "sent", some(result.orders, "order")
    if result.filters:
        counts = ", ".join(f"{row.count} {row.name}" for row in result.filters)
        yield "last ingest", counts
    if result.state is not DeskState.ACTIVE:
        yield "state", f"{result.state.said}: {result.state_reason}; `kalshi resume` lifts it"
    if last is not None and not result.strategies:
        told = f"the last run was {last.command}, {instant(last.started_us)}: {last.reason}"
        yield "passes", f"no pass of trading in this time; {told}"


def _show_funnel(funnel: StrategyFunnel, room: int, console: "Console") -> None:
    looked = f"{some(funnel.passes, 'pass', 'passes')}, at most {some(funnel.markets, 'market')}"
    print_table(
        console,
        f"{funnel.strategy}: {looked}, what ended most first",
        (
            ("came to", "spare"),
            "its end by",
            ("markets", "right"),
            ("passes", "right spare"),
            "nearest miss",
            ("number", "right"),
            ("limit", "right"),
        ),
        [_cells(day) for day in funnel.ends[:room]],
    )
    _tell_rest([(day.code, day.most) for day in funnel.ends[room:]], console)


def _cells(day: StopDay) -> tuple[str, ...]:
    miss = day.nearest
    number, limit = ("", "") if miss is None else measured(*_counted(miss))
    if " " in limit:  # of the same unit, told once
        number = number.removesuffix(limit[limit.index(" ") :])
    near = ("" if miss is None else miss.ticker, number, limit)
    return (day.at, day.code, str(day.most), str(day.passes), *near)


def show_why_market(result: WhyMarket, console: "Console") -> None:
    """Its trace; then what stopped it last, what stands in its way, what would have traded: the
    answer is the end, which a screen shows.
    """
    name = result.trace.market.ticker
    console.print(name, style="bold")
    show_trace(result.trace, console)
    print_facts(console, list(_stopped(result)))
    now = _regated(result.now)
    _show_under("As the settings are", now, console)
    if result.supposing or result.supposed is not None:
        supposed = ", ".join(f"{key} {told}" for key, told in result.supposing.items())
        then = _regated(result.supposed)
        rows = [("gates", _no_change(result.supposed))] if then == now else then
        _show_under(f"With {supposed or 'what is set already'}", rows, console)


def _stopped(result: WhyMarket) -> Iterator[tuple[str, str]]:
    if not result.stops:
        kept = result.trace.rejected
        why = "no pass of trading looked at it"
        yield "last pass", why if kept is None else f"{why}: {kept.code}, {kept.detail}"
    for row in result.stops:
        stop = row.stop
        numbers = _after(stop)
        denied = result.denied(row)
        sized = None if denied is None else _sized(denied.count, denied.side, denied.price)
        asked = f", for {sized} beside all else of that pass" if sized else ""
        detail = f"{asked}; {stop.detail}" if stop.detail else asked
        yield (
            "last pass",
            f"{instant(row.at_us)}, {stop.strategy}: {stop.at}, {stop.code}{numbers}{detail}",
        )


def _show_under(title: str, facts: Sequence[tuple[str, str]], console: "Console") -> None:
    console.print(title, style="bold")
    print_facts(console, facts)


def _regated(found: Regated | None) -> Sequence[tuple[str, str]]:
    if found is None:
        return [("gates", "no run has seen the account yet: `kalshi trade` does")]
    return [*_gates(found), *_plans(found), *_wanted(found)]


def _no_change(found: Regated | None) -> str:
    """What is said of settings under which a market stands as it does now."""
    if found is None:
        return "not known either"
    failed = dict.fromkeys(gate.code for gate in found.assessment.failed)
    if not failed:
        return "that changes nothing"
    stop = "stops" if len(failed) == 1 else "stop"
    return f"that changes nothing: {', '.join(failed)} still {stop} it"


def _gates(found: Regated) -> Iterator[tuple[str, str]]:
    gates, failed = found.assessment.gates, found.assessment.failed
    passed = f"{len(gates) - len(failed)} of {len(gates)} passed, by the record of"
    yield "gates", f"{passed} {instant(found.at_us)}"
    for gate in failed:
        yield "", f"{_whose(gate)}{gate.stage}, {gate.code}: {_numbers(gate)}{gate.detail}"


def _whose(gate: Gate) -> str:
    """Whom it stops, at what; empty where that is everybody."""
    if not gate.strategy:
        return ""
    doing = "" if gate.side is None else f", to buy {_outcome(gate.side)}"
    return f"{gate.strategy}{doing}: "


def _numbers(gate: Gate) -> str:
    told = against(*_counted(gate))
    return f"{told}; " if told else ""


def _after(stop: Stop) -> str:
    """The numbers of a stop, to stand after its code; empty where there are none."""
    told = against(*_counted(stop))
    return f" {told}" if told else ""


def _counted(it: Stop | Gate) -> tuple[str, str, str, str]:
    return it.code, it.value, it.limit, it.detail


def _plans(found: Regated) -> Iterator[tuple[str, str]]:
    for plan in found.assessment.plans:
        intent = plan.intent
        told = f"nothing; {plan.why}"
        if intent is not None:
            sized = _sized(intent.count, intent.side, intent.limit)
            told = f"{sized}, were nothing else proposed"
        yield "size", f"{plan.strategy}: {told}"
    for name in found.unread:
        yield "size", f"{name}: not known; books and tapes are not on record, see its last pass"


def _wanted(found: Regated) -> Iterator[tuple[str, str]]:
    said = {(gate.code, gate.detail) for gate in found.assessment.failed}
    told = [(_outcome(each.side), _would(each, said)) for each in found.wanted]
    if len({would for _, would in told}) == 1:  # whichever side
        told = [("", told[0][1])]
    for side, would in told:
        yield f"to buy {side}".rstrip(), would
    if found.basis:
        yield "", f"by a forecast {found.basis}"
    if not found.wanted:
        yield "forecast", "no strategy of this desk trades on one"


def _would(wanted: Wanted, said: Collection[tuple[str, str]]) -> str:
    """What forecast would trade a side, or why none would, which may be `said` above."""
    if wanted.probability is None:
        stop = wanted.stop
        if stop is None:
            return "no forecast would do"
        if (stop.code, stop.detail) in said:
            return f"no forecast would do: {stop.code}, as above"
        return f"no forecast would do: {stop.code}{_after(stop)}; {stop.detail}"
    bound = "at least" if wanted.side is Side.BID else "at most"
    return f"a forecast of {bound} {percent(wanted.probability)} would have traded"


def _sized(contracts: Contracts | None, side: Side | None, limit: Price | None) -> str:
    """`543 NO at 78c`; empty where it was not kept."""
    if contracts is None or side is None or limit is None:
        return ""
    return f"{count(contracts)} {_outcome(side)} at {cents(outcome_price(side, limit))}"


def _outcome(side: Side) -> str:
    return held(Outcome.YES if side is Side.BID else Outcome.NO)
