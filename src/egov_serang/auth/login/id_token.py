"""Identity tokens: opened, their signature checked, their claims judged (OpenID Connect Core section 3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jws import JWSRegistry
from joserfc.util import json_b64decode
from pydantic import TypeAdapter, ValidationError

from egov_serang.auth.login.keys import ONLY, IssuerKey
from egov_serang.errors import ConfigError, SignatureInvalid, UnexpectedReply
from egov_serang.signing.keys import PrivateKey
from egov_serang.types import Secret

What = Literal["identity token", "userinfo"]
Claims = dict[str, Any]

_ENCRYPTED_PARTS: Final = 5
_KEY_ALGORITHMS: Final = {"ES256": ("ECDH-ES+A256KW", "ECDH-ES"), "PS256": ("RSA-OAEP-256",)}
_CONTENT_ALGORITHMS: Final = ("A256GCM", "A256CBC-HS512")
_HASHES: Final = {"ES384": "sha384", "ES512": "sha512", "Ed25519": "sha512", "EdDSA": "sha512"}
_LONGEST_SUBJECT: Final = 255
END_OF_TIME: Final = 253_402_300_800  # the year 10000, in seconds since the epoch
_OBJECT: Final = TypeAdapter(dict[str, Any])
_ONE_KEY: Final = "Check that the provider encrypts to the key it was given, and that decryption_key_files names it"


class _Registry(JWSRegistry):
    """Takes the name `EdDSA` without the deprecation warning that joserfc gives to whoever signs with it."""

    def get_alg(self, name: str) -> Any:
        if name == "EdDSA" and self.allowed is not None and name in self.allowed:
            return self.algorithms[name]
        return super().get_alg(name)


def checked_decryption_key(key: PrivateKey) -> PrivateKey:
    """A key that tokens may be encrypted to.

    Raises:
        ConfigError: an Ed25519 key, which only signs.
    """
    if key.jwt_algorithm in _KEY_ALGORITHMS:
        return key
    raise ConfigError("nothing can be encrypted to an Ed25519 key", code="key_unusable", hint="Use ECDSA P-256 or RSA")


def opened(token: Secret, keys: Sequence[PrivateKey], what: What) -> Secret:
    """The signed token inside an encrypted one; without keys of ours, the token as it is.

    Raises:
        SignatureInvalid: it is encrypted to another key, or not at all where it must be.
    """
    encrypted = token.reveal().count(".") == _ENCRYPTED_PARTS - 1
    if not keys:
        if encrypted:
            raise _untrusted(what, "is encrypted, and there is no key to open it", "token_encryption", _ONE_KEY)
        return token
    if not encrypted:
        raise _untrusted(
            what, "is not encrypted", "token_encryption", "Where that is right, take decryption_key_files away"
        )
    named = _header(token).get("kid")
    for key in sorted(keys, key=lambda key: key.keyid != named):
        inside = _decrypted(token, key)
        if inside is not None:
            return inside
    raise _untrusted(what, "cannot be opened with our keys", "token_encryption", _ONE_KEY)


def _decrypted(token: Secret, key: PrivateKey) -> Secret | None:
    # The registry has no `DEF`: what is compressed could grow without bound. Providers may repeat claims such as `iss`
    # in the header (RFC 7519 section 5.3), so it holds more than is known.
    allowed = [*_KEY_ALGORITHMS[key.jwt_algorithm], *_CONTENT_ALGORITHMS]
    try:
        plain = jwe.decrypt_compact(
            token.reveal(), cast("Any", key.jose()), registry=JWERegistry(algorithms=allowed, strict_check_header=False)
        ).plaintext
        return None if plain is None else Secret(plain.decode("ascii"))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def signer_of(token: Secret) -> str:
    """The `kid` a signed token names, unchecked: it only chooses the key to check with."""
    named = _header(token).get("kid")
    return named if isinstance(named, str) and named else ONLY


def _header(token: Secret) -> dict[str, Any]:
    try:
        found: Any = json_b64decode(token.reveal().split(".", 1)[0].encode("ascii"))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def verified(token: Secret, key: IssuerKey | None, algorithms: Collection[str], what: What) -> tuple[Claims, str]:
    """The claims of a signed token, and the algorithm of its signature.

    Args:
        token: as opened.
        key: of the provider, by the name the token gives; None where it has no such key.
        algorithms: that are accepted, and of those only what the key is for.
        what: for the error.

    Raises:
        SignatureInvalid: the signature does not hold, or was made in a way that is not accepted.
        UnexpectedReply: it holds no claims.
    """
    if key is None:
        raise _untrusted(what, "names a key the provider does not have", "token_key", "Tell the provider's operator")
    usable = [name for name in key.algorithms if name in algorithms]
    # To joserfc an empty list is no list: it would accept what it recommends.
    found = _checked(token, key, usable) if usable else None
    if found is None:
        hint = f"Accepted with this key: {', '.join(usable) or 'nothing'}. Nobody was logged in"
        raise _untrusted(what, "has no signature of the provider's", "token_signature", hint)
    try:
        claims = _OBJECT.validate_json(found[0])
    except ValidationError:
        claims = None
    if claims is None:
        raise _unusable(what, "holds no claims", "token_shape")
    return claims, found[1]


def _checked(token: Secret, key: IssuerKey, usable: list[str]) -> tuple[bytes, str] | None:
    # What a header says besides is ignored, unless it is critical (RFC 7515 section 4).
    registry = _Registry(algorithms=usable, strict_check_header=False)
    try:
        found = jws.deserialize_compact(token.reveal(), cast("Any", key.key), registry=registry)
        return found.payload, str(found.headers()["alg"])
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose token it must be, and when."""

    issuer: str
    client_id: str
    now: float
    leeway: float
    max_age: int | None = None


def judge(claims: Claims, wanted: Wanted) -> None:
    """Refuse an identity token that is not for us, not of now, or not of the provider. The nonce is the caller's.

    Raises:
        UnexpectedReply: names the claim, never what it says.
    """
    what: What = "identity token"
    if claims.get("iss") != wanted.issuer:
        raise _unusable(what, "is of another issuer (iss)", "token_issuer")
    audience = claims.get("aud")
    audiences: list[Any] = cast("list[Any]", audience) if isinstance(audience, list) else [audience]
    if wanted.client_id not in audiences:
        raise _unusable(what, "is for another application (aud)", "token_audience")
    if claims.get("azp", wanted.client_id) != wanted.client_id or (len(audiences) > 1 and "azp" not in claims):
        raise _unusable(what, "was given to another application (azp)", "token_audience")
    expires, issued = seconds(claims, "exp"), seconds(claims, "iat")
    if expires is None or wanted.now >= expires + wanted.leeway:
        raise _unusable(what, "has expired (exp)", "token_expired")
    if issued is None or issued > wanted.now + wanted.leeway:
        raise _unusable(what, "is of the future (iat)", "token_time")
    if "nbf" in claims and ((early := seconds(claims, "nbf")) is None or early > wanted.now + wanted.leeway):
        raise _unusable(what, "is of the future (nbf)", "token_time")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise _unusable(what, "names nobody (sub)", "token_subject")
    if wanted.max_age is not None:
        at = seconds(claims, "auth_time")
        if at is None or wanted.now - at > wanted.max_age + wanted.leeway:
            raise _unusable(what, "is of an older login than max_age allows (auth_time)", "token_age")


def binds(claims: Claims, algorithm: str, access_token: Secret) -> bool:
    """Whether an identity token belongs to an access token, where it says so (`at_hash`)."""
    said = claims.get("at_hash")
    if said is None:
        return True
    digest = hashlib.new(_HASHES.get(algorithm, "sha256"), access_token.reveal().encode()).digest()
    left = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(said, str) and secrets.compare_digest(said.encode(), left.encode())


def seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A time that claims name, in seconds since the epoch; None where it is none."""
    value = claims.get(name)
    # The bound also refuses what no float can hold, infinity and not-a-number.
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < END_OF_TIME:
        return float(value)
    return None


def _untrusted(what: What, how: str, code: str, hint: str) -> SignatureInvalid:
    return SignatureInvalid(f"the {what} {how}", code=code, hint=hint)


def _unusable(what: What, how: str, code: str) -> UnexpectedReply:
    hint = "Nobody was logged in. Check issuer, client_id and this machine's clock; let the person begin anew"
    return UnexpectedReply(f"the {what} {how}", code=code, hint=hint)


def of_another_login() -> UnexpectedReply:
    """What a token with another nonce is refused with."""
    return _unusable("identity token", "answers another login (nonce)", "token_nonce")


def of_another_token() -> UnexpectedReply:
    """What a token that belongs to another access token is refused with."""
    return _unusable("identity token", "belongs to another access token (at_hash)", "token_binding")
