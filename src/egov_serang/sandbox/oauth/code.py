"""The grant `authorization_code`: a code, once, for tokens of a person (RFC 6749 section 4.1.3, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import RSAKey

from egov_serang.sandbox.clients import Client
from egov_serang.sandbox.jose import verified_claims
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.logins import Consented, Spent
from egov_serang.sandbox.oauth.families import Login
from egov_serang.sandbox.oauth.grants import Asked, personal
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.oauth.residents import Resident, by_mark
from egov_serang.sandbox.oauth.scopes import OPENID, claims_of
from egov_serang.sandbox.platform import Platform

GRANT: Final = "authorization_code"
ENCRYPTED: Final = "A256GCM"
KEY_WRAPS: Final = ("ECDH-ES+A256KW", "RSA-OAEP-256")
ACR: Final = "urn:egov-serang:sandbox:chosen-from-a-list"
_ID_TOKEN_S: Final = 300
_VERIFIER_LENGTHS: Final = range(43, 129)


def authorization_code(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """The grant; with `openid`, an identity token too (OpenID Connect Core section 3.1.3.3)."""
    client, code, now = asked.client, asked.form.get("code", ""), here.clock.timestamp()
    spent = here.logins.spent.get(code, now)
    if spent is not None and spent.client_id == client.client_id:
        # Somebody has it who should not: what it gave counts no more (RFC 6749 section 4.1.2).
        here.families.withdraw(spent.jti)
        here.families.end(spent.refresh_token, client.client_id)
    found = redeemed(here, client, asked.form)
    person = by_mark(here)[found.session.person]
    subject = person.subject(here.keys, client.client_id)
    answer = personal(here, asked, Login(client.client_id, subject, found.wish.scopes, asked.jkt))
    access = str(answer["access_token"])
    claims = verified_claims(access, here.keys.signing_key, [ALGORITHM]) or {}
    here.logins.spent.put(Spent(client.client_id, str(claims["jti"]), str(answer["refresh_token"])), now, code)
    if OPENID not in found.wish.scopes:
        return answer
    return {**answer, "id_token": id_token(here, client, found, person, access)}


def redeemed(here: Platform, client: Client, form: Mapping[str, str]) -> Consented:
    """What a code stands for. It is used up, whatever comes of it.

    Raises:
        Refused: invalid_grant.
    """
    found = here.logins.codes.take(form.get("code", ""), here.clock.timestamp())
    wrong = Refused("invalid_grant", "The code is unknown, too old, used, another client's, or not for this request.")
    if found is None or found.wish.client_id != client.client_id:
        raise wrong
    verifier = form.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    proved = len(verifier) in _VERIFIER_LENGTHS and secrets.compare_digest(digest, found.wish.challenge)
    if not proved or form.get("redirect_uri") != found.wish.redirect_uri:
        raise wrong
    return found


def id_token(here: Platform, client: Client, consented: Consented, person: Resident, access_token: str) -> str:
    """Who logged in: signed, and encrypted where the client registered a key to encrypt to."""
    wish = consented.wish
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    now = int(here.clock.wall())
    claims: dict[str, Any] = {
        "iss": here.settings.base_url,
        "sub": person.subject(here.keys, client.client_id),
        "aud": client.client_id,
        "iat": now,
        "exp": now + _ID_TOKEN_S,
        # The city's time may have been moved; an application compares this with its own clock.
        "auth_time": now - int(here.clock.timestamp() - consented.session.since),
        "acr": ACR,
        "amr": ["user"],
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        **claims_of(person, wish.scopes),
    }
    if wish.nonce is not None:
        claims["nonce"] = wish.nonce
    return sealed(client, here.keys.sign(claims))


def sealed(client: Client, token: str) -> str:
    """A signed token, inside an encrypted one (RFC 7519 section 11.2) where the client wants it."""
    if not client.encryption_keys:
        return token
    kid, key = next(iter(client.encryption_keys.items()))
    wrap = KEY_WRAPS[1] if isinstance(key, RSAKey) else KEY_WRAPS[0]
    header = {"alg": wrap, "enc": ENCRYPTED, "kid": kid, "cty": "JWT"}
    return jwe.encrypt_compact(header, token, key, registry=JWERegistry(algorithms=[wrap, ENCRYPTED]))
