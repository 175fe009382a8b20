"""OpenTelemetry: a span per call and per flow, an event per attempt, from an allow-list of attributes.

Never the filled path, a query, a header, a key, a body, or the text of an error; exceptions are not recorded, because
that would add messages and stack traces. Names are those of the OpenTelemetry semantic conventions for HTTP where they
have one, and begin with `egov.` elsewhere. Source: layers.md 4.2 rule 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Token
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from egov_serang import __version__
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.errors import ConfigError, EgovError

T = TypeVar("T")
Attributes = dict[str, AttributeValue]

# W3C trace context alone, whatever the application propagates elsewhere: baggage may hold anything.
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_CODE: Final = re.compile("[a-z][a-z_]{0,63}|http_[0-9]{3}")
_PORTS: Final = {"http": 80, "https": 443}
_REFUSALS: Final = 400


class Telemetry:
    """Makes the spans of one client.

    Args:
        provider: of tracers; the global one when None, also one that is set later.
        gateway: the address calls go to.

    Raises:
        ConfigError: what was given is no tracer provider.
    """

    def __init__(self, provider: TracerProvider | None, gateway: str) -> None:
        if provider is not None and not isinstance(provider, TracerProvider):
            raise ConfigError(
                "tracer_provider must be a TracerProvider of OpenTelemetry",
                code="config_value",
                hint="Give the provider itself, not a tracer or an exporter",
            )
        self._tracer = trace.get_tracer("egov_serang", __version__, provider)
        self._server = _server(gateway)

    def call(self, exchange: Exchange) -> CallSpan:
        """A span around one call; see `Observer`."""
        return CallSpan(self._tracer, self._server, exchange)

    def flow(self, operation: str) -> Current:
        """A span around the calls of a flow; see `Observer`."""
        return Current(self._tracer, operation, SpanKind.INTERNAL, {"egov.operation": operation})


class Current:
    """A span that is the current one while its work is under way. Whatever ends the work ends it, once.

    Everything but a result is an error of the class it has, cancellation too: the caller got no answer.
    """

    def __init__(self, tracer: Tracer, name: str, kind: SpanKind, attributes: Attributes) -> None:
        self._tracer = tracer
        self._name = name
        self._kind = kind
        self._attributes = attributes

    def __enter__(self) -> Self:
        self.span: Span = self._tracer.start_span(self._name, kind=self._kind, attributes=self._attributes)
        self._token: Token[Context] = context.attach(trace.set_span_in_context(self.span))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.span.set_attributes(self.outcome(error))
            if error is not None:
                self.failed(*_named(error))
        finally:
            # A coroutine that was given up is closed by whoever collects it, and there this span was never current.
            if trace.get_current_span() is self.span:
                context.detach(self._token)
            self.span.end()

    def outcome(self, error: BaseException | None) -> Attributes:
        """What else there is to say at the end."""
        return {}

    def failed(self, kind: str, code: str | None = None) -> None:
        """Say that it failed, by the class and code of the error alone."""
        self.span.set_attribute("error.type", kind)
        if code is not None:
            self.span.set_attribute("egov.problem_code", code)
        self.span.set_status(StatusCode.ERROR, kind if code is None else f"{kind} ({code})")


class CallSpan(Current):
    """The span of one call, whose context goes out with its requests."""

    def __init__(self, tracer: Tracer, server: Attributes, exchange: Exchange) -> None:
        self._exchange = exchange
        call = exchange.call
        known: Attributes = {
            "egov.operation": call.operation,
            "http.request.method": call.method,
            "url.template": call.path,
        }
        super().__init__(tracer, call.operation, SpanKind.CLIENT, known | server)

    def __enter__(self) -> Self:
        super().__enter__()
        exchange = self._exchange
        _PROPAGATOR.inject(exchange.headers)  # without a span to speak of, the header stays as the engine made it
        exchange.runtime = _Watched(exchange, self._tracer)
        return self

    def outcome(self, error: BaseException | None) -> Attributes:
        exchange = self._exchange
        found: Attributes = {
            "egov.attempts": exchange.attempt,
            "egov.replayed": exchange.replayed,
            "egov.sent": exchange.sent,
        }
        if error is not None and not isinstance(error, EgovError) and exchange.attempt and exchange.sent == "no":
            found["egov.sent"] = "maybe"  # given up under way, so nobody knows
        if exchange.attempt > 1:
            found["http.request.resend_count"] = exchange.attempt - 1
        if exchange.status is not None:
            found["http.response.status_code"] = exchange.status
        if exchange.request_id:
            found["egov.request_id"] = exchange.request_id
        return found


class Attempts:
    """The innermost layer of an observed client: an event on the call's span for every transmission."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        # Asked for now: a coroutine that is given up may end where another span is current.
        span, start = trace.get_current_span(), exchange.runtime.now()
        outcome: Attributes = {"egov.fault": "aborted", "egov.sent": "maybe"}
        try:
            response = await next(exchange)
            outcome = {"http.response.status_code": response.status, "egov.sent": "yes"}
        except EgovError as error:
            kind, code = _named(error)
            outcome = {"egov.fault": code or kind, "egov.sent": error.sent}
            raise
        finally:
            number: Attributes = {
                "egov.attempt": exchange.attempt,
                "egov.duration_ms": _ms(exchange.runtime.now() - start),
            }
            span.add_event("attempt", number | outcome)
        return response


class _Watched:
    """The runtime of an observed call: its waits become events.

    Layers send nothing through it but requests for tokens; the call's own go through the engine.
    """

    def __init__(self, exchange: Exchange, tracer: Tracer) -> None:
        self._exchange = exchange
        self._runtime = exchange.runtime
        self._tracer = tracer

    @property
    def flow(self) -> Literal["threads", "tasks"]:
        return self._runtime.flow

    def now(self) -> float:
        return self._runtime.now()

    def wall(self) -> float:
        return self._runtime.wall()

    async def send(self, request: Request, limits: Limits) -> Response:
        known: Attributes = {"http.request.method": request.method, **_server(request.url)}
        # Only two things are asked of the world outside a call: a token, and the gateway's keys.
        name = "oauth.token" if request.method == "POST" else "oauth.jwks"
        with Current(self._tracer, name, SpanKind.CLIENT, known) as current:
            headers: dict[str, str] = {}
            _PROPAGATOR.inject(headers)
            request.headers.extend(headers.items())
            response = await self._runtime.send(request, limits)
            current.span.set_attribute("http.response.status_code", response.status)
            if response.status >= _REFUSALS:
                current.failed(str(response.status))
            return response

    async def sleep(self, seconds: float) -> None:
        _waited(trace.get_current_span(), self._exchange.reason, seconds)
        await self._runtime.sleep(seconds)

    async def gate(self, flight: Future[T], timeout: float) -> T:
        if flight.done():
            return await self._runtime.gate(flight, timeout)
        span, start = trace.get_current_span(), self._runtime.now()
        try:
            return await self._runtime.gate(flight, timeout)
        finally:
            reason = "limit" if self._exchange.reason == "limit" else "token"
            _waited(span, reason, self._runtime.now() - start)

    async def offload(self, work: Callable[[], T]) -> T:
        return await self._runtime.offload(work)

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        self._runtime.launch(work, aside=aside)


def _waited(span: Span, reason: str, seconds: float) -> None:
    span.add_event("wait", {"egov.reason": reason, "egov.duration_ms": _ms(seconds)})


def _named(error: BaseException) -> tuple[str, str | None]:
    """The class and the code of an error. A code is a word of the contract's form: prose in its place stays here."""
    if isinstance(error, TransportFault):
        return error.kind, None
    code = error.code if isinstance(error, EgovError) else None
    return type(error).__name__, code if code is not None and _CODE.fullmatch(code) else None


def _server(url: str) -> Attributes:
    parts = urlsplit(url)
    known: Attributes = {"server.address": parts.hostname or ""}
    port = parts.port or _PORTS.get(parts.scheme)
    return known if port is None else known | {"server.port": port}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
