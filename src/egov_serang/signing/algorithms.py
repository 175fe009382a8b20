"""What a private key signs messages with: the algorithm's RFC 9421 name, and the signing itself.

Source: RFC 9421 section 3.3, contract-v1 section 1.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from egov_serang.signing.keys import Private, PrivateKey

Sign = Callable[[bytes], bytes]

_P256_BYTES = 32
_SALT_BYTES = 64


def message_algorithm(key: PrivateKey) -> tuple[str, Sign]:
    """The one algorithm a key may sign messages with, and how: Ed25519, ECDSA on P-256, or RSASSA-PSS with SHA-512.

    What kinds of keys there are, and how strong they must be, `PrivateKey` has checked.
    """
    crypto: Private = key.crypto
    if isinstance(crypto, Ed25519PrivateKey):
        return "ed25519", crypto.sign
    if isinstance(crypto, EllipticCurvePrivateKey):
        return "ecdsa-p256-sha256", lambda base: _fixed(crypto.sign(base, ECDSA(SHA256())))
    padding = PSS(MGF1(SHA512()), _SALT_BYTES)
    return "rsa-pss-sha512", lambda base: crypto.sign(base, padding, SHA512())


def _fixed(signature: bytes) -> bytes:
    """The two numbers side by side, as RFC 9421 section 3.3.4 wants them, not in DER."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)
