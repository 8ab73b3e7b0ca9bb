"""What a person hears of rows that are not all of them."""

import pytest

LISTS = ("positions", "orders", "fills", "round-trips", "tape", "markets", "analyses", "runs")


def test_a_list_that_is_cut_says_of_how_many(kalshi):
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    cut = 0
    for name in (*LISTS, "denials"):
        rows = kalshi("inspect", name, "--json", "--limit", "100000").json["data"]
        if len(rows) < 2:
            continue
        cut += 1
        told = f"1 of {len(rows)}; --limit {len(rows)} shows all"
        shown = kalshi("inspect", name, "--limit", "1")
        assert shown.err.splitlines()[-1] == told, name
        assert told not in shown.out
        assert told in kalshi("inspect", name, "--limit", "1", "--json").json["warnings"]
        assert "shows all" not in kalshi("inspect", name, "--limit", str(len(rows))).err
    assert cut >= 5


@pytest.mark.parametrize(
    ("name", "option"), [("markets", "--category"), ("orders", "--live-only"), ("tape", "--ticker")]
)
def test_what_is_filtered_is_counted_as_it_is_shown(kalshi, name, option):
    kalshi("run-loop", "--sim", "--once", "--seed", "7")
    market = kalshi("inspect", "markets", "--limit", "1", "--json").json["data"][0]
    chosen = {"--category": [market["category"]], "--ticker": [market["ticker"]]}.get(option, [])
    rows = kalshi("inspect", name, option, *chosen, "--json", "--limit", "100000").json["data"]
    shown = kalshi("inspect", name, option, *chosen, "--limit", "1")
    assert (f"1 of {len(rows)};" in shown.err) is (len(rows) > 1)


def test_zero_shows_every_position(kalshi):
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    assert "shows all" not in kalshi("inspect", "positions", "--limit", "0").err


def test_a_category_that_no_market_is_of_is_told_with_those_there_are(kalshi):
    assert kalshi("ingest", "--sim", "--seed", "7").code == 0
    rows = kalshi("inspect", "markets", "--json", "--limit", "1000").json["data"]
    known = sorted({row["category"] for row in rows})
    mistyped = kalshi("inspect", "markets", "--category", f"{known[0]}z")
    assert mistyped.code == 3
    assert f"is on record. Did you mean {known[0]!r}?" in mistyped.err
    unlike = kalshi("inspect", "markets", "--category", "0123456789")
    assert f"There are: {', '.join(known)}." in unlike.err
