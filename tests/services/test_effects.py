"""The truth about writes: an answer lost after the commit, with and without a key the wire honours."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from egov_serang import AsyncClient, Client, Config, ConnectionFailed, EgovError
from egov_serang.core.bind import M, Service, operation
from egov_serang.core.call import Call
from egov_serang.models.complaints import Complaint, Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.wires.gateway.complaints import ComplaintsGateway

HERE = Location(area_code="36.73.01.1001")


class Unkeyed(Service[M]):
    """A wire that sends the key but is not promised that anybody honours it."""

    @operation
    def submit(self) -> Call[Complaint]:
        """Submit once, at most."""
        call = ComplaintsGateway().submit(
            "jalan_rusak",
            "Jalan berlubang.",
            location=HERE,
            attributes=None,
            reporter=None,
            confidential=False,
            anonymous=False,
            client_reference=None,
        )
        return replace(call, safety="never_repeat")


def test_a_lost_answer_leaves_exactly_one_complaint_after_the_retry(city: Config, sandbox: Sandbox) -> None:
    before = sandbox.counts()["complaints"]
    sandbox.fault("complaints.submit", kind="lost_answer", times=1)
    with Client(city) as client:
        reply = client.raw.complaints.submit("jalan_rusak", "Jalan berlubang.", location=HERE)
    assert (reply.attempts, reply.replayed) == (2, True)
    assert sandbox.counts()["complaints"] == before + 1


def test_a_lost_answer_leaves_exactly_one_complaint_on_the_asynchronous_client(city: Config, sandbox: Sandbox) -> None:
    before = sandbox.counts()["complaints"]
    sandbox.fault("complaints.submit", kind="lost_answer", times=1)

    async def submit() -> tuple[int, bool]:
        async with AsyncClient(city) as client:
            reply = await client.raw.complaints.submit("jalan_rusak", "Jalan berlubang.", location=HERE)
            return reply.attempts, reply.replayed

    assert asyncio.run(submit()) == (2, True)
    assert sandbox.counts()["complaints"] == before + 1


def test_a_write_without_an_honoured_key_is_never_repeated_once_bytes_were_sent(city: Config, sandbox: Sandbox) -> None:
    before = sandbox.counts()["complaints"]
    sandbox.fault("complaints.submit", kind="lost_answer", times=1)
    with Client(city) as client:
        service = Unkeyed(client.complaints.engine, None, client.complaints.mode)
        with pytest.raises(EgovError) as caught:
            service.submit()
    assert (caught.value.sent, caught.value.attempts) == ("maybe", 1)
    assert "sent=maybe" in str(caught.value)
    assert sandbox.counts()["complaints"] == before + 1


def test_a_write_that_provably_never_left_is_repeated_even_without_a_key(city: Config) -> None:
    # Nobody listens on port 1 of the loopback: the connection is refused before a byte is written.
    nowhere = replace(city, gateway="http://127.0.0.1:1")
    with Client(nowhere) as client:
        service = Unkeyed(client.complaints.engine, None, client.complaints.mode)
        with pytest.raises(ConnectionFailed) as caught:
            service.submit()
    assert (caught.value.sent, caught.value.attempts) == ("no", 3)


def test_a_flow_run_again_with_its_key_repeats_no_effect(city: Config, sandbox: Sandbox) -> None:
    before = sandbox.counts()["complaints"]
    # The complaint is made, the photo's step fails for good: the caller runs the whole flow again with its key.
    sandbox.fault("complaints.attach", kind="status", status=403, code="forbidden", times=1)
    with Client(city) as client:
        with pytest.raises(EgovError) as caught:
            client.complaints.submit(
                "jalan_rusak", "Jalan berlubang.", location=HERE, photos=[b"\x89PNG\r\n\x1a\n picture"]
            )
        key = caught.value.idempotency_key
        assert key is not None
        done = client.with_options(idempotency_key=key).complaints.submit(
            "jalan_rusak", "Jalan berlubang.", location=HERE, photos=[b"\x89PNG\r\n\x1a\n picture"]
        )
    assert len(done.media) == 1
    assert sandbox.counts()["complaints"] == before + 1
