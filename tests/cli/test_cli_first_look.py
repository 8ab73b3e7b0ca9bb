"""What somebody sees who has done nothing yet, or hardly anything."""

import re


def test_an_empty_desk_says_what_a_first_look_is(kalshi):
    for command in ("status", "why"):
        told = kalshi(command).out
        assert (
            "`kalshi ingest` reads the markets, `kalshi run-loop --cycles 20` does it all" in told
        )
        assert "1970" not in told
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
