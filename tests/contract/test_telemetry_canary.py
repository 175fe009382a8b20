"""Proof 7, exported: nothing that identifies a person or authenticates a client stands in any span."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from tests.contract.test_public_canary import (
    ANSWER,
    CANARIES,
    EVERYTHING,
    FLOWS,
    ISSUER_REFUSALS,
    NAME,
    NIK,
    OPERATIONS,
    REFUSALS,
    SECRET,
    WRONG,
    City,
    Operation,
    end,
    leaked,
    our_locals,
)
from tests.layers.keys import ed25519_pem, p256_pem
from tests.spans import Spans, said

from egov_serang import AsyncClient, Client, Config, EgovError
from egov_serang.testing.fake import FakeRequest, FakeResponse
from egov_serang.types import Secret

KEY, REFERENCE, ID = "canary-idempotency-key", "canary-reference", "canary-id"
OURS = (*CANARIES, KEY, REFERENCE, ID)
"""What callers give beside data of people, and no span may carry either: keys, references, ids of resources."""

ASKED: dict[str, Operation] = {
    **OPERATIONS,
    "by id": lambda s: s.complaints.get(ID),
    "by reference": lambda s: s.complaints.submit("road", "words", client_reference=REFERENCE),
    "a file by id": lambda s: s.complaints.attach(ID, b"photo"),
}
# What a list sends its first page with: a caller may put anything into a filter or a cursor.
LISTED: tuple[Callable[[Any], Any], ...] = (
    lambda s: s.complaints.list(client_reference=REFERENCE, cursor=ID),
    lambda s: s.permits.applications.list(cursor=NIK),
    lambda s: s.notifications.announcements.list(category=NAME),
)

SEVERAL = FLOWS | {"by reference", "a file by id"}

Way = Callable[[Config, City, Operation], Spans]


class Open(City):
    """A city whose announcements anybody may read."""

    def __call__(self, request: FakeRequest) -> FakeResponse:
        if "authorization" not in request.headers and request.path != "/oauth2/token":
            answer: FakeResponse = self.answer(request) if callable(self.answer) else self.answer
            return answer
        return super().__call__(request)


@pytest.fixture(params=["private_key_jwt", "client_secret"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    assertion, message = tmp_path / "assertion.pem", tmp_path / "message.pem"
    assertion.write_bytes(p256_pem())
    message.write_bytes(ed25519_pem())
    how: dict[str, Any] = {"key_file": assertion, "client_secret": Secret(SECRET), "auth": request.param}
    return Config(gateway="https://gateway.invalid", client_id="app", signing_key_file=message, retries=0, **how)


def in_a_thread(config: Config, city: City, operation: Operation) -> Spans:
    """The spans of one call on `Client`, however it ends."""
    spans = Spans()
    client = Client(config, transport=city.transport, tracer_provider=spans.provider)
    with suppress(EgovError, KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError):
        operation(client.with_options(idempotency_key=KEY))
    return spans


def in_a_task(config: Config, city: City, operation: Operation) -> Spans:
    """The same on `AsyncClient`."""
    spans = Spans()
    client = AsyncClient(config, transport=city.transport, tracer_provider=spans.provider)

    async def main() -> None:
        with suppress(EgovError, KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError):
            await operation(client.with_options(idempotency_key=KEY))

    asyncio.run(main())
    return spans


WAYS: tuple[Way, ...] = (in_a_thread, in_a_task)


def check(spans: Spans, *, flow: bool = False, token: bool = True, attempts: bool = True) -> None:
    """There are the spans there must be, and they say no canary."""
    found = spans.all
    names = [span.name for span in found]
    calls = [span for span in found if "url.template" in (span.attributes or {})]
    assert calls
    assert all(span.events for span in calls) or not attempts
    assert ("oauth.token" in names) == token
    assert len(found) - len(calls) - names.count("oauth.token") == flow, "a flow has a span of its own"
    assert {event.name for span in found for event in span.events} <= {"attempt", "wait"}
    shown = said(found)
    assert [canary for canary in OURS if canary in shown] == []
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_and_faults_export_no_canary(config: Config, name: str) -> None:
    for way in WAYS:
        for asked, operation in ASKED.items():
            check(way(config, City(REFUSALS[name]), operation), flow=asked in SEVERAL)


@pytest.mark.parametrize("name", ISSUER_REFUSALS)
def test_the_issuers_refusals_export_no_canary(config: Config, name: str) -> None:
    for way in WAYS:
        for asked, operation in ASKED.items():
            check(way(config, City(issuer=ISSUER_REFUSALS[name]), operation), flow=asked in SEVERAL, attempts=False)


def test_results_export_no_canary(config: Config) -> None:
    for way in WAYS:
        for asked, operation in ASKED.items():
            check(way(config, City(), operation), flow=asked in SEVERAL)


def telling(kind: type[BaseException]) -> Callable[[FakeRequest], FakeResponse]:
    """What a library below us may raise: an exception whose message holds everything."""

    def fail(request: FakeRequest) -> FakeResponse:
        raise kind(f"{EVERYTHING} {SECRET} {request.headers}")

    return fail


@pytest.mark.parametrize("place", ["call", "token"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError])
def test_whatever_else_ends_a_call_exports_no_canary(config: Config, kind: type[BaseException], place: str) -> None:
    if (kind, place) == (KeyboardInterrupt, "token"):
        ways: tuple[Way, ...] = (in_a_thread,)  # in a task of its own it would end the event loop, as it must
    else:
        ways = WAYS
    for way in ways:
        for asked, operation in ASKED.items():
            city = City(telling(kind)) if place == "call" else City(issuer=telling(kind))
            check(way(config, city, operation), flow=asked in SEVERAL, attempts=place == "call")


@pytest.mark.parametrize("place", ["call", "token"])
def test_the_frames_of_telemetry_hold_no_canary(config: Config, place: str) -> None:
    for operation in ASKED.values():
        city = City(end(KeyboardInterrupt)) if place == "call" else City(issuer=end(KeyboardInterrupt))
        client = Client(config, transport=city.transport, tracer_provider=Spans().provider)
        with pytest.raises(KeyboardInterrupt) as caught:
            operation(client.with_options(idempotency_key=KEY))
        shown = our_locals(caught.value)
        assert ("number" if place == "call" else "current") in shown, "the frames of telemetry were looked at"
        assert leaked(shown) == []


REFUSED_LATE = {"number as path", "name as path", "object", "not a number"}
"""Arguments of which only the finished request shows that it cannot be sent."""


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_export_no_canary(config: Config, name: str) -> None:
    for way in WAYS:
        spans = way(config, City(), WRONG[name])
        if name in REFUSED_LATE:
            check(spans, flow=name == "object", token="as path" not in name, attempts=False)
        else:
            assert spans.all == [], "refused before there was a call"


@pytest.mark.parametrize("name", ["success", *REFUSALS])
def test_lists_export_no_canary(config: Config, name: str) -> None:
    answer = REFUSALS.get(name) or FakeResponse(200, json={"data": [ANSWER, ANSWER], "next_cursor": None})
    for listed in LISTED:
        spans = in_a_thread(config, Open(answer), lambda s, listed=listed: list(listed(s)))
        check(spans, token="announcements.list" not in spans.all[0].name)

        async def walk(client: Any, listed: Any = listed) -> None:
            async for _ in listed(client):
                pass

        check(in_a_task(config, Open(answer), walk), token="announcements.list" not in spans.all[0].name)
