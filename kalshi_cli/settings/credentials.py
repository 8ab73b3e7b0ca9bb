"""The API key of an environment: its id, and the private key that signs for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError

_DER_SEQUENCE = (b"\x30\x82", b"\x30\x81", b"\x30\x2e\x02")
"""What a binary RSA or Ed25519 key begins with: a sequence, and its length."""
_DOWNLOADED = "It must be the .pem file that the exchange let you download."


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key: its id, and the private key as PEM text, which is never shown.

    `warning` says what is unsafe about the key file, with the command that mends it.
    """

    key_id: str
    private_key: str = field(repr=False)
    source: str
    warning: str = ""


def find_credentials(
    env: Env, home: Path, variables: Mapping[str, str], directory: Path
) -> Credentials | None:
    """The credentials of demo or prod; None where the key id or the private key is missing.

    Raises `ConfigError` for a private key that is named and cannot be read.
    """
    names = _Names.of(env)
    key_id, given = names.given(variables)
    if not key_id:
        return None
    if "-----BEGIN" in given:
        return Credentials(key_id, given.replace("\\n", "\n"), names.private_key)
    path = names.file(given, home, directory)
    if path is None and given:
        raise ConfigError(
            f"{names.private_key} is neither a PEM nor an existing file.",
            remedy="Give the path of the .pem file that the exchange let you download.",
        )
    return None if path is None else Credentials(key_id, _pem(path), str(path), _exposure(path))


def half_of(env: Env, home: Path, variables: Mapping[str, str], directory: Path) -> str:
    """What of the credentials is there without the rest; empty for all or nothing of them."""
    names = _Names.of(env)
    key_id, given = names.given(variables)
    file = names.file(given, home, directory)
    if key_id and not given and file is None:
        return (
            f"{names.key_id} is set, but there is no private key: "
            f"{names.private_key} is not set, and {names.pem} is neither here nor in {home}"
        )
    if not key_id and (given or file):
        where = file if file is not None else names.private_key
        return f"there is a private key ({where}), but {names.key_id} is not set"
    return ""


def require_credentials(env: Env, found: Credentials | None, half: str = "") -> Credentials:
    """The credentials, or a `ConfigError` that says which variables to set.

    `half` says what of them is there.
    """
    if found is not None:
        return found
    names = _Names.of(env)
    raise ConfigError(
        f"{env} needs an API key: {half or 'none was found'}.",
        remedy=f"Set {names.key_id} and {names.private_key} "
        f"(or put {names.pem} here or in the home directory).",
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """What an environment's credentials are called."""

    key_id: str
    private_key: str
    pem: str

    @classmethod
    def of(cls, env: Env) -> "_Names":
        if env is Env.PROD:
            prod = ("KALSHI_API_KEY_PROD", "KALSHI_PRIVATE_KEY_PROD")
            return cls(*prod, "kalshi_private_key.prod.pem")
        return cls("KALSHI_API_KEY", "KALSHI_PRIVATE_KEY", "kalshi_private_key.pem")

    def given(self, variables: Mapping[str, str]) -> tuple[str, str]:
        key_id, private_key = (variables.get(name, "") for name in (self.key_id, self.private_key))
        return key_id.strip(), private_key.strip()

    def file(self, given: str, home: Path, directory: Path) -> Path | None:
        """The private key's file: the one that is named, or the first of the usual ones."""
        if "-----BEGIN" in given:
            return None
        places = [Path(given).expanduser()] if given else [directory / self.pem, home / self.pem]
        return next((place for place in places if place.is_file()), None)


def _pem(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The private key {path} cannot be read: {error.strerror}.",
            remedy="Let the user who runs this read it.",
        ) from error
    if content.startswith(_DER_SEQUENCE):
        raise ConfigError(
            f"{path} is DER, and a PEM is needed.",
            remedy=f"Convert it: openssl pkey -inform DER -in {path} -out {path}.pem",
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"The private key {path} cannot be read: it is no text.", remedy=_DOWNLOADED
        ) from error
    if "-----BEGIN" not in text:
        raise ConfigError(f"{path} holds no private key.", remedy=_DOWNLOADED)
    return text


def _exposure(path: Path) -> str:
    if os.name == "nt" or not path.stat().st_mode & 0o077:
        return ""
    return f"{path} is readable by others. Run: chmod 600 {path}"
