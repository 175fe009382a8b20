"""The engine: one call from value to reply, written once as a coroutine over the `Runtime` port."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

from egov_serang.core.audit import Auditor
from egov_serang.core.body import Multipart
from egov_serang.core.call import Call
from egov_serang.core.echo import silence
from egov_serang.core.exchange import Exchange, Layer, Next, Observer, Unobserved, surer
from egov_serang.core.faults import bare, from_fault
from egov_serang.core.ids import random_id
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.reply import Reply
from egov_serang.core.runtime import Runtime, run_sync
from egov_serang.core.sending import Sending
from egov_serang.errors import EgovError, Sent, UnexpectedReply

if TYPE_CHECKING:
    from egov_serang.core.resume import Unfinished

T = TypeVar("T")

_MOMENT: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `with_options` may change.

    Attributes:
        deadline: seconds for the whole call.
        connect: seconds for one connection to open.
        read: seconds of silence while an answer is awaited.
        retries: repetitions after the first attempt.
        idempotency_key: of the next write; a new one for each write when None.
        language: the language asked of the service first.
    """

    deadline: float = 60.0
    connect: float = 5.0
    read: float = 20.0
    retries: int = 2
    idempotency_key: str | None = None
    language: str = "id"


class Engine:
    """Sends calls through the layers.

    Args:
        runtime: threads or tasks.
        layers: from the outermost to the innermost; composed once, here.
        base: the gateway's origin with its path prefix, without a trailing slash.
        headers: sent with every request, names in lower case.
        options: see `Options`.
        audit: told of every processing of a person's data; None where the application keeps no trail.
        observer: stands around every call and flow; None where nobody looks.
        full_trace: keep inner frames and causes on errors; they may show secrets and personal data.
    """

    def __init__(
        self,
        runtime: Runtime,
        layers: Sequence[Layer],
        *,
        base: str,
        headers: Mapping[str, str],
        options: Options,
        audit: Auditor | None = None,
        observer: Observer | None = None,
        full_trace: bool = False,
    ) -> None:
        self.runtime = runtime
        self.options = options
        self.audit = audit
        self.observer: Observer = observer or Unobserved()
        self.layers = layers
        self.unfinished: WeakKeyDictionary[EgovError, Unfinished] = WeakKeyDictionary()
        """The calls that failed, for as long as their errors live; shared by all engines of a client."""
        self._base = base
        self._full_trace = full_trace
        languages = "id, en;q=0.5" if options.language == "id" else "en, id;q=0.5"
        self._headers = {**headers, "accept-language": languages}
        chain: Next = self._transmit
        for layer in reversed(layers):
            chain = partial(layer, next=chain)
        self._chain = chain
        if full_trace:
            warnings.warn(
                "EGOV_SERANG_TRACE=full: errors keep inner frames, which may hold tokens and personal data",
                stacklevel=2,
            )

    def with_options(self, options: Options) -> Engine:
        """The same layers, budget and connections under other options."""
        return self._like(self.layers, options)

    def with_layers(self, layers: Sequence[Layer]) -> Engine:
        """The same budget, connections and options through other layers."""
        return self._like(layers, self.options)

    def elsewhere(self, base: str, layers: Sequence[Layer]) -> Engine:
        """The same connections and options, to another service: its own layers, nothing the gateway alone reads.

        Args:
            base: its origin with its path prefix, without a trailing slash.
            layers: of its calls.
        """
        like = Engine(self.runtime, layers, base=base, headers={}, options=self.options, observer=self.observer)
        like._full_trace, like.unfinished = self._full_trace, self.unfinished
        return like

    def _like(self, layers: Sequence[Layer], options: Options) -> Engine:
        like = Engine(
            self.runtime,
            layers,
            base=self._base,
            headers=self._headers,
            options=options,
            audit=self.audit,
            observer=self.observer,
            full_trace=self._full_trace,
        )
        like.unfinished = self.unfinished
        return like

    async def perform(
        self, call: Call[T], *, key: str | None = None, deadline: float | None = None, sent: Sent = "no"
    ) -> Reply[T]:
        """Carry a call out.

        Args:
            call: what to do.
            key: the idempotency key of a write, in place of the options' or a new one.
            deadline: on the runtime's clock; the options' deadline holds where it is earlier.
            sent: whether the service may have seen it already, where this call is done again.
        """
        exchange = self._open(call, key, deadline, sent)
        with self.observer.call(exchange):
            try:
                exchange.url = self._base + call.target()
                response = await self._chain(exchange)
                exchange.replayed = response.headers.get("idempotency-replayed", "").lower() == "true"
                data = call.decode(response)
                _bind_reference(call, data, response)
            except EgovError as error:
                exchange.note(error)
                silence(error, exchange)
                error.operation = call.operation
                error.request_id = exchange.request_id or None
                error.correlation_id = exchange.correlation_id
                error.idempotency_key = exchange.idempotency_key
                error.attempts = exchange.attempt
                error.trail = exchange.trail
                error.sent = surer(error.sent, exchange.sent)
                raise
        return Reply(data, response.status, response.headers, exchange.request_id, exchange.attempt, exchange.replayed)

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """End a synchronous public call: the result, or the error without our frames and causes."""
        try:
            return run_sync(work)
        except EgovError as error:
            if self._full_trace:
                raise
            failure = bare(error)
        raise failure

    async def finish_async(self, work: Coroutine[Any, Any, T]) -> T:
        """End an asynchronous public call likewise."""
        try:
            return await work
        except EgovError as error:
            if self._full_trace:
                raise
            failure = bare(error)
        raise failure

    def _open(self, call: Call[Any], key: str | None, deadline: float | None, sent: Sent) -> Exchange:
        now = self.runtime.now()
        until = now + self.options.deadline
        correlation = random_id()
        headers = dict(self._headers)
        headers.update(call.headers)
        headers["x-correlation-id"] = correlation
        trace = correlation.replace("-", "")
        headers["traceparent"] = f"00-{trace}-{trace[-16:]}-00"
        if call.body is not None:
            headers["content-type"] = call.body.content_type
        return Exchange(
            call=call,
            runtime=self.runtime,
            url="",
            headers=headers,
            correlation_id=correlation,
            timeout=self.options.deadline,
            deadline=until if deadline is None else min(until, deadline),
            retries=self.options.retries,
            opened=now,
            idempotency_key=key or self.options.idempotency_key,
            sent=sent,
        )

    async def _transmit(self, exchange: Exchange) -> Response:
        """The innermost step: one transmission, and the truth about it where it fails."""
        call = exchange.call
        body = Sending(call.body, exchange.sent) if isinstance(call.body, Multipart) else call.body
        exchange.attempt += 1
        exchange.status = exchange.received = None
        exchange.began = self.runtime.now()
        request = Request(
            call.method, exchange.url, list(exchange.headers.items()), body, call.stream, exchange.secrets
        )
        limits = Limits(exchange.deadline, self.options.connect, self.options.read, call.max_body)
        try:
            response = await self.runtime.send(request, limits)
        except TransportFault as fault:
            sent = fault.sent
            error: Exception = from_fault(fault, expired=exchange.remaining() < _MOMENT)
            if isinstance(body, Sending) and body.failure is not None:
                error = body.failure
        else:
            exchange.sent, exchange.status, exchange.received = "yes", response.status, response.headers
            return response
        exchange.sent = surer(exchange.sent, sent)
        raise error


def _bind_reference(call: Call[Any], data: object, response: Response) -> None:
    """An answer that echoes another `client_reference` than the one sent is somebody else's."""
    if call.client_reference is None:
        return
    echoed = cast("object", getattr(data, "client_reference", None))
    if echoed is not None and echoed != call.client_reference:
        response.condemn()
        raise UnexpectedReply(
            "the answer carries another client_reference than the request",
            code="unbound_answer",
            hint="Its connection was dropped; look the result up by your client_reference",
            sent="yes",
        )
