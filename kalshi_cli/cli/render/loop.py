"""How `run-loop` looks: live on a terminal, a line a cycle elsewhere, and a last screen."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING

from kalshi_cli.cli.cycles import Cycle, LoopResult, Teller
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.render.as_json import emit
from kalshi_cli.cli.render.console import stdout
from kalshi_cli.cli.render.evaluation import spread
from kalshi_cli.cli.render.rows import show_positions
from kalshi_cli.cli.render.standing import told
from kalshi_cli.cli.render.status import show_strategies
from kalshi_cli.cli.render.tables import Cell, print_facts
from kalshi_cli.cli.render.words import dollars, gain, instant, moment, some
from kalshi_cli.domain.identity import HALT_FILE, DeskState
from kalshi_cli.domain.order import Purpose
from kalshi_cli.errors import KalshiError
from kalshi_cli.evaluation.interval import Interval
from kalshi_cli.ports.desk import Standing

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table

SHOWN = 15
"""Cycles on the live screen."""
SHOWN_TROUBLES = 3
"""Lines below them."""
SHOWN_POSITIONS = 10
"""Positions on the last screen."""
HEADINGS = (
    "cycle",
    "UTC",
    "eligible",
    "asked",
    "sent",
    "denied",
    "fills",
    "held",
    "equity",
)


@contextmanager
def display(invocation: Invocation) -> Iterator[Teller]:
    """Tell of each cycle, and of each change of the run state, in the way the output wants it."""
    console = stdout(invocation.options)
    if invocation.wants_json:
        yield Teller(lambda cycle, error: emit(invocation, cycle, error), lambda _: None)
    elif console.is_terminal and not invocation.options.quiet:
        with _live(console) as teller:
            yield teller
    else:
        yield _lines(console)


def _lines(console: "Console") -> Teller:
    """A line a cycle; and one where what is held is watched in another way than before, or where
    the desk stands otherwise.
    """
    way = ""

    def tell(cycle: Cycle, _error: KalshiError | None) -> None:
        nonlocal way
        how = cycle.watching.partition(" ")[0]
        if how != way:
            way = how
            console.print(f"      {cycle.watching}", soft_wrap=True)
        console.print(line(cycle), soft_wrap=True, markup=False)

    def stand(standing: Standing) -> None:
        console.print(f"      {_told(standing)}", soft_wrap=True, markup=False)

    return Teller(tell, stand)


def _told(standing: Standing) -> str:
    return told(standing.state, standing.reason, by_file=standing.who == HALT_FILE)


def line(cycle: Cycle) -> str:
    """One cycle in one line."""
    ran = {
        "eligible": cycle.eligible,
        "forecast": cycle.forecasts,
        "sent": cycle.sent,
        "denied": _denied(cycle),
        "quotes": cycle.quotes or None,
        "fills": cycle.fills,
        "settled": cycle.settlements,
        "held": cycle.positions,
    }
    parts = [f"{name} {number}" for name, number in ran.items() if number is not None]
    worth = "" if cycle.equity is None else f"  {dollars(cycle.equity)}"
    troubles = "".join(f"\n  {trouble}" for trouble in cycle.troubles)
    return f"{cycle.number:>4}  {moment(cycle.at_us)}  {' '.join(parts)}{worth}{troubles}"


def _denied(cycle: Cycle) -> str | None:
    """How many orders were denied, and by which controls, most first."""
    if not cycle.denied_by:
        return None if cycle.denied is None else str(cycle.denied)
    most = sorted(cycle.denied_by.items(), key=lambda each: (-each[1], each[0]))
    return f"{cycle.denied} ({', '.join(f'{number} {code}' for code, number in most)})"


@contextmanager
def _live(console: "Console") -> Iterator[Teller]:
    from rich.live import Live

    kept: deque[Cycle] = deque(maxlen=SHOWN)
    above = ""
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def tell(cycle: Cycle, _error: KalshiError | None) -> None:
            kept.append(cycle)
            live.update(screen(kept, above), refresh=True)

        def stand(standing: Standing) -> None:
            nonlocal above
            above = "" if standing.state is DeskState.ACTIVE else _told(standing)
            live.update(screen(kept, above), refresh=True)

        yield Teller(tell, stand)


def screen(cycles: Sequence[Cycle], above: str) -> "Group":
    """The newest cycles and, below, the newest of their troubles, each where it came last; `above`
    them what a desk that is not active does, as long as it holds.
    """
    from rich.console import Group
    from rich.text import Text

    troubles = {trouble: cycle.number for cycle in cycles for trouble in cycle.troubles}
    newest = sorted(troubles.items(), key=lambda each: each[1])[-SHOWN_TROUBLES:]
    told = [Text(f"{number:>5}  {trouble}", style="yellow") for trouble, number in newest]
    return Group(_cycles(cycles, above), *told)


def _cycles(cycles: Sequence[Cycle], above: str) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    watching = f"{cycles[-1].watching}; " if cycles and cycles[-1].watching else ""
    quotes = f"{cycles[-1].quotes} quotes rest; " if cycles and cycles[-1].quotes else ""
    table = Table(
        title=Text(above, style="bold red") if above else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        caption=f"{watching}{quotes}Ctrl-C stops the desk",
        caption_justify="left",
        collapse_padding=True,
        pad_edge=False,
    )
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for cycle in cycles:
        numbers = (
            cycle.eligible,
            cycle.forecasts,
            cycle.sent,
            cycle.denied,
            cycle.fills,
            cycle.positions,
        )
        cells = ["-" if number is None else str(number) for number in numbers]
        table.add_row(str(cycle.number), moment(cycle.at_us), *cells, dollars(cycle.equity))
    return table


def show_loop(result: LoopResult, console: "Console", *, flag: str = "") -> None:
    """The last screen: from open markets to profit, and what to type next, with its `flag`."""
    stopped, summary = result.stopped, result.status.summary
    console.print()
    span = f"{instant(result.started_us)} to {instant(stopped.at_us)}"
    by = "stopped by " if stopped.reason.startswith("SIG") else ""
    console.print(f"{some(stopped.cycles, 'cycle')}, {span}: {by}{stopped.reason}", style="bold")
    state, file = result.status.summary.state, result.status.halt_file
    if state is not DeskState.ACTIVE:
        why = told(state, result.status.summary.state_reason, by_file=file is not None)
        console.print(why, style="bold red", soft_wrap=True, markup=False)
    denials, trips = some(summary.denials, "denial"), some(summary.round_trips, "round trip")
    for label in filter(None, (result.world, result.forecaster)):
        console.print(label, style="dim")
    print_facts(
        console,
        [
            ("markets", f"{summary.markets} read, {summary.markets_active} trading now"),
            ("of these", _funnel(result)),
            ("forecasts", f"{summary.forecasts} of {some(summary.markets_forecast, 'market')}"),
            ("orders", f"{summary.orders} sent in all, {denials} on record"),
            ("fills", f"{summary.fills}; {some(summary.settlements, 'position')} settled"),
            ("held", f"{summary.open_positions} now, {trips} closed"),
            *_worth(result),
        ],
    )
    if result.status.unlimited:
        console.print(f"Without a limit: {', '.join(result.status.unlimited)}", style="bold yellow")
    held = result.status.positions
    show_positions(held[:SHOWN_POSITIONS], console)
    if len(held) > SHOWN_POSITIONS:
        more = len(held) - SHOWN_POSITIONS
        console.print(f"… and {more} more: kalshi inspect positions{flag}")
    show_strategies(result.status.strategies, console)
    _show_left(result, console, flag)
    _show_next(result, console, flag)


def _funnel(result: LoopResult) -> str:
    """From the open markets of the last pass to those worth a look."""
    counts = {row.name: row.count for row in result.status.funnel}
    eligible = counts.pop("eligible", 0)
    counts.pop("open", None)
    dropped = [f"{count} {name.lower().replace('_', ' ')}" for name, count in counts.items()]
    return ", ".join([f"{eligible} eligible", *dropped])


def _worth(result: LoopResult) -> list[tuple[str, Cell]]:
    earned = result.evaluation
    facts: list[tuple[str, Cell]] = []
    if earned.since_start is not None:
        facts.append(("equity", dollars(earned.equity)))
        facts.append(("since start", gain(earned.since_start)))
    for row in result.evaluation.strategies:
        told = f"{row.verdict}, {_per_event(row.per_event)}"
        facts.append(("evidence", f"{row.strategy}: {told}"))
    return facts


def _per_event(found: Interval | None) -> str:
    if found is None:
        return "no event has ended"
    return f"{spread(found, unit='$', decimals=2)} an event over {found.clusters} that ended"


def _show_left(result: LoopResult, console: "Console", flag: str) -> None:
    """Orders and positions that nobody watches from now on, and what would end them."""
    exits = sum(order.purpose is Purpose.EXIT for order in result.live)
    entries, held = len(result.live) - exits, len(result.status.positions)
    facts: list[tuple[str, Cell]] = []
    if result.left is not None:
        facts.append(("cancelled", some(len(result.left.canceled), "entry", "entries")))
    if result.live:
        live = f"{some(entries, 'entry', 'entries')} and {some(exits, 'exit')}"
        facts.append(("left live", f"{live}: kalshi cancel-all{flag}"))
    if held:
        facts.append(("left held", f"{some(held, 'position')}: kalshi flatten{flag}"))
    if facts:
        print_facts(console, facts)


def _show_next(result: LoopResult, console: "Console", flag: str) -> None:
    positions = result.status.positions
    lines = ["kalshi status", "kalshi inspect round-trips", "kalshi evaluate"]
    if positions:
        lines.insert(1, f"kalshi why {positions[0].ticker}")
    console.print("\nNext:", style="bold")
    if result.status.halt_file is not None:
        console.print(f"  rm {quote(result.status.halt_file.path)}", soft_wrap=True, markup=False)
    if result.status.summary.state is not DeskState.ACTIVE:
        lines.insert(0, "kalshi resume")
    for text in (*lines, "kalshi run-loop --cycles 100"):
        console.print(f"  {text}{flag}", soft_wrap=True)
