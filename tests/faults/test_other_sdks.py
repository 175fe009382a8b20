"""What four trusted SDKs get wrong (layers.md 4.1), tried on this one, over each transport.

| What goes wrong there | Here |
| --- | --- |
| DEBUG logs hold the key, the token, the body | test_logs_hold_nothing_of_the_request |
| credentials go out over http:// | test_nothing_goes_to_another_machine_without_tls |
| ids `..`, `../admin`, `%2e%2e`, `a?b=c`, `a#f`, `a/b` reach other routes | test_an_id_is_one_segment_or_refused |
| a redirect gets the body, and the API key | test_a_redirect_gets_nothing |
| a gzip bomb takes 120 to 555 MiB | test_a_bomb_is_not_inflated |
| a repeated POST has no key | test_a_repeated_write_has_one_key |
| errors, tracebacks with locals, and `repr` show secrets | test_an_error_shows_no_secret, test_no_repr_shows_a_secret |
| webhooks are accepted late | `ELSEWHERE` |
| no cap on sizes and depth, answers bound to nothing | `ELSEWHERE` |
"""

from __future__ import annotations

import ast
import logging
import traceback
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.faults.matrix.stage import signed
from tests.faults.matrix.worlds import WORLDS, Driver, World

from egov_serang import Config, ConfigError, EgovError, Invalid, Nik, Secret, ServerFault, UnexpectedReply
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.testing.faults import FaultGateway, SeenRequest, bomb, redirect, refuse
from egov_serang.testing.faults.gateway import complaint

TESTS: Final = Path(__file__).parents[1]
NIK: Final = "9973010101900000"
NAME: Final = "Canarita Binti Kenari"
SECRET: Final = "of-a-test"
TOKEN: Final = "token-1"
CANARIES: Final = (NIK, NAME, SECRET, TOKEN)
ELSEWHERE: Final = {
    "unit/test_webhooks.py": ("test_the_window_has_two_edges",),
    "services/test_routes.py": ("test_fuzzed_ids_never_reach_another_route",),
    "contract/test_public_canary.py": ("test_the_frames_of_the_httpx_transports_hold_no_canary",),
    "unit/test_transport_answer.py": ("test_a_bomb_is_not_inflated_beyond_the_limit",),
    "faults/matrix/test_matrix.py": ("test_a_fault_is_answered_truthfully",),
}


@pytest.fixture(params=WORLDS, ids=lambda world: world.name)
def world(request: pytest.FixtureRequest) -> World:
    world: World = request.param
    return world


def resource(resource_id: str, request: SeenRequest) -> Mapping[str, Any]:
    if "/identity/" in request.path:
        return {"transaction_id": "t-1", "outcome": "match"}
    return complaint(resource_id, request)


def verify(driver: Driver) -> Any:
    purpose = Purpose(purpose_code="permit", legal_basis="public_task")
    work = driver.client.identity.verify(Nik(NIK), Attributes(full_name=NAME), purpose=purpose)
    return work if driver.runner is None else driver.runner.run(work)


def get(driver: Driver, complaint_id: str) -> Any:
    work = driver.client.complaints.get(complaint_id)
    return work if driver.runner is None else driver.runner.run(work)


def shown(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def test_logs_hold_nothing_of_the_request(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultGateway(resource=resource) as gateway, world.client(signed(gateway, tmp_path)) as driver:
        verify(driver)
        assert NIK.encode() in gateway.calls[0].body, "it was sent"
    assert caplog.records
    lines = [f"{record.name} {record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert [line for line in lines if shown(line)] == []


@pytest.mark.parametrize("place", ["gateway", "issuer", "token_endpoint"])
def test_nothing_goes_to_another_machine_without_tls(place: str) -> None:
    settings: dict[str, Any] = {"gateway": "https://gateway.invalid", "auth": "client_secret", "signature": "none"}
    settings |= {"client_id": "app", "client_secret": Secret(SECRET), place: "http://gateway.invalid/token"}
    with pytest.raises(ConfigError) as caught:
        Config(**settings)
    assert caught.value.sent == "no"
    assert "http" in str(caught.value)


IDS: Final = ("..", ".", "../admin", "..%2Fadmin", "a?b=c", "a#f", "a/b", "a\\b", "%2e%2e", "%2E%2e/", "..;", "", " ")


@pytest.mark.parametrize("complaint_id", [*IDS, "a\r\nb", "/"])
def test_an_id_is_one_segment_or_refused(world: World, tmp_path: Path, complaint_id: str) -> None:
    with FaultGateway() as gateway, world.client(signed(gateway, tmp_path)) as driver:
        try:
            get(driver, complaint_id)
        except Invalid as error:
            refused: Invalid | None = error
        else:
            refused = None
        if refused is not None:
            assert refused.sent == "no"
            assert gateway.calls == []
            return
        prefix = "/v1/complaints/cases/"
        assert gateway.calls[0].target.startswith(prefix)
        rest = gateway.calls[0].target.removeprefix(prefix)
        assert rest
        assert not set(rest) & set("/?#\\")
        assert rest.lower().replace("%2e", ".") not in {".", ".."}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_gets_nothing(world: World, tmp_path: Path, host: str, status: int) -> None:
    with FaultGateway(host=host) as other, FaultGateway(default=redirect(other.url, status)) as gateway:
        with world.client(signed(gateway, tmp_path)) as driver, pytest.raises(UnexpectedReply) as caught:
            verify(driver)
        assert caught.value.code == "redirect"
        assert (other.connections, gateway.effects) == (0, 0)


def test_a_bomb_is_not_inflated(world: World, tmp_path: Path) -> None:
    with FaultGateway(bomb(200 * 1024 * 1024)) as gateway, world.client(signed(gateway, tmp_path)) as driver:
        tracemalloc.start()
        try:
            with pytest.raises(UnexpectedReply) as caught:
                get(driver, "c-1")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert caught.value.code == "permanent_too_large"
    assert peak < 32 * 1024 * 1024


def test_a_repeated_write_has_one_key(world: World, tmp_path: Path) -> None:
    fault = refuse("upstream_unavailable", 503, carried_out=True)
    with FaultGateway(fault, fault) as gateway, world.client(signed(gateway, tmp_path)) as driver:
        assert driver.call("write").attempts == 3
        assert len({seen.headers["idempotency-key"] for seen in gateway.calls}) == 1
        assert len({seen.headers["x-request-id"] for seen in gateway.calls}) == len(gateway.calls) == 3
        assert gateway.effects == 1


def test_an_error_shows_no_secret(world: World, tmp_path: Path) -> None:
    said = f"no {NIK} {NAME} Bearer {TOKEN} {SECRET}"
    fault = refuse("internal", 500, detail=said, trace_id=TOKEN, errors=[{"pointer": NIK, "detail": said}])
    with (
        FaultGateway(default=fault) as gateway,
        world.client(signed(gateway, tmp_path)) as driver,
        pytest.raises(ServerFault) as caught,
    ):
        verify(driver)
    error: EgovError = caught.value
    ours = [
        frame for frame in traceback.walk_tb(error.__traceback__) if "/src/egov_serang/" in frame[0].f_code.co_filename
    ]
    locals_of_ours = "".join(repr(frame.f_locals) for frame, _ in ours)
    # The name the service repeats is masked; its other canaries are what it made up itself, but for the number.
    text = f"{error} {error!r} {vars(error)} {locals_of_ours}"
    assert [canary for canary in (NIK, NAME, TOKEN) if canary in text] == []


def test_no_repr_shows_a_secret(world: World, tmp_path: Path) -> None:
    with FaultGateway(resource=resource) as gateway, world.client(signed(gateway, tmp_path)) as driver:
        verify(driver)
        client = driver.client
        things = [client, client.config, client.tokens, client._transport, client.identity, vars(client)]
        assert shown(" ".join(map(repr, things)) + str(Nik(NIK))) == []


@pytest.mark.parametrize("file", ELSEWHERE)
def test_what_is_proven_elsewhere_is_there(file: str) -> None:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert set(ELSEWHERE[file]) <= names
