"""The packed log of public trades against a plain list of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.engine.print_log import PrintLog

TICKERS = ("KX-1-A", "KX-1-B", "KX-2")
ids = st.one_of(
    st.integers(0, 2**33).map(lambda n: f"{{}}.{n}"),
    st.sampled_from(["odd", "{}.", "{}.x", "{}.007", "other.7", "{}.own.7", "{}.\u0667"]),
)


@st.composite
def tapes(draw) -> list[Trade]:
    tape, at_us = [], 1_800_000_000_000_000
    for _ in range(draw(st.integers(0, 20))):
        at_us += draw(st.integers(0, 3))
        ticker = draw(st.sampled_from(TICKERS))
        tape.append(
            Trade(
                trade_id=draw(ids).format(ticker),
                ticker=ticker,
                price=Price(draw(st.integers(1, 9_999))),
                count=Contracts(draw(st.integers(1, 2**40))),
                taker_side=draw(st.sampled_from(["bid", "ask"])),
                at_us=at_us,
            )
        )
    return tape


def log_of(tape: list[Trade], most: int = 1_000) -> PrintLog:
    log = PrintLog()
    for trade in tape:
        log.append(trade, most=most)
    return log


@given(tapes(), st.integers(-1, 22))
def test_it_is_a_list_of_trades(tape, before):
    log = log_of(tape)
    assert [each.trade for each in log.newest_first()] == tape[::-1]
    kept = tape[: max(before, 0)]
    assert [each.trade for each in log.newest_first(before=before)] == kept[::-1]
    for ticker in TICKERS:
        own = [trade for trade in kept if trade.ticker == ticker]
        assert [each.trade for each in log.newest_first(ticker, before)] == own[::-1]
    positions = [each.position for each in log.newest_first()]
    assert positions == list(range(len(tape)))[::-1]
    assert log.end == len(tape)


@given(tapes(), st.integers(0, 66))
def test_instants_are_found(tape, gap):
    log = log_of(tape)
    at_us = 1_800_000_000_000_000 + gap
    assert log.since(at_us) == sum(trade.at_us < at_us for trade in tape)
    for ticker in TICKERS:
        earlier = [t for t in tape if t.ticker == ticker and t.at_us <= at_us]
        assert log.last_price(ticker, at_us) == (earlier[-1].price if earlier else None)


@given(tapes(), st.integers(1, 20))
def test_the_oldest_go_and_positions_stay(tape, most):
    whole, log = log_of(tape), log_of(tape, most)
    assert most <= len(log) <= most + most // 8 or len(log) == len(tape)
    known = {each.position: each.trade for each in whole.newest_first()}
    for ticker in ("", *TICKERS):
        kept = list(log.newest_first(ticker))
        assert all(known[each.position] == each.trade for each in kept)
        mine = [p for p, t in known.items() if ticker in {"", t.ticker} and p >= log.dropped]
        assert [each.position for each in kept] == sorted(mine, reverse=True)
    if log.dropped:
        oldest = min(position for position in known if position >= log.dropped)
        assert log.starts_us == known[oldest].at_us
    else:
        assert log.starts_us is None


@given(tapes(), tapes(), st.integers(1, 20))
def test_it_goes_on_from_a_snapshot(first, then, most):
    log = log_of(first, most)
    thawed = msgspec.msgpack.decode(msgspec.msgpack.encode(log), type=PrintLog)
    for trade in then:
        log.append(trade, most=most)
        thawed.append(trade, most=most)
    assert msgspec.msgpack.encode(thawed) == msgspec.msgpack.encode(log)
    assert list(thawed.newest_first()) == list(log.newest_first())


def test_a_trade_takes_thirty_bytes():
    ticker = "KXBTCD-27JAN0401-T96000"
    trades = [
        Trade(f"{ticker}.{n}", ticker, Price(4_200), Contracts(2_400), "bid", 10**15 + n)
        for n in range(1_000)
    ]
    assert len(msgspec.msgpack.encode(log_of(trades, 10_000))) == pytest.approx(30_000, rel=0.01)
