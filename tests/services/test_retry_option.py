"""A retry policy of the application's: on the client, for a part of it, and never against what is safe."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest
import tenacity

from egov_serang import (
    AsyncClient,
    Client,
    Config,
    ConfigError,
    ConnectionFailed,
    EgovError,
    RateLimited,
    RetryPolicy,
    ServerFault,
)
from egov_serang.core.message import TransportFault
from egov_serang.layers.retry import Retry
from egov_serang.testing import FakeRequest, FakeResponse, FakeTransport

COMPLAINT = {"complaint_id": "c-1", "service_code": "sampah", "status": "submitted", "version": 1}
AT_ONCE = RetryPolicy(wait=tenacity.wait_none(), stop=tenacity.stop_after_attempt(5))


class Failing:
    """Fails so many times, then answers."""

    def __init__(self, times: int, status: int = 500) -> None:
        self.left = times
        self.status = status
        self.transport = FakeTransport(self.answer)

    def answer(self, request: FakeRequest) -> FakeResponse:
        self.left -= 1
        if self.left >= 0:
            code = "rate_limited" if self.status == 429 else "internal"
            return FakeResponse(self.status, json={"code": code, "title": "no", "status": self.status})
        return FakeResponse(json=COMPLAINT)

    @property
    def attempts(self) -> int:
        return len(self.transport.requests)


def failed(work: Any) -> EgovError:
    with pytest.raises(EgovError) as caught:
        work()
    return caught.value


def retry_of(client: Any) -> Retry:
    (found,) = (layer for layer in client.complaints.engine.layers if isinstance(layer, Retry))
    return found


def test_a_policy_of_the_client_is_used() -> None:
    city = Failing(4)
    client = Client(transport=city.transport, retry=AT_ONCE)
    assert client.raw.complaints.get("c-1").attempts == 5
    city.left = 9
    assert failed(lambda: client.complaints.get("c-1")).attempts == 5


def test_a_policy_for_a_part_of_the_program_shares_budget_and_limiter() -> None:
    city = Failing(9)
    client = Client(transport=city.transport)
    part = client.with_options(retry=AT_ONCE)
    assert failed(lambda: part.complaints.get("c-1")).attempts == 5
    kept = ("_budget", "_limiter")
    assert [vars(retry_of(part))[name] for name in kept] == [vars(retry_of(client))[name] for name in kept]
    assert part.with_options(language="en").raw.complaints.get("c-1").attempts == 5
    assert retry_of(part.with_options(retry=None)).policy == retry_of(client).policy
    assert retry_of(client).policy != AT_ONCE


def test_retries_asked_for_later_take_the_place_of_a_stop_and_a_policy_asked_for_later_that_of_both() -> None:
    city = Failing(99)
    client = Client(transport=city.transport, retry=AT_ONCE)
    fewer = client.with_options(retries=1)
    assert failed(lambda: fewer.complaints.get("c-1")).attempts == 2
    assert failed(lambda: fewer.with_options(retry=AT_ONCE).complaints.get("c-1")).attempts == 5
    both = client.with_options(retries=1, retry=AT_ONCE)
    assert failed(lambda: both.complaints.get("c-1")).attempts == 5


def test_a_policy_without_a_stop_goes_by_the_retries_of_the_configuration() -> None:
    city = Failing(99)
    config = Config(gateway="https://gateway.invalid", auth="none", signature="none", retries=3)
    client = Client(config, transport=city.transport, retry=RetryPolicy(wait=tenacity.wait_none()))
    assert failed(lambda: client.complaints.get("c-1")).attempts == 4


def test_a_task_keeps_to_it_too() -> None:
    city = Failing(4)

    async def main() -> int:
        client = AsyncClient(transport=city.transport, retry=AT_ONCE)
        return (await client.raw.complaints.get("c-1")).attempts

    assert asyncio.run(main()) == 5


def test_what_is_not_listed_is_not_repeated() -> None:
    city = Failing(1)
    client = Client(transport=city.transport, retry=RetryPolicy(wait=tenacity.wait_none(), on=(ConnectionFailed,)))
    assert type(failed(lambda: client.complaints.get("c-1"))) is ServerFault
    assert city.attempts == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, ValueError])
def test_cancellations_and_bugs_pass_through_any_policy(kind: type[BaseException]) -> None:
    def stop(_: FakeRequest) -> Any:
        raise kind

    transport = FakeTransport(stop)
    client = Client(transport=transport, retry=RetryPolicy(wait=tenacity.wait_none(), on=(EgovError,)))
    with pytest.raises(kind):
        client.complaints.get("c-1")
    assert len(transport.requests) == 1


def test_a_policy_shared_by_clients_keeps_nothing_of_their_calls() -> None:
    calls: list[int] = []

    def wait(state: tenacity.RetryCallState) -> float:
        calls.append(state.attempt_number)
        return 0.0

    policy = RetryPolicy(wait=wait)
    for _ in range(3):
        city = Failing(2)
        assert Client(transport=city.transport, retry=policy).raw.complaints.get("c-1").attempts == 3
    assert calls == [1, 2] * 3


def test_the_budget_runs_out_for_all_twins_together_and_says_so() -> None:
    city = Failing(10**6)
    client = Client(transport=city.transport, retry=AT_ONCE)
    twin = client.with_options(language="en")
    errors = [failed(lambda one=one: one.complaints.get("c-1")) for _ in range(20) for one in (client, twin)]
    assert city.attempts == 40 + 500 // 14
    assert [error.budget_exhausted for error in errors].index(True) == 8
    assert errors[-1].budget_exhausted
    assert "budget" in str(errors[-1])
    assert pickle.loads(pickle.dumps(errors[-1])).budget_exhausted
    assert not errors[0].budget_exhausted


def test_a_hint_longer_than_the_deadline_is_told_at_once() -> None:
    def busy(_: FakeRequest) -> FakeResponse:
        return FakeResponse(429, json={"code": "rate_limited", "title": "no"}, headers={"retry-after": "100"})

    client = Client(transport=FakeTransport(busy))
    error = failed(lambda: client.complaints.get("c-1"))
    assert (type(error), error.retry_after, error.attempts) == (RateLimited, 100.0, 1)
    assert "100 s" in str(error)


@pytest.mark.parametrize("wrong", [3, "often", tenacity.stop_after_attempt(3), RetryPolicy])
def test_what_is_no_policy_is_refused(wrong: Any) -> None:
    client = Client(transport=Failing(0).transport)
    for use in (lambda: Client(transport=Failing(0).transport, retry=wrong), lambda: client.with_options(retry=wrong)):
        with pytest.raises(ConfigError, match="RetryPolicy") as caught:
            use()
        assert "retries" in str(caught.value.hint)


def test_a_client_with_a_policy_does_not_pickle_without_it() -> None:
    config = Config(gateway="https://gateway.invalid", auth="none", signature="none")
    with Client(config, retry=AT_ONCE) as client, pytest.raises(TypeError, match="retry policy"):
        pickle.dumps(client)


def test_a_write_that_may_have_arrived_is_repeated_with_its_key() -> None:
    def lost(_: FakeRequest) -> Any:
        raise TransportFault("reset", sent="maybe", reason="it broke")

    client = Client(transport=FakeTransport(lost), retry=AT_ONCE)
    error = failed(lambda: client.complaints.transition("c-1", "verify", version=1))
    assert (error.sent, error.attempts, len(error.trail)) == ("maybe", 5, 5)
    assert len({one.request_id for one in error.trail}) == 5
