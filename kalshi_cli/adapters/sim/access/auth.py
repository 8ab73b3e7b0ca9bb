"""Who may use the account: keys, and the signatures that requests must carry.

Signed bytes are `timestamp_ms + METHOD + path`, the path without its query. RSA keys sign with
PSS (SHA-256, salt as long as the digest), Ed25519 keys sign the bytes as they are. Time is real
time, whatever the world's clock says; skew beyond 10 s is refused.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kalshi_cli.adapters.sim.world.keys import PublicKey
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.engine.commands import Rejected

MAX_SKEW_US = 10 * SECOND
KEY, TIMESTAMP, SIGNATURE = (
    "kalshi-access-key",
    "kalshi-access-timestamp",
    "kalshi-access-signature",
)


READ, WRITE = "read", "write"
TRADE, TRANSFER, BALANCE = "write::trade", "write::transfer", "read::portfolio_balance"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A public key and what it may be used for: `read` and `write` stand for all under them."""

    public: PublicKey
    name: str = "sim"
    scopes: frozenset[str] = frozenset({READ, WRITE})

    def may(self, scope: str) -> bool:
        return scope in self.scopes or scope.partition("::")[0] in self.scopes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The account's keys by id."""

    keys: Mapping[str, ApiKey]

    def objection(
        self, headers: Mapping[str, str], method: str, path: str, wall_us: int
    ) -> Rejected | None:
        """Why a request is not let in; None when its signature holds."""
        if not all(headers.get(name) for name in (KEY, TIMESTAMP, SIGNATURE)):
            return Rejected(401, "signature_is_missing_from_headers")
        key = self.keys.get(headers[KEY])
        if key is None:
            return Rejected(401, "authentication_error", "NOT_FOUND")
        timestamp = headers[TIMESTAMP]
        if not _is_fresh(timestamp, wall_us):
            return Rejected(401, "header_timestamp_expired")
        if not _holds(key.public, headers[SIGNATURE], f"{timestamp}{method}{path}".encode()):
            return Rejected(401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE")
        return None

    def forbidden(self, headers: Mapping[str, str], scope: str) -> Rejected | None:
        """Why a key whose signature holds may not do this; None where it may."""
        if self.keys[headers[KEY]].may(scope):
            return None
        return Rejected(403, "forbidden", f"the API key lacks the scope {scope}")


def _is_fresh(timestamp: str, wall_us: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 18):
        return False
    return abs(int(timestamp) * MILLISECOND - wall_us) <= MAX_SKEW_US


def _holds(key: PublicKey, signature: str, signed: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, signed)
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            key.verify(raw, signed, pss, hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
