"""Telemetry of whole clients: one trace for a complaint with its photos, over real HTTP; how it is switched on."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from tests.services.test_permits import start
from tests.spans import Spans, events, said

from egov_serang import AsyncClient, Client, Config, ConfigError, DeadlineExceeded, Invalid, ServerFault
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import FakeTransport

HERE = Location(area_code="36.73.01.1001")
PHOTOS = [b"\xff\xd8\xff one", b"\xff\xd8\xff two"]
STORY = "Lubang kenari di depan pasar."
COMPLAINT = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}

WHOLE = [
    ("resident reports", None),
    ("complaints.submit", "resident reports"),
    ("complaints.submit", "complaints.submit"),
    ("oauth.token", "complaints.submit"),
    ("oauth.jwks", "complaints.submit"),
    ("complaints.attach", "complaints.submit"),
    ("complaints.attach", "complaints.submit"),
    ("complaints.get", "complaints.submit"),
]


def check_whole(spans: Spans, complaint_id: str, city: Config) -> None:
    assert spans.tree() == WHOLE
    flow, *steps = spans.all[1:]
    assert flow.kind is SpanKind.INTERNAL
    assert dict(flow.attributes or {}) == {"egov.operation": "complaints.submit"}
    assert {span.kind for span in steps} == {SpanKind.CLIENT}
    assert {span.context.trace_id for span in steps} == {flow.context.trace_id}
    calls = [span for span in steps if not span.name.startswith("oauth.")]
    assert [(span.attributes or {})["http.response.status_code"] for span in calls] == [201, 201, 201, 200]
    assert {(span.attributes or {})["server.port"] for span in steps} == {int(city.gateway.rpartition(":")[2])}
    assert all([name for name, _ in events(span)].count("attempt") == 1 for span in calls)
    assert {span.status.status_code for span in spans.all} == {StatusCode.UNSET}
    assert not any(word in said(spans.all) for word in (complaint_id, STORY, "eyJ", "file.jpg", HERE.area_code or "?"))


def test_a_complaint_with_photos_is_one_trace(city: Config) -> None:
    spans = Spans()
    with Client(city, tracer_provider=spans.provider) as client:
        with spans.provider.get_tracer("app").start_as_current_span("resident reports"):
            filed = client.complaints.submit("jalan_rusak", STORY, location=HERE, photos=PHOTOS)
        check_whole(spans, filed.complaint_id, city)


def test_a_complaint_with_photos_is_one_trace_on_tasks_too(city: Config) -> None:
    spans = Spans()

    async def report() -> str:
        async with AsyncClient(city, tracer_provider=spans.provider) as client:
            with spans.provider.get_tracer("app").start_as_current_span("resident reports"):
                filed = await client.complaints.submit("jalan_rusak", STORY, location=HERE, photos=PHOTOS)
        return filed.complaint_id

    check_whole(spans, asyncio.run(report()), city)


def test_a_repeated_call_shows_its_attempts(city: Config, sandbox: Sandbox) -> None:
    spans = Spans()
    with Client(city, tracer_provider=spans.provider) as client:
        list(client.complaints.services())
        spans.clear()
        sandbox.fault("complaints.services", kind="status", status=503, times=1)
        list(client.complaints.services())
    attributes = spans.only.attributes or {}
    assert (attributes["egov.attempts"], attributes["http.request.resend_count"]) == (2, 1)
    assert [name for name, _ in events(spans.only)] == ["attempt", "wait", "attempt"]


def test_a_flow_that_fails_is_a_failure_with_that_of_its_step(city: Config, sandbox: Sandbox) -> None:
    spans = Spans()
    sandbox.fault("complaints.attach", kind="status", status=500, times=9)
    with Client(city, tracer_provider=spans.provider) as client, pytest.raises(ServerFault):
        client.with_options(retries=0).complaints.submit("jalan_rusak", STORY, location=HERE, photos=PHOTOS)
    flow, first, *_, attach = spans.all
    assert (flow.status.status_code, attach.status.status_code) == (StatusCode.ERROR, StatusCode.ERROR)
    assert first.status.status_code is StatusCode.UNSET
    assert (flow.attributes or {})["error.type"] == (attach.attributes or {})["error.type"] == "ServerFault"


def test_waiting_for_an_office_is_one_trace(city: Config) -> None:
    spans = Spans()
    with Client(city, tracer_provider=spans.provider) as client:
        draft = start(client)
        spans.clear()
        with pytest.raises(DeadlineExceeded):
            client.permits.applications.wait_for(draft, until=["determined"], timeout=0.5)
    flow = "permits.applications.wait_for"
    assert spans.tree() == [(flow, None), ("permits.applications.get", flow)]
    assert (spans.all[0].attributes or {})["error.type"] == "DeadlineExceeded"
    assert draft.application_id not in said(spans.all)


def test_nothing_sent_is_nothing_seen() -> None:
    spans = Spans()
    client = Client(transport=FakeTransport(lambda _: dict(COMPLAINT)), tracer_provider=spans.provider)
    assert client.dry.complaints.get("c-1").operation == "complaints.get"
    with pytest.raises(Invalid):
        client.complaints.submit("sampah", "  ")
    assert spans.all == []


def test_every_mode_and_variant_is_observed() -> None:
    spans = Spans()
    fake = FakeTransport(lambda _: dict(COMPLAINT))
    client = Client(transport=fake, tracer_provider=spans.provider)
    client.complaints.get("c-1")
    client.raw.complaints.get("c-1")
    client.with_options(deadline=5).complaints.get("c-1")

    async def more() -> None:
        other = AsyncClient(transport=fake, tracer_provider=spans.provider)
        await other.complaints.get("c-1")
        await other.raw.complaints.get("c-1")

    asyncio.run(more())
    assert [span.name for span in spans.all] == ["complaints.get"] * 5
    sent = [request.headers["traceparent"].split("-")[2] for request in fake.requests]
    assert sent == [f"{span.context.span_id:016x}" for span in spans.all]


def test_a_client_with_a_provider_does_not_pickle_one_with_the_setting_does(city: Config) -> None:
    with Client(city, tracer_provider=Spans().provider) as client, pytest.raises(TypeError, match="pass its Config"):
        pickle.dumps(client)
    with Client(city.with_(telemetry=True)) as client:
        assert pickle.loads(pickle.dumps(client)).config.telemetry is True


def test_the_setting_is_true_or_false(tmp_path: Path) -> None:
    wrong: Any = "on"
    with pytest.raises(ConfigError, match="telemetry"):
        Config(gateway="https://gateway.invalid", auth="none", signature="none", telemetry=wrong)
    file = tmp_path / "config.toml"
    file.write_text('[profile.default]\ngateway = "https://g.invalid"\nauth = "none"\nsignature = "none"\n', "utf-8")
    environment = {"EGOV_SERANG_CONFIG": str(file)}
    assert Config.load(environment=environment).telemetry is False
    file.write_text(file.read_text("utf-8") + "telemetry = true\n", "utf-8")
    assert Config.load(environment=environment).telemetry is True


def run(script: str) -> str:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_setting_takes_the_global_provider_even_one_set_later() -> None:
    printed = run(
        f"""
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        from egov_serang import Client, Config
        from egov_serang.testing import FakeTransport
        config = Config(gateway="https://g.invalid", auth="none", signature="none", telemetry=True)
        client = Client(config, transport=FakeTransport(lambda _: {COMPLAINT!r}))
        client.complaints.get("c-1")
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        client.complaints.get("c-1")
        print(*(span.name for span in exporter.get_finished_spans()))
        """
    )
    assert printed.split() == ["complaints.get"]


def test_without_the_extra_the_remedy_is_said() -> None:
    printed = run(
        """
        import sys
        sys.modules["opentelemetry"] = None
        from egov_serang import Client, Config, ConfigError
        from egov_serang.testing import FakeTransport
        config = Config(gateway="https://g.invalid", auth="none", signature="none", telemetry=True)
        try:
            Client(config, transport=FakeTransport(lambda _: {}))
        except ConfigError as error:
            print(error.code, error, error.__cause__, error.__context__)
        """
    )
    assert "extra_missing" in printed
    assert "pip install 'egov-serang[otel]'" in printed
    assert printed.split()[-2:] == ["None", "None"]
