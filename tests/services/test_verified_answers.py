"""Whole clients against the sandbox: answers verified, spoiled ones refused, clocks that differ, both cities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from egov_serang import AsyncClient, Client, Config, ConfigError, EgovError, SignatureInvalid, SignatureRefused
from egov_serang.core.message import Headers, Limits, Request, Response
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import Cassette, FakeTransport
from egov_serang.testing.scripted import ScriptedFaults
from egov_serang.transport.lanes import Lanes

HERE = Location(area_code="36.73.01.1001")
PHOTO = b"\xff\xd8\xff" + bytes(200_000)
SCOPES = ["complaints:read", "complaints:write"]
JWKS = "/.well-known/jwks.json"
Call = Callable[[Any], Any]


def services(client: Any) -> Any:
    return client.complaints.get("none")


def routes(sandbox: Sandbox) -> list[str]:
    return [str(one["route"]) for one in sandbox.requests()]


@pytest.fixture(params=["threads", "tasks", "fast threads", "fast tasks"])
def ask(request: pytest.FixtureRequest) -> Callable[[Config, Call], Any]:
    """Makes a client of either kind and one call on it."""

    transport = "fast" if "fast" in request.param else None

    def on_threads(config: Config, what: Call) -> Any:
        with Client(config, transport=transport) as client:
            return what(client)

    def on_tasks(config: Config, what: Call) -> Any:
        async def run() -> Any:
            async with AsyncClient(config, transport=transport) as client:
                return await what(client)

        return asyncio.run(run())

    return on_threads if "threads" in request.param else on_tasks


Ask = Callable[[Config, Call], Any]


def submit(client: Any) -> Any:
    return client.raw.complaints.submit("sampah", "Sampah.", location=HERE)


def test_keys_are_fetched_once_and_discovery_is_not_asked(city: Config, sandbox: Sandbox) -> None:
    with Client(city) as client:
        for _ in range(3):
            list(client.complaints.services())
    assert routes(sandbox).count(JWKS) == 1
    assert "/.well-known/smartcity-gateway" not in routes(sandbox)


@pytest.mark.parametrize(("kind", "code"), [("spoiled_answer", "digest"), ("unsigned_answer", "signature_missing")])
def test_a_spoiled_answer_is_refused_explained_and_has_no_second_effect(
    ask: Ask, city: Config, sandbox: Sandbox, kind: Any, code: str
) -> None:
    sandbox.fault("complaints.submit", kind=kind, times=3)
    before = sandbox.counts()["complaints"]
    with pytest.raises(SignatureInvalid) as caught:
        ask(city, submit)
    error = caught.value
    assert (error.code, error.sent, error.attempts, error.operation) == (code, "yes", 3, "complaints.submit")
    assert error.request_id in str(error)
    assert code in error.explain()
    assert sandbox.counts()["complaints"] == before + 1


def test_damage_that_passes_is_repaired_by_the_kept_answer(ask: Ask, city: Config, egov_faults: ScriptedFaults) -> None:
    egov_faults.spoil_answer("complaints.submit")
    reply = ask(city, submit)
    assert (reply.attempts, reply.replayed) == (2, True)


def test_a_forged_refusal_is_not_believed(ask: Ask, city: Config, sandbox: Sandbox) -> None:
    sandbox.fault("complaints.get", kind="unsigned_answer", times=3)
    with pytest.raises(SignatureInvalid):
        ask(city, services)


class Replaying:
    """Somebody on the way who keeps the first answer and gives it for every later request of the same operation."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.kept: Response | None = None

    def send(self, request: Request, limits: Limits) -> Response:
        response = self.lanes.send(request, limits)
        if "/complaints/" not in request.url:
            return response
        self.kept = self.kept or response
        fields = {**self.kept.headers, "x-request-id": dict(request.headers)["x-request-id"]}
        return Response(self.kept.status, Headers(fields.items()), self.kept.body)

    def close(self) -> None:
        self.lanes.close()


def test_an_older_answer_of_the_gateway_is_refused(city: Config) -> None:
    replaying = Replaying()
    with Client(city, transport=replaying) as client:
        assert list(client.complaints.services())
        with pytest.raises(SignatureInvalid) as caught:
            list(client.complaints.services())
    replaying.close()
    assert caught.value.code == "signature_wrong"
    assert '"signature";req;key="egov"' in caught.value.explain()


def test_a_download_is_checked_to_its_end(city: Config, sandbox: Sandbox, tmp_path: Path) -> None:
    with Client(city) as client:
        filed = client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[PHOTO])
        media = filed.media[0].media_id
        with client.complaints.download(filed.complaint_id, media) as good:
            assert good.read() == PHOTO
        sandbox.fault("complaints.download", kind="spoiled_answer", route_prefix="", times=1)
        with client.complaints.download(filed.complaint_id, media) as bad, pytest.raises(SignatureInvalid) as caught:
            bad.save(tmp_path / "photo.jpg")
        assert (caught.value.code, caught.value.operation) == ("digest", "complaints.download")
        assert list(tmp_path.iterdir()) == []
        with client.complaints.download(filed.complaint_id, media) as again:
            assert again.read() == PHOTO


def test_a_download_is_checked_on_tasks_too(city: Config, sandbox: Sandbox) -> None:
    async def run() -> None:
        async with AsyncClient(city) as client:
            filed = await client.complaints.submit("sampah", "Sampah.", location=HERE, photos=[PHOTO])
            media = filed.media[0].media_id
            sandbox.fault("complaints.download", kind="spoiled_answer")
            async with await client.complaints.download(filed.complaint_id, media) as bad:
                with pytest.raises(SignatureInvalid):
                    await bad.aread()
            async with await client.complaints.download(filed.complaint_id, media) as good:
                assert await good.aread() == PHOTO

    asyncio.run(run())


@pytest.fixture(scope="module")
def older() -> Iterator[Sandbox]:
    with Sandbox(sign_answers=False) as running:
        yield running


def of(sandbox: Sandbox, folder: Path, **more: Any) -> Config:
    profile = sandbox.credentials("app", SCOPES, folder)
    keys = {"key_file": profile.key_file, "signing_key_file": profile.signing_key_file}
    return Config(gateway=profile.gateway, client_id="app", **keys, **more)


def test_an_older_gateway_is_believed_unless_configured_otherwise(ask: Ask, older: Sandbox, tmp_path: Path) -> None:
    older.reset()
    plain = of(older, tmp_path)
    assert ask(plain, submit).status == 201
    assert routes(older).count("/.well-known/smartcity-gateway") == 1
    with pytest.raises(SignatureInvalid) as caught:
        ask(plain.with_(verify_answers=True, retries=0), submit)
    assert caught.value.code == "signature_missing"


def test_who_does_not_want_it_believes_tls_alone(ask: Ask, city: Config, sandbox: Sandbox) -> None:
    sandbox.fault("complaints.submit", kind="unsigned_answer")
    assert ask(city.with_(verify_answers=False), submit).attempts == 1
    assert JWKS not in routes(sandbox)


def test_the_setting_needs_signed_requests() -> None:
    with pytest.raises(ConfigError, match="verify_answers"):
        Config(gateway="https://g.example", auth="none", signature="none", verify_answers=True)
    with pytest.raises(ConfigError, match="verify_answers"):
        Config(gateway="https://g.example", auth="none", signature="none", verify_answers="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("verify", [None, True])
def test_cilegon_signs_with_its_own_algorithm(ask: Ask, verify: bool | None, tmp_path: Path) -> None:
    with Sandbox(city="cilegon") as cilegon:
        config = of(cilegon, tmp_path, verify_answers=verify)

        def file(client: Any) -> Any:
            return client.raw.complaints.submit("infra_jalan", "Lubang.", location=Location(area_code="36.72.01.1001"))

        assert ask(config, file).status == 201
        cilegon.fault("complaints.submit", kind="spoiled_answer", times=3)
        with pytest.raises(SignatureInvalid):
            ask(config, file)


def test_transports_of_tests_have_no_gateways_key(city: Config, tmp_path: Path) -> None:
    case = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}
    fake = FakeTransport(lambda _: dict(case))
    with Client(city, transport=fake) as client:
        assert client.complaints.get("c-1").version == 1

    async def run() -> int:
        async with AsyncClient(city, transport=fake.asynchronous()) as other:
            return (await other.complaints.get("c-1")).version

    assert asyncio.run(run()) == 1
    assert [request.path for request in fake.requests] == ["/v1/complaints/cases/c-1"] * 2
    for _ in range(2):
        with Cassette(tmp_path / "tape.json") as cassette, Client(city, transport=cassette) as client:
            assert list(client.complaints.services())
    assert cassette.unplayed == []


# A signature may be 300 s old: a gateway that is 200 s ahead refuses nothing, and is followed all the same.
@pytest.mark.parametrize(("seconds", "attempts"), [(-200, [1, 2, 1, 1]), (200, [1, 1, 1, 1]), (400, [1, 2, 1, 1])])
def test_a_wrong_clock_costs_one_refusal(
    ask: Ask, city: Config, sandbox: Sandbox, seconds: int, attempts: list[int]
) -> None:
    def calls(client: Any) -> Any:
        """With a token from before, so that the clock is the signature's matter alone."""

        async def on_tasks() -> list[int]:
            seen = [(await submit(client)).attempts]
            sandbox.skew(seconds)
            seen += [(await submit(client)).attempts for _ in range(3)]
            return seen

        if isinstance(client, AsyncClient):
            return on_tasks()
        seen = [submit(client).attempts]
        sandbox.skew(seconds)
        seen += [submit(client).attempts for _ in range(3)]
        assert abs(client.clock_offset - seconds) < 3
        assert client.with_options(retries=0).clock_offset == client.clock_offset
        return seen

    assert ask(city, calls) == attempts


@pytest.mark.parametrize("seconds", [-200, 400])
def test_a_new_client_gets_a_token_by_the_issuers_clock(ask: Ask, city: Config, sandbox: Sandbox, seconds: int) -> None:
    sandbox.skew(seconds)
    assert ask(city, submit).attempts == 2
    assert routes(sandbox).count("/oauth2/token") == 2


@pytest.mark.parametrize("seconds", [-1200, 1200])
def test_twenty_minutes_are_refused_and_named(city: Config, sandbox: Sandbox, seconds: int) -> None:
    with Client(city) as client:
        submit(client)
        sandbox.skew(seconds)
        with pytest.raises(SignatureRefused) as caught:
            submit(client)
        assert client.clock_offset == 0.0
    assert (caught.value.code, caught.value.attempts) == ("clock_skew", 1)
    assert f"{seconds:+d} s" in str(caught.value) or f"{seconds + 1:+d} s" in str(caught.value)


def test_keys_that_cannot_be_had_are_named(city: Config, sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", method="GET", route_prefix=JWKS, times=9, code="internal")
    with Client(city) as client, pytest.raises(EgovError) as caught:
        list(client.with_options(retries=0).complaints.services())
    assert (caught.value.code, caught.value.sent) == ("jwks_shape", "yes")
    assert JWKS in str(caught.value)
