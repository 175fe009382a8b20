"""Checking JWTs with joserfc, for assertions and access tokens alike: pinned algorithm, claims always looked at."""

from __future__ import annotations

import binascii
from typing import Any, Final, TypeAlias

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import json_b64decode

JoseKey: TypeAlias = ECKey | OKPKey | RSAKey | OctKey

_RSA_BITS_MIN: Final = 2048
_OCT_BYTES_MIN: Final = 32


class _Registry(JWSRegistry):
    """Takes `EdDSA` from older clients without the deprecation warning joserfc gives to whoever signs with it."""

    max_header_length = 4096  # a DPoP proof brings its public key there, and one of RSA does not fit joserfc's 512

    def get_alg(self, name: str) -> Any:
        if name == "EdDSA" and self.allowed is not None and name in self.allowed:
            return self.algorithms[name]
        return super().get_alg(name)


def assertion_algorithms(key: JoseKey) -> list[str]:
    """The JWS algorithms a registered key may sign assertions with."""
    match key:
        case ECKey() if key.curve_name == "P-256":
            return ["ES256"]
        case OKPKey() if key.curve_name == "Ed25519":
            return ["Ed25519", "EdDSA"]
        case RSAKey() if key.public_key.key_size >= _RSA_BITS_MIN:
            return ["PS256"]
        case _:
            return []


def message_algorithm(key: JoseKey) -> str | None:
    """The one RFC 9421 algorithm a registered key may sign messages with; None where it is too weak."""
    match key:
        case ECKey() if key.curve_name == "P-256":
            return "ecdsa-p256-sha256"
        case OKPKey() if key.curve_name == "Ed25519":
            return "ed25519"
        case RSAKey() if key.public_key.key_size >= _RSA_BITS_MIN:
            return "rsa-pss-sha512"
        case OctKey() if len(key.raw_value) >= _OCT_BYTES_MIN:
            return "hmac-sha256"
        case _:
            return None


def is_encryptable(key: JoseKey) -> bool:
    """Whether identity tokens may be encrypted to a registered key."""
    match key:
        case ECKey():
            return key.curve_name in {"P-256", "P-384", "P-521"}
        case RSAKey():
            return key.public_key.key_size >= _RSA_BITS_MIN
        case _:
            return False


def key_id(token: str) -> str | None:
    """The `kid` a compact JWS names, unchecked: it only chooses the key to check with."""
    try:
        kid = json_b64decode(token.split(".", 1)[0].encode()).get("kid")
    except (ValueError, AttributeError, binascii.Error):
        return None
    return kid if isinstance(kid, str) else None


def verified_claims(token: str, key: JoseKey, algorithms: list[str]) -> dict[str, Any] | None:
    """The claims of a JWT whose signature holds, else None. Times and audience are the caller's to check."""
    try:
        return jwt.decode(token, key, algorithms, _Registry(algorithms=algorithms)).claims
    except (JoseError, ValueError):
        return None
