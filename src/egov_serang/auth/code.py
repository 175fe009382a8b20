"""Logging in with a browser on this machine: authorization code with PKCE (RFC 8252, RFC 7636, RFC 9207)."""

from __future__ import annotations

from typing import Final

from egov_serang.auth.issuer import Issuer
from egov_serang.auth.login.callback import Answer
from egov_serang.auth.login.transaction import Transaction
from egov_serang.auth.sessions import Session
from egov_serang.core.runtime import Runtime
from egov_serang.errors import EgovError, Unauthorized
from egov_serang.types import Secret

_OK: Final = 200
_REQUEST: Final = 20.0
_OFFLINE: Final = "offline_access"


class CodeLogin:
    """One login under way.

    Attributes:
        address: where to send the browser.
    """

    def __init__(
        self, issuer: Issuer, transaction: Transaction, back: str, address: str, *, names_itself: bool
    ) -> None:
        self.address = address
        self._issuer, self._transaction, self._back, self._names_itself = issuer, transaction, back, names_itself

    def is_of_this_login(self, query: str) -> bool:
        """Whether a request was caused by this login: nobody else knows its `state`."""
        try:
            return self._transaction.is_state(Answer(query).state)
        except Unauthorized:
            return False

    def code(self, query: str) -> Secret:
        """The code that the browser brought.

        Args:
            query: of the address it came back to.

        Raises:
            Unauthorized: it answers another login, or another issuer does, or this one refused.
            Forbidden: the person said no.
            ServerFault: the issuer cannot now.
        """
        try:
            return Answer(query).code(self._transaction, names_itself=self._names_itself)
        except EgovError as error:
            if error.hint is None or "anew" in error.hint:
                error.hint = "Begin again: egov login --browser"
            raise

    async def finish(self, runtime: Runtime, code: Secret) -> Session:
        """Exchange the code for the person's session.

        Raises:
            Unauthorized: the code does not count.
            ConnectionFailed, ServerFault, UnexpectedReply: the issuer does not answer as one.
        """
        fields = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": self._back,
            **self._transaction.proof(),
        }
        wall = runtime.wall()
        response = await self._issuer.tokens(runtime, fields, runtime.now() + _REQUEST)
        if response.status != _OK:
            raise self._issuer.refusal(response)
        return self._issuer.session(response, wall)

    def __repr__(self) -> str:
        return f"<CodeLogin {self._issuer.issuer}>"


async def begin(runtime: Runtime, issuer: Issuer, scope: str | None, back: str) -> CodeLogin:
    """Begin a login.

    Args:
        runtime: sends and tells the time.
        issuer: the authorization server.
        scope: what is asked for; what the issuer gives without being asked when None.
        back: where the browser comes back to, its port included.

    Raises:
        UnsupportedOperation: the issuer has no such logins.
        ConnectionFailed, DeadlineExceeded, ServerFault, UnexpectedReply: it does not answer as an issuer.
    """
    transaction = Transaction.begin(issuer.issuer, issuer.client_id, runtime.wall())
    request = {
        "response_type": "code",
        "client_id": issuer.client_id,
        "redirect_uri": back,
        **({} if scope is None else {"scope": scope}),
        # Without being asked again, people are not let in for longer than they look (OpenID Connect Core section 11).
        **({"prompt": "consent"} if scope is not None and _OFFLINE in scope.split() else {}),
        **transaction.question(),
    }
    address, names_itself = await issuer.authorization(runtime, request, runtime.now() + _REQUEST)
    return CodeLogin(issuer, transaction, back, address, names_itself=names_itself)
