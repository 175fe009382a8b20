"""Times are RFC 3339 with an offset, and nothing else that pydantic would take for one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox
from egov_serang.testing.plugin import SCOPES

LISTS = (
    "complaints/cases?updated_after",
    "identity/applications?updated_after",
    "permits/applications?updated_after",
    "notifications/announcements?active_at",
)


@pytest.fixture(scope="module")
def peer(sandbox: Sandbox) -> Iterator[Peer]:
    peer = Peer(sandbox.url, "clockmaker", list(SCOPES))
    sandbox.register(peer.client_id, peer.jwks(), peer.scopes)
    yield peer
    peer.http.close()


@pytest.mark.parametrize("filters", LISTS)
@pytest.mark.parametrize(
    ("time", "status"),
    [
        ("2026-11-24T08:00:00Z", 200),
        ("2026-11-24T08:00:00.5+07:00", 200),
        ("0", 422),
        ("1795505064", 422),
        ("2026-11-24", 422),
        ("2026-11-24T08:00:00", 422),
        ("2026-11-24 08:00:00Z", 422),
        ("2026-13-24T08:00:00Z", 422),
    ],
)
def test_a_filter(peer: Peer, filters: str, time: str, status: int) -> None:
    assert peer.get(f"/v1/{filters}={quote(time)}").status_code == status


@pytest.mark.parametrize("send_at", [0, 1795505064.5, "1795505064", True])
def test_a_time_to_send_at(peer: Peer, send_at: object) -> None:
    body = {"template_id": "complaint-resolved-sms", "recipient": {"phone": "+6281200000001"}, "send_at": send_at}
    answer = peer.post("/v1/notifications/messages", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/send_at"]
