"""Proof 4: tokens are fetched once for everybody, and nobody's end is another's."""

from __future__ import annotations

import asyncio
import base64
import copy
import pickle
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from tests.layers.flights import PATIENCE, Office, acquire, came, loop_of, started
from tests.layers.keys import ISSUER, Issuer, answer, ed25519_pem, p256_pem, rsa_pem, token
from tests.layers.worlds import EPOCH, START, FakeRuntime, World, fault

from egov_serang.auth.credentials import ClientSecret, Credentials, PrivateKeyJwt
from egov_serang.auth.tokens import Token, TokenSource
from egov_serang.core.runtime import run_sync
from egov_serang.errors import ConnectionFailed, DeadlineExceeded, EgovError, ServerFault, Unauthorized, UnexpectedReply
from egov_serang.signing.keys import PrivateKey


class Bench:
    """A token source over a fake issuer, in one of the runtimes with a clock of its own."""

    def __init__(
        self, world: World, lifetime: float = 3600, credentials: Credentials | None = None, **more: Any
    ) -> None:
        self.issuer = Issuer(lifetime)
        self.runtime = world.runtime
        self.runtime.handler = self.issuer
        self.source = TokenSource(ISSUER, credentials or ClientSecret("app", "s3cret"), **more)

    def get(self, seconds: float = 60) -> str:
        async def ask() -> str:
            found = await self.source.get(self.runtime, self.runtime.now() + seconds)
            # Lets a renewal in the background end before this loop does.
            for _ in range(20):
                await self.runtime._yield()
            return found.header()

        return self.runtime.run(ask())

    def fails(self, seconds: float = 60) -> Any:
        with pytest.raises(EgovError) as caught:
            self.get(seconds)
        return caught.value


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


def test_a_token_is_kept_until_it_is_to_be_renewed(bench: Bench) -> None:
    assert bench.get() == "Bearer token-1"
    bench.runtime.clock += 3600 * 0.69
    assert bench.get() == "Bearer token-1"
    assert bench.issuer.count == 1
    bench.runtime.clock = START + 3600 * 0.81
    bench.get()
    assert bench.get() == "Bearer token-2"
    assert bench.issuer.count == 2


def test_a_thread_renews_at_once_and_a_task_in_the_background(bench: Bench) -> None:
    bench.get()
    bench.runtime.clock += 3600 * 0.9
    assert bench.get() == ("Bearer token-2" if bench.runtime.flow == "threads" else "Bearer token-1")
    assert bench.get() == "Bearer token-2"
    assert bench.issuer.count == 2


def test_an_expired_token_is_never_used(bench: Bench) -> None:
    bench.get()
    bench.runtime.clock += 3600
    assert bench.get() == "Bearer token-2"


@pytest.mark.parametrize(
    "outcome", [answer(503, {}), answer(400, {"error": "invalid_scope"}), fault("connect", "no")], ids=str
)
def test_a_failed_early_renewal_keeps_the_old_token(bench: Bench, outcome: Any) -> None:
    bench.get()
    bench.runtime.clock += 3600 * 0.9
    bench.issuer.answers = [outcome]
    assert bench.get() == "Bearer token-1"
    assert bench.issuer.count == 2
    bench.runtime.clock += 4.9
    assert bench.get() == "Bearer token-1"
    assert bench.issuer.count == 2, "an issuer that failed is left alone for a moment"
    bench.runtime.clock += 0.2
    bench.get()
    assert bench.get() == "Bearer token-3"


def test_without_a_usable_token_the_failure_is_told(bench: Bench) -> None:
    bench.get()
    bench.runtime.clock += 4000
    bench.issuer.answers = [answer(503, {}, retry_after="9")]
    error = bench.fails()
    assert type(error) is ServerFault
    assert (error.sent, error.retry_after, error.status) == ("no", 9.0, 503)
    assert bench.get() == "Bearer token-3"


def test_a_dropped_token_is_replaced_and_a_newer_one_stays(world: World) -> None:
    bench = Bench(world)
    first = world.runtime.run(bench.source.get(world.runtime, START + 60))
    bench.source.drop(first)
    assert bench.get() == "Bearer token-2"
    bench.source.drop(first)
    assert bench.get() == "Bearer token-2"


def test_without_time_nothing_is_asked(bench: Bench) -> None:
    error = bench.fails(0)
    assert type(error) is DeadlineExceeded
    assert bench.issuer.count == 0
    assert error.sent == "no"


@given(st.floats(0.001, 10**7))
def test_renewal_comes_before_expiry_with_a_margin(lifetime: float) -> None:
    made = Token("t", lifetime, START)
    assert made.expires_at == START + lifetime
    assert START < made.refresh_at <= made.expires_at - min(30.0, lifetime * 0.5) + 1e-6
    if lifetime >= 150:
        assert lifetime * 0.7 - 1e-6 <= made.refresh_at - START <= lifetime * 0.8 + 1e-6


def test_the_life_of_a_token_counts_from_the_request(world: World) -> None:
    bench = Bench(world, lifetime=100)

    def slow(sent: Any) -> Any:
        world.runtime.clock += 40
        return bench.issuer(sent)

    world.runtime.handler = slow
    found = world.runtime.run(bench.source.get(world.runtime, START + 60))
    assert found.expires_at == START + 100


def test_a_token_that_expired_before_it_came_is_not_used(world: World) -> None:
    bench = Bench(world, lifetime=10)

    def slow(sent: Any) -> Any:
        world.runtime.clock += 11
        return bench.issuer(sent)

    world.runtime.handler = slow
    error = bench.fails()
    assert type(error) is UnexpectedReply
    assert ISSUER in str(error)
    assert bench.issuer.count == 1


SHAPES: list[tuple[Any, type[EgovError]]] = [
    (answer(200, b"<html>"), UnexpectedReply),
    (answer(200, {"access_token": "t"}), UnexpectedReply),
    (answer(200, {"access_token": "", "token_type": "Bearer"}), UnexpectedReply),
    (answer(200, {"access_token": "a b", "token_type": "Bearer"}), UnexpectedReply),
    (answer(200, {"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer"}), UnexpectedReply),
    (answer(200, {"access_token": 5, "token_type": "Bearer"}), UnexpectedReply),
    (answer(200, {"access_token": "t", "token_type": "DPoP"}), UnexpectedReply),
    (answer(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 0}), UnexpectedReply),
    (answer(200, {"access_token": "t", "token_type": "Bearer", "expires_in": "soon"}), UnexpectedReply),
    (answer(200, b'{"access_token": "t", "token_type": "Bearer", "expires_in": Infinity}'), UnexpectedReply),
    (answer(301, {}), Unauthorized),
    (answer(400, {"error": "invalid_scope", "error_description": "CANARY"}), Unauthorized),
    (answer(400, {"error": "CANARY prose"}), Unauthorized),
    (answer(500, b"CANARY"), ServerFault),
    (answer(429, {}), ServerFault),
    (fault("timeout", "maybe"), ConnectionFailed),
]


@pytest.mark.parametrize(("outcome", "kind"), SHAPES, ids=range(len(SHAPES)))
def test_what_is_no_token(bench: Bench, outcome: Any, kind: type[EgovError]) -> None:
    bench.issuer.answers = [outcome]
    error = bench.fails()
    assert type(error) is kind
    assert error.sent == "no", "the call itself never left"
    assert ISSUER in str(error)
    assert "CANARY" not in f"{error} {vars(error)}"


def test_the_endpoint_may_be_another_and_the_audience_stays_the_issuer(world: World) -> None:
    key = PrivateKey(p256_pem())
    source = TokenSource(ISSUER, PrivateKeyJwt("app", key), endpoint="https://issuer.test/token")
    world.answers = [lambda sent: token("t")]
    world.runtime.run(source.get(world.runtime, START + 60))
    assert world.sent[0].url == "https://issuer.test/token"
    form = {name: values[0] for name, values in parse_qs(world.sent[0].body.decode()).items()}
    assert jwt.decode(form["client_assertion"], key.jose(), algorithms=["ES256"]).claims["aud"] == ISSUER


def test_a_token_without_a_lifetime_lives_five_minutes(world: World) -> None:
    bench = Bench(world)
    bench.issuer.answers = [token("t", None)]
    found = world.runtime.run(bench.source.get(world.runtime, START + 60))
    assert found.expires_at == START + 300


@pytest.mark.parametrize("data", [ed25519_pem, p256_pem, rsa_pem])
def test_private_key_jwt(world: World, data: Any) -> None:
    key = PrivateKey(data(), "assertion-key")
    bench = Bench(world, credentials=PrivateKeyJwt("app", key), scope="complaints:read permits:read")
    bench.get()
    bench.source.drop(world.runtime.run(bench.source.get(world.runtime, START + 60)))
    bench.get()
    seen: set[str] = set()
    for form in bench.issuer.forms:
        assert form["grant_type"] == "client_credentials"
        assert form["client_id"] == "app"
        assert form["scope"] == "complaints:read permits:read"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        decoded = jwt.decode(form["client_assertion"], key.jose(), algorithms=[key.jwt_algorithm])
        assert decoded.header == {"alg": key.jwt_algorithm, "kid": "assertion-key", "typ": "JWT"}
        claims = decoded.claims
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("app", "app", ISSUER)
        assert (claims["iat"], claims["exp"]) == (EPOCH, EPOCH + 60)
        seen.add(claims["jti"])
    assert len(seen) == 2, "a fresh jti for each request"
    assert "authorization" not in bench.issuer.asked[0].headers


def test_client_secret_basic_is_form_encoded_first(world: World) -> None:
    bench = Bench(world, credentials=ClientSecret("app:1", "s/e c:r%é"))
    bench.get()
    scheme, _, encoded = bench.issuer.asked[0].headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded).decode() == "app%3A1:s%2Fe+c%3Ar%25%C3%A9"
    assert bench.issuer.forms[0] == {"grant_type": "client_credentials"}
    assert bench.issuer.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_nothing_of_it_is_shown_or_copied(world: World) -> None:
    bench = Bench(world, credentials=ClientSecret("app", "CANARY"))
    bench.issuer.answers = [token("CANARY")]
    found = world.runtime.run(bench.source.get(world.runtime, START + 60))
    assert found.header() == "Bearer CANARY"
    assert "CANARY" not in f"{found!r} {bench.source!r} {vars(bench.source)} {bench.source._asking.credentials!r}"
    for thing in (
        found,
        bench.source,
        bench.source._asking.credentials,
        PrivateKeyJwt("app", PrivateKey(ed25519_pem())),
    ):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled"):
                attempt(thing)


class Lossy(FakeRuntime):
    """Loses the first work it launches: its loop stopped for good before the work began."""

    lost: Coroutine[Any, Any, None] | None = None

    def launch(self, work: Coroutine[Any, Any, None], *, aside: bool = False) -> None:
        if self.lost is None:
            self.lost = work
        else:
            super().launch(work, aside=aside)


@pytest.mark.parametrize("flow", ["threads", "tasks"])
@pytest.mark.parametrize(("seconds", "outcome"), [(60.0, "Bearer token-1"), (10.0, None)])
def test_a_flight_that_is_lost_for_good_hangs_nobody(flow: Any, seconds: float, outcome: str | None) -> None:
    issuer = Issuer()
    runtime = Lossy(flow, issuer)
    source = TokenSource(ISSUER, ClientSecret("app", "s"))

    async def ask() -> str:
        return (await source.get(runtime, START + seconds)).header()

    if outcome is None:
        with pytest.raises(DeadlineExceeded):
            runtime.run(ask())
        assert runtime.clock <= START + seconds
    else:
        assert runtime.run(ask()) == outcome
        assert runtime.clock == START + 25, "the longest a flight may take, and a moment"
    assert runtime.lost is not None
    runtime.lost.close()


# Real threads and event loops from here on.


def test_200_threads_across_an_expiry_make_one_call() -> None:
    office = Office()
    results = started(*[office.get_now] * 200)
    acquire(office.issuer.arrived, 1)
    acquire(office.threads.waiting, 199)
    office.issuer.release()
    assert {result.result(PATIENCE) for result in results} == {"Bearer token-1"}
    assert office.issuer.count == 1


def test_200_tasks_on_3_loops_across_an_expiry_make_one_call() -> None:
    office = Office()

    async def crowd(size: int) -> list[str]:
        return await asyncio.gather(*(office.get() for _ in range(size)))

    results = started(*(loop_of(lambda size=size: crowd(size)) for size in (67, 67, 66)))  # type: ignore[misc]
    acquire(office.issuer.arrived, 1)
    acquire(office.tasks.waiting, 200)
    office.issuer.release()
    found = [header for result in results for header in result.result(PATIENCE)]
    assert len(found) == 200
    assert set(found) == {"Bearer token-1"}
    assert office.issuer.count == 1
    assert not office.tasks._background, "a renewal that ended is let go"


def test_threads_before_expiry_never_wait_for_the_one_that_renews() -> None:
    office = Office(age=90)
    (leader,) = started(office.get_now)
    acquire(office.issuer.arrived, 1)
    results = started(*[office.get_now] * 50)
    assert {result.result(PATIENCE) for result in results} == {"Bearer token-1"}
    assert leader.result(PATIENCE) == "Bearer token-1", "whoever finds it due goes on as well"
    office.issuer.release()
    assert office.issuer.count == 1


@pytest.mark.parametrize(("age", "expected", "calls"), [(90, "Bearer token-1", 1), (200, "Bearer token-2", 2)])
def test_a_sync_call_inside_a_loop_never_waits_for_a_tasks_renewal(age: float, expected: str, calls: int) -> None:
    """It uses the token that is still valid, or fetches its own; waiting would wait for itself."""
    office = Office(age=age)

    async def main() -> str:
        renewal = asyncio.ensure_future(office.get())
        await came(office.issuer.arrived, 1)
        office.issuer.hold = False
        inside = office.get_now()
        office.issuer.release()
        await renewal
        return inside

    (result,) = started(loop_of(main))
    assert result.result(PATIENCE) == expected
    assert office.issuer.count == calls


def test_a_cancelled_caller_does_not_cancel_the_renewal_of_the_others() -> None:
    office = Office()

    async def main() -> list[str]:
        leader = asyncio.ensure_future(office.get())
        await came(office.issuer.arrived, 1)
        others = [asyncio.ensure_future(office.get()) for _ in range(20)]
        await came(office.tasks.waiting, 21)
        leader.cancel()
        others[0].cancel()
        gone = await asyncio.gather(leader, others[0], return_exceptions=True)
        assert [type(error) for error in gone] == [asyncio.CancelledError] * 2
        office.issuer.release()
        return await asyncio.gather(*others[1:])

    (result,) = started(loop_of(main))
    assert set(result.result(PATIENCE)) == {"Bearer token-1"}
    assert office.issuer.count == 1


def test_a_leaders_loop_that_dies_leaves_nobody_waiting() -> None:
    """Its loop ends while the request is under way: the others elect a new leader and land."""
    office = Office()

    async def dying() -> None:
        running.append(asyncio.ensure_future(office.get()))
        await came(office.issuer.arrived, 1)
        under_way.set()
        await asyncio.wrap_future(die)

    async def others() -> list[str]:
        return await asyncio.gather(*(office.get() for _ in range(30)))

    die: Future[None] = Future()
    running: list[asyncio.Future[str]] = []
    under_way = threading.Event()
    (leader,) = started(loop_of(dying))
    assert under_way.wait(PATIENCE)
    acquire(office.tasks.waiting, 1)
    (result,) = started(loop_of(others))
    acquire(office.tasks.waiting, 30)
    office.issuer.hold = False
    die.set_result(None)
    leader.result(PATIENCE)
    assert set(result.result(PATIENCE)) == {"Bearer token-2"}
    assert office.issuer.count == 2


def test_an_interrupted_thread_leaves_nobody_waiting() -> None:
    office = Office()
    interrupted = [True]
    real = office.issuer.send

    def send(request: Any, limits: Any) -> Any:
        response = real(request, limits)
        if interrupted.pop():
            raise KeyboardInterrupt
        return response

    office.threads._sender = type("Sender", (), {"send": staticmethod(send)})()
    (leader,) = started(office.get_now)
    acquire(office.issuer.arrived, 1)
    results = started(*[office.get_now] * 20)
    acquire(office.threads.waiting, 20)
    interrupted.insert(0, False)
    office.issuer.release()
    assert type(leader.exception(PATIENCE)) is KeyboardInterrupt
    assert {result.result(PATIENCE) for result in results} == {"Bearer token-2"}
    assert office.issuer.count == 2


def test_a_leader_out_of_its_own_time_speaks_for_nobody_else() -> None:
    """A thread renews within its own call's time; running out of it, it must not fail those who have more."""
    office = Office()
    office.issuer.hold = False
    clock, real = office.clock, office.issuer.send
    first = [True]

    def send(request: Any, limits: Any) -> Any:
        response = real(request, limits)
        if first and first.pop():
            acquire(office.threads.waiting, 1)
            clock.value = max(clock.value, limits.deadline)
            raise fault("timeout", "maybe")
        return response

    office.threads._sender = type("Sender", (), {"send": staticmethod(send)})()

    def hurried() -> str:
        return run_sync(office.source.get(office.threads, clock() + 1)).header()

    (leader,) = started(hurried)
    acquire(office.issuer.arrived, 1)
    (patient,) = started(office.get_now)
    assert patient.result(PATIENCE) == "Bearer token-2"
    assert isinstance(leader.exception(PATIENCE), DeadlineExceeded)
