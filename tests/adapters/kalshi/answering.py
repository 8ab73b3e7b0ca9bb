"""A connection to an exchange that gives everybody the same answer."""

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import START_US, FakeClock

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Moment, Skew


def measured() -> Skew:
    """What is known once an answer told that the clocks agree, where no clock moves."""
    skew, now = Skew(lambda: 0), Moment(START_US, 0)
    skew.measure(START_US, now, now)
    return skew


def answering(body: bytes, status: int = 200) -> KalshiConnection:
    connection = connect(
        base_url="http://exchange.test",
        signer=Signer("key", ed25519.Ed25519PrivateKey.generate()),
        clock=FakeClock(),
        transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body)),
        paced=False,
    )
    connection._rest.skew = measured()
    return connection
