"""What somebody sees who has done nothing yet, or hardly anything."""

import re

from kalshi_cli.cli.documents import ROOT


def test_an_empty_desk_says_what_a_first_look_is(kalshi):
    for command in ("status", "why"):
        told = kalshi(command).out
        assert (
            "`kalshi ingest` reads the markets, `kalshi run-loop --cycles 20` does it all" in told
        )
        assert "1970" not in told
    for command in ("status", "why", "evaluate"):
        assert "1970" not in kalshi(command, "--json").out
    kalshi("ingest", "--sim", "--seed", "7")
    told = kalshi("status").out
    assert "does it all" not in told
    assert "last run   ingest, 2027-01-04" in told
    assert "no pass of trading in this time; the last run was ingest" in kalshi("why").out


def test_one_of_a_kind_is_told_as_one(kalshi):
    kalshi("run-loop", "--sim", "--cycles", "3", "--seed", "7")
    told = [kalshi(*line).out for line in (("status",), ("track",), ("sim", "status"))]
    one = re.compile(r"\b1 (fills|settlements|positions|round trips|denials|orders|events)\b")
    assert [one.findall(each) for each in told] == [[], [], []]


def test_who_types_what_the_readme_says_finds_the_market_it_names(kalshi):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (seed,) = re.findall(r"run-loop --sim --cycles 20 --seed (\d+) --fresh", page)
    (ticker, supposed) = re.search(r"kalshi why (KX\S+) --with (\S+) --sim", page).groups()
    kalshi("ingest", "--sim", "--seed", seed)
    assert kalshi("why", ticker, "--with", supposed, "--sim").code == 0
