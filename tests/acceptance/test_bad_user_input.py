"""Every command, given what it cannot use: one line says what to do, and nothing is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Kalshi

from kalshi_cli.cli.app import Branch, load, names

HELP = "--help`"
UNNAMED = "letters, digits, -.:_ only"
LISTS = "`kalshi inspect markets`"
LONG = "K" * 5_000
ROWS: list[tuple[list[str], int, str, str]] = [
    (["config", "show", "--origin=maybe"], 2, "does not take a value", HELP),
    (["config", "path", "-x"], 2, "No such option: -x", HELP),
    (["config", "init", "--force"], 2, "No such option: --force", HELP),
    (["doctor", "KXA"], 2, "extra argument", HELP),
    (["doctor", "--env", "mars"], 2, "no environment 'mars'", "Use one of"),
    (["analyze", ""], 2, "'' names nothing", UNNAMED),
    (["analyze", "a,b"], 2, "'a,b' names nothing", LISTS),
    (["analyze", "../../etc/passwd"], 2, "names nothing", LISTS),
    (["analyze", "KX\x1b[31mA"], 2, r"'KX\x1b[31mA'", LISTS),
    (["analyze", LONG], 2, "names nothing", LISTS),
    (["analyze", "KXA", "KXÄ"], 2, "'KXÄ' names nothing", LISTS),
    (["analyze", "--forecaster"], 2, "requires an argument", HELP),
    (["ingest", "--seed", "1.5"], 2, "a whole number", HELP),
    (["ingest", "--seed", ""], 2, "a whole number", HELP),
    (["ingest", "--world", "x.toml"], 4, "cannot be read", "docs/worlds/"),
    (["ingest", "--faults", "none.toml"], 4, "none.toml cannot be used", "docs/"),
    (["ingest", "--faults", ""], 2, "--faults is empty", "leave it out"),
    (["ingest", "--fresh=3"], 2, "does not take a value", HELP),
    (["sim", "status", "7"], 2, "extra argument", HELP),
    (["sim", "advance"], 2, "Missing argument 'span'", HELP),
    (["sim", "advance", ""], 2, "'' is no span of time", "write it as 90s"),
    (["sim", "advance", "1h30"], 2, "'span': '1h30' is no span", "write it as 90s"),
    (["sim", "advance", "5"], 2, "'span': '5' is no span of time", "write it as 5h or 5d"),
    (["sim", "advance", "\u0663h"], 2, "is no span of time", "write it as 90s"),
    (["sim", "advance", "99999999999d"], 2, "more than a world lives", "366d at most"),
    (["sim", "advance", "9" * 5_000 + "d"], 2, "is no span of time", "write it as 90s"),
    (["sim", "serve", "--port", "70000"], 2, "at most 65535", HELP),
    (["sim", "serve", "--port", "http"], 2, "a whole number", HELP),
    (["sim", "serve", "--speed", "nan"], 2, "3600", HELP),
    (["sim", "serve", "--speed", "-1"], 2, "at least 0", HELP),
    (["sim", "serve", "--tier", "gold"], 2, "no usage tier 'gold'", "Use basic"),
    (["sim", "serve", "--epoch", "yesterday"], 2, "is no time", "Write --epoch as"),
    (["sim", "serve", "--epoch", "1815-06-18T11:00:00Z"], 2, "outside of this", "Write --epoch"),
    (["sim", "reset", "--demo"], 2, "No such option: --demo", HELP),
    (["cancel"], 2, "Missing argument 'order'", HELP),
    (["cancel", ""], 2, "'' names nothing", "`kalshi inspect orders`"),
    (["cancel", "\u202ek1"], 2, r"'\u202ek1'", "`kalshi inspect orders`"),
    (["cancel", "a", "b"], 2, "extra argument", HELP),
    (["cancel", ".."], 2, "'..' names nothing", UNNAMED),
    (["strategies", "list", "all"], 2, "unexpected extra argument", HELP),
    (["strategies", "show", "martingale"], 3, "no strategy 'martingale'", "directional_trading"),
    (["strategies", "forgive", "martingale"], 3, "no strategy 'martingale'", "directional"),
    (["strategies", "new"], 2, "Missing argument 'name'", HELP),
    (["strategies", "new", "Big-Idea"], 2, "is no name for a strategy", "weather_drift"),
    (["strategies", "new", "../drift"], 2, "is no name for a strategy", "weather_drift"),
    (["strategies", "new", "class"], 2, "is no name for a strategy", "weather_drift"),
    (["strategies", "new", "directional_trading"], 2, "There is a strategy", "another name"),
    (["transfer"], 2, "Missing argument 'amount'", HELP),
    (["transfer", "all", "--from", "0", "--to", "2"], 2, "'all' is no amount", "250.00"),
    (["transfer", "1.00", "--from", "0"], 2, "Missing option '--to'", HELP),
    (["transfer", "1.00", "--from", "2", "--to", "2"], 2, "is no transfer", "two shards"),
    (["transfer", "-1.00", "--from", "0", "--to", "2"], 2, "Nothing below zero", HELP),
    (["transfer", "0.00001", "--from", "0", "--to", "2"], 2, "is no transfer", "two shards"),
    (["transfer", "1.00", "--from", "x", "--to", "2"], 2, "a whole number", HELP),
    (["watch"], 2, "Missing argument 'tickers", HELP),
    (["watch", ""], 2, "'' names nothing", LISTS),
    (["watch", "KXA", "--speed", "-1"], 2, "--speed", HELP),
    (["close"], 2, "Missing argument 'ticker'", HELP),
    (["close", " "], 2, "' ' names nothing", LISTS),
    (["close", "KXA", "KXB"], 2, "extra argument", HELP),
    (["halt", "KXA"], 2, "extra argument", HELP),
    (["halt", "--reason"], 2, "requires an argument", HELP),
    (["resume", "now"], 2, "extra argument", HELP),
    (["cancel-all", "KXA"], 2, "extra argument", HELP),
    (["cancel-all", "--include-externl"], 2, "No such option", "mean --include-external"),
    (["flatten", "KXA"], 2, "extra argument", HELP),
    (["run-loop", "--cycles", "1e3"], 2, "a whole number", HELP),
    (["run-loop", "--once", "--cycles", "3"], 2, "ask for two things", "give one"),
    (["run-loop", "--only"], 2, "requires an argument", HELP),
    (["run-loop", "--sim", "--only", ""], 2, "no strategy ''", "directional_trading"),
    (["track", "KXA"], 2, "extra argument", HELP),
    (["trade", "--dry-run=yes"], 2, "does not take a value", HELP),
    (["trade", "--sim", "--only", "../x"], 2, "no strategy '../x'", "directional_trading"),
    (["evaluate", "KXA"], 2, "extra argument", HELP),
    (["inspect", "positions", "--limit", "x"], 2, "a whole number", HELP),
    (["inspect", "orders", "--limit", "0"], 2, "at least 1", HELP),
    (["inspect", "quotes", "--limit", "x"], 2, "a whole number", HELP),
    (["inspect", "strategies", "mine"], 2, "extra argument", HELP),
    (["inspect", "orders", "--ticker", "a b"], 2, "'a b' names nothing", LISTS),
    (["inspect", "fills", "--limit", "1.5"], 2, "a whole number", HELP),
    (["inspect", "round-trips", "--limit", "-5"], 2, "at least 1", HELP),
    (["inspect", "tape", "--limit", ""], 2, "a whole number", HELP),
    (["inspect", "markets", "--category"], 2, "requires an argument", HELP),
    (["inspect", "markets", "--ticker", "\udcff"], 2, "is not UTF-8", "terminal's encoding"),
    (
        ["inspect", "analyses", "--tickr", "A"],
        2,
        "No such option: --tickr",
        "mean --ticker",
    ),
    (["inspect", "runs", "--ticker", "A"], 2, "No such option: --ticker", HELP),
    (["inspect", "denials", "extra"], 2, "extra argument", HELP),
    (["inspect", "order"], 2, "Missing argument 'ID'", HELP),
    (["inspect", "order", "k 1"], 2, "'k 1' names nothing", LISTS),
    (["inspect", "limits", "--limit", "x"], 2, "a whole number", HELP),
    (["inspect", "llm", "a b"], 2, "'a b' names nothing", LISTS),
    (["inspect", "llm", "--market", ""], 2, "'' names nothing", LISTS),
    (["inspect", "llm", "--since", "yesterday"], 2, "'--since': 'yesterday' is no span", "as 90s"),
    (["inspect", "llm", "--since", "5"], 2, "'--since': '5' is no span", "as 5h or 5d"),
    (["inspect", "llm", "--since", "0s"], 2, "'--since': '0s' is no time", "write it as 15m"),
    (["why", "--since", "5"], 2, "'--since': '5' is no span", "as 5h or 5d"),
    (["why", "K X"], 2, "'K X' names nothing", LISTS),
    (["why", "--with", "risk.max_positions=3"], 2, "needs a market", HELP),
    (["why", "--with", "min_net_edge=1"], 2, "unknown setting", "trading.min_net_edge?"),
    (["why", "A", "--since", "1d"], 2, "leave the ticker out", HELP),
    (["why", "A", "--with", "min_edge"], 2, "'min_edge' is no setting", "trading.min_net_edge"),
    (["why", "A", "--with", "min_net_edge=1"], 2, "unknown setting", "trading.min_net_edge?"),
    (["why", "A", "--with", "trading.min_edge=1"], 2, "unknown setting", "trading.min_net_edge?"),
    (["why", "A", "--with", "risk.max_positions=x"], 2, "is not valid", "config show"),
    (["why", "A", "--with", "home=/tmp"], 2, "does not decide", "Settings of trading"),
    (["why", "K\nX"], 2, r"'K\nX' names nothing", LISTS),
    (["status", "--env", ""], 2, "no environment ''", "Use one of"),
    (["status", "--env", "sim", "--paper"], 2, "paper and sim at once", "Name one"),
    (["status", "--home", ""], 2, "--home is empty", "Name a path"),
    (["status", "--config", ""], 2, "--config is empty", "Name a path"),
    (["status", "--config", "/"], 4, "no config file /", "`kalshi config init`"),
    (["inspect-db", "--repair", "now"], 2, "extra argument", HELP),
    (["migrate", "--steps", "3"], 2, "No such option: --steps", HELP),
    ([""], 2, "no command ''", HELP),
    (["statüs"], 2, "no command 'statüs'", "Did you mean status"),
    (["--env"], 2, "requires an argument", HELP),
]


@pytest.mark.parametrize(("words", "code", "said", "what_to_do"), ROWS, ids=lambda x: str(x)[:40])
def test_one_line_says_what_to_do(
    kalshi: Kalshi, kalshi_home: Path, words: list[str], code: int, said: str, what_to_do: str
):
    ended = kalshi(*words)
    assert (ended.code, ended.out) == (code, "")
    (line,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert what_to_do in line
    assert line.isprintable()
    assert len(line) < 300
    assert "Traceback" not in ended.err
    assert not list(Path().iterdir())
    assert {path.name for path in kalshi_home.rglob("*")} <= {"logs", "kalshi.log"}
    envelope = kalshi("--json", *words).json
    assert (envelope["ok"], envelope["data"]) == (False, None)
    assert envelope["error"]["message"]


def leaves() -> Iterator[tuple[str, ...]]:
    for name in names():
        command = load(name)
        inner = command.commands if isinstance(command, Branch) else ()
        yield from [(name, each) for each in inner] or [(name,)]


def test_every_command_was_given_something_wrong():
    given = [tuple(words) for words, *_ in ROWS]
    spared = [leaf for leaf in leaves() if not any(words[: len(leaf)] == leaf for words in given)]
    assert spared == []
    assert len(ROWS) >= 70


def test_names_that_come_on_stdin_are_looked_at_too(kalshi: Kalshi, kalshi_home: Path):
    ended = kalshi("analyze", "-", stdin="KXA\nKX,B\n")
    assert (ended.code, "'KX,B' names nothing" in ended.err) == (2, True)
    assert not list(kalshi_home.rglob("*.db"))


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("", "by hand"),
        (" \n", "by hand"),
        ("one\ntwo\x1b[2J", "one two[2J"),
        ("x" * 9_000, "x" * 500),
    ],
)
def test_an_emergency_is_not_refused_for_its_wording(kalshi: Kalshi, reason: str, kept: str):
    halted = kalshi("halt", "--sim", "--reason", reason)
    assert halted.code == 0
    assert halted.out.splitlines() == [
        f"The desk is halted (it was active): {kept}",
        "Our orders: none on record may still trade",
    ]
    assert kalshi("status", "--json").json["data"]["summary"]["state"] == "halted"
