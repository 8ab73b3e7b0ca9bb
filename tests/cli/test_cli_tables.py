"""Tables at eighty columns and in a pipe: names are whole, and what matters least gives way."""

from dataclasses import replace
from io import StringIO

from rich.console import Console

from kalshi_cli.cli.render.evaluation import show_evaluate, spread
from kalshi_cli.cli.render.rows import against, show_denials, show_fills, show_orders
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import NO_CONTRACTS, NO_COST, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import Fill, OrderState, Pending, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.evaluation.interval import Interval, Verdict
from kalshi_cli.evaluation.pnl import StrategyPnl
from kalshi_cli.evaluation.scores import By
from kalshi_cli.evaluation.slices import Slice
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FillRow,
    OrderRow,
)
from kalshi_cli.steps.evaluate import EvaluateResult

LONG = "KXNCAAMBGAME-27JAN0411SOUTHERNMISSLALAFAYETTE-SOUTHERNMISS"
WHY = "net edge 0.4c a contract at 19c, at least 1c is asked of each and every entry here as ever"


def terminal(width: int = 80) -> Console:
    return Console(file=StringIO(), width=width, force_terminal=True, no_color=True)


def pipe() -> Console:
    return Console(file=StringIO(), width=80, soft_wrap=True)


def lines(console: Console) -> list[str]:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).splitlines()


def test_nothing_that_others_wrote_commands_a_terminal():
    evil = "a\x1b[2Jb\u202ec\td\xa0e"
    for console in (terminal(), pipe()):
        print_table(console, "T", ("x", ("y", "cut")), [(evil, evil)])
        print_facts(console, [("fact", evil)])
        told = "\n".join(lines(console))
        assert r"a\x1b[2Jb\u202ec d e" in told
        assert not [sign for sign in told if not sign.isprintable() and sign != "\n"]


def an_order(side: Side, purpose: Purpose, ticker: str = "KXA-1") -> OrderRow:
    return OrderRow(
        client_order_id="k1abcdefghijklmnopqrstuvwxyz",
        order_id="o1",
        run_id="r",
        strategy="s",
        ticker=ticker,
        event_ticker="KXA",
        purpose=purpose,
        side=side,
        limit=Price(8_900),
        count=Contracts(12_000_00),
        filled=NO_CONTRACTS,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        state=OrderState.PARTIALLY_FILLED,
        pending=Pending.NONE,
        fair=None,
        forecast_id=None,
        reason="",
        message="",
        created_us=0,
        updated_us=0,
        expires_us=None,
    )


def test_a_ticker_is_whole_and_the_least_column_is_left_out():
    wide, narrow = terminal(120), terminal(80)
    for console in (wide, narrow):
        show_orders([an_order(Side.BID, Purpose.ENTRY, LONG[:40])], console)
        assert any(line.startswith(f"{LONG[:40]}  buy YES") for line in lines(console))
    assert "UTC" in lines(wide)[1]
    assert "UTC" not in lines(narrow)[1]
    assert lines(narrow)[-1] == "no room for UTC: a wider terminal or --json has all"
    assert "no room" not in lines(wide)[-1]


def test_an_order_of_a_usual_ticker_has_its_time_id_and_whole_owner_on_a_screen_of_80():
    order = replace(
        an_order(Side.ASK, Purpose.ENTRY, "KXHIGHNY-27JAN03-B47.5"),
        strategy="directional_trading",
        state=OrderState.CANCELED,
        created_us=HOUR,
    )
    console = terminal()
    show_orders([order], console)
    _, _, _, row, under = lines(console)
    assert row.split()[-1:] == ["01:00"]
    assert under == "  k1abcdefghijklmnopqrstuvwxyz  directional_trading"


def test_a_long_ticker_stays_whole_in_every_cell():
    console = terminal()
    columns = ("code", ("about", "wrap"), ("why", "note"))
    print_table(console, "T", columns, [("X", f"of {LONG} here", f"{'word ' * 12}{LONG}")])
    print_facts(console, [("why", f"{'word ' * 14}{LONG}")])
    assert sum(LONG in line for line in lines(console)) == 3


def test_a_terminal_has_notes_under_their_rows_within_its_width():
    console = terminal()
    denial = DenialRow(
        *("r", "s", "KXA-1", "entry", "NET_EDGE", WHY, "0.0040", "0.0100"),
        *(HOUR, Side.ASK, Price(8_100), Contracts(13_500), None),
    )
    show_denials([denial], console)
    shown = lines(console)
    assert max(map(len, shown)) <= 80
    assert shown[3].split() == ["KXA-1", "buy", "NO", "135", "19c", "NET_EDGE", "01-01", "01:00"]
    assert " ".join(line.strip() for line in shown[4:]) == WHY


def test_in_a_pipe_a_row_is_one_line_with_all_of_it():
    console = pipe()
    columns = ("ticker", ("title", "cut spare"), ("more", "wrap"), ("why", "note"))
    print_table(console, "T", columns, [(LONG, "title " * 9, "more " * 9, WHY)])
    print_facts(console, [("why", WHY)])
    _, headings, _, row, fact = lines(console)
    assert headings.split() == ["ticker", "title", "more", "why"]
    assert all(part in row for part in (LONG, ("title " * 9).strip(), ("more " * 9).strip(), WHY))
    assert fact == f"why  {WHY}"


def test_sides_are_told_as_what_is_bought_and_sold_at_the_price_of_that():
    console = pipe()
    sides = ((Side.BID, Purpose.ENTRY), (Side.ASK, Purpose.QUOTE))
    leaving = ((Side.ASK, Purpose.EXIT), (Side.BID, Purpose.EXIT))
    show_orders([an_order(*each) for each in (*sides, *leaving)], console)
    told = [tuple(line.split()[1:5]) for line in lines(console)[3:]]
    assert [(*words[:2], words[3]) for words in told] == [
        ("buy", "YES", "89c"),
        ("buy", "NO", "11c"),
        ("sell", "YES", "89c"),
        ("sell", "NO", "11c"),
    ]


def test_a_foreign_fill_is_one_that_opens():
    console = pipe()
    fill = Fill(
        *("f", "o", "KXA-1", Side.ASK, Price(3_000), Contracts(100)), True, Money(17_500), HOUR
    )
    show_fills([FillRow(fill, "external", None, None)], console)
    assert lines(console)[3].split()[1:6] == ["buy", "NO", "1", "70c", "$0.0175"]


def test_when_it_filled_is_told_before_for_whom():
    console = terminal(80)
    fill = Fill(
        *("f", "o", "KXHIGHCHI-27JAN04-B25.5", Side.BID, Price(700), Contracts(9_400)),
        *(True, Money(17_500), HOUR),
    )
    show_fills([FillRow(fill, "directional_trading", None, None)], console)
    heading, _, row, told = lines(console)[1:]
    assert (heading.split()[-1], row.split()[-2:]) == ("UTC", ["01-01", "01:00"])
    assert told.startswith("no room for owner: ")


def test_numbers_are_told_once():
    assert against("entry 5 within an hour", "5", "4") == "entry 5 within an hour (5, limit 4)"
    assert against("down $5, at most $4", "5", "4") == "down $5, at most $4"
    assert against("not known", "", "") == "not known"


def test_an_estimate_of_one_event_has_no_interval():
    alone, two = Interval(1.5, None, None, 1, 1), Interval(-0.5, -2.0, 1.0, 2, 2)
    assert spread(alone, unit="$", decimals=2) == "+$1.50 (no interval)"
    assert spread(two, unit="$", decimals=2) == "-$0.50 [-2.00, +1.00]"
    assert spread(None, unit="$", decimals=2) == "-"


def test_profits_and_closed_trades_of_usual_names_fit_80_columns():
    """The interval and the verdict are what it is all about: they are never torn or left out."""
    mean, name = Interval(7.49, -130.62, 145.60, 7, 7), "directional_trading"
    net = Money.parse("1142.420000")
    strategy = StrategyPnl(
        name, 25, net, NO_MONEY, NO_MONEY, NO_MONEY, net, mean, Verdict.UNRESOLVED
    )
    found = EvaluateResult(
        at_us=0,
        by=By.STRATEGY,
        scores=(),
        slices=(Slice(name, 125, 70, 61, net, mean, Verdict.UNRESOLVED),),
        weights=(),
        waiting=0,
        repeated=0,
        strategies=(strategy,),
        equity=net,
        paid_in=net,
        ai_cost=NO_COST,
        labels=(),
    )
    console = terminal()
    show_evaluate(found, console)
    told = lines(console)
    assert max(map(len, told)) <= 80
    rows = [line for line in told if line.startswith(name)]
    assert len(rows) == 2
    assert all(row.endswith("+$7.49 [-130.62, +145.60]  unresolved") for row in rows)
