"""Proof: in networks that drop, reset, lose and hold up packets, errors come in time and say the truth about writes.

Each scenario of `inside.py` is played in a network namespace of its own. That it ends at all is the proof that our
limits ended it and not the kernel's, which are longer than `namespace.TIME`.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.network.inside import RESUMED_AT_MOST, WRITES
from tests.network.namespace import run
from tests.scale import long

pytestmark = [
    long,
    pytest.mark.parametrize("kind", ["threads", "tasks"]),
    pytest.mark.parametrize("transport", ["lanes", "fast"]),
]


def played(scenario: str, kind: str, transport: str) -> dict[str, Any]:
    """What came of a scenario. In none is a slot left taken, or a token or signature refused."""
    facts = run(scenario, kind, transport)
    assert facts.pop("busy") == 0
    assert facts.pop("refused") == []
    assert facts.pop("dropped", 1) > 0  # the network did what the scenario is about
    return facts


def test_a_connection_that_nobody_answers_times_out_and_nothing_was_sent(kind: str, transport: str) -> None:
    assert played("silence_at_the_door", kind, transport) == {
        "error": "ConnectionFailed",
        "code": "timeout",
        "sent": "no",
        "trail": ["no", "no"],
        "asked": 0,
        "effects": 0,
    }


def test_the_deadline_ends_connecting_as_well(kind: str, transport: str) -> None:
    facts = played("silence_until_the_deadline", kind, transport)
    assert (facts["error"], facts["asked"], facts["effects"]) == ("DeadlineExceeded", 0, 0)
    # pyreqwest does not tell connecting from waiting when its whole time is over.
    assert facts["sent"] in ({"no"} if transport == "lanes" else {"no", "maybe"})


def test_a_request_that_never_arrives_may_have_arrived_and_is_resumed(kind: str, transport: str) -> None:
    facts = played("lost_request", kind, transport)
    assert (facts["error"], facts["code"], facts["sent"]) == ("ConnectionFailed", "timeout", "maybe")
    assert (facts["asked"], facts["effects"]) == (0, 0)
    assert (facts["resumed"], facts["effects at last"]) == ("1", 1)


def test_an_answer_that_never_arrives_may_tell_of_an_effect_and_resuming_has_no_second_one(
    kind: str, transport: str
) -> None:
    facts = played("lost_answer", kind, transport)
    assert (facts["error"], facts["code"], facts["sent"]) == ("ConnectionFailed", "timeout", "maybe")
    assert (facts["asked"], facts["effects"]) == (1, 1)
    assert (facts["resumed"], facts["effects at last"]) == ("1", 1)


def test_a_connection_that_is_refused_sent_nothing(kind: str, transport: str) -> None:
    assert played("reset_at_the_door", kind, transport) == {
        "error": "ConnectionFailed",
        "code": "connect",
        "sent": "no",
        "trail": ["no"] * 3,
        "asked": 0,
        "effects": 0,
    }


def test_a_reset_after_sending_is_no_refusal_to_connect(kind: str, transport: str) -> None:
    assert played("reset_request", kind, transport) == {
        "error": "ConnectionFailed",
        "code": "reset",
        "sent": "maybe",
        "trail": ["maybe"] * 3,
        "asked": 0,
        "effects": 0,
        "resumed": "1",
        "effects at last": 1,
    }


def test_every_write_has_one_effect_where_a_fifth_of_the_packets_is_lost(kind: str, transport: str) -> None:
    facts = played("loss", kind, transport)
    assert facts["failing"] == []
    assert (len(facts["done"]), sum(facts["done"])) == (RESUMED_AT_MOST + 1, WRITES)
    assert facts["effects"] == [1] * WRITES
    assert facts["asked"] >= WRITES


def test_large_files_pass_a_narrow_line_whole(kind: str, transport: str) -> None:
    assert played("narrow", kind, transport) == {"uploaded": True, "downloaded": True}


@pytest.mark.parametrize("way", ["upload", "download"])
def test_a_line_too_narrow_for_the_deadline_ends_at_it(kind: str, transport: str, way: str) -> None:
    facts = played(f"dripping_{way}", kind, transport)
    assert facts["error"] == "DeadlineExceeded"
    assert facts["sent"] in {"maybe", "yes"}
