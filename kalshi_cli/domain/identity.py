"""Who is who: environments, stores, and the ids of our orders."""

import base64
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Env(StrEnum):
    """Where market data comes from and where orders go. `prod` is real money."""

    SIM = "sim"
    PAPER = "paper"
    DEMO = "demo"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Written when a store is created; opening the store with another one is refused.

    `account` is a hash of the key id, `world` the simulated world's id; both empty where they do
    not apply.
    """

    env: Env
    origin: str
    account: str
    world: str


HALT_FILE = "HALT"
"""The name of the file in the home directory that halts, and of who did it."""


class DeskState(StrEnum):
    """The run state. It persists, and only a person lifts a halt."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"
    FLATTEN = "flatten"
    HALTED = "halted"

    @property
    def said(self) -> str:
        """As a sentence has it: "the desk is flattening"."""
        return {"flatten": "flattening", "reduce_only": "reduce-only"}.get(self.value, self.value)


EXTERNAL = "external"
"""The owner of what this program did not trade."""


def client_order_id(nonce: bytes, run: int, strategy: str, ticker: str, sequence: int) -> str:
    """Derive an order's id: the same intent of the same run always gets the same one.

    `nonce` is the installation's; `run` counts runs of the store; `sequence` counts intents of the
    run. 28 characters, within the exchange's limits.
    """
    text = "\x1f".join((str(run), strategy, ticker, str(sequence)))
    digest = hashlib.blake2b(text.encode(), digest_size=16, key=nonce).digest()
    return "k1" + base64.b32encode(digest).decode().rstrip("=").lower()


def transfer_id(nonce: bytes, run: int) -> str:
    """Derive the id of the transfer between shards that a run sends: a UUID, as asked for."""
    digest = hashlib.blake2b(f"transfer\x1f{run}".encode(), digest_size=16, key=nonce).digest()
    return str(UUID(bytes=digest, version=4))


def short_hash(*parts: str) -> str:
    """A stable 16-character id of some texts."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10).digest()
    return base64.b32encode(digest).decode().lower()
