"""Trades in a world until it is killed, telling each order that the exchange acknowledged."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.instant import MINUTE


async def trade(home: Path) -> None:
    async with open_simulation(home) as simulation, SignedClient(simulation) as client:
        while True:
            ticker = (await client.markets())[0]["ticker"]
            number = simulation.status().orders
            for step in range(8):
                order_id = f"c{number + step}"
                answer = await client.place(ticker=ticker, client_order_id=order_id)
                sys.stdout.write(f"{order_id} {answer.json()['order_id']}\n")
                sys.stdout.flush()
            for order in (await client.get("/portfolio/orders?status=resting"))["orders"]:
                await client.send("DELETE", f"/portfolio/events/orders/{order['order_id']}")
            simulation.advance(simulation.now_us + MINUTE)


asyncio.run(trade(Path(sys.argv[1])))
