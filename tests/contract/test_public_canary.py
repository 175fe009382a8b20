"""Proof 7: nothing that identifies a person or authenticates a client leaves the SDK except to the service."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import signal
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from tests.layers.keys import ed25519_pem, p256_pem

import egov_serang
from egov_serang import AsyncClient, Client, Config, ConnectionFailed, EgovError, Nik, Phone
from egov_serang.core.message import TransportFault
from egov_serang.models.civil import CivilApplicant, CivilDelivery, CivilSubject
from egov_serang.models.complaints import Location, Reporter
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.models.permits import Applicant
from egov_serang.testing import FakeTransport
from egov_serang.testing.fake import FakeRequest, FakeResponse
from egov_serang.testing.faults import FaultServer, hang, reply
from egov_serang.types import Secret

OURS = str(Path(egov_serang.__file__).parent)
NIK = "9973010101900000"
NAME = "Canarita Binti Kenari"
BORN = "1991-02-03"
PHONE = "+628125550001"
TOKEN = "canary.access.token-3f9c"
SECRET = "canary/client=secret-77aa"
STORY = f"Saya {NAME}, NIK {NIK}, melihat lubang"


def pem_lines() -> list[str]:
    keys = (ed25519_pem() + p256_pem()).decode()
    return [line for line in keys.splitlines() if line and not line.startswith("-----")]


CANARIES = [NIK, NIK[4:], NAME, NAME.upper(), BORN, PHONE, TOKEN, SECRET, "canary%2Fclient", STORY[:20], *pem_lines()]
EVERYTHING = " ".join((NIK, NAME, BORN, PHONE, TOKEN, STORY))


def leaked(shown: str) -> list[str]:
    return [canary for canary in CANARIES if canary in shown]


@pytest.fixture(params=["private_key_jwt", "client_secret"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    assertion, message = tmp_path / "assertion.pem", tmp_path / "message.pem"
    assertion.write_bytes(p256_pem())
    message.write_bytes(ed25519_pem())
    how: dict[str, Any] = {"auth": request.param}
    how |= {"key_file": assertion} if request.param == "private_key_jwt" else {"client_secret": Secret(SECRET)}
    return Config(gateway="https://gateway.invalid", client_id="app", signing_key_file=message, retries=0, **how)


PURPOSE = Purpose(purpose_code="permit", legal_basis="public_task")
WHO = Attributes(full_name=NAME, birth_date=date.fromisoformat(BORN))

Operation = Callable[[Any], Any]
OPERATIONS: dict[str, Operation] = {
    "verify": lambda s: s.identity.verify(Nik(NIK), WHO, purpose=PURPOSE, client_reference="ref-1"),
    "verify text": lambda s: s.identity.verify(NIK, WHO, purpose=PURPOSE),
    "submit": lambda s: s.complaints.submit(
        "road",
        STORY,
        location=Location(address_string=f"rumah {NAME}"),
        photos=[f"{EVERYTHING}".encode()],
        attributes={"nik": Nik(NIK), "text": NIK, "name": NAME},
        reporter=Reporter(name=NAME, phone=Phone(PHONE)),
    ),
    "transition": lambda s: s.complaints.transition("c-1", "verify", version=1, comment=STORY, data={"name": NAME}),
    "start": lambda s: s.permits.applications.start("stall", applicant=Applicant(name=NAME), form={"nik": Nik(NIK)}),
    "attach": lambda s: s.permits.applications.attach("a-1", "ktp", EVERYTHING.encode()),
    "send": lambda s: s.notifications.send("t-1", Recipient(phone=Phone(PHONE)), personalisation={"name": NAME}),
    "get": lambda s: s.complaints.get("c-1"),
    "civil": lambda s: s.identity.applications.start(
        "kk",
        applicant=CivilApplicant(subject_ref=NAME),
        subjects=[CivilSubject(role="child", name=NAME)],
        form={"nik": Nik(NIK), "name": NAME, "born": BORN},
        delivery=CivilDelivery(mode="post", address=f"rumah {NAME}"),
    ),
    "civil attach": lambda s: s.identity.applications.attach("a-1", "kk", EVERYTHING.encode()),
    "civil transition": lambda s: s.identity.applications.transition("a-1", "reject", version=1, comment=NAME),
    "wait civil": lambda s: s.identity.applications.wait_for("a-1", until=["determined"]),
    "wait": lambda s: s.permits.applications.wait_for("a-1"),
}

FLOWS = {"verify", "verify text", "submit", "wait", "wait civil"}
"""Several calls, so there is no single one to show."""

ANSWER = {
    "transaction_id": "v-1",
    "outcome": "match",
    "evidence": EVERYTHING,
    "complaint_id": "c-1",
    "service_code": "road",
    "status": "determined",
    "version": 1,
    "description": STORY,
    "reporter": {"name": NAME, "phone": PHONE},
    "attributes": {NAME: NIK},
    "unknown": EVERYTHING,
    "application_id": "a-1",
    "applicant": {"subject_ref": NAME, "name": NAME},
    "subjects": [{"role": "child", "name": NAME}],
    "status_notes": STORY,
    "result": {"document_id": "r-1", "kind": "kk", "number": NIK, "qr_payload": EVERYTHING},
    "permit_type_code": "stall",
    "stage": "preparation",
    "form": {"name": NAME},
    "document_id": "d-1",
    "kind": "ktp",
    "filename": NAME,
    "media_type": "image/jpeg",
    "size": 1,
    "sha256": "0",
    "media_id": "m-1",
    "message_id": "n-1",
    "template_id": "t-1",
    "failure_reason": EVERYTHING,
}


def problem(status: int, code: str = "something") -> Callable[[FakeRequest], FakeResponse]:
    """A refusal that says everything back that the request said: all texts of its body, and its token."""

    def refuse(request: FakeRequest) -> FakeResponse:
        said = request.body.decode() if request.headers.get("content-type") == "application/json" else ""
        every = (NIK, NAME, BORN, PHONE, STORY, f"rumah {NAME}")
        echo = " | ".join([*(text for text in every if text in said), NIK, TOKEN])
        document = {
            "type": echo,
            "title": echo,
            "status": status,
            "detail": f"{echo} is wrong, {echo.upper()} too",
            "code": code,
            "trace_id": TOKEN,
            "errors": [{"pointer": f"/a/{echo}", "code": echo, "detail": echo}],
            "allowed_actions": [echo, NIK, TOKEN, "verify"],
        }
        return FakeResponse(status, json=document)

    return refuse


def break_off(kind: Any, sent: Any) -> Callable[[FakeRequest], FakeResponse]:
    def fail(request: FakeRequest) -> FakeResponse:
        raise TransportFault(kind, sent=sent, reason="it broke")

    return fail


def end(kind: type[BaseException]) -> Callable[[FakeRequest], FakeResponse]:
    def fail(request: FakeRequest) -> FakeResponse:
        raise kind

    return fail


HTML = f"<html>{EVERYTHING}</html>".encode()
JSON = {"content-type": "application/json"}
REFUSALS: dict[str, Any] = {
    **{f"problem {status}": problem(status) for status in (400, 401, 403, 404, 409, 412, 422, 428, 429, 500, 502, 503)},
    **{f"problem, code {code[:6]}": problem(422, code) for code in (NIK, NAME, TOKEN, "validation_failed")},
    **{
        f"html {status}": FakeResponse(status, body=HTML, headers={"content-type": "text/html"})
        for status in (200, 404, 500)
    },
    "malformed": FakeResponse(200, body=f'{{"x": "{EVERYTHING}'.encode(), headers=JSON),
    "wrong shape": FakeResponse(200, json={"complaint_id": [EVERYTHING], "outcome": [NAME], "status": [NIK]}),
    "wrong keys": FakeResponse(200, json={**ANSWER, "reporter": 5, "results": {NAME: {NIK: NAME}}, "attributes": NAME}),
    "a list": FakeResponse(200, json=[EVERYTHING]),
    "nothing": FakeResponse(200, body=b"", headers=JSON),
    "another's id": FakeResponse(200, json=ANSWER, headers={"x-request-id": EVERYTHING}),
    "another's reference": FakeResponse(200, json={**ANSWER, "client_reference": NAME}),
    "redirect": FakeResponse(302, headers={"location": f"https://other.invalid/{NIK}?{TOKEN}"}, json={"x": EVERYTHING}),
    **{kind: break_off(kind, "maybe") for kind in ("reset", "timeout", "truncated")},
    "connect": break_off("connect", "no"),
}
PARTIAL = {"wrong keys", "another's reference"}
ISSUER_REFUSALS: dict[str, Any] = {
    "refused": FakeResponse(401, json={"error": "invalid_client", "error_description": f"{EVERYTHING} {SECRET}"}),
    "prose": FakeResponse(400, json={"error": f"{EVERYTHING} {SECRET}"}),
    "html": FakeResponse(500, body=HTML, headers={"content-type": "text/html"}),
    "wrong shape": FakeResponse(200, json={"access_token": [TOKEN], "token_type": "Bearer"}),
    "wrong kind": FakeResponse(200, json={"access_token": TOKEN, "token_type": NAME}),
    "reset": break_off("reset", "maybe"),
}


class City:
    """Answers every call with one thing, and token requests with a canary; counts what it saw of the canaries."""

    def __init__(self, answer: Any = None, *, issuer: Any = None) -> None:
        self.answer = FakeResponse(200, json=ANSWER) if answer is None else answer
        self.issuer = issuer or FakeResponse(200, json={"access_token": TOKEN, "token_type": "Bearer"})
        self.calls = 0
        self.transport = FakeTransport(self, tokens=False)

    def __call__(self, request: FakeRequest) -> FakeResponse:
        found = self.issuer if request.path == "/oauth2/token" else self.answer
        if request.path != "/oauth2/token":
            self.calls += 1
            assert request.headers["authorization"] == f"Bearer {TOKEN}", "the canary is in use"
        answer: FakeResponse = found(request) if callable(found) else found
        return answer


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger of the process at DEBUG; at the end of each test none may have said a canary."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    yield caplog
    said = [f"{record.getMessage()} {vars(record)}" for record in caplog.get_records("call")]
    assert leaked(" ".join(said)) == []


def our_locals(error: BaseException) -> str:
    """The locals of our frames, of the error and of all errors it drags along."""
    shown: list[str] = []
    report: traceback.TracebackException | None = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    pending = [report]
    while pending:
        report = pending.pop()
        if report is not None:
            shown += [f"{f.name}: {f.locals}" for f in report.stack if f.filename.startswith(OURS)]
            pending += [report.__cause__, report.__context__]
    return "\n".join(shown)


def check_error(error: EgovError) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    assert leaked(our_locals(error)) == []
    surfaces = [str(error), repr(error), repr(error.args), repr(vars(error)), repr(pickle.loads(pickle.dumps(error)))]
    surfaces += [pickle.dumps(error).decode("latin-1"), error.user_message("id"), error.user_message("en")]
    surfaces += ["".join(traceback.format_exception_only(error))]
    for shown in surfaces:
        assert leaked(shown) == []


def sync_failure(config: Config, city: City, operation: Operation, mode: str = "") -> EgovError:
    client = Client(config, transport=city.transport)
    with pytest.raises(EgovError) as caught:
        operation(client.raw if mode == "raw" else client)
    check_client(client)
    return caught.value


def async_failure(config: Config, city: City, operation: Operation) -> EgovError:
    client = AsyncClient(config, transport=city.transport)

    async def main() -> EgovError:
        with pytest.raises(EgovError) as caught:
            await operation(client)
        return caught.value

    error = asyncio.run(main())
    check_client(client)
    return error


def check_client(client: Any) -> None:
    engine = client.complaints.engine
    shown = [client, client.config, client.tokens, vars(client), vars(client.tokens), vars(engine), client.complaints]
    shown += [client.raw, client.dry, vars(client.complaints), engine.runtime, vars(engine.runtime), engine.options]
    assert leaked(" ".join(map(repr, shown))) == []


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_and_faults_show_no_canary(config: Config, name: str) -> None:
    for operation in OPERATIONS.values():
        if name in PARTIAL and operation is not OPERATIONS["verify"]:
            continue  # the others do not read what is wrong, and succeed
        check_error(sync_failure(config, City(REFUSALS[name]), operation))
        check_error(async_failure(config, City(REFUSALS[name]), operation))
    check_error(sync_failure(config, City(REFUSALS[name]), OPERATIONS["verify"], "raw"))


@pytest.mark.parametrize("name", ISSUER_REFUSALS)
def test_the_issuers_refusals_show_no_canary(config: Config, name: str) -> None:
    for attempt in (sync_failure, async_failure):
        city = City(issuer=ISSUER_REFUSALS[name])
        check_error(attempt(config, city, OPERATIONS["verify"]))
        assert city.calls == 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_results_show_no_canary(config: Config, name: str) -> None:
    city = City()
    client, asynchronous = Client(config, transport=city.transport), AsyncClient(config, transport=city.transport)

    async def main() -> list[Any]:
        return [await OPERATIONS[name](asynchronous), await OPERATIONS[name](asynchronous.raw)]

    results = [OPERATIONS[name](client), OPERATIONS[name](client.raw), *asyncio.run(main())]
    for result in results:
        assert leaked(f"{result} {result!r} {[result]}") == []
    assert leaked(" ".join(repr(request) for request in city.transport.requests)) == []
    check_client(client)
    check_client(asynchronous)


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n not in FLOWS])
def test_calls_show_no_canary(config: Config, name: str) -> None:
    client = Client(config, transport=City().transport)
    call = OPERATIONS[name](client.dry)
    assert leaked(f"{call} {call!r} {call.body!r} {call.decode!r} {call.headers!r} {call.target()}") == []


WRONG: dict[str, Operation] = {
    "long number": lambda s: s.identity.verify(NIK + "1", WHO, purpose=PURPOSE),
    "number as path": lambda s: s.complaints.get(f"{NIK}/{NAME}"),
    "name as path": lambda s: s.complaints.get(f"{NAME};"),
    "object": lambda s: s.complaints.submit("road", STORY, attributes={"name": NAME, "x": object()}),
    "not a number": lambda s: s.permits.applications.start(
        "s", applicant=Applicant(name=NAME), form={NAME: float("nan")}
    ),
    "long code": lambda s: s.complaints.submit(NAME * 10, STORY),
    "blank": lambda s: s.complaints.submit("", STORY),
    "long story": lambda s: s.complaints.submit("road", STORY * 200),
    "no such photo": lambda s: s.complaints.submit("road", STORY, photos=[f"/nowhere/{NIK}.jpg"]),
    "two ways": lambda s: s.notifications.send("t", Recipient(phone=Phone(PHONE), email=f"{NAME}@x.invalid")),
    "no version": lambda s: s.complaints.transition("c", "verify", comment=STORY),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_show_no_canary(config: Config, name: str) -> None:
    for attempt in (sync_failure, async_failure):
        city = City()
        error = attempt(config, city, WRONG[name])
        check_error(error)
        assert error.sent == "no"
        assert city.calls == 0


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("place", ["call", "token"])
def test_an_interrupt_on_the_way_finds_no_canary_in_our_frames(config: Config, name: str, place: str) -> None:
    city = City(end(KeyboardInterrupt)) if place == "call" else City(issuer=end(KeyboardInterrupt))
    client = Client(config, transport=city.transport)
    with pytest.raises(KeyboardInterrupt) as caught:
        OPERATIONS[name](client)
    shown = our_locals(caught.value)
    assert "perform: " in shown, "our frames were looked at"
    assert leaked(shown) == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_cancellation_on_the_way_finds_no_canary_in_our_frames(config: Config, name: str) -> None:
    client = AsyncClient(config, transport=City(end(asyncio.CancelledError)).transport)
    seen: list[str] = []

    async def main() -> None:
        # The exception is looked at here, where its frames still are.
        try:
            await OPERATIONS[name](client)
        except asyncio.CancelledError as error:
            seen.append(our_locals(error))

    asyncio.run(main())
    assert "perform: " in seen[0]
    assert leaked(seen[0]) == []


@pytest.mark.parametrize("name", ["verify", "submit", "send"])
def test_a_bug_in_a_transport_finds_no_canary_in_our_frames(config: Config, name: str) -> None:
    client = Client(config, transport=City(end(ZeroDivisionError)).transport)
    with pytest.raises(ZeroDivisionError) as caught:
        OPERATIONS[name](client)
    assert leaked(our_locals(caught.value)) == []


@pytest.mark.parametrize("name", ["verify", "get"])
def test_what_an_error_drags_along_is_cut_off(config: Config, name: str) -> None:
    def chained(request: FakeRequest) -> FakeResponse:
        try:
            raise ValueError(EVERYTHING)
        except ValueError as error:
            raise ConnectionFailed("a transport of a user's", sent="maybe") from error

    check_error(sync_failure(config, City(chained), OPERATIONS[name]))
    check_error(async_failure(config, City(chained), OPERATIONS[name]))


def test_lists_show_no_canary(config: Config) -> None:
    city = City(FakeResponse(200, json={"data": [ANSWER, ANSWER], "next_cursor": None}))
    pager = Client(config, transport=city.transport).complaints.list()
    items = list(pager)
    assert len(items) == 2
    assert leaked(f"{pager!r} {vars(pager)} {items}") == []
    city.answer = FakeResponse(200, json={"data": [{**ANSWER, "version": NAME}], "next_cursor": NIK})
    with pytest.raises(EgovError) as caught:
        list(Client(config, transport=city.transport).complaints.list())
    check_error(caught.value)


def test_full_traces_are_announced(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOV_SERANG_TRACE", "full")
    with pytest.warns(UserWarning, match="personal data"):
        client = Client(config, transport=City(REFUSALS["problem 422"]).transport)
    with pytest.raises(EgovError) as caught:
        client.complaints.get("c-1")
    assert "perform: " in our_locals(caught.value)
    gc.collect()


def as_httpx(request: httpx.Request) -> httpx.Response:
    """Grants tokens; every call ends in an interrupt."""
    if request.url.path == "/oauth2/token":
        return httpx.Response(200, json={"access_token": TOKEN, "token_type": "Bearer"})
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_frames_of_the_httpx_transports_hold_no_canary(config: Config, name: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(as_httpx)) as given:
        with pytest.raises(KeyboardInterrupt) as caught:
            OPERATIONS[name](Client(config, http_client=given))
        shown = our_locals(caught.value)
    assert "send: " in shown
    assert leaked(shown) == []

    async def main() -> str:
        async with httpx.AsyncClient(transport=httpx.MockTransport(as_cancelled)) as given:
            try:
                await OPERATIONS[name](AsyncClient(config, http_client=given))
            except asyncio.CancelledError as error:
                return our_locals(error)
        return ""

    shown = asyncio.run(main())
    assert "send: " in shown
    assert leaked(shown) == []


def as_cancelled(request: httpx.Request) -> httpx.Response:
    try:
        return as_httpx(request)
    except KeyboardInterrupt:
        raise asyncio.CancelledError from None


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_frames_of_the_lanes_hold_no_canary(config: Config, name: str) -> None:
    with respx.mock(using="httpcore") as mocked:
        mocked.route().mock(side_effect=as_httpx)
        with Client(config) as client, pytest.raises(KeyboardInterrupt) as caught:
            OPERATIONS[name](client)
        shown = our_locals(caught.value)
        assert "send: " in shown
        assert leaked(shown) == []

        async def main() -> str:
            async with AsyncClient(config) as asynchronous:
                try:
                    await OPERATIONS[name](asynchronous)
                except asyncio.CancelledError as error:
                    return our_locals(error)
            return ""

        mocked.route().mock(side_effect=as_cancelled)
        shown = asyncio.run(main())
        assert "send: " in shown
        assert leaked(shown) == []


@pytest.mark.parametrize("name", ["verify", "submit", "get"])
def test_the_frames_of_the_fast_transport_hold_no_canary(config: Config, name: str) -> None:
    """pyreqwest's requests show every header when they are printed."""

    def interrupt() -> None:
        server.wait_for(2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    granted = reply(json={"access_token": TOKEN, "token_type": "Bearer"})
    with FaultServer(granted, hang()) as server:
        near = config.with_(gateway=server.url, issuer=server.url, transport="fast", read=0.5, retries=0)
        finger = threading.Thread(target=interrupt)
        finger.start()
        with Client(near) as client, pytest.raises(KeyboardInterrupt) as caught:
            OPERATIONS[name](client)
        finger.join()
        shown = our_locals(caught.value)
        assert "send: " in shown
        assert leaked(shown) == []

    async def main() -> str:
        async with AsyncClient(near.with_(gateway=server.url, issuer=server.url)) as asynchronous:
            call = asyncio.create_task(watched(OPERATIONS[name](asynchronous)))
            await asyncio.to_thread(server.wait_for, 2)
            call.cancel()
            return await call

    async def watched(work: Any) -> str:
        try:
            await work
        except asyncio.CancelledError as error:
            return our_locals(error)
        return ""

    with FaultServer(granted, hang()) as server:
        shown = asyncio.run(main())
        assert "send: " in shown
        assert leaked(shown) == []


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Half an answer about a person, then the end."""

    def __iter__(self) -> Iterator[bytes]:
        yield EVERYTHING.encode()
        raise KeyboardInterrupt

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield EVERYTHING.encode()
        raise asyncio.CancelledError


def half(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/oauth2/token":
        return httpx.Response(200, json={"access_token": TOKEN, "token_type": "Bearer"})
    return httpx.Response(200, stream=Broken(), headers={"content-type": "application/json"})


@pytest.mark.parametrize("way", ["lanes", "httpx"])
def test_half_an_answer_stays_out_of_our_frames(config: Config, way: str) -> None:
    with respx.mock(using="httpcore", assert_all_called=False) as mocked:
        mocked.route().mock(side_effect=half)
        given = httpx.Client(transport=httpx.MockTransport(half)) if way == "httpx" else None
        with pytest.raises(KeyboardInterrupt) as caught:
            Client(config, http_client=given).complaints.get("c-1")
        shown = our_locals(caught.value)
        assert "send: " in shown
        assert leaked(shown) == []

        async def main() -> str:
            given = httpx.AsyncClient(transport=httpx.MockTransport(half)) if way == "httpx" else None
            try:
                await AsyncClient(config, http_client=given).complaints.get("c-1")
            except asyncio.CancelledError as error:
                return our_locals(error)
            return ""

        shown = asyncio.run(main())
        assert "send: " in shown
        assert leaked(shown) == []
