"""Which connection an environment gets: one that trades where there is a key, else a reader."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi_cli.adapters.kalshi.connection import KalshiConnection
from kalshi_cli.adapters.kalshi.get_only import PublicConnection
from kalshi_cli.bootstrap.exchange import is_same_time, open_exchange
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.addresses import base_url
from kalshi_cli.settings.credentials import Credentials
from kalshi_cli.settings.environment import Environment

PEM = (
    ed25519.Ed25519PrivateKey.generate()
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
KEY = Credentials("id", PEM, "a test")


def environment(env: Env, home: Path, credentials: Credentials | None) -> Environment:
    return Environment(env, "a test", home, credentials, base_url(env, {}), in_memory=True)


async def test_paper_reads_production_and_cannot_trade_whatever_keys_there_are(tmp_path: Path):
    async with open_exchange(environment(Env.PAPER, tmp_path, KEY)) as exchange:
        assert type(exchange.public) is PublicConnection
        assert exchange.account is None
        assert exchange.public.origin == "https://external-api.kalshi.com"


@pytest.mark.parametrize("env", [Env.DEMO, Env.PROD])
async def test_without_a_key_there_is_what_everybody_may_read(env: Env, tmp_path: Path):
    async with open_exchange(environment(env, tmp_path, None)) as exchange:
        assert type(exchange.public) is PublicConnection
        assert exchange.account is None
    async with open_exchange(environment(env, tmp_path, KEY)) as exchange:
        assert type(exchange.public) is KalshiConnection
        assert exchange.account is exchange.public


async def test_sim_has_a_key_of_its_own(tmp_path: Path):
    async with open_exchange(environment(Env.SIM, tmp_path, None)) as exchange:
        assert exchange.account is not None
        assert exchange.simulation is not None
        limits = await exchange.account.access.limits()
        assert limits.tier == "basic"


async def test_a_key_that_cannot_be_read_is_said(tmp_path: Path):
    broken = Credentials("id", PEM[:60], "a test")
    with pytest.raises(ConfigError, match="cut off"):
        async with open_exchange(environment(Env.DEMO, tmp_path, broken)):
            pass


@pytest.mark.parametrize(
    ("told_us", "speed", "same"),
    [
        (0, 1.0, True),
        (-6 * MINUTE, 1.0, True),  # reads lag
        (-6 * MINUTE - 1, 1.0, False),
        (-HOUR, 60.0, True),
        (-2 * HOUR, 60.0, False),
        (MINUTE + 2 * SECOND, 1.0, True),
        (MINUTE + 3 * SECOND, 1.0, False),
        (3 * MINUTE, 60.0, True),  # two seconds passed while it was asked for
        (4 * MINUTE, 60.0, False),
    ],
)
def test_the_exchanges_time_is_the_desks_within_what_passes_while_asking(
    told_us: int, speed: float, same: bool
):
    now_us = 1_800_000_000 * SECOND
    assert is_same_time(now_us + told_us, now_us, speed) is same
