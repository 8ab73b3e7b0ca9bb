"""What `doctor` says of the API key before anybody is asked: found, safe, and of which kind."""

from uuid import UUID

from kalshi_cli.cli.checks import Check, Finding, failed
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError

DOCUMENTED = ("Ed25519", "RSA 2048")
"""The kinds of key that the exchange hands out."""

TOLD_APART = 16
"""Signs of a key's id from which eight may be shown."""


def key_checks(prepared: Prepared) -> list[Check]:
    """Rows for the key; the world of sim has its own."""
    environment = prepared.environment
    if environment.env is Env.SIM and "keys" not in prepared.faults:
        return [Check("keys", Finding.OK, f"{environment.env} needs none")]
    fault = prepared.faults.get("keys")
    if fault is not None:
        return [failed("keys", fault)]
    found = environment.credentials
    if found is None:
        return []
    result = Finding.WARNING if found.warning else Finding.OK
    detail = f"id {shortened(found.key_id)}, from {found.source}"
    keys = Check("keys", result, detail, found.warning)
    return [keys, *_id_check(found.key_id), _private_key(found.key_id, found.private_key)]


def shortened(key_id: str) -> str:
    """Enough of a key's id to tell two keys apart, and not all of it."""
    return f"{key_id[:4]}...{key_id[-4:]}" if len(key_id) >= TOLD_APART else "given"


def _id_check(key_id: str) -> list[Check]:
    try:
        UUID(key_id)
    except ValueError:
        remedy = "Copy the id of the key, not its name, from the exchange's API keys page."
        detail = "this is no UUID, as the exchange's key ids are"
        return [Check("key id", Finding.WARNING, detail, remedy)]
    return []


def _private_key(key_id: str, pem: str) -> Check:
    from kalshi_cli.adapters.kalshi.signing import Signer

    try:
        kind = Signer.from_pem(key_id, pem).kind
    except ConfigError as error:
        return failed("private key", error)
    if kind not in DOCUMENTED:
        remedy = f"The exchange makes {' and '.join(DOCUMENTED)} keys: use one of its own."
        return Check("private key", Finding.WARNING, kind, remedy)
    return Check("private key", Finding.OK, kind)
