"""Signatures are checked with the public key, by the library's own verify."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi_cli.adapters.kalshi.signing import Signer, load_private_key
from kalshi_cli.errors import ConfigError

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PATH = "/trade-api/v2/portfolio/balance"
WALL_US = 1_703_123_456_789_999
MESSAGE = b"1703123456789GET/trade-api/v2/portfolio/balance"


def pem(key, form=PrivateFormat.PKCS8, encryption=None) -> str:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def public_pem(key) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def verify(key, signature: bytes, message: bytes) -> None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        key.public_key().verify(signature, message)
        return
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    key.public_key().verify(signature, message, pss, hashes.SHA256())


@pytest.mark.parametrize(
    ("key", "form", "header"),
    [
        (RSA_KEY, PrivateFormat.TraditionalOpenSSL, "BEGIN RSA PRIVATE KEY"),
        (RSA_KEY, PrivateFormat.PKCS8, "BEGIN PRIVATE KEY"),
        (ED_KEY, PrivateFormat.PKCS8, "BEGIN PRIVATE KEY"),
    ],
    ids=["rsa-pkcs1", "rsa-pkcs8", "ed25519"],
)
def test_signatures_verify(key, form, header) -> None:
    text = pem(key, form)
    assert header in text
    headers = Signer.from_pem(" key-id ", text).headers("get", PATH, WALL_US)
    assert headers["KALSHI-ACCESS-KEY"] == "key-id"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1703123456789"
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True)
    verify(key, signature, MESSAGE)
    with pytest.raises(InvalidSignature):
        verify(key, signature, MESSAGE + b"?limit=1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not a key", "not a PEM"),
        ("", "not a PEM"),
        (pem(RSA_KEY)[:200], "cut off"),
        (pem(RSA_KEY).replace("\n", " "), "lost its line ends"),
        (pem(RSA_KEY, PrivateFormat.OpenSSH), "format of OpenSSH"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
        (pem(RSA_KEY).replace("A", "!"), "damaged"),
        (public_pem(RSA_KEY), "public key"),
        (public_pem(ED_KEY), "public key"),
        (pem(RSA_KEY, encryption=serialization.BestAvailableEncryption(b"x")), "encrypted"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "kind EC"),
        (pem(dsa.generate_private_key(1024)), "kind DSA"),
        (pem(rsa.generate_private_key(65_537, 1_024)), "RSA of 1024 bits"),
    ],
    ids=str.split(
        "text empty cut one-line openssh certificate mangled rsa-public ed-public encrypted ec dsa "
        "short"
    ),
)
def test_wrong_keys_are_named_and_never_shown(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_private_key(text)
    assert said in str(caught.value)
    assert caught.value.remedy
    assert text[30:60] not in str(caught.value) or not text[30:60]


@pytest.mark.parametrize("key_id", ["", "  ", "ключ", "a\nb"])
def test_an_unusable_key_id_is_refused(key_id: str) -> None:
    with pytest.raises(ConfigError, match="key id"):
        Signer.from_pem(key_id, pem(ED_KEY))


def test_the_repr_shows_no_secret() -> None:
    assert repr(Signer.from_pem("abc", pem(ED_KEY))) == "Signer(key_id='abc')"
