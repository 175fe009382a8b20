"""Logging people in from a web application: `Login` for threads, `AsyncLogin` for event loops."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from egov_serang.auth.login.callback import Answer
from egov_serang.auth.login.config import LoginConfig
from egov_serang.auth.login.flow import Flow
from egov_serang.auth.login.transaction import Transaction
from egov_serang.core.faults import bare
from egov_serang.core.runtime import AsyncRuntime, SyncRuntime, run_sync
from egov_serang.errors import EgovError, Unauthorized
from egov_serang.models.login import Person
from egov_serang.transport.tls import TlsOptions

if TYPE_CHECKING:
    from egov_serang.transport.port import AsyncTransport, Transport

Prompt = Literal["login", "consent", "select_account", "none"]
T = TypeVar("T")


class Login:
    """Logs people in at an identity provider. Thread-safe; one for the whole application.

    Args:
        config: the provider and who the application is there.
        transport: in place of connections of its own, such as one of `egov_serang.testing`; it stays open.

    Raises:
        ConfigError: a key or secret cannot be read or used.
    """

    def __init__(self, config: LoginConfig, *, transport: Transport | None = None) -> None:
        self._flow = Flow(config)
        self._owned = transport is None
        if transport is None:
            from egov_serang.transport.lanes import Lanes  # noqa: PLC0415 - loads httpcore

            transport = Lanes(tls=_tls(config))
        self._transport = transport
        self._runtime = SyncRuntime(transport)

    def begin(self, *, prompt: Prompt | None = None, language: str | None = None) -> tuple[str, Transaction]:
        """Begin a login.

        Args:
            prompt: `login` asks the person again, `none` asks nothing; the provider decides when None.
            language: of the provider's pages, such as `id en`.

        Returns:
            Where to send the browser, and what to keep until it comes back.

        Raises:
            ConnectionFailed, DeadlineExceeded, ServerFault, UnexpectedReply: the provider does not answer as one.
            Unauthorized: it refuses this application.
        """
        return self._finish(self._flow.begin(self._runtime, _options(prompt, language)))

    def finish(self, callback: str | Mapping[str, str], transaction: Transaction | str | None) -> Person:
        """End a login.

        Args:
            callback: the address the browser came back to, its query, or the fields of it.
            transaction: what was kept, as it is or as `dump()` wrote it. Forget it afterwards, also where this raises.

        Returns:
            Who logged in.

        Raises:
            Unauthorized: the answer is not to this login, the login took too long, or the code does not count.
            Forbidden: the person, or the provider, said no.
            SignatureInvalid, UnexpectedReply: the identity token was refused; nobody is logged in.
            ConnectionFailed, DeadlineExceeded, ServerFault: the provider did not answer.
        """
        answer, kept = _given(callback, transaction)
        del callback, transaction
        return self._finish(self._flow.finish(self._runtime, answer, kept))

    def logout_url(self, *, state: str | None = None) -> str:
        """Where to send the browser, after ending the application's own session, to log out at the provider.

        Args:
            state: comes back with the person, to `post_logout_redirect_uri`.

        Raises:
            ConfigError: the provider has no logout.
        """
        return self._finish(self._flow.leave(self._runtime, state))

    def close(self) -> None:
        """Close the connections. Closing twice does no harm."""
        if self._owned:
            self._transport.close()

    def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return run_sync(work)
        except EgovError as error:
            failure = error
        raise _shown(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Login {self._flow.config.issuer}>"


class AsyncLogin:
    """Logs people in at an identity provider, from any event loop; `Login` says what the methods take and raise.

    Args:
        config: the provider and who the application is there.
        transport: in place of connections of its own; it stays open.

    Raises:
        ConfigError: a key or secret cannot be read or used.
    """

    def __init__(self, config: LoginConfig, *, transport: AsyncTransport | None = None) -> None:
        self._flow = Flow(config)
        self._owned = transport is None
        if transport is None:
            from egov_serang.transport.alanes import AsyncLanes  # noqa: PLC0415 - loads httpcore and asyncio

            transport = AsyncLanes(tls=_tls(config))
        self._transport = transport
        self._runtime = AsyncRuntime(transport)

    async def begin(self, *, prompt: Prompt | None = None, language: str | None = None) -> tuple[str, Transaction]:
        """Begin a login: where to send the browser, and what to keep until it comes back."""
        return await self._finish(self._flow.begin(self._runtime, _options(prompt, language)))

    async def finish(self, callback: str | Mapping[str, str], transaction: Transaction | str | None) -> Person:
        """End a login: who came back."""
        answer, kept = _given(callback, transaction)
        del callback, transaction
        return await self._finish(self._flow.finish(self._runtime, answer, kept))

    async def logout_url(self, *, state: str | None = None) -> str:
        """Where to send the browser to log out at the provider."""
        return await self._finish(self._flow.leave(self._runtime, state))

    async def close(self) -> None:
        """Close the connections. Closing twice does no harm."""
        if self._owned:
            await self._transport.close()

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except EgovError as error:
            failure = error
        raise _shown(failure)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncLogin {self._flow.config.issuer}>"


def _tls(config: LoginConfig) -> TlsOptions:
    if config.client_cert_file is None:
        return TlsOptions(config.ca_file)
    files = config.client_cert_file, config.client_key_file, config.client_cert_passphrase_file
    from egov_serang.auth.certificate import client_certificate  # noqa: PLC0415 - loads X.509

    return TlsOptions(config.ca_file, client_certificate(*files))


def _options(prompt: Prompt | None, language: str | None) -> dict[str, str]:
    given = {"prompt": prompt, "ui_locales": language}
    return {name: value for name, value in given.items() if value is not None}


def _given(callback: str | Mapping[str, str], transaction: Transaction | str | None) -> tuple[Answer, Transaction]:
    if transaction is None:
        raise Unauthorized(
            "nothing was kept of this login",
            code="login_transaction",
            hint="The person came without the cookie or session of begin(), perhaps in another browser: begin anew",
            sent="no",
        )
    kept = transaction if isinstance(transaction, Transaction) else Transaction.load(transaction)
    return Answer(callback), kept


def _shown(failure: EgovError) -> EgovError:
    # Frames and causes can hold codes, tokens and claims.
    return failure if os.environ.get("EGOV_SERANG_TRACE") == "full" else bare(failure)
