"""Building the parts of a client from its configuration: tokens, layers, transports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from egov_serang import sources
from egov_serang.assembly.authentication import (
    assertion_key,
    client_certificate,
    existing,
    open311_key,
    static_credentials,
)
from egov_serang.auth.acting import FollowingStatements, Officer, SignedStatements, Statements
from egov_serang.auth.jwks import JwksSource
from egov_serang.auth.tokens import TokenSource
from egov_serang.config import Config, TransportName
from egov_serang.core.audit import AuditHook, Auditor
from egov_serang.core.clock import Clock
from egov_serang.core.engine import Engine
from egov_serang.core.exchange import Exchange, Layer, Observer
from egov_serang.core.kept import Kept
from egov_serang.core.runtime import Runtime
from egov_serang.errors import ConfigError, EgovError
from egov_serang.layers.acting import ActingFor
from egov_serang.layers.answers import Answers
from egov_serang.layers.auth import Auth
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.dpop import Dpop
from egov_serang.layers.form_key import FormKey
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.policy import DEFAULT, RetryPolicy
from egov_serang.layers.ratelimit import RateLimit
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.signature import Signature
from egov_serang.layers.skew import Skew
from egov_serang.layers.static import Static
from egov_serang.layers.verification import Verification
from egov_serang.layers.wirelog import WireLog
from egov_serang.signing.algorithms import signer
from egov_serang.signing.following import Followed, FollowingProfile
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.profiles import Rfc9421, SignatureProfile
from egov_serang.transport.tls import TlsOptions
from egov_serang.types import Unset
from egov_serang.wires.gateway.discovery import Discovery, discover

if TYPE_CHECKING:
    import httpx
    import httpx2
    from opentelemetry.trace import TracerProvider

    from egov_serang.transport.port import AsyncTransport, Transport

_DISCOVERY_LIFETIME: Final = 300.0
_LEAST_AUDIT_KEY: Final = 32
_FAKE_GATEWAY: Final = "https://gateway.invalid"


@runtime_checkable
class FakeLike(Protocol):
    """A transport of `egov_serang.testing`: serves both clients, and needs no configuration."""

    def asynchronous(self) -> AsyncTransport: ...


class Promises:
    """What this gateway promises of its answers: as configured, else as its discovery document says.

    Asked only when an answer lacks something, once in 300 s for both questions and all threads and tasks.

    Args:
        config: a setting there is final, whatever the document says.
        engine: by which the document is read.
    """

    def __init__(self, config: Config, engine: Callable[[], Engine]) -> None:
        self._echo, self._signed = config.request_id_echo, config.verify_answers

        async def fetch(runtime: Runtime, deadline: float) -> Discovery:
            # A call under way waits for this one: were it held back behind that call, both would wait for ever.
            asking = engine()
            unheld = [layer.unheld() if isinstance(layer, Retry) else layer for layer in asking.layers]
            return (await asking.with_layers(unheld).perform(discover(), deadline=deadline)).data

        self._document = Kept(fetch, _DISCOVERY_LIFETIME)

    async def echo(self, exchange: Exchange) -> bool:
        """Whether answers echo `X-Request-Id`. A gateway that cannot say so has promised it: the contract's default."""
        if self._echo is not None:
            return self._echo
        found = await self._found(exchange)
        return found is None or found.request_id_echo

    async def signed(self, exchange: Exchange) -> bool:
        """Whether answers are signed. A gateway that cannot say so has not promised it."""
        if self._signed is not None:
            return self._signed
        found = await self._found(exchange)
        return found is not None and found.signs_answers

    async def _found(self, exchange: Exchange) -> Discovery | None:
        try:
            return await self._document.get(exchange.runtime, exchange.deadline)
        except EgovError:
            return None


def layers(
    config: Config,
    tokens: TokenSource | None,
    promises: Promises,
    clock: Clock,
    *,
    signature: SignatureProfile | None = None,
    retry: RetryPolicy | None = None,
    verified: bool = True,
    observed: bool = False,
) -> tuple[Layer, ...]:
    """The layers of a client, outermost first.

    Args:
        config: of the client.
        tokens: None where it sends none.
        promises: of the gateway.
        clock: the gateway's.
        signature: the application's own profile, in place of the configured one.
        retry: the application's own policy.
        verified: False over a transport of `egov_serang.testing`, which has no gateway's key to sign with.
        observed: whether attempts are to be told to OpenTelemetry.

    Raises:
        ConfigError: a key cannot be read or used.
    """
    if tokens is not None and config.auth == "fapi2" and tokens.dpop is None:
        raise ConfigError(
            "auth = 'fapi2' needs tokens bound to a key; the tokens given to this client are plain ones",
            code="config_value",
            hint="Share the tokens of a client with auth = 'fapi2', or leave tokens= out",
        )
    profile = signature or _profile(config)
    limiter = RateLimit(config.slots) if config.rate_limit else None
    stack: list[Layer] = [Deadline(), Idempotency(), Retry(RetryBudget(), policy(retry), limiter)]
    if tokens is not None:
        stack.append(Auth(tokens))
    static = static_credentials(config)
    if static:
        stack.append(Static(static))
    if profile is not None:
        stack.append(Skew(clock))
    if tokens is not None and tokens.dpop is not None:
        stack.append(Dpop(tokens.dpop, clock))
    stack.append(Answers(promises.echo))
    if profile is not None:
        if verified and config.verify_answers is not False:
            keys = JwksSource(f"{config.issuer.rstrip('/')}/.well-known/jwks.json")
            stack.append(Verification(keys.get, clock, promises.signed))
        stack.append(Signature(profile, clock))
    stack.append(WireLog())
    return (*stack, *_attempts(observed=observed))


def open311_layers(config: Config, *, retry: RetryPolicy | None = None, observed: bool = False) -> tuple[Layer, ...]:
    """The layers of calls to an Open311 service: no tokens, no signatures, no idempotency keys, no request ids.

    Args:
        config: of the client.
        retry: the application's own policy.
        observed: whether attempts are to be told to OpenTelemetry.

    Raises:
        ConfigError: the API key cannot be read or used.
    """
    limiter = RateLimit(config.slots) if config.rate_limit else None
    stack: list[Layer] = [Deadline(), Idempotency(honoured=False), Retry(RetryBudget(), policy(retry), limiter)]
    key = open311_key(config)
    if key is not None:
        stack.append(FormKey(key))
    stack += [Answers(None), WireLog()]
    return (*stack, *_attempts(observed=observed))


def _attempts(*, observed: bool) -> tuple[Layer, ...]:
    if not observed:
        return ()
    from egov_serang.layers.telemetry import Attempts  # noqa: PLC0415 - loads opentelemetry

    return (Attempts(),)


def policy(given: object) -> RetryPolicy:
    """The application's own, or the default.

    Raises:
        ConfigError: it is none.
    """
    if given is None:
        return DEFAULT
    if isinstance(given, RetryPolicy):
        return given
    raise ConfigError(
        f"retry must be a RetryPolicy, not {type(given).__name__}",
        code="config_value",
        hint="For another number of repetitions alone there is retries=3, in the configuration or with_options",
    )


def repeating(stack: Sequence[Layer], retries: int | None, given: RetryPolicy | Unset | None) -> tuple[Layer, ...]:
    """The layers of a client under another retry policy, with the same budget and limiter.

    Args:
        stack: its layers.
        retries: asked for now: then no stop of the policy's counts any more.
        given: the policy; UNSET keeps the one that is there.

    Raises:
        ConfigError: it is none.
    """

    def under(retry: Retry) -> Retry:
        wanted = retry.policy if isinstance(given, Unset) else policy(given)
        if retries is not None and isinstance(given, Unset):
            wanted = replace(wanted, stop=None)
        return retry.under(wanted)

    return tuple(under(layer) if isinstance(layer, Retry) else layer for layer in stack)


def acting(config: Config, stack: Sequence[Layer], officer: Officer, clock: Clock) -> tuple[Layer, ...]:
    """The layers of a client that acts for an officer, in place of another it acted for.

    Args:
        config: of the client.
        stack: its layers.
        officer: who is acted for.
        clock: the gateway's.

    Raises:
        ConfigError: the client has no assertion key, or signs no requests.
    """
    if config.key_file is None or config.signature == "none":
        wanted = "key_file" if config.key_file is None else "signature and signing_key_file"
        raise ConfigError(
            f"acting_as needs {wanted}: the statement is signed with the assertion key and covered by the request's"
            " signature",
            code="config_missing",
            hint=f"Set {wanted}",
        )

    def made() -> SignedStatements:
        return SignedStatements(config.client_id, config.issuer, assertion_key(config))

    file = sources.file_of(config.key_file)
    statements: Statements = made() if file is None else FollowingStatements(Followed(file, made))
    rest = [layer for layer in stack if not isinstance(layer, ActingFor)]
    # Within whatever repeats, so that each attempt gets a statement of its own; before the signature, which covers it.
    place = next(number for number, layer in enumerate(rest) if isinstance(layer, Answers))
    return (*rest[:place], ActingFor(officer, statements, clock), *rest[place:])


def _profile(config: Config) -> SignatureProfile | None:
    if config.signature == "custom":
        raise ConfigError(
            "signature = 'custom' needs a profile of the application's",
            code="config_missing",
            hint="Give it to the client: Client(signature=Rfc9421(callback_signer(...)))",
        )
    if config.signature == "none":
        return None

    def made() -> Rfc9421:
        return Rfc9421(signer(message_key(config)))

    file = sources.file_of(config.signing_key_file or "")
    return made() if file is None else FollowingProfile(file, made)


def message_key(config: Config) -> PrivateKey:
    """The key requests are signed with: another than the one that proves who the client is (contract-v1 section 1).

    Raises:
        ConfigError: it cannot be read or used, or both are one.
    """
    key = PrivateKey.from_file(config.signing_key_file or "", config.signing_key_id, config.signing_key_passphrase_file)
    if config.key_file is not None and assertion_key(config).thumbprint() == key.thumbprint():
        raise ConfigError(
            "key_file and signing_key_file hold the same key",
            code="key_unusable",
            hint="Make a key of its own for messages and register it: egov keys generate",
        )
    return key


def observer(config: Config, provider: TracerProvider | None) -> Observer | None:
    """What makes spans of calls, where the application wants them.

    Raises:
        ConfigError: OpenTelemetry is not installed, or the provider is none.
    """
    if provider is None and not config.telemetry:
        return None
    try:
        from egov_serang.layers.telemetry import Telemetry  # noqa: PLC0415 - loads opentelemetry
    except ImportError:
        pass
    else:
        return Telemetry(provider, config.gateway)
    raise ConfigError(
        "telemetry needs OpenTelemetry, which is not installed",
        code="extra_missing",
        hint="pip install 'egov-serang[otel]'",
    )


def auditor(config: Config, hook: AuditHook | None) -> Auditor | None:
    """What makes audit events, where the application wants them.

    Raises:
        ConfigError: there is no key for the pseudonyms, or it is too short.
    """
    if hook is None:
        return None
    if config.audit_key_file is None:
        raise ConfigError(
            "audit_key_file is missing; audit events need it for their pseudonyms",
            code="config_missing",
            hint="Write 32 random bytes to a file (openssl rand -out audit.key 32) and keep it as long as the trail",
        )
    key = sources.read(config.audit_key_file, "audit key")
    if len(key) < _LEAST_AUDIT_KEY:
        raise ConfigError("the audit key is shorter than 32 bytes", code="key_unusable", hint="Use openssl rand 32")
    return Auditor(hook, key)


def resolve(config: Config | None, profile: str | None, transport: object) -> Config:
    if isinstance(transport, str):
        # Into the configuration, for a client that is pickled takes nothing else along.
        return resolve(config, profile, None).with_(transport=transport)
    if config is not None:
        if profile is not None:
            raise ConfigError("give config or profile, not both", code="config_value")
        return config
    if profile is None and isinstance(transport, FakeLike):
        return Config(gateway=_FAKE_GATEWAY, auth="none", signature="none")
    return Config.load(profile)


def _tls(config: Config) -> TlsOptions:
    return TlsOptions(existing(config, "ca_file"), client_certificate(config))


def sync_transport(
    config: Config,
    http_client: httpx.Client | httpx2.Client | None = None,
    transport: Transport | TransportName | None = None,
) -> Transport:
    if transport is not None and not isinstance(transport, str):
        return transport
    if http_client is not None:
        _check_own_client(config, transport)
        from egov_serang.transport.httpx_client import HttpxTransport  # noqa: PLC0415 - loads httpx

        return HttpxTransport(http_client)
    if config.transport == "fast":
        try:
            from egov_serang.transport.fast import Fast  # noqa: PLC0415 - loads pyreqwest
        except ImportError:
            pass
        else:
            return Fast(tls=_tls(config), slots=config.slots, proxy=config.proxy or None)
        raise _not_fast()
    from egov_serang.transport.lanes import Lanes  # noqa: PLC0415 - loads httpcore

    return Lanes(tls=_tls(config), slots=config.slots)


def async_transport(
    config: Config,
    http_client: httpx.AsyncClient | httpx2.AsyncClient | None,
    transport: AsyncTransport | FakeLike | TransportName | None,
) -> AsyncTransport:
    if transport is not None and not isinstance(transport, str):
        return transport.asynchronous() if isinstance(transport, FakeLike) else transport
    if http_client is not None:
        _check_own_client(config, transport)
        from egov_serang.transport.httpx_client import AsyncHttpxTransport  # noqa: PLC0415 - loads httpx

        return AsyncHttpxTransport(http_client)
    if config.transport == "fast":
        try:
            from egov_serang.transport.afast import AsyncFast  # noqa: PLC0415 - loads pyreqwest and asyncio
        except ImportError:
            pass
        else:
            return AsyncFast(tls=_tls(config), slots=config.slots, proxy=config.proxy or None)
        raise _not_fast()
    from egov_serang.transport.alanes import AsyncLanes  # noqa: PLC0415 - loads httpcore and asyncio

    return AsyncLanes(tls=_tls(config), slots=config.slots)


def _not_fast() -> ConfigError:
    return ConfigError(
        "transport = 'fast' needs pyreqwest, which is not installed",
        code="extra_missing",
        hint="pip install 'egov-serang[fast]'",
    )


def _check_own_client(config: Config, transport: TransportName | None) -> None:
    if transport is not None:
        raise ConfigError("give http_client or transport, not both", code="config_value")
    if config.credential_in == "query":
        raise ConfigError(
            "an API key in the query does not go with http_client: httpx logs every address, and the key in it",
            code="config_value",
            hint="Set credential_in = 'header', or leave http_client away",
        )
