"""The public keys of an identity provider, each with the algorithms it may be used with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from egov_serang.signing.jwks import PRIVATE, Cache, entries_of, unusable
from egov_serang.signing.keys import LEAST_RSA_BITS

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "PS256", "Ed25519", "EdDSA", "RS256")
"""The signatures a login knows. None that a public key could forge as a secret, and never `none`."""

ONLY: Final = ""
"""The name under which the only key of a set is found by a token that names none."""

_MEMBERS: Final[tuple[str, ...]] = ("kty", "crv", "x", "y", "n", "e")
_CURVES: Final = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of a provider, with the algorithms it may be used with."""

    key: ECKey | OKPKey | RSAKey
    algorithms: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<IssuerKey {', '.join(self.algorithms)}>"


def read_issuer_keys(document: bytes) -> dict[str, IssuerKey]:
    """The keys of a JWKS that may sign identity tokens, by `kid` (else thumbprint); the only one also as `ONLY`.

    Keys to encrypt with, of unknown kinds, symmetric ones and private ones are left out.

    Args:
        document: its bytes, at most 64 KiB.

    Raises:
        UnexpectedReply: no JWKS, over 100 keys, or two usable keys of one name.
    """
    keys: dict[str, IssuerKey] = {}
    for entry in entries_of(document):
        found = _usable(entry)
        if found is None:
            continue
        named: object = entry.get("kid")
        name = named if isinstance(named, str) and named else found.key.thumbprint()
        if name in keys:
            raise unusable("has two keys of one name")
        keys[name] = found
    if len(keys) == 1:
        keys[ONLY] = next(iter(keys.values()))
    return keys


def issuer_keys() -> Cache[IssuerKey]:
    """Keeps a provider's keys, and says when to ask for them again."""
    return Cache(read_issuer_keys)


def _usable(jwk: dict[str, Any]) -> IssuerKey | None:
    operations: object = jwk.get("key_ops", ["verify"])
    wanted = isinstance(operations, list) and "verify" in operations
    if not wanted or jwk.get("use") not in (None, "sig") or not PRIVATE.isdisjoint(jwk):
        return None
    # Of a stranger's members only what makes the key: joserfc judges a set by the rest.
    members: dict[str, Any] = {name: jwk[name] for name in _MEMBERS if name in jwk}
    try:
        key = import_key(members) if _is_long_enough(members) else None
    except (JoseError, ValueError, KeyError, TypeError, OverflowError):
        return None
    if not isinstance(key, ECKey | OKPKey | RSAKey):
        return None
    algorithms = _algorithms(key)
    named: object = jwk.get("alg")
    if named is not None:
        alike = ("EdDSA", "Ed25519") if named in ("EdDSA", "Ed25519") else (named,)
        algorithms = tuple(name for name in algorithms if name in alike)
    return IssuerKey(key, algorithms) if algorithms else None


def _is_long_enough(members: dict[str, Any]) -> bool:
    """Whether an RSA modulus may have its 2048 bits: joserfc warns of shorter ones where we only leave them out."""
    modulus: object = members.get("n", "")
    return members.get("kty") != "RSA" or (isinstance(modulus, str) and len(modulus) >= LEAST_RSA_BITS // 6)


def _algorithms(key: ECKey | OKPKey | RSAKey) -> tuple[str, ...]:
    match key:
        case ECKey():
            return _CURVES.get(key.curve_name, ())
        case OKPKey() if key.curve_name == "Ed25519":
            return ("Ed25519", "EdDSA")
        case RSAKey() if key.public_key.key_size >= LEAST_RSA_BITS:
            return ("PS256", "RS256")
        case _:
            return ()
