"""Telemetry: a span per call, an event per attempt, nothing of a person, whatever ends the call."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from tests.layers.keys import answer
from tests.layers.test_layer_auth import Gateway
from tests.layers.test_layer_idempotency import promised
from tests.layers.worlds import Sent, World, call, fault, problem, respond
from tests.spans import Spans, events

from egov_serang.core.body import JsonBody
from egov_serang.core.decode import Decode
from egov_serang.core.engine import Engine
from egov_serang.core.reply import Reply
from egov_serang.errors import ConfigError, EgovError, NotFound, ServerFault, Unauthorized, UnexpectedReply
from egov_serang.layers.answers import Answers
from egov_serang.layers.deadline import Deadline
from egov_serang.layers.idempotency import Idempotency
from egov_serang.layers.retry import Retry, RetryBudget
from egov_serang.layers.telemetry import Attempts, Telemetry
from egov_serang.model import Model

OK = (200, {})
BUSY = problem(503, "upstream_unavailable")


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture(autouse=True)
def no_span_is_left_current() -> Iterator[None]:
    yield
    assert trace.get_current_span() is trace.INVALID_SPAN


def traceparent(span: ReadableSpan) -> str:
    """The header that names this span (W3C Trace Context section 3.2)."""
    found = span.context
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


def engine(world: World, spans: Spans, *layers: Any, **options: Any) -> Engine:
    stack = layers or (Deadline(), Idempotency(), Retry(RetryBudget()), Answers(promised))
    return world.engine(*stack, Attempts(), observer=Telemetry(spans.provider, "https://gateway.test/v9"), **options)


def perform(world: World, spans: Spans, asked: Any = None, **options: Any) -> Reply[Any]:
    through = engine(world, spans, **options)
    return world.finish(through, through.perform(asked or call()))


def test_a_call_is_one_span_of_what_may_be_known(world: World, spans: Spans) -> None:
    world.answers = [lambda sent: respond(sent, 200, {"name": "CANARY"}, idempotency_replayed="true")]
    asked = call("POST", query=(("q", "CANARY"),), headers=(("x-canary", "CANARY"),), body=JsonBody({"name": "CANARY"}))
    perform(world, spans, asked, idempotency_key="CANARY")
    span = spans.only
    assert (span.name, span.kind, span.parent) == ("test.operation", SpanKind.CLIENT, None)
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "egov.operation": "test.operation",
        "http.request.method": "POST",
        "url.template": "/v1/test/{id}",
        "server.address": "gateway.test",
        "server.port": 443,
        "http.response.status_code": 200,
        "egov.attempts": 1,
        "egov.replayed": True,
        "egov.sent": "yes",
        "egov.request_id": world.sent[0].headers["x-request-id"],
    }
    assert "CANARY" not in span.to_json()
    scope = span.instrumentation_scope
    assert scope is not None
    assert scope.name == "egov_serang"


def test_an_event_for_every_attempt_and_every_wait(world: World, spans: Spans) -> None:
    def slow(_: Sent) -> Any:
        world.runtime.clock += 0.25
        return fault("reset", "maybe")

    world.answers = [slow, BUSY, OK]
    perform(world, spans, call("POST"), retries=5)
    waits = [round(seconds * 1000, 1) for seconds in world.runtime.slept]
    span = spans.only
    assert events(span) == [
        ("attempt", {"egov.attempt": 1, "egov.fault": "reset", "egov.sent": "maybe", "egov.duration_ms": 250.0}),
        ("wait", {"egov.reason": "retry", "egov.duration_ms": waits[0]}),
        (
            "attempt",
            {"egov.attempt": 2, "http.response.status_code": 503, "egov.sent": "yes", "egov.duration_ms": 0.0},
        ),
        ("wait", {"egov.reason": "retry", "egov.duration_ms": waits[1]}),
        (
            "attempt",
            {"egov.attempt": 3, "http.response.status_code": 200, "egov.sent": "yes", "egov.duration_ms": 0.0},
        ),
    ]
    attributes = span.attributes or {}
    assert (attributes["egov.attempts"], attributes["http.request.resend_count"]) == (3, 2)
    assert attributes["egov.request_id"] == world.sent[-1].headers["x-request-id"]
    assert span.status.status_code is StatusCode.UNSET


FAILURES: dict[str, tuple[Any, type[EgovError], dict[str, Any]]] = {
    "refused": (
        problem(404, "complaint_not_found"),
        NotFound,
        {"http.response.status_code": 404, "egov.problem_code": "complaint_not_found", "egov.sent": "yes"},
    ),
    "no document": (
        lambda sent: answer(500, b"oh", x_request_id=sent.headers["x-request-id"], content_type="text/html"),
        ServerFault,
        {"http.response.status_code": 500, "egov.problem_code": "http_500", "egov.sent": "yes"},
    ),
    "a code that may be a name": (problem(404, "Siti"), NotFound, {"egov.problem_code": None}),
    "a code that may be a number": (problem(404, "9973010101900000"), NotFound, {"egov.problem_code": None}),
    "no answer": (
        fault("connect", "no"),
        EgovError,
        {"http.response.status_code": None, "egov.problem_code": "connect", "egov.sent": "no"},
    ),
    "another's answer": (
        lambda sent: respond(sent, 200, {}, x_request_id="another"),
        UnexpectedReply,
        {"http.response.status_code": 200, "egov.problem_code": "unbound_answer"},
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told_by_class_and_code(world: World, spans: Spans, name: str) -> None:
    what, kind, expected = FAILURES[name]
    world.answers = [what]
    with pytest.raises(kind) as caught:
        perform(world, spans, retries=0)
    span = spans.only
    attributes = span.attributes or {}
    shown = type(caught.value).__name__
    assert attributes["error.type"] == shown
    assert {key: attributes.get(key) for key in expected} == expected
    assert span.status.status_code is StatusCode.ERROR
    code = attributes.get("egov.problem_code")
    assert span.status.description == (f"{shown} ({code})" if code else shown)
    assert [event for event, _ in events(span)] == ["attempt"]


def test_an_answer_that_cannot_be_read_is_a_failure_too(world: World, spans: Spans) -> None:
    class Thing(Model):
        number: int

    world.answers = [(200, {"number": "CANARY"})]
    with pytest.raises(UnexpectedReply):
        perform(world, spans, replace(call(), decode=Decode(Thing)))
    attributes = spans.only.attributes or {}
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("UnexpectedReply", 200)
    assert spans.only.status.status_code is StatusCode.ERROR
    assert "CANARY" not in spans.only.to_json()


def test_the_last_attempt_decides_whether_there_is_a_status(world: World, spans: Spans) -> None:
    world.answers = [BUSY, fault("reset", "maybe")]
    with pytest.raises(EgovError):
        perform(world, spans, retries=1)
    attributes = spans.only.attributes or {}
    assert "http.response.status_code" not in attributes
    assert attributes["egov.sent"] == "yes"


@pytest.mark.parametrize("end", [KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError])
def test_whatever_ends_a_call_ends_its_span_once(world: World, spans: Spans, end: type[BaseException]) -> None:
    world.answers = [end("CANARY")]
    with pytest.raises(end):
        perform(world, spans)
    span = spans.only
    attributes = span.attributes or {}
    assert (attributes["error.type"], attributes["egov.sent"]) == (end.__name__, "maybe")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, end.__name__)
    assert events(span) == [
        ("attempt", {"egov.attempt": 1, "egov.fault": "aborted", "egov.sent": "maybe", "egov.duration_ms": 0.0})
    ]
    assert "CANARY" not in span.to_json()


def test_a_cancelled_task_ends_its_span_and_leaves_others_alone(spans: Spans) -> None:
    world = World("tasks")
    arrived = asyncio.Event()

    class Held:
        async def __call__(self, exchange: Any, next: Any) -> Any:
            if exchange.call.operation == "held":
                arrived.set()
                await asyncio.Event().wait()
            return await next(exchange)

    world.answers = [OK]
    through = engine(world, spans, Held())

    async def main() -> None:
        with spans.provider.get_tracer("app").start_as_current_span("app"):
            stuck = asyncio.create_task(through.perform(replace(call(), operation="held")))
            await arrived.wait()
            await through.perform(call())
            stuck.cancel()
            with pytest.raises(asyncio.CancelledError):
                await stuck

    asyncio.run(main())
    assert spans.tree() == [("app", None), ("held", "app"), ("test.operation", "app")]
    (held,) = (span for span in spans.all if span.name == "held")
    attributes = held.attributes or {}
    assert (attributes["error.type"], attributes["egov.attempts"], attributes["egov.sent"]) == (
        "CancelledError",
        0,
        "no",
    )


def test_a_coroutine_collected_elsewhere_ends_its_span_without_a_word(
    spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    world = World("tasks")
    world.answers = [OK]
    work = engine(world, spans).perform(call())

    async def main() -> None:
        contextvars.copy_context().run(work.send, None)
        with spans.provider.get_tracer("app").start_as_current_span("another") as another:
            work.close()
            assert trace.get_current_span() is another

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    given_up, another = spans.all
    assert (given_up.attributes or {})["error.type"] == "GeneratorExit"
    assert [name for name, _ in events(given_up)] == ["attempt"]
    assert events(another) == []
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_the_span_is_the_callers_child_and_current_while_the_call_lasts(world: World, spans: Spans) -> None:
    seen: list[Any] = []

    def look(sent: Sent) -> Any:
        seen.append(trace.get_current_span())
        return respond(sent, 200, {})

    world.answers = [look]
    with spans.provider.get_tracer("app").start_as_current_span("app") as mine:
        perform(world, spans)
        assert trace.get_current_span() is mine
    assert spans.tree() == [("app", None), ("test.operation", "app")]
    assert [span.name for span in seen] == ["test.operation"]


def test_the_spans_context_goes_out_the_same_over_all_attempts(world: World, spans: Spans) -> None:
    world.answers = [BUSY, OK]
    state = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "tracestate": "vendor=1"}
    incoming = TraceContextTextMapPropagator().extract(state)
    token = context.attach(baggage.set_baggage("name", "CANARY", incoming))
    try:
        perform(world, spans)
    finally:
        context.detach(token)
    assert f"{spans.only.context.trace_id:x}" == "a" * 32
    assert [sent.headers["traceparent"] for sent in world.sent] == [traceparent(spans.only)] * 2
    assert [sent.headers["tracestate"] for sent in world.sent] == ["vendor=1"] * 2
    assert all("baggage" not in sent.headers for sent in world.sent), "baggage may hold anything"


def test_a_trace_that_is_not_sampled_stays_so(world: World) -> None:
    spans = Spans(ALWAYS_OFF)
    world.answers = [OK]
    perform(world, spans)
    assert spans.all == []
    flags = int(world.sent[0].headers["traceparent"].rpartition("-")[2], 16)
    assert not flags & trace.TraceFlags.SAMPLED
    correlation = world.sent[0].headers["x-correlation-id"].replace("-", "")
    assert correlation not in world.sent[0].headers["traceparent"], "the decision is passed on, not replaced"


def test_without_an_sdk_calls_go_out_as_ever(world: World) -> None:
    world.answers = [OK]
    through = world.engine(Answers(promised), Attempts(), observer=Telemetry(trace.NoOpTracerProvider(), "https://g.x"))
    world.finish(through, through.perform(call()))
    headers = world.sent[0].headers
    trace_id = headers["x-correlation-id"].replace("-", "")
    assert headers["traceparent"] == f"00-{trace_id}-{trace_id[-16:]}-00"


def test_a_request_for_a_token_is_a_child_that_says_nothing_secret(world: World, spans: Spans) -> None:
    gateway = Gateway(world, OK)
    through = engine(world, spans, *gateway.layers())
    for _ in range(2):
        world.finish(through, through.perform(call()))
    assert spans.tree() == [
        ("test.operation", None),
        ("oauth.token", "test.operation"),
        ("test.operation", None),
    ]
    span = spans.all[1]
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": "issuer.test",
        "server.port": 443,
        "http.response.status_code": 200,
    }
    assert gateway.issuer.asked[0].headers["traceparent"] == traceparent(span)
    assert not any(secret in found.to_json() for found in spans.all for secret in ("s3cret", "token-1"))


@pytest.mark.parametrize("refusal", [answer(401, {"error": "invalid_client"}), fault("timeout", "maybe")])
def test_a_token_that_does_not_come_is_a_failure_of_both(world: World, spans: Spans, refusal: Any) -> None:
    gateway = Gateway(world, OK)
    gateway.issuer.answers = [refusal]
    through = engine(world, spans, *gateway.layers(), retries=0)
    with pytest.raises(EgovError):
        world.finish(through, through.perform(call()))
    outer, inner = spans.all
    assert {span.status.status_code for span in (outer, inner)} == {StatusCode.ERROR}
    assert (inner.attributes or {})["error.type"] == ("timeout" if isinstance(refusal, Exception) else "401")
    attributes = outer.attributes or {}
    assert (attributes["egov.attempts"], attributes["egov.sent"]) == (0, "no")
    assert "egov.request_id" not in attributes


def test_a_refused_token_shows_as_two_attempts(world: World, spans: Spans) -> None:
    gateway = Gateway(world, problem(401, "token_expired"), OK)
    through = engine(world, spans, *gateway.layers())
    world.finish(through, through.perform(call()))
    seen = [found["http.response.status_code"] for name, found in events(spans.all[0]) if name == "attempt"]
    assert seen == [401, 200]
    assert [span.name for span in spans.all].count("oauth.token") == 2
    gateway = Gateway(world, problem(401, "token_expired"))
    through = engine(world, spans, *gateway.layers())
    with pytest.raises(Unauthorized):
        world.finish(through, through.perform(call()))


def test_waiting_for_anothers_token_is_an_event(spans: Spans) -> None:
    world = World("tasks")
    gateway = Gateway(world, OK)
    through = engine(world, spans, *gateway.layers())

    async def main() -> None:
        await asyncio.gather(*(through.perform(call()) for _ in range(3)))

    asyncio.run(main())
    assert gateway.issuer.count == 1
    waits = [found for span in spans.all for name, found in events(span) if name == "wait"]
    assert waits == [{"egov.reason": "token", "egov.duration_ms": 0.0}] * 3
    assert [span.name for span in spans.all].count("oauth.token") == 1


def test_what_is_no_provider_is_refused() -> None:
    wrong: Any = trace.get_tracer("mine")
    with pytest.raises(ConfigError, match="tracer_provider") as caught:
        Telemetry(wrong, "https://gateway.test")
    assert caught.value.hint
