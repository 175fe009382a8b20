"""The clients as objects: transports of the user's own, mocks, variants, pickling, closing."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import respx

from egov_serang import AsyncClient, Client, Config, ConfigError, ConnectionFailed, DeadlineExceeded, NotFound
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import FakeRequest, FakeResponse, FakeTransport

COMPLAINT = {"complaint_id": "c-1", "service_code": "jalan_rusak", "status": "submitted", "version": 1}
GATEWAY = "https://gateway.invalid"
PHOTO = b"\xff\xd8\xff photo"
HERE = Location(area_code="36.73.01.1001")


def unsigned() -> Config:
    return Config(gateway=GATEWAY, auth="none", signature="none")


def test_a_users_own_httpx_client_carries_signed_calls(city: Config) -> None:
    with httpx.Client(trust_env=False) as own:
        with Client(city, http_client=own) as client:
            codes = [item.service_code for item in client.complaints.services()]
            filed = client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[PHOTO])
            with client.complaints.download(filed.complaint_id, filed.media[0].media_id) as back:
                assert back.read() == PHOTO
        assert not own.is_closed
    assert "sampah" in codes


def test_a_users_own_asynchronous_httpx_client_carries_signed_calls(city: Config) -> None:
    async def run() -> bytes:
        async with httpx.AsyncClient(trust_env=False) as own:
            async with AsyncClient(city, http_client=own) as client:
                filed = await client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[PHOTO])
                async with await client.complaints.download(filed.complaint_id, filed.media[0].media_id) as back:
                    content = await back.aread()
            assert not own.is_closed
            return content

    assert asyncio.run(run()) == PHOTO


@respx.mock
def test_respx_mocks_both_clients(respx_mock: respx.MockRouter) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=COMPLAINT, headers={"x-request-id": request.headers["x-request-id"]})

    route = respx_mock.get(f"{GATEWAY}/v1/complaints/cases/c-1").mock(side_effect=answer)
    with Client(unsigned()) as client:
        one = client.complaints.get("c-1")

    async def run() -> object:
        async with AsyncClient(unsigned()) as other:
            return await other.complaints.get("c-1")

    assert asyncio.run(run()) == one
    assert route.call_count == 2


def test_a_fake_transport_needs_no_configuration_and_serves_both_clients() -> None:
    def handler(request: FakeRequest) -> FakeResponse | dict[str, object]:
        if request.path.endswith("/c-1"):
            return dict(COMPLAINT)
        return FakeResponse(404, json={"code": "not_found", "title": "Not found"})

    fake = FakeTransport(handler)
    client = Client(transport=fake)
    assert client.complaints.get("c-1").version == 1
    with pytest.raises(NotFound):
        client.complaints.get("c-2")

    async def run() -> int:
        async with AsyncClient(transport=fake) as other:
            return (await other.complaints.get("c-1")).version

    assert asyncio.run(run()) == 1
    assert [seen.path for seen in fake.requests] == [f"/v1/complaints/cases/{n}" for n in ("c-1", "c-2", "c-1")]


def test_a_variant_shares_the_connections_and_does_not_close_them(city: Config) -> None:
    with Client(city) as client:
        with client.with_options(deadline=5, language="en") as variant:
            names = {kind.name for kind in variant.permits.types()}
        assert "Street trader's registration" in names
        assert {kind.name for kind in client.permits.types()}.isdisjoint(names)
        assert variant.tokens is client.tokens


def test_two_clients_of_one_application_share_a_token(city: Config, sandbox: Sandbox) -> None:
    with Client(city) as one, Client(city, tokens=one.tokens) as two:
        before = sandbox.counts()["token_calls"]
        list(one.complaints.services())
        list(two.complaints.services())
        assert sandbox.counts()["token_calls"] == before + 1


def test_a_client_pickles_as_its_configuration(city: Config) -> None:
    with Client(city) as client:
        twin = pickle.loads(pickle.dumps(client))
        assert twin.config == city
        assert list(twin.complaints.services()) == list(client.complaints.services())
        twin.close()
    with pytest.raises(TypeError, match="pass its Config"):
        pickle.dumps(Client(transport=FakeTransport(lambda _: {})))


def test_a_closed_client_says_so_and_closing_twice_does_no_harm(city: Config) -> None:
    client = Client(city)
    client.close()
    client.close()
    with pytest.raises(ConnectionFailed) as caught:
        client.complaints.get("c-1")
    assert caught.value.sent == "no"


def test_a_deadline_covers_the_whole_call(city: Config, sandbox: Sandbox) -> None:
    sandbox.fault("complaints.list", kind="delay", delay_s=2, times=1)
    with Client(city) as client, pytest.raises(DeadlineExceeded) as caught:
        list(client.with_options(deadline=0.5).complaints.list())
    assert caught.value.sent == "maybe"


def test_what_cannot_work_is_said_when_the_client_is_made(city: Config, tmp_path: Path) -> None:
    absent, empty = tmp_path / "absent.pem", tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for broken in (
        replace(city, key_file=absent),
        replace(city, key_file=empty),
        replace(city, signing_key_file=city.key_file),  # one key for both
        replace(city, ca_file=absent),
    ):
        with pytest.raises(ConfigError) as caught:
            Client(broken)
        assert caught.value.hint
    with Client(city) as client:
        for wrong in ({"deadline": 0}, {"deadline": float("inf")}, {"retries": -1}):
            with pytest.raises(ConfigError):
                client.with_options(**wrong)  # type: ignore[arg-type]
