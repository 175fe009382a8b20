"""The simulated life of a message, on paper: every timeline a legal walk through the contract's states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.models.notifications import Channel
from egov_serang.sandbox.notifications.delivery import Fate, after_quiet_hours, fate_of, timeline

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
S = timedelta(seconds=1)

# Typed from contract-v1 section 5; expired is reached from every state before `sent`.
LEGAL = {
    "accepted": {"queued", "expired"},
    "scheduled": {"queued"},
    "queued": {"sent", "expired"},
    "sent": {"delivered", "failed_permanent", "failed_temporary"},
    "failed_temporary": {"queued", "expired"},
}
FINAL = {"delivered", "failed_permanent", "expired"}


def _walk(
    fate: Fate, channels: tuple[Channel, ...] = (Channel.SMS,), **times: datetime | None
) -> list[tuple[str, str]]:
    start = times.get("start") or NOW
    steps = timeline(NOW, fate, channels, start=start, expires=times.get("expires"))
    return [(step.status.value, step.channel.value) for step in steps]


@pytest.mark.parametrize(
    ("fate", "walk"),
    [
        ("delivered", "accepted queued sent delivered"),
        ("permanent", "accepted queued sent failed_permanent"),
        ("temporary", "accepted queued sent failed_temporary queued sent delivered"),
    ],
)
def test_each_fate_takes_its_way(fate: Fate, walk: str) -> None:
    assert [status for status, _ in _walk(fate)] == walk.split()


def test_a_temporary_failure_falls_back_to_the_next_channel() -> None:
    walk = _walk("temporary", (Channel.SMS, Channel.WHATSAPP))
    assert walk[3:] == [
        ("failed_temporary", "sms"),
        ("queued", "whatsapp"),
        ("sent", "whatsapp"),
        ("delivered", "whatsapp"),
    ]


def test_a_scheduled_message_waits() -> None:
    steps = timeline(NOW, "delivered", (Channel.SMS,), start=NOW + 60 * S, expires=None)
    assert [(s.status.value, (s.at - NOW) / S) for s in steps][:2] == [("scheduled", 0), ("queued", 60)]


def test_what_could_not_leave_in_time_expires() -> None:
    assert _walk("temporary", expires=NOW + 2.5 * S)[-2:] == [("failed_temporary", "sms"), ("expired", "sms")]
    assert _walk("delivered", expires=NOW + 0.1 * S) == [("accepted", "sms"), ("expired", "sms")]


@given(
    fate=st.sampled_from(["delivered", "permanent", "temporary"]),
    channels=st.lists(st.sampled_from(list(Channel)), min_size=1, max_size=4).map(tuple),
    wait=st.integers(0, 1000),
    ttl=st.none() | st.integers(1, 20),
)
def test_every_timeline_is_legal_ordered_and_ends(
    fate: Fate, channels: tuple[Channel, ...], wait: int, ttl: int | None
) -> None:
    start = NOW + wait * S
    expires = None if ttl is None else start + ttl * S
    steps = timeline(NOW, fate, channels, start=start, expires=expires)
    assert all(later.status.value in LEGAL[earlier.status.value] for earlier, later in pairwise(steps))
    assert all(earlier.at <= later.at for earlier, later in pairwise(steps))
    assert steps[-1].status.value in FINAL
    assert all(step.channel in channels for step in steps)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("2026-11-23T12:00:00+07:00", "2026-11-23T12:00:00+07:00"),
        ("2026-11-23T07:00:00+07:00", "2026-11-23T07:00:00+07:00"),
        ("2026-11-23T06:59:59+07:00", "2026-11-23T07:00:00+07:00"),
        ("2026-11-23T21:00:00+07:00", "2026-11-24T07:00:00+07:00"),
        ("2026-11-23T17:30:00+00:00", "2026-11-24T07:00:00+07:00"),
    ],
)
def test_nobody_is_woken_in_quiet_hours(asked: str, sent: str) -> None:
    assert after_quiet_hours(datetime.fromisoformat(asked)) == datetime.fromisoformat(sent)


@pytest.mark.parametrize(
    ("address", "fate"),
    [
        ({"phone": "+6281200000001"}, "delivered"),
        ({"phone": "+6281200000002"}, "permanent"),
        ({"phone": "+6281200000003"}, "temporary"),
        ({"phone": "+6281200000777"}, "delivered"),
        ({"email": "Delivered@simulator.invalid"}, "delivered"),
        ({"email": "perm-fail@simulator.invalid"}, "permanent"),
        ({"email": "temp-fail@simulator.invalid"}, "temporary"),
        ({"email": "perm-fail@example.invalid"}, "delivered"),
        ({}, "delivered"),
    ],
)
def test_magic_addresses(address: dict[str, str], fate: Fate) -> None:
    assert fate_of(**address) == fate
