"""A connection to an exchange that gives everybody the same answer."""

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import FakeClock

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer


def answering(body: bytes, status: int = 200) -> KalshiConnection:
    return connect(
        base_url="http://exchange.test",
        signer=Signer("key", ed25519.Ed25519PrivateKey.generate()),
        clock=FakeClock(),
        transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body)),
        paced=False,
    )
