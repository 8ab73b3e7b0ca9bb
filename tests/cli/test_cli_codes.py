"""Codes: all that can be said are in the table, and the table sends nobody anywhere in vain."""

import ast
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import kalshi_cli
from kalshi_cli.cli.app import load, names
from kalshi_cli.cli.codes import PLUG_INS, every_code, named
from kalshi_cli.cli.documents import ROOT, codes
from kalshi_cli.cli.render import measures
from kalshi_cli.domain.code import Code
from kalshi_cli.errors import KalshiError, code_of
from kalshi_cli.plugins import load_all
from kalshi_cli.settings.load import keys
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps import gates

SAYS = {
    "Abstention",
    "Denial",
    "ExitReason",
    "Finding",
    "Gate",
    "NoAnswer",
    "Rejection",
    "Skipped",
    "Stop",
    "Unsized",
    "_against",
    "_gate",
    "_stop",
    "against",
}
"""What takes a code: by these names codes are said."""
IS_CODE = re.compile("(?!GTC$|IOC$)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
"""What looks like one; two words of the exchange do, too."""
TABLE = {row.code for row in every_code()}


@pytest.fixture(scope="module")
def kinds():
    """Every kind of codes there is in any module of the program."""
    for module in walk_packages(kalshi_cli.__path__, f"{kalshi_cli.__name__}."):
        if not module.name.endswith(("__main__", "migrations.env")):  # these two run something
            import_module(module.name)
    return [kind for kind in Code.__subclasses__() if kind.__module__.startswith("kalshi_cli.")]


def test_every_kind_of_code_is_in_the_table(kinds):
    rows = {(row.code, row.means) for row in every_code()}
    assert len(kinds) > 5
    for kind in kinds:
        assert {(code.value, code.means) for code in kind} <= rows, kind


def test_every_error_is_in_the_reference_with_what_it_means(kinds):
    """And `why` answers for each, by the same words."""

    def below(kind):
        for each in kind.__subclasses__():
            if each.__module__.startswith("kalshi_cli."):
                yield each
                yield from below(each)

    page = (ROOT / "COMMANDS_REFERENCE.md").read_text(encoding="utf-8")
    errors = set(below(KalshiError))
    assert len(errors) > 25
    for kind in errors:
        assert vars(kind)["__doc__"], kind
        said_by = f"an error, exit code {kind.exit_code}"
        (means,) = [row.means for row in named(code_of(kind)) if row.said_by == said_by]
        told = means.removesuffix(".")
        assert told, kind
        assert f"| `{code_of(kind)}` | {kind.exit_code} | {told} |" in page, kind


def test_every_plug_in_is_in_the_table():
    settings = {key.rpartition(".")[2]: value for key, value in keys(Settings())}
    said = [
        plug_in.code
        for package, contract, _ in PLUG_INS
        for plug_in in load_all(package, contract, settings)
    ]
    assert len(said) > 40
    assert set(said) <= TABLE


def test_nobody_says_a_code_that_is_none():
    """A text where a code is due would be in no table."""
    found = []
    for path in sorted(Path(kalshi_cli.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = (*node.args, *(each.value for each in node.keywords))
            texts = [a.value for a in given if isinstance(a, ast.Constant)]
            if called in SAYS and any(isinstance(t, str) and IS_CODE.fullmatch(t) for t in texts):
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_what_a_desk_says_is_in_the_table(kalshi, kalshi_home):
    kalshi_home.mkdir()
    (kalshi_home / "config.toml").write_text(
        "[trading]\nstrategies = ['directional_trading', 'market_making', 'quick_flip_scalping']\n"
    )
    kalshi("run-loop", "--sim", "--cycles", "4", "--seed", "7")
    markets = kalshi("inspect", "markets", "--limit", "100", "--json").json["data"]
    market = markets[0]["ticker"]
    one_sided = next(row["ticker"] for row in markets if row["bid"] is None)
    looked = kalshi("why", "--json").json["data"]
    asked = kalshi("analyze", one_sided, "--json").json["data"]
    ends = [end["code"] for funnel in looked["strategies"] for end in funnel["ends"]]
    said = {
        "ends": ends,
        "filters": [row["name"] for row in looked["filters"]],
        "denials": [row["code"] for row in kalshi("inspect", "denials", "--json").json["data"]],
        "orders": [row["state"] for row in kalshi("inspect", "orders", "--json").json["data"]],
        "skipped": [row["code"] for row in asked["skipped"]],
        "gates": [
            gate["code"]
            for gate in kalshi("why", market, "--json").json["data"]["now"]["assessment"]["gates"]
            if gate["stage"] != "stake"
        ],
    }
    assert all(said.values()), said
    known = TABLE | {"open", "eligible"}  # how many there are, no code
    assert [told for told in said.values() if not set(told) <= known] == []


def test_each_row_says_what_to_do_and_no_row_names_what_there_is_not():
    known = {key for key, _ in keys(Settings())}
    sections = "|".join({key.partition(".")[0] for key in known})
    for row in every_code():
        for text in (row.said_by, row.means, row.remedy):
            assert text == text.strip() != "", row
        settings = re.findall(rf"\b((?:{sections})\.\w+)(?!\.*\.\.)", row.remedy)
        assert set(settings) <= known, row
        for command in re.findall(r"`kalshi ([\w-]+(?: [a-z-]+)?)", row.remedy):
            first, _, second = command.partition(" ")
            assert first in names(), row
            assert not second or second in getattr(load(first), "commands", {second: None}), row


def test_a_code_is_its_own_name(kinds):
    """Who reads the code finds the word that people read."""
    for kind in kinds:
        assert [code.name for code in kind] == [code.value.upper() for code in kind]


def test_numbers_have_units_for_codes_that_there_are():
    counted = {*measures._UNITS, *measures._DOLLARS, *measures._UNDER, *gates._HELD}
    assert counted <= TABLE


def test_the_page_has_a_row_for_each_code():
    page = codes()
    assert (ROOT / "docs" / "codes.md").read_text(encoding="utf-8") == page
    assert page.count("\n| `") == len(every_code())


@pytest.mark.parametrize("typed", ["NET_EDGE", "net_edge"])
def test_why_tells_what_a_code_means(kalshi, kalshi_home, typed):
    told = kalshi("why", typed)
    assert told.code == 0
    assert [line for line in told.out.splitlines() if line.startswith("said by")] == [
        "said by  control `net_edge`",
        "said by  strategy `directional_trading`",
    ]
    assert "trading.min_net_edge" in told.out
    assert not (kalshi_home / "sim").exists()
    (row,) = kalshi("why", "rate", "--json").json["data"]
    assert (row["code"], row["said_by"]) == ("RATE", "control `rate`")


def test_no_market_is_taken_for_a_code():
    assert named("KXRATE") == named("RATE-26") == ()
