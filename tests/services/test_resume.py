"""`client.resume(error)`: the same call with the same key, and the truth about all its attempts."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
from dataclasses import replace
from typing import Any

import pytest

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConnectionFailed,
    EgovError,
    Invalid,
    NotFound,
    Reply,
    UnsupportedOperation,
)
from egov_serang.core.bind import M, Service, operation
from egov_serang.core.call import Call
from egov_serang.core.message import TransportFault
from egov_serang.core.runtime import SyncRuntime
from egov_serang.models.complaints import Complaint, Location
from egov_serang.models.permits import Applicant
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import FakeRequest, FakeResponse, FakeTransport
from egov_serang.wires.gateway.complaints import ComplaintsGateway

HERE = Location(area_code="36.73.01.1001")
WORDS = "Kalimat yang tidak boleh tersisa"
COMPLAINT = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}
PNG = b"\x89PNG\r\n\x1a\n"


def complaint(sandbox: Sandbox) -> int:
    return sandbox.counts()["complaints"]


def failed(work: Any) -> EgovError:
    with pytest.raises(EgovError) as caught:
        work()
    return caught.value


def test_a_lost_answer_is_resumed_to_the_one_complaint(city: Config, sandbox: Sandbox) -> None:
    before = complaint(sandbox)
    sandbox.fault("complaints.submit", kind="lost_answer", times=2)
    with Client(city) as client:
        hasty = client.with_options(retries=0)
        error = failed(lambda: hasty.complaints.submit("jalan_rusak", "Berlubang.", location=HERE))
        assert (error.sent, error.attempts, len(error.trail)) == ("maybe", 1, 1)
        again = failed(lambda: hasty.resume(error))
        assert (again.sent, again.idempotency_key) == ("maybe", error.idempotency_key)
        found = client.resume(again)
        assert isinstance(found, Complaint)
        assert client.resume(error) == found
    assert complaint(sandbox) == before + 1


def test_a_task_resumes_likewise(city: Config, sandbox: Sandbox) -> None:
    before = complaint(sandbox)
    sandbox.fault("complaints.submit", kind="lost_answer", times=1)

    async def main() -> Reply[Complaint]:
        async with AsyncClient(city) as client:
            try:
                await client.with_options(retries=0).raw.complaints.submit("jalan_rusak", "Berlubang.", location=HERE)
            except EgovError as error:
                return await client.resume(error)  # type: ignore[no-any-return]
        raise AssertionError("the answer was to be lost")

    reply = asyncio.run(main())
    assert reply.replayed
    assert complaint(sandbox) == before + 1


def test_a_flow_is_run_again_whole_and_files_nothing_twice(city: Config, sandbox: Sandbox) -> None:
    before = complaint(sandbox)
    sandbox.fault("complaints.attach", kind="status", status=503, times=1)
    with Client(city) as client:
        hasty = client.with_options(retries=0)
        photos = [PNG + b"one", PNG + b"two"]
        error = failed(lambda: hasty.complaints.submit("jalan_rusak", "Berlubang.", location=HERE, photos=photos))
        assert error.sent == "yes", "the complaint is there: this is no call that was never sent"
        found = client.resume(error)
        assert len(found.media) == 2
    assert complaint(sandbox) == before + 1


class Lost:
    """Says nothing, in the ways it is told to, then answers."""

    def __init__(self, *ways: Any) -> None:
        self.ways = list(ways)
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.transport = FakeTransport(self.answer)

    def answer(self, request: FakeRequest) -> FakeResponse:
        self.keys.append(request.headers.get("idempotency-key", ""))
        self.bodies.append(request.body)
        if self.ways:
            way = self.ways.pop(0)
            if isinstance(way, FakeResponse):
                return way
            raise TransportFault("reset" if way == "maybe" else "connect", sent=way, reason="it broke")
        return FakeResponse(json=COMPLAINT)


def test_an_earlier_maybe_is_not_forgotten_by_a_proof_when_resumed() -> None:
    lost = Lost("maybe", "no", "no")
    client = Client(transport=lost.transport).with_options(retries=0)
    error = failed(lambda: client.complaints.transition("c-1", "verify", version=1))
    assert error.sent == "maybe"
    second = failed(lambda: client.resume(error))
    assert (second.sent, second.trail[0].sent, second.attempts) == ("maybe", "no", 1)
    third = failed(lambda: client.resume(second))
    assert third.sent == "maybe"
    assert client.resume(third).complaint_id == "c-1"
    assert len(set(lost.keys)) == 1
    assert len(set(lost.bodies)) == 1


def test_the_same_call_is_repeated_whatever_became_of_its_arguments() -> None:
    lost = Lost("maybe")
    client = Client(transport=lost.transport).with_options(retries=0)
    form = {"name": "satu"}
    applicant = Applicant(name="Uji")
    error = failed(lambda: client.permits.applications.start("stall", applicant=applicant, form=form))
    form["name"] = "dua"
    with pytest.raises(EgovError):  # this answer is no application
        client.resume(error)
    assert lost.bodies[0] == lost.bodies[1]


def test_a_read_is_resumed_too_and_a_final_refusal_simply_comes_again() -> None:
    lost = Lost("maybe")
    client = Client(transport=lost.transport).with_options(retries=0)
    error = failed(lambda: client.complaints.get("c-1"))
    assert client.resume(error).complaint_id == "c-1"
    gone = FakeResponse(404, json={"code": "not_found", "title": "no", "status": 404})
    lost.ways = [gone, gone]
    error = failed(lambda: client.complaints.get("c-2"))
    assert type(failed(lambda: client.resume(error))) is NotFound
    refused = failed(lambda: client.complaints.get(".."))
    assert type(failed(lambda: client.resume(refused))) is Invalid
    assert len(lost.keys) == 4


def test_the_options_are_the_resuming_clients_and_the_raw_result_stays_raw() -> None:
    lost = Lost("maybe", "maybe", "no")
    client = Client(transport=lost.transport)
    error = failed(lambda: client.with_options(retries=0).raw.complaints.get("c-1"))
    reply = client.with_options(retries=2, deadline=30).resume(error)
    assert isinstance(reply, Reply)
    assert reply.attempts == 3


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_only_the_error_itself_leads_back(way: Any) -> None:
    client = Client(transport=Lost("maybe").transport).with_options(retries=0)
    twin = way(failed(lambda: client.complaints.get("c-1")))
    with pytest.raises(UnsupportedOperation, match="only the error itself") as caught:
        client.resume(twin)
    assert (caught.value.code, caught.value.sent) == ("not_resumable", "no")


def test_another_clients_error_and_a_lists_error_are_refused() -> None:
    lost = Lost("maybe", "maybe")
    client, other = Client(transport=lost.transport), Client(transport=lost.transport)
    error = failed(lambda: client.with_options(retries=0).complaints.get("c-1"))
    with pytest.raises(UnsupportedOperation):
        other.resume(error)
    listed = failed(lambda: list(client.with_options(retries=0).complaints.list()))
    with pytest.raises(UnsupportedOperation, match="iterate on"):
        client.resume(listed)


class Unkeyed(Service[M]):
    """A wire that honours no keys."""

    @operation
    def submit(self) -> Call[Complaint]:
        """Submit once, at most."""
        call = ComplaintsGateway().transition("c-1", 1, "verify", {})
        return replace(call, safety="never_repeat")


def test_what_nobody_recognises_by_its_key_is_resumed_only_if_it_never_left() -> None:
    lost = Lost("no", "maybe")
    client = Client(transport=lost.transport).with_options(retries=0)
    service = Unkeyed(client.complaints.engine, None, client.complaints.mode)
    never = failed(service.submit)
    assert never.sent == "no"
    perhaps = failed(lambda: client.resume(never))
    assert perhaps.sent == "maybe"
    with pytest.raises(UnsupportedOperation, match="honours no idempotency key"):
        client.resume(perhaps)
    assert len(lost.keys) == 2


def test_after_the_keys_day_a_call_of_unknown_outcome_is_never_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Lost("maybe", "maybe", "no")
    client = Client(transport=lost.transport).with_options(retries=0)
    write = failed(lambda: client.complaints.transition("c-1", "verify", version=1))
    read = failed(lambda: client.complaints.get("c-1"))
    unsent = failed(lambda: client.complaints.transition("c-1", "verify", version=1))
    tomorrow = client.complaints.engine.runtime.wall() + 24 * 3600
    monkeypatch.setattr(SyncRuntime, "wall", lambda _: tomorrow)
    with pytest.raises(UnsupportedOperation, match="over 24 hours"):
        client.resume(write)
    assert client.resume(read).complaint_id == client.resume(unsent).complaint_id == "c-1"


def test_an_error_keeps_nothing_of_its_call_and_the_client_only_while_it_lives() -> None:
    client = Client(transport=Lost("maybe", "maybe").transport).with_options(retries=0)
    errors = [
        failed(lambda: client.complaints.submit("sampah", WORDS)),
        failed(lambda: client.complaints.transition("c-1", "verify", version=1, comment=WORDS)),
    ]
    for error in errors:
        shown = [repr(vars(error)), str(error), repr(error), pickle.dumps(error).decode("latin-1")]
        assert not [text for text in shown if WORDS in text]
        assert not [held for held in gc.get_referents(error) if WORDS in repr(held)]
    unfinished = client.complaints.engine.unfinished
    assert len(unfinished) == 2
    assert WORDS not in repr(unfinished) + repr([*unfinished.values()]) + repr([*unfinished.items()])
    del errors, error
    gc.collect()
    assert len(unfinished) == 0


def test_a_flow_tells_what_its_first_step_left_behind() -> None:
    def answer(request: FakeRequest) -> FakeResponse:
        if "media" in request.path:
            raise TransportFault("connect", sent="no", reason="it broke")
        return FakeResponse(json=COMPLAINT)

    client = Client(transport=FakeTransport(answer)).with_options(retries=0)
    error = failed(lambda: client.complaints.submit("sampah", "Kotor.", photos=[PNG]))
    assert type(error) is ConnectionFailed
    assert (error.sent, error.trail[-1].sent) == ("yes", "no")
