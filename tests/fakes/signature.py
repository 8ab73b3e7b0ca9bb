"""Signs requests as the exchange documents it, without the code that is to be tested."""

import base64
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PREFIX = "/trade-api/v2"


def signature(pem: str, text: str) -> str:
    """Of `text`, by the private key in `pem`, as the header carries it."""
    key: Any = load_pem_private_key(pem.encode(), None)
    if isinstance(key, RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
        return base64.b64encode(key.sign(text.encode(), pss, hashes.SHA256())).decode()
    return base64.b64encode(key.sign(text.encode())).decode()
