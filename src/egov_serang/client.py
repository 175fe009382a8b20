"""The clients: the only place that knows services, wires, layers, configuration and transport together."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, Self, runtime_checkable

from egov_serang import __version__
from egov_serang.auth.credentials import ClientSecret, Credentials, PrivateKeyJwt
from egov_serang.auth.tokens import TokenSource
from egov_serang.config import Config
from egov_serang.core.bind import Async, AsyncRaw, Dry, M, Sync, SyncRaw
from egov_serang.core.engine import Engine, Options
from egov_serang.core.exchange import Exchange, Layer
from egov_serang.core.runtime import AsyncRuntime, Runtime, SyncRuntime
from egov_serang.errors import ConfigError, EgovError
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.layers.wirelog import WireLog
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner
from egov_serang.transport.tls import TlsOptions
from egov_serang.types import UNSET, Language, Unset
from egov_serang.wires.gateway.discovery import discover

if TYPE_CHECKING:
    import httpx

    from egov_serang.services.complaints import Complaints, ComplaintsWire
    from egov_serang.services.identity import Identity, IdentityWire
    from egov_serang.services.notifications import Notifications, NotificationsWire
    from egov_serang.services.permits import Permits, PermitsWire
    from egov_serang.transport.port import AsyncTransport, Transport

_DISCOVERY_LIFETIME: Final = 300.0
_FAKE_GATEWAY: Final = "https://gateway.invalid"


@runtime_checkable
class FakeLike(Protocol):
    """A transport of `egov_serang.testing`: serves both clients, and needs no configuration."""

    def asynchronous(self) -> AsyncTransport: ...


class Services(Generic[M]):
    """The four services in one mode. A service is loaded when it is first used."""

    def __init__(self, engine: Engine, mode: type[M]) -> None:
        self._engine = engine
        self._mode = mode

    @cached_property
    def identity(self) -> Identity[M]:
        """Population identity."""
        from egov_serang.services.identity import Identity  # noqa: PLC0415 - models load with their service
        from egov_serang.wires.gateway.identity import IdentityGateway  # noqa: PLC0415

        wire: IdentityWire = IdentityGateway()
        return Identity(self._engine, wire, self._mode)

    @cached_property
    def complaints(self) -> Complaints[M]:
        """Citizen complaints."""
        from egov_serang.services.complaints import Complaints  # noqa: PLC0415
        from egov_serang.wires.gateway.complaints import ComplaintsGateway  # noqa: PLC0415

        wire: ComplaintsWire = ComplaintsGateway()
        return Complaints(self._engine, wire, self._mode)

    @cached_property
    def permits(self) -> Permits[M]:
        """Permits, applications, licences."""
        from egov_serang.services.permits import Permits  # noqa: PLC0415
        from egov_serang.wires.gateway.permits import PermitsGateway  # noqa: PLC0415

        wire: PermitsWire = PermitsGateway()
        return Permits(self._engine, wire, self._mode)

    @cached_property
    def notifications(self) -> Notifications[M]:
        """Templates and messages."""
        from egov_serang.services.notifications import Notifications  # noqa: PLC0415
        from egov_serang.wires.gateway.notifications import NotificationsGateway  # noqa: PLC0415

        wire: NotificationsWire = NotificationsGateway()
        return Notifications(self._engine, wire, self._mode)

    @cached_property
    def dry(self) -> Services[Dry]:
        """The same services, giving the `Call` of an operation instead of sending it."""
        return Services(self._engine, Dry)


class _Base(Services[M]):
    """What both clients share: configuration, options, one token source and one retry budget."""

    def __init__(self, config: Config, runtime: Runtime, tokens: TokenSource | None, mode: type[M]) -> None:
        self.config = config
        self.tokens = tokens or token_source(config)
        """The source of this client's tokens; pass it on to another client of the same application."""
        engine = Engine(
            runtime,
            _layers(config, self.tokens, _EchoPromise(config.request_id_echo, lambda: self._engine)),
            base=config.gateway,
            headers={
                "user-agent": f"egov-serang/{__version__} python/{platform.python_version()}",
                "egov-contract": "1",
            },
            options=Options(
                deadline=config.deadline,
                connect=config.connect,
                read=config.read,
                retries=config.retries,
                language=config.language,
            ),
            full_trace=os.environ.get("EGOV_SERANG_TRACE") == "full",
        )
        super().__init__(engine, mode)

    def with_options(
        self,
        *,
        deadline: float | Unset = UNSET,
        retries: int | Unset = UNSET,
        idempotency_key: str | Unset | None = UNSET,
        language: Language | Unset = UNSET,
    ) -> Self:
        """The same client, connections, tokens and budget under other options.

        Args:
            deadline: seconds for each whole call.
            retries: repetitions after the first attempt.
            idempotency_key: of the one write made with it; run the same call again with the same key after a failure.
            language: the language services are asked to answer in first.
        """
        wanted = {"deadline": deadline, "retries": retries, "idempotency_key": idempotency_key, "language": language}
        changes: dict[str, Any] = {name: value for name, value in wanted.items() if not isinstance(value, Unset)}
        seconds = changes.get("deadline", 1.0)
        if not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
            raise ConfigError("deadline must be a number of seconds above 0", code="config_value")
        if changes.get("retries", 0) < 0:
            raise ConfigError("retries must be at least 0", code="config_value")
        twin = object.__new__(type(self))
        # Services are bound to an engine, so those already made must not follow.
        twin.__dict__.update({name: self.__dict__[name] for name in self._shared if name in self.__dict__})
        twin._engine = self._engine.with_options(replace(self._engine.options, **changes))
        return twin

    _shared = ("config", "tokens", "_mode", "_transport", "_owned")
    _owned = True

    def __reduce__(self) -> tuple[Any, ...]:
        if not self._owned:
            raise TypeError("a client with its own http_client or transport cannot be pickled: pass its Config")
        return type(self), (self.config,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.config.gateway}>"


class Client(_Base[Sync]):
    """Reaches the services of a Smart City gateway from threads. Thread-safe; works inside a running event loop.

    Args:
        config: what `Config.load(profile)` finds, when None.
        profile: name of a profile, where `config` is None.
        http_client: a client of yours (`httpx.Client`), with its proxies and hooks. Without our own lanes these
            guarantees go: recovery after cancelled calls, a hard stop of dripped answers, refusal of stray answers.
        transport: how requests are sent instead; `egov_serang.testing.FakeTransport` needs no configuration.
        tokens: another client's `tokens`, to share them.

    Raises:
        ConfigError: the configuration cannot work.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        profile: str | None = None,
        http_client: httpx.Client | None = None,
        transport: Transport | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        config = _resolve(config, profile, transport)
        self._owned = http_client is None and transport is None
        self._transport: Transport = transport or _sync_transport(config, http_client)
        super().__init__(config, SyncRuntime(self._transport), tokens, Sync)

    @cached_property
    def raw(self) -> Services[SyncRaw]:
        """The same services, giving `Reply` objects: the result with status, headers, request id, attempts."""
        return Services(self._engine, SyncRaw)

    def close(self) -> None:
        """Close the connections. Closing twice does no harm; a client of yours (`http_client`) stays open."""
        if self._owned:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class AsyncClient(_Base[Async]):
    """Reaches the services of a Smart City gateway from tasks; usable from several event loops.

    Args:
        config: what `Config.load(profile)` finds, when None.
        profile: name of a profile, where `config` is None.
        http_client: a client of yours (`httpx.AsyncClient`); see `Client` for the guarantees that go.
        transport: how requests are sent instead; `egov_serang.testing.FakeTransport` needs no configuration.
        tokens: another client's `tokens`, to share them.

    Raises:
        ConfigError: the configuration cannot work.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        profile: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: AsyncTransport | FakeLike | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        config = _resolve(config, profile, transport)
        self._owned = http_client is None and transport is None
        self._transport: AsyncTransport = _async_transport(config, http_client, transport)
        super().__init__(config, AsyncRuntime(self._transport), tokens, Async)

    @cached_property
    def raw(self) -> Services[AsyncRaw]:
        """The same services, giving `Reply` objects: the result with status, headers, request id, attempts."""
        return Services(self._engine, AsyncRaw)

    async def close(self) -> None:
        """Close the connections. Closing twice does no harm; a client of yours (`http_client`) stays open."""
        if self._owned:
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()


def token_source(config: Config) -> TokenSource | None:
    """The token source a configuration describes; None for `auth = "none"`.

    Raises:
        ConfigError: the key or secret cannot be read.
    """
    credentials: Credentials
    if config.auth == "private_key_jwt":
        credentials = PrivateKeyJwt(config.client_id, PrivateKey.from_file(config.key_file or "", config.key_id))
    elif config.auth == "client_secret":
        credentials = ClientSecret(config.client_id, _secret(config))
    else:
        return None
    return TokenSource(config.issuer, credentials, config.scope)


class _EchoPromise:
    """Whether this gateway promises to echo `X-Request-Id`: as configured, else as its discovery document says."""

    def __init__(self, configured: bool | None, engine: Callable[[], Engine]) -> None:
        self._answer = configured
        self._until = float("inf") if configured is not None else 0.0
        self._engine = engine

    async def __call__(self, exchange: Exchange) -> bool:
        if self._answer is None or exchange.runtime.now() >= self._until:
            try:
                found = await self._engine().perform(discover(), deadline=exchange.deadline)
            except EgovError:
                return True  # a gateway that cannot say so has promised it: the contract's default
            self._answer = found.data.request_id_echo
            self._until = exchange.runtime.now() + _DISCOVERY_LIFETIME
        return self._answer


def _layers(
    config: Config, tokens: TokenSource | None, echo_promised: Callable[[Exchange], Awaitable[bool]]
) -> tuple[Layer, ...]:
    layers: list[Layer] = [Deadline(), Idempotency(), Retry(RetryBudget())]
    if tokens is not None:
        layers.append(Auth(tokens))
    layers.append(Answers(echo_promised))
    if config.signature == "rfc9421":
        key = PrivateKey.from_file(config.signing_key_file or "", config.signing_key_id)
        layers.append(Signature(MessageSigner(key)))
    layers.append(WireLog())
    return tuple(layers)


def _resolve(config: Config | None, profile: str | None, transport: object) -> Config:
    if config is not None:
        if profile is not None:
            raise ConfigError("give config or profile, not both", code="config_value")
        return config
    if profile is None and isinstance(transport, FakeLike):
        return Config(gateway=_FAKE_GATEWAY, auth="none", signature="none")
    return Config.load(profile)


def _secret(config: Config) -> str:
    if config.client_secret is not None:
        return config.client_secret.reveal()
    path = Path(config.client_secret_file or "").expanduser()
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        pass
    raise ConfigError(f"the secret file {path} cannot be read", code="key_file", hint="Check its path and permissions")


def _tls(config: Config) -> TlsOptions:
    paths = (config.ca_file, config.client_cert_file, config.client_key_file)
    return TlsOptions(*(None if path is None else str(Path(path).expanduser()) for path in paths))


def _sync_transport(config: Config, http_client: httpx.Client | None) -> Transport:
    if http_client is not None:
        from egov_serang.transport.httpx_client import HttpxTransport  # noqa: PLC0415 - loads httpx

        return HttpxTransport(http_client)
    from egov_serang.transport.lanes import Lanes  # noqa: PLC0415 - loads httpcore

    return Lanes(tls=_tls(config), slots=config.slots)


def _async_transport(
    config: Config, http_client: httpx.AsyncClient | None, transport: AsyncTransport | FakeLike | None
) -> AsyncTransport:
    if transport is not None:
        return transport.asynchronous() if isinstance(transport, FakeLike) else transport
    if http_client is not None:
        from egov_serang.transport.httpx_client import AsyncHttpxTransport  # noqa: PLC0415 - loads httpx

        return AsyncHttpxTransport(http_client)
    from egov_serang.transport.alanes import AsyncLanes  # noqa: PLC0415 - loads httpcore and asyncio

    return AsyncLanes(tls=_tls(config), slots=config.slots)
