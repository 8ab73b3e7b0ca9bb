"""The account's keys: the kinds that the exchange takes, and how it hands them out."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PublicKey = Ed25519PublicKey | rsa.RSAPublicKey


class KeyType(StrEnum):
    """The kinds of key that sign requests."""

    ED25519 = "ed25519"
    RSA = "rsa"


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The private key that signs for the account; `file` is None where it is kept nowhere."""

    kind: KeyType
    pem: str = field(repr=False)
    file: Path | None = None

    @property
    def number(self) -> int:
        """Tells the account's keys apart: each kind has an id of its own."""
        return list(KeyType).index(self.kind) + 1


def new_private_key(kind: KeyType) -> str:
    """A new key as PEM, in the form in which the exchange hands its kind out: an Ed25519 key in
    PKCS#8, an RSA key of 2,048 bits in PKCS#1.
    """
    key: Ed25519PrivateKey | rsa.RSAPrivateKey
    if kind is KeyType.RSA:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        form = serialization.PrivateFormat.TraditionalOpenSSL
    else:
        key = Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return pem.decode()


def public_key(private_pem: str) -> PublicKey:
    """The public half of a PEM. Raises `ValueError` for what is no Ed25519 or RSA key."""
    key = serialization.load_pem_private_key(private_pem.encode(), password=None).public_key()
    if isinstance(key, Ed25519PublicKey | rsa.RSAPublicKey):
        return key
    raise ValueError("neither an Ed25519 nor an RSA key")
