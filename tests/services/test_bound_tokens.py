"""Whole clients with `auth = "fapi2"` against the sandbox: bound tokens, nonces, wrong clocks, the right errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from egov_serang import AsyncClient, Client, Config, ConfigError, EgovError, SignatureRefused, Unauthorized
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing.making import make_key_file

HERE = Location(area_code="36.73.01.1001")
SCOPES = ["complaints:read", "complaints:write"]
Call = Callable[[Any], Any]
Ask = Callable[[Config, Call], Any]


@pytest.fixture(scope="module", params=[False, True], ids=["nonces offered", "nonces demanded"])
def strict(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox beside the run's own: what it demands is settled when it starts."""
    with Sandbox(dpop_nonces=request.param) as running:
        yield running


@pytest.fixture
def bound(strict: Sandbox, tmp_path: Path) -> Config:
    strict.reset()
    return Config(**strict.credentials("bound-app", SCOPES, tmp_path).settings).with_(auth="fapi2")


@pytest.fixture(params=["threads", "tasks", "fast threads", "fast tasks"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Makes a client of either kind, and calls on it."""

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


def submit(client: Any) -> Any:
    return client.raw.complaints.submit("sampah", "Sampah.", location=HERE)


def seen(sandbox: Sandbox) -> list[tuple[str, int]]:
    return [(str(one["route"]), one["status"]) for one in sandbox.requests() if "jwks" not in str(one["route"])]


def test_calls_pass_and_only_the_first_question_meets_the_demand(ask: Ask, bound: Config, strict: Sandbox) -> None:
    def twice(client: Any) -> Any:
        async def on_tasks() -> list[int]:
            return [(await submit(client)).attempts for _ in range(2)]

        return on_tasks() if isinstance(client, AsyncClient) else [submit(client).attempts for _ in range(2)]

    assert ask(bound, twice) == [1, 1]
    demands = [("/oauth2/token", 400)] if strict._platform.settings.dpop_nonces else []
    # Issuer and gateway are one origin here: the nonce of the token answer serves the first call.
    assert seen(strict) == [*demands, ("/oauth2/token", 200), *[("/v1/complaints/cases", 201)] * 2]


@pytest.mark.parametrize("seconds", [-600, 600])
def test_ten_minutes_are_detected_and_corrected(ask: Ask, bound: Config, strict: Sandbox, seconds: int) -> None:
    """The clock is wrong for the assertion, the proof and the signature alike."""
    strict.skew(seconds)
    assert ask(bound, submit).attempts == 2
    refused = [status for _, status in seen(strict) if status >= 400]
    assert len(refused) == 2, "one at the issuer, one at the gateway"


def test_a_clock_that_moves_under_way_is_followed(bound: Config, strict: Sandbox) -> None:
    with Client(bound) as client:
        assert submit(client).attempts == 1
        strict.skew(-600)
        assert submit(client).attempts <= 3  # the nonce of before may not have existed yet by that clock
        assert submit(client).attempts == 1
        assert abs(client.clock_offset + 600) < 3


@pytest.mark.parametrize("seconds", [-1200, 1200])
def test_twenty_minutes_are_refused_with_the_reason(ask: Ask, bound: Config, strict: Sandbox, seconds: int) -> None:
    strict.skew(seconds)
    with pytest.raises(Unauthorized) as caught:
        ask(bound, submit)
    said = str(caught.value)
    assert strict.url in said
    assert f"{seconds:+d} s" in said or f"{seconds + 1:+d} s" in said
    assert "Set this machine's clock" in said


@pytest.mark.parametrize("seconds", [-1200, 1200])
def test_twenty_minutes_are_refused_at_the_gateway_too(bound: Config, strict: Sandbox, seconds: int) -> None:
    """With a token from before, so that the proof's `iat` is what is refused."""
    with Client(bound) as client:
        submit(client)
        strict.skew(seconds)
        with pytest.raises(SignatureRefused) as caught:
            submit(client)
        assert client.clock_offset == 0.0
    assert caught.value.code == "clock_skew"
    assert f"{seconds:+d} s" in str(caught.value) or f"{seconds + 1:+d} s" in str(caught.value)


def test_a_token_that_expires_is_asked_for_again_with_the_same_key(bound: Config, strict: Sandbox) -> None:
    with Client(bound) as client:
        submit(client)
        strict.advance(1000)
        assert submit(client).attempts == 2
    assert [status for route, status in seen(strict) if route == "/oauth2/token"][-1] == 200


def test_clients_that_share_tokens_share_the_key(bound: Config, strict: Sandbox) -> None:
    with Client(bound) as first, Client(bound, tokens=first.tokens) as second:
        submit(first)
        assert submit(second).attempts == 1
        with Client(bound) as other:
            assert submit(other).attempts == 1
            assert first.tokens is not None
            assert other.tokens is not None
            assert first.tokens.dpop is not None
            assert other.tokens.dpop is not None
            assert first.tokens.dpop.thumbprint != other.tokens.dpop.thumbprint, "a key for each client instance"


def test_a_key_of_a_file_outlives_the_client(bound: Config, tmp_path: Path) -> None:
    key = make_key_file("p256", tmp_path / "dpop.pem")
    config = bound.with_(dpop_key_file=tmp_path / "dpop.pem", dpop_exp=True)
    with Client(config) as client:
        assert submit(client).attempts == 1
        assert client.tokens is not None
        assert client.tokens.dpop is not None
        assert client.tokens.dpop.thumbprint == key.thumbprint()


def test_a_gateway_without_request_signatures_takes_proofs_all_the_same(city: Config, sandbox: Sandbox) -> None:
    """The sandbox demands signatures, so that this call is refused for that alone: token and proof held."""
    client = Client(city.with_(auth="fapi2", signature="none", signing_key_file=None))
    with client, pytest.raises(SignatureRefused) as caught:
        next(iter(client.complaints.services()), None)
    assert caught.value.code == "signature_invalid"


def test_plain_tokens_are_not_passed_to_a_client_that_wants_bound_ones(bound: Config) -> None:
    with Client(bound.with_(auth="private_key_jwt")) as plain, pytest.raises(ConfigError, match="bound to a key"):
        Client(bound, tokens=plain.tokens)


def test_a_key_must_not_serve_for_two_ends(bound: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the same key"):
        Client(bound.with_(dpop_key_file=bound.key_file))
    make_key_file("ed25519", tmp_path / "ed.pem")
    with pytest.raises(ConfigError, match="P-256"):
        Client(bound.with_(dpop_key_file=tmp_path / "ed.pem"))


def test_a_scope_that_is_not_registered_is_named(ask: Ask, bound: Config, strict: Sandbox) -> None:
    with pytest.raises(EgovError) as caught:
        ask(bound.with_(scope="complaints:read permits:issue"), submit)
    assert (caught.value.code, caught.value.sent) == ("invalid_scope", "no")
    assert strict.url in str(caught.value)
