"""The whole desk on recorded order books: one recording from its first frame to the payment."""

from pathlib import Path

import pytest
from fakes.program import Program
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.money import Contracts, Price

pytestmark = pytest.mark.slow
TICKER = "KXBTC15M-26MAY130915-15"
"""Recorded from 13:00:35 to its close at 13:15 on 2026-05-13; it ended in YES."""
DOLLAR = 10_000
"""Price units; contracts have 100 to one, so price x contracts is in millionths of a dollar."""


async def by_hand(home: Path) -> list[str]:
    """Somebody else on the account, at the desk's last moment: takes 40 of YES at the ask, and
    rests 25 at the touch on both sides."""
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        (market,) = await client.markets()
        assert market["ticker"] == TICKER
        bid, ask = market["yes_bid_dollars"], market["yes_ask_dollars"]
        shown = Contracts.parse(market["yes_ask_size_fp"])
        bought = await client.place(
            ticker=TICKER, price=ask, count="40.00", time_in_force="immediate_or_cancel"
        )
        taken = Contracts.parse(bought.json()["fill_count"])
        assert taken == min(shown, Contracts(4_000))
        book = (await client.get(f"/markets/{TICKER}/orderbook"))["orderbook_fp"]
        no_bids = {Price.parse(price).complement: size for price, size in book["no_dollars"]}
        left = Contracts.parse(no_bids.get(Price.parse(ask), "0.00"))
        assert left == shown - taken
        rest = {"ticker": TICKER, "count": "25.00", "post_only": True}
        answers = [
            await client.place(side="bid", price=bid, **rest),
            await client.place(side="ask", price=str(Price.parse(ask)), **rest),
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        orders = (await client.get("/portfolio/orders?status=resting"))["orders"]
        assert len(orders) == 2
        return [answer.json()["order_id"] for answer in (bought, *answers)]


async def test_a_desk_on_recorded_books(shared_data: Path, tmp_path: Path):
    """Forty seconds a cycle: four minutes, then trades by hand, then on until it has paid."""
    program = Program(tmp_path, {"KALSHI_INTERVALS__SIM_CYCLE_S": "40"})
    world = f"books:{shared_data / 'orderbook_stream' / 'run_20260513T1259Z.jsonl.gz'}"
    last = program.run("run-loop", "--sim", "--world", world, "--cycles", "6", "--json").data
    assert last["world"].startswith("Recorded order books, run_20260513T1259Z.jsonl.gz")
    orders = await by_hand(tmp_path)
    program.run("run-loop", "--cycles", "29", "--json")
    status = program.data("sim", "status")
    assert status["markets_by_status"] == [["finalized", 1]]

    fills = program.rows("SELECT order_id, side, price_units, count_units, is_taker FROM fills")
    assert {order_id for order_id, *_ in fills} == set(orders), fills
    assert [is_taker for *_, is_taker in fills] == [1] + [0] * (len(fills) - 1)
    assert all(
        sum(count for order, _, _, count, _ in fills if order == order_id) <= 4_000
        for order_id in orders
    )
    net = sum(count if side == "bid" else -count for _, side, _, count, _ in fills)
    ((ticker, value, settled, revenue),) = program.rows(
        "SELECT ticker, value_units, net_units, revenue_units FROM settlements"
    )
    assert (ticker, value, settled) == (TICKER, DOLLAR, net)
    assert revenue == (net * DOLLAR if net > 0 else 0)
    report = program.data("inspect-db")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]
    paid = sum(price * (count if side == "bid" else -count) for _, side, price, count, _ in fills)
    ((fees,),) = program.rows("SELECT sum(fee_units) FROM fills")
    ((deposits,),) = program.rows("SELECT sum(amount_units) FROM cash_movements")
    # Buying pays, selling earns; a position held to YES pays a dollar a contract, less if short.
    assert status["cash"] == f"{(deposits - paid - fees + net * DOLLAR) / 1e6:.6f}"


def test_every_step_says_what_is_estimated(shared_data: Path, tmp_path: Path):
    program = Program(tmp_path)
    path = shared_data / "orderbook_stream" / "run_20260513T1712Z.jsonl.gz"
    program.run("ingest", "--sim", "--world", f"books:{path}", "--json")
    for look in ("status", "evaluate"):
        warnings = program.run(look, "--json").envelope["warnings"]
        assert [text for text in warnings if "queues, are estimated" in text]
    told = program.data("sim", "status")
    assert told["world"] == f"books:{path}"
    assert "Trades are inferred" in told["description"]
