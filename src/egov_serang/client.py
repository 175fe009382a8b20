"""The clients: services over wires, on an engine that `assembly` builds from the configuration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self

from egov_serang.assembly import (
    FakeLike,
    Promises,
    acting,
    async_transport,
    auditor,
    layers,
    observer,
    open311_layers,
    repeating,
    resolve,
    sync_transport,
)
from egov_serang.assembly.authentication import token_source
from egov_serang.auth.acting import Officer
from egov_serang.auth.tokens import TokenSource
from egov_serang.config import Config, TransportName
from egov_serang.core.audit import AuditHook
from egov_serang.core.bind import Async, AsyncRaw, Dry, M, Sync, SyncRaw
from egov_serang.core.clock import Clock
from egov_serang.core.engine import Engine, Options
from egov_serang.core.exchange import Layer
from egov_serang.core.resume import resumable
from egov_serang.core.runtime import AsyncRuntime, Runtime, SyncRuntime
from egov_serang.errors import ConfigError, EgovError
from egov_serang.services.arguments import text
from egov_serang.signing.webhooks import deliveries
from egov_serang.types import UNSET, Language, Unset

if TYPE_CHECKING:
    import httpx
    import httpx2
    from opentelemetry.trace import TracerProvider

    from egov_serang.layers.policy import RetryPolicy
    from egov_serang.services.complaints import Complaints
    from egov_serang.services.complaints_wire import ComplaintsWire
    from egov_serang.services.events import Events
    from egov_serang.services.identity import Identity, IdentityWire
    from egov_serang.services.notifications import Notifications, NotificationsWire
    from egov_serang.services.permits import Permits, PermitsWire
    from egov_serang.signing.nonces import HandledStore
    from egov_serang.signing.profiles import SignatureProfile
    from egov_serang.transport.port import AsyncTransport, Transport


class Services(Generic[M]):
    """The four services in one mode. A service is loaded when it is first used."""

    def __init__(
        self, engine: Engine, mode: type[M], config: Config, handled: HandledStore, open311: Sequence[Layer]
    ) -> None:
        self._engine = engine
        self._mode = mode
        self.config = config
        self._handled = handled
        self._open311 = open311

    @cached_property
    def identity(self) -> Identity[M]:
        """Population identity and civil registration."""
        from egov_serang.services.identity import Identity  # noqa: PLC0415 - models load with their service
        from egov_serang.wires.gateway.identity import IdentityGateway  # noqa: PLC0415

        wire: IdentityWire = IdentityGateway()
        return Identity(self._engine, wire, self._mode)

    @cached_property
    def complaints(self) -> Complaints[M]:
        """Citizen complaints."""
        from egov_serang.services.complaints import Complaints  # noqa: PLC0415

        if self.config.complaints_wire == "open311":
            from egov_serang.assembly.elsewhere import open311  # noqa: PLC0415

            return Complaints(*open311(self._engine, self.config, self._open311), self._mode)
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
        """Templates, messages, announcements."""
        from egov_serang.services.notifications import Notifications  # noqa: PLC0415
        from egov_serang.wires.gateway.notifications import NotificationsGateway  # noqa: PLC0415

        wire: NotificationsWire = NotificationsGateway()
        return Notifications(self._engine, wire, self._mode)

    @cached_property
    def events(self) -> Events[M]:
        """Events: delivered to this application, or read from the log."""
        from egov_serang.services.events import Events  # noqa: PLC0415 - loads the models of all services
        from egov_serang.services.webhooks import Inbox  # noqa: PLC0415
        from egov_serang.wires.gateway.events import EventsGateway  # noqa: PLC0415

        return Events(self._engine, EventsGateway(), self._mode, Inbox(self.config.webhook_secret_file, self._handled))

    @cached_property
    def dry(self) -> Services[Dry]:
        """The same services, giving the `Call` of an operation instead of sending it."""
        return Services(self._engine, Dry, self.config, self._handled, self._open311)


class _Base(Services[M]):
    """What both clients share: configuration, options, one token source and one retry budget."""

    _shared = ("config", "tokens", "_mode", "_transport", "_plain", "_handled", "_clock", "_open311")
    _owned: bool
    _plain: bool  # made from its configuration alone
    _clock: Clock

    def __init__(
        self,
        config: Config,
        runtime: Runtime,
        mode: type[M],
        *,
        tokens: TokenSource | None,
        verified: bool,
        audit: AuditHook | None,
        signature: SignatureProfile | None,
        retry: RetryPolicy | None,
        tracer_provider: TracerProvider | None,
    ) -> None:
        self.tokens = tokens or token_source(config)
        """The source of this client's tokens; pass it on to another client of the same application."""
        self._clock = Clock()
        watching = observer(config, tracer_provider)
        engine = Engine(
            runtime,
            layers(
                config,
                self.tokens,
                Promises(config, lambda: self._engine),
                self._clock,
                signature=signature,
                retry=retry,
                verified=verified,
                observed=watching is not None,
            ),
            base=config.gateway,
            headers={"egov-contract": "1"},
            options=Options(
                deadline=config.deadline,
                connect=config.connect,
                read=config.read,
                retries=config.retries,
                language=config.language,
            ),
            audit=auditor(config, audit),
            observer=watching,
            full_trace=os.environ.get("EGOV_SERANG_TRACE") == "full",
        )
        elsewhere = config.complaints_wire == "open311"
        others = open311_layers(config, retry=retry, observed=watching is not None) if elsewhere else ()
        super().__init__(engine, mode, config, deliveries(), others)

    @property
    def clock_offset(self) -> float:
        """Seconds this client adds to the machine's clock when it signs, since the gateway's is so far from it.

        Learnt from answers; 0 while both agree to two seconds. What is over 15 minutes is not corrected but refused.
        """
        return self._clock.offset

    def with_options(
        self,
        *,
        deadline: float | Unset = UNSET,
        retries: int | Unset = UNSET,
        retry: RetryPolicy | Unset | None = UNSET,
        idempotency_key: str | Unset | None = UNSET,
        language: Language | Unset = UNSET,
    ) -> Self:
        """The same client, connections, tokens and budget under other options. Only the original closes them.

        Args:
            deadline: seconds for each whole call.
            retries: repetitions after the first attempt; in place of the `stop` of a policy given earlier.
            retry: what is repeated and when; None is the default again.
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
        engine = self._engine.with_options(replace(self._engine.options, **changes))
        others = self._open311
        if "retries" in changes or not isinstance(retry, Unset):
            engine = engine.with_layers(repeating(engine.layers, changes.get("retries"), retry))
            others = repeating(others, changes.get("retries"), retry)
        twin = self._twin(engine)
        twin._open311 = others
        return twin

    def acting_as(self, officer_id: str, unit: str, loa: str) -> Self:
        """The same client, connections and tokens, acting for an officer of the city.

        Every call says so in `X-Acting-For`: a statement of 60 s, new for each attempt, signed with the assertion key
        and covered by the request's signature. The gateway checks it and writes it to its audit trail.

        Args:
            officer_id: the civil servant's number (NIP), 1 to 64 characters; never shown or logged.
            unit: the organisation unit (*perangkat daerah*), 1 to 200 characters.
            loa: level of assurance with which the application knows the officer, 1 to 64 characters.

        Raises:
            Invalid: an argument is blank or too long.
            ConfigError: the client has no assertion key, or signs no requests.

        Source: contract-v1 section 6.
        """
        who = Officer(text("officer_id", officer_id, 64), text("unit", unit, 200), text("loa", loa, 64))
        stack = acting(self.config, self._engine.layers, who, self._clock)
        return self._twin(self._engine.with_layers(stack))

    def _twin(self, engine: Engine) -> Self:
        twin = object.__new__(type(self))
        # Services are bound to an engine, so those already made must not follow.
        twin.__dict__.update({name: self.__dict__[name] for name in self._shared if name in self.__dict__})
        twin._owned = False
        twin._engine = engine
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        if not self._plain:
            raise TypeError(
                "a client with an http_client, transport, audit hook, signature, retry policy or tracer_provider cannot"
                " be pickled: pass its Config"
            )
        return type(self), (self.config,)

    def __repr__(self) -> str:
        # Debuggers also show a client whose configuration was refused, and must not fail over it.
        return f"<{type(self).__name__} {self.config.gateway if 'config' in self.__dict__ else 'unconfigured'}>"


class Client(_Base[Sync]):
    """Reaches the services of a Smart City gateway from threads. Thread-safe; works inside a running event loop.

    Args:
        config: what `Config.load(profile)` finds, when None.
        profile: name of a profile, where `config` is None.
        http_client: a client of yours (`httpx.Client` or `httpx2.Client`), with its proxies and hooks. Without our own
            lanes these guarantees go: recovery after cancelled calls, a hard stop of dripped answers, refusal of stray
            answers.
        transport: `"fast"` to send over pyreqwest (the extra `fast`), `"lanes"` not to, whatever the configuration
            says; or an object that sends: `egov_serang.testing.FakeTransport` needs no configuration.
        tokens: another client's `tokens`, to share them.
        audit: gets an `AuditEvent` for every processing of a person's data; needs `audit_key_file`.
        signature: how requests are signed instead of with `signing_key_file`: by a remote signer, or another scheme;
            set `signature = "custom"` in the configuration then.
        retry: what is repeated and when, in place of the default; see `RetryPolicy`.
        tracer_provider: of OpenTelemetry, makes the spans of this client's calls. The setting `telemetry` takes the
            global one.

    Raises:
        ConfigError: the configuration cannot work.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        profile: str | None = None,
        http_client: httpx.Client | httpx2.Client | None = None,
        transport: Transport | TransportName | None = None,
        tokens: TokenSource | None = None,
        audit: AuditHook | None = None,
        signature: SignatureProfile | None = None,
        retry: RetryPolicy | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        config = resolve(config, profile, transport)
        self._owned = http_client is None and (transport is None or isinstance(transport, str))
        self._plain = self._owned and all(one is None for one in (audit, signature, retry, tracer_provider))
        self._transport: Transport = sync_transport(config, http_client, transport)
        runtime = SyncRuntime(self._transport)
        super().__init__(
            config,
            runtime,
            Sync,
            tokens=tokens,
            verified=not isinstance(transport, FakeLike),
            audit=audit,
            signature=signature,
            retry=retry,
            tracer_provider=tracer_provider,
        )

    @cached_property
    def raw(self) -> Services[SyncRaw]:
        """The same services, giving `Reply` objects: the result with status, headers, request id, attempts."""
        return Services(self._engine, SyncRaw, self.config, self._handled, self._open311)

    def resume(self, error: EgovError) -> Any:
        """Do the call of an error again: the same call, with the same idempotency key, so nothing happens twice.

        A flow of several calls is run again whole. The deadline and the retries are this client's, as in
        `client.with_options(deadline=300).resume(error)`.

        Args:
            error: as a method of this client raised it (or of a client it made by `with_options`). What is known of
                its call is kept here for as long as the error lives, and is never part of it.

        Returns:
            What the method would have returned.

        Raises:
            EgovError: it failed again; resume that error, which says the truth about all attempts (`sent`).
            UnsupportedOperation: the error was copied, pickled or is another client's; it is of a list, which goes on
                by itself; or repeating could have a second effect (no key honoured, or older than 24 hours).

        Source: contract-v1 section 1 (idempotency).
        """
        return resumable(self._engine, error).run()

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
        http_client: a client of yours (`httpx.AsyncClient` or `httpx2.AsyncClient`); see `Client` for the guarantees
            that go.
        transport: `"fast"` to send over pyreqwest (the extra `fast`), `"lanes"` not to, whatever the configuration
            says; or an object that sends: `egov_serang.testing.FakeTransport` needs no configuration.
        tokens: another client's `tokens`, to share them.
        audit: gets an `AuditEvent` for every processing of a person's data; needs `audit_key_file`.
        signature: how requests are signed instead of with `signing_key_file`: by a remote signer, or another scheme;
            set `signature = "custom"` in the configuration then.
        retry: what is repeated and when, in place of the default; see `RetryPolicy`.
        tracer_provider: of OpenTelemetry, makes the spans of this client's calls. The setting `telemetry` takes the
            global one.

    Raises:
        ConfigError: the configuration cannot work.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        profile: str | None = None,
        http_client: httpx.AsyncClient | httpx2.AsyncClient | None = None,
        transport: AsyncTransport | FakeLike | TransportName | None = None,
        tokens: TokenSource | None = None,
        audit: AuditHook | None = None,
        signature: SignatureProfile | None = None,
        retry: RetryPolicy | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        config = resolve(config, profile, transport)
        self._owned = http_client is None and (transport is None or isinstance(transport, str))
        self._plain = self._owned and all(one is None for one in (audit, signature, retry, tracer_provider))
        self._transport: AsyncTransport = async_transport(config, http_client, transport)
        runtime = AsyncRuntime(self._transport)
        super().__init__(
            config,
            runtime,
            Async,
            tokens=tokens,
            verified=not isinstance(transport, FakeLike),
            audit=audit,
            signature=signature,
            retry=retry,
            tracer_provider=tracer_provider,
        )

    @cached_property
    def raw(self) -> Services[AsyncRaw]:
        """The same services, giving `Reply` objects: the result with status, headers, request id, attempts."""
        return Services(self._engine, AsyncRaw, self.config, self._handled, self._open311)

    async def resume(self, error: EgovError) -> Any:
        """Do the call of an error again: the same call, with the same idempotency key; see `Client.resume`.

        Args:
            error: as a method of this client raised it.

        Returns:
            What the method would have returned.

        Raises:
            EgovError: it failed again; resume that error.
            UnsupportedOperation: the call is not known, or repeating could have a second effect.
        """
        return await resumable(self._engine, error).run_async()

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
