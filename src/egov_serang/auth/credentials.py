"""How a client proves who it is at the token endpoint (contract-v1 section 1, auth profiles)."""

from __future__ import annotations

import base64
import secrets
from typing import Never, Protocol
from urllib.parse import quote_plus

from joserfc import jwt

from egov_serang.signing.following import Followed
from egov_serang.signing.keys import PrivateKey

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 60


class Credentials(Protocol):
    """Proof of a client's identity, made anew for each token request."""

    client_id: str

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        """Form fields and headers to add to a token request.

        Args:
            issuer: the authorization server's identifier, the only audience.
            now: seconds since the epoch.
        """
        ...


class PrivateKeyJwt:
    """`private_key_jwt` (RFC 7523): a signed assertion, 60 s, fresh `jti`, audience = issuer only.

    Args:
        client_id: as registered.
        key: the assertion key; a different one from the message key.

    Source: layers.md 2.2 rule 7.
    """

    __slots__ = ("_key", "_signing", "client_id")

    def __init__(self, client_id: str, key: PrivateKey) -> None:
        self.client_id = client_id
        self._key = key
        self._signing = key.jose()

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        assertion = self.assertion(issuer, now)
        return {"client_assertion_type": _ASSERTION, "client_assertion": assertion, "client_id": self.client_id}, {}

    def assertion(self, issuer: str, now: int, **more: str) -> str:
        """A signed statement that it is us who ask; arguments as in `prove`, and further claims."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": secrets.token_urlsafe(16),
            **more,
        }
        algorithm = self._key.jwt_algorithm
        header = {"alg": algorithm, "kid": self._key.keyid, "typ": "JWT"}
        return jwt.encode(header, claims, self._signing, algorithms=[algorithm])

    def __repr__(self) -> str:
        return f"<PrivateKeyJwt {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")


class JwtGrant:
    """The JWT bearer grant (RFC 7523 section 2.1): the assertion is the grant, and proves who asks as well.

    Args:
        assertions: signs them; 60 s, fresh `jti`, audience = issuer only.
        scope: scopes asked for, said in the assertion too, where Maskinporten's style has them.
        audience: what the token is for, as the claim `resource`; the server's default when empty.

    Source: contract-v1 section 1, RFC 7523.
    """

    __slots__ = ("_assertions", "_claims", "client_id")

    def __init__(self, assertions: PrivateKeyJwt, scope: str | None = None, audience: str = "") -> None:
        self.client_id = assertions.client_id
        self._assertions = assertions
        self._claims = {name: text for name, text in (("scope", scope), ("resource", audience)) if text}

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {"grant_type": _JWT_BEARER, "assertion": self._assertions.assertion(issuer, now, **self._claims)}, {}

    def __repr__(self) -> str:
        return f"<JwtGrant {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")


class MutualTls:
    """`tls_client_auth` (RFC 8705 section 2.1): the certificate of the connection proves it, the form only says who.

    Args:
        client_id: as registered.
    """

    __slots__ = ("client_id",)

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {"client_id": self.client_id}, {}


class FollowingCredentials:
    """Credentials that follow their key file: who replaces it changes the key of a running client.

    Args:
        client_id: as registered.
        followed: makes the credentials of what the file holds.
    """

    __slots__ = ("_followed", "client_id")

    def __init__(self, client_id: str, followed: Followed[PrivateKeyJwt] | Followed[JwtGrant]) -> None:
        self.client_id = client_id
        self._followed = followed

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return self._followed.current(now).prove(issuer, now)

    def __repr__(self) -> str:
        return f"<FollowingCredentials {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")


class ClientSecret:
    """`client_secret_basic` (RFC 6749 section 2.3.1): id and secret form-urlencoded, then base64.

    Args:
        client_id: as registered.
        secret: the client secret.

    Source: layers.md 2.2 rule 8.
    """

    __slots__ = ("_authorization", "client_id")

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id = client_id
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        del secret
        self._authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {}, {"authorization": self._authorization}

    def __repr__(self) -> str:
        return f"<ClientSecret {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")


class PostedSecret:
    """`client_secret_post` (RFC 6749 section 2.3.1): id and secret in the form, for servers that read no other way.

    Args:
        client_id: as registered.
        secret: the client secret.
    """

    __slots__ = ("_secret", "client_id")

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id, self._secret = client_id, secret

    def prove(self, issuer: str, now: int) -> tuple[dict[str, str], dict[str, str]]:
        return {"client_id": self.client_id, "client_secret": self._secret}, {}

    def __repr__(self) -> str:
        return f"<PostedSecret {self.client_id}>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials cannot be pickled or copied: pass the configuration instead")
