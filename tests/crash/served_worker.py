"""Serves one world again and again: each line on stdin forks a server of it, to be killed.

Forking spares every server the imports; what it opens, holds, writes and loses is its own. Tells
each server's process id and address on a line of JSON.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import open_simulation

SPEED = 600


def serve(home: Path) -> None:
    with listen(0) as listener:
        server = ExchangeServer(open_simulation(home), listener, speed=SPEED)
        line = {"pid": os.getpid(), "base_url": server.address.base_url}

        def tell() -> None:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

        asyncio.run(server.serve(asyncio.Event(), tell))


if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                serve(Path(sys.argv[1]))
            finally:
                os._exit(1)  # nobody ends it but by a kill
        os.waitpid(child, 0)
