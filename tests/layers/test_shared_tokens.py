"""Clients that share a token source, in both worlds and inside each other's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.layers.keys import ed25519_pem

from egov_serang import AsyncClient, Client, Config
from egov_serang.testing import FakeTransport
from egov_serang.testing.fake import FakeRequest, FakeResponse
from egov_serang.types import Secret

ANSWER = {"complaint_id": "c", "service_code": "road", "status": "submitted", "version": 1}


class City:
    def __init__(self) -> None:
        self.tokens = 0
        self.used: list[str] = []

    def __call__(self, request: FakeRequest) -> Any:
        if request.path == "/oauth2/token":
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 3600}
        self.used.append(request.headers["authorization"])
        if len(self.used) == 1:
            return FakeResponse(401, json={"code": "token_expired", "title": "no"})
        return ANSWER


def test_clients_of_one_application_share_their_tokens(tmp_path: Path) -> None:
    key = tmp_path / "message.pem"
    key.write_bytes(ed25519_pem())
    config = Config(
        gateway="https://gateway.invalid",
        auth="client_secret",
        client_id="app",
        client_secret=Secret("s"),
        signing_key_file=key,
    )
    city = City()
    first = Client(config, transport=FakeTransport(city, tokens=False))
    second = Client(config, transport=FakeTransport(city, tokens=False), tokens=first.tokens)
    third = AsyncClient(config, transport=FakeTransport(city, tokens=False), tokens=first.tokens)

    async def main() -> None:
        assert (await third.complaints.get("c")).version == 1
        assert second.complaints.get("c").version == 1, "a synchronous call inside a running loop"
        await asyncio.gather(*(third.complaints.get("c") for _ in range(5)))

    assert first.complaints.get("c").version == 1
    asyncio.run(main())
    assert first.with_options(deadline=5).complaints.get("c").version == 1
    assert city.used == ["Bearer token-1"] + ["Bearer token-2"] * 9
    assert city.tokens == 2
