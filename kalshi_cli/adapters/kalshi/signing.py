"""Request signatures: RSA-PSS or Ed25519 over `timestamp + METHOD + path`, never HMAC.

RSA is RSASSA-PSS with SHA-256, MGF1 of SHA-256 and a salt as long as the digest. The kind of key
is taken from the parsed key, not from the PEM's header. The path is the whole one from the root,
without the query; host and body are not signed. Source: Kalshi's API keys page, 2026-09.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.errors import ConfigError

_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
_REMEDY = "Use the private key file that Kalshi showed once when the API key was made."
LEAST_RSA_BITS = 2_048
"""As long as the RSA keys that the exchange makes; much shorter ones cannot hold the signature."""
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


@dataclass(frozen=True, slots=True)
class _Mistake:
    """What people give instead of a private key, and how it is told."""

    was_made: Callable[[str], bool]
    said: str
    remedy: str = _REMEDY


def _is_labelled(*words: str) -> Callable[[str], bool]:
    return lambda pem: any(word in label for label in _LABEL.findall(pem) for word in words)


_MISTAKES = (
    _Mistake(lambda pem: "-----BEGIN" not in pem, "The private key is not a PEM: no BEGIN line."),
    _Mistake(_is_labelled("PUBLIC KEY"), "This is a public key; a private key is needed."),
    _Mistake(_is_labelled("CERTIFICATE"), "This is a certificate; a private key is needed."),
    _Mistake(
        _is_labelled("OPENSSH"),
        "The private key is in the format of OpenSSH.",
        "Kalshi hands out PEM keys: use that file, or turn a copy into one with "
        "`ssh-keygen -p -m PKCS8 -f COPY`.",
    ),
    _Mistake(
        lambda pem: "-----END" not in pem,
        "The private key PEM is cut off: it has no END line.",
        "Copy the whole file; in a variable, quote it, with line ends written as \\n.",
    ),
    _Mistake(
        lambda pem: "\n" not in pem.strip(),
        "The private key PEM has lost its line ends.",
        "Give the path of the file instead, or write the line ends as \\n.",
    ),
)
"""In this order; what is none of them is left to the library."""


def load_private_key(pem: str) -> PrivateKey:
    """Parse an RSA (PKCS#1, PKCS#8) or Ed25519 private key. Raises `ConfigError`, key unquoted."""
    mistake = next((known for known in _MISTAKES if known.was_made(pem)), None)
    if mistake is not None:
        raise ConfigError(mistake.said, remedy=mistake.remedy)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise ConfigError(
            "The private key is encrypted with a password.",
            remedy="Decrypt it first, for example with `openssl pkey -in KEY -out NEW`.",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError("The private key PEM is damaged.", remedy=_REMEDY) from error
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        raise ConfigError(
            f"The private key is RSA of {key.key_size} bits, and the exchange's have "
            f"{LEAST_RSA_BITS}.",
            remedy=_REMEDY,
        )
    if isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        return key
    kind = type(key).__name__.lstrip("_").removesuffix("PrivateKey")
    raise ConfigError(
        f"The private key is of kind {kind}; Kalshi takes RSA and Ed25519.", remedy=_REMEDY
    )


@dataclass(frozen=True, slots=True)
class Signer:
    """An API key: its id and what signs for it. Its repr shows no secret."""

    key_id: str
    _key: PrivateKey = field(repr=False)

    @property
    def kind(self) -> str:
        """What kind of key signs: `Ed25519`, or `RSA` with its bits."""
        key = self._key
        return f"RSA {key.key_size}" if isinstance(key, RSAPrivateKey) else "Ed25519"

    @classmethod
    def from_pem(cls, key_id: str, pem_text: str) -> "Signer":
        """Build from a key id and a PEM. Raises `ConfigError` with what is wrong."""
        name = key_id.strip()
        if not name or not name.isascii() or not name.isprintable():
            raise ConfigError(
                "The API key id is empty or not plain text.",
                remedy="Copy the key id from the exchange's API keys page.",
            )
        return cls(name, load_private_key(pem_text))

    def headers(self, method: str, path: str, wall_us: int) -> dict[str, str]:
        """The three headers of a request; `path` begins at the root, without `?query`."""
        timestamp = str(wall_us // MILLISECOND)
        signature = self._sign(f"{timestamp}{method.upper()}{path}".encode())
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
        }

    def _sign(self, message: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(message, _PSS, hashes.SHA256())
        return self._key.sign(message)
