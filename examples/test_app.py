"""Three ways to test an app built on the SDK: a function as gateway, mocks of httpx, a real sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import respx

from egov_serang import Client, Config, InvalidTransition
from egov_serang.models.complaints import Location
from egov_serang.testing import FakeRequest, FakeResponse, FakeTransport, ScriptedFaults

if TYPE_CHECKING:  # the first two tests need no sandbox, and none of its libraries
    from egov_serang.sandbox.server import Sandbox

ANYWHERE = Config(gateway="https://gateway.invalid", auth="none", signature="none")
CASE = {"complaint_id": "c1", "service_code": "jalan_rusak", "status": "in_progress", "version": 3}
PAGE = {"data": [CASE], "next_cursor": None}


def under_way(client: Client) -> list[str]:
    """The app: the complaints somebody is working on."""
    return [complaint.complaint_id for complaint in client.complaints.list(status="in_progress")]


def test_with_a_function_as_gateway() -> None:
    def gateway(request: FakeRequest) -> FakeResponse:
        assert (request.path, request.query) == ("/v1/complaints/cases", {"status": "in_progress"})
        return FakeResponse(json=PAGE)

    assert under_way(Client(transport=FakeTransport(gateway))) == ["c1"]


@respx.mock
def test_with_respx() -> None:
    def echo(request: httpx.Request) -> httpx.Response:  # an answer must carry its request's id
        return httpx.Response(200, json=PAGE, headers={"x-request-id": request.headers["x-request-id"]})

    respx.get("https://gateway.invalid/v1/complaints/cases", params={"status": "in_progress"}).mock(side_effect=echo)
    with Client(ANYWHERE) as client:
        assert under_way(client) == ["c1"]


def test_against_the_sandbox(egov_client: Client, egov_faults: ScriptedFaults) -> None:
    egov_faults.lose_answer("complaints.submit")  # it is filed, then the connection is cut
    somewhere = Location(area_code="36.73.06.1008")
    reply = egov_client.raw.complaints.submit("sampah", "Sampah belum diangkut.", location=somewhere)
    assert (reply.attempts, reply.replayed) == (2, True)
    with pytest.raises(InvalidTransition) as refused:
        egov_client.complaints.transition(reply.data, "rate")  # before anybody has worked on it
    assert "verify" in refused.value.allowed_actions


def test_time_passes(egov_client: Client, egov_sandbox: Sandbox) -> None:
    somewhere = Location(area_code="36.73.06.1008")
    complaint = egov_client.complaints.submit("sampah", "Sampah belum diangkut.", location=somewhere)
    egov_sandbox.advance(30 * 86_400)
    due = egov_client.complaints.get(complaint.complaint_id).due
    assert due is not None
    assert due.breached
