"""Tokens bound to the certificate of a client (RFC 8705)."""

from __future__ import annotations

from egov_serang.auth.certificate import ClientCertificate
from egov_serang.auth.claims import confirmation, unchecked_claims
from egov_serang.auth.credentials import Credentials
from egov_serang.auth.tokens import Token, TokenSource
from egov_serang.core.runtime import Runtime
from egov_serang.errors import UnexpectedReply

_METHOD = "x5t#S256"
_TRIES = 2
_UNSEEN = object()


class BoundTokens(TokenSource):
    """A token source that gives no token bound to another certificate than ours, or to none.

    A certificate that was replaced takes its token with it: the next call gets one for the new certificate. What a
    token of another form than a JWT is bound to cannot be seen; the services it is for check it.

    Args:
        issuer: the authorization server.
        credentials: who we are.
        certificate: what we show.
        scope: scopes asked for, separated by blanks; the server's default when None.
        endpoint: where tokens are asked for; `/oauth2/token` at the issuer when None.
        audience: what they are for (RFC 8707); the server's default when empty.

    Source: RFC 8705 section 3, layers.md 2.2 rule 9.
    """

    def __init__(
        self,
        issuer: str,
        credentials: Credentials,
        certificate: ClientCertificate,
        scope: str | None = None,
        *,
        endpoint: str | None = None,
        audience: str = "",
    ) -> None:
        super().__init__(issuer, credentials, scope, endpoint=endpoint, audience=audience)
        self._certificate = certificate
        self._looked_into: tuple[Token, object] | None = None

    def ready(self, now: float) -> Token | None:
        """None, so that every call asks `get`, which looks at the certificate."""
        return None

    async def get(self, runtime: Runtime, deadline: float) -> Token:
        """See `TokenSource`.

        Raises:
            UnexpectedReply: the issuer binds its tokens to another certificate, or not at all.
        """
        for _ in range(_TRIES):
            token = await super().get(runtime, deadline)
            bound = self._binding(token)
            if bound is _UNSEEN or bound == self._certificate.current(runtime.wall()).thumbprint:
                return token
            self.drop(token)
        raise UnexpectedReply(
            f"{self.issuer} answered with a token that is not bound to our certificate (cnf.{_METHOD})",
            code="token_binding",
            hint="It was not used. Have the client registered for certificate-bound tokens with this certificate;"
            " a proxy that ends TLS must not stand in between",
            sent="no",
        )

    def _binding(self, token: Token) -> object:
        """What a token says it is bound to; looked up once for each token."""
        known = self._looked_into  # read once: another thread may replace it meanwhile
        if known is not None and known[0] is token:
            return known[1]
        claims = unchecked_claims(token.header().partition(" ")[2])
        bound = _UNSEEN if claims is None else confirmation(claims, _METHOD)
        self._looked_into = token, bound
        return bound
