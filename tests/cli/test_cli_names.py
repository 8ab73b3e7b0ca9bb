"""Tickers in any case, and what is said of one that there is not."""


def test_a_ticker_may_be_typed_in_any_case(kalshi):
    kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7")
    held = kalshi("inspect", "positions", "--json").json["data"]
    ticker = held[0]["ticker"]
    typed = ticker.lower()
    for words in (("inspect", "fills", "--ticker"), ("inspect", "analyses", "--ticker")):
        found = kalshi(*words, typed, "--json").json
        assert found["data"] == kalshi(*words, ticker, "--json").json["data"] != []
        assert found["warnings"] == []
    assert kalshi("why", typed, "--json").json["data"]["trace"]["market"]["ticker"] == ticker
    assert kalshi("close", typed, "--json").code in {0, 6}  # 6: nobody bids for it
    assert kalshi("analyze", typed, "--dry-run", "--json").code == 0
    assert kalshi("analyze", typed, "--json").code == 0

    missed = kalshi("why", f"{typed}9")
    assert missed.code == 3
    assert f"No market {ticker}9 was ever read. Did you mean {ticker}" in missed.err
    unheld = kalshi("close", f"{typed}9")
    assert (unheld.code, f"Nothing is held in {ticker}9." in unheld.err) == (3, True)
    for what in ("positions", "fills", "orders", "denials", "markets"):
        none = kalshi("inspect", what, "--ticker", f"{typed}9", "--json")
        assert (none.code, none.json["data"], none.json["warnings"]) == (3, [], []), what
        assert none.json["error"]["message"] == f"No market {ticker}9 is on record."
        assert none.json["error"]["remedy"].startswith(f"Did you mean {ticker}")
    known = kalshi("inspect", "round-trips", "--ticker", ticker)
    assert (known.code, known.err.count("No market")) == (0, 0)
