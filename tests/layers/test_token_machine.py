"""The token cache under everything that can happen to it, in any order; and that the search finds planted faults."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.layers.token_machine import TokenMachine
from tests.scale import scaled

from egov_serang.auth import tokens

SEARCH = settings(
    max_examples=scaled(5000),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


def machine(source_type: Any) -> type[TokenMachine]:
    return type("Machine", (TokenMachine,), {"source_type": source_type})


def test_the_cache_holds_whatever_happens() -> None:
    run_state_machine_as_test(machine(tokens.TokenSource), settings=SEARCH)


PLANTED = {
    "a refusal drops whatever is there": ("if self._token is token:", "if True:"),
    "a refusal drops nothing": (
        "            if self._token is token:\n                self._token = None",
        "            pass",
    ),
    "an expired token is used": ("now < token.expires_at else None", "now < token.expires_at + 5 else None"),
    "the quick way forgets the time": (
        "return token if token is not None and now < token.refresh_at else",
        "return token if token is not None else",
    ),
    "life counts too long": ("self.expires_at = asked_at + lifetime", "self.expires_at = asked_at + lifetime + 5"),
    "no single flight": ("flight = self._flights.get(runtime.flow)\n", "flight = None\n"),
    "no rest after a failure": ("(self._flights or now < self._not_before)", "self._flights"),
    "a cancelled caller takes the renewal along": (
        "runtime.launch(self._fly(runtime, flight, until), aside=usable is not None)",
        "await self._fly(runtime, flight, until)",
    ),
    "a flight that landed stays": (
        "                    del self._flights[runtime.flow]\n            flight.set_result",
        "                    pass\n            flight.set_result",
    ),
    "nothing is renewed early": (
        "if token is not None and now < token.refresh_at:",
        "if token is not None and now < token.expires_at:",
    ),
    "all wait for an early renewal": ("if usable is not None and not flight.done():", "if False:"),
    "nobody is told": ("flight.set_result(landing)", "pass"),
    "the deadline is not kept": ("max(0.0, min(left, _FETCH_TIME + _BACKOFF))", "1000.0"),
}


def search(old: str, new: str) -> None:
    """Search a copy of the cache in which one piece of the text is another."""
    source = Path(tokens.__file__).read_text("utf-8")
    assert source.count(old) == 1, "the code has changed: plant this fault anew"
    planted = types.ModuleType("egov_serang.auth.planted")
    sys.modules[planted.__name__] = planted  # dataclasses look their module up
    try:
        exec(compile(source.replace(old, new), "planted", "exec"), vars(planted))
        once = settings(SEARCH, max_examples=400, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
        run_state_machine_as_test(machine(planted.TokenSource), settings=once)
    finally:
        del sys.modules[planted.__name__]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    with pytest.raises(AssertionError) as caught:
        search(*PLANTED[fault])
    assert "plant this fault anew" not in str(caught.value)


def test_a_copy_without_a_fault_passes() -> None:
    search("class TokenSource:", "class TokenSource:")
