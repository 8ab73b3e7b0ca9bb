"""Reading a stream and doing nothing with it: what nobody can do for less.

    python -m tests.bench.bare_reader WS_URL MARKETS

Says on a line of JSON which process it is.
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import connect


async def read(url: str, markets: int) -> None:
    """Subscribe to so many books as the loop does, and read."""
    tickers = [f"KXFLOOR-{number}" for number in range(markets)]
    params = {"channels": ["orderbook_delta"], "market_tickers": tickers}
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
        while True:
            await socket.recv()


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    asyncio.run(read(sys.argv[1], int(sys.argv[2])))
