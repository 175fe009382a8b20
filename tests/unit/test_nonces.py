"""Stores of nonces: once, until it is over, bounded, shared by threads and processes."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from egov_serang.errors import SignatureInvalid
from egov_serang.signing.nonces import MemoryNonces, NonceStore, SqliteNonces

NOW = 1_800_000_000.0


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryNonces | SqliteNonces]:
    if request.param == "memory":
        yield MemoryNonces(cap=100)
        return
    kept = SqliteNonces(tmp_path / "nonces.sqlite", cap=100)
    yield kept
    kept.close()


def add(store: NonceStore, nonce: str, keyid: str = "k", now: float = NOW, life: float = 331) -> bool:
    return store.first_time(keyid, nonce, now=now, until=now + life)


def test_once_for_each_key(store: MemoryNonces | SqliteNonces) -> None:
    assert [add(store, "a"), add(store, "a"), add(store, "b"), add(store, "a", "other")] == [True, False, True, True]
    assert not store.first_time("k", "a", now=NOW, until=NOW + 1)
    assert len(store) == 3


def test_forgotten_when_it_is_over_and_not_before(store: MemoryNonces | SqliteNonces) -> None:
    add(store, "a")
    assert not add(store, "a", now=NOW + 330)
    assert add(store, "a", now=NOW + 331 + 60)
    assert len(store) == 1


def test_asking_remembers_nothing(store: MemoryNonces | SqliteNonces) -> None:
    assert not store.seen("k", "a", now=NOW)
    assert add(store, "a")
    assert store.seen("k", "a", now=NOW)
    assert not store.seen("other", "a", now=NOW)
    assert not store.seen("k", "a", now=NOW + 331 + 60)


def test_a_longer_span_keeps_at_least_as_long() -> None:
    store = MemoryNonces(cap=10, span_s=3600)
    add(store, "a", life=48 * 3600)
    assert store.seen("k", "a", now=NOW + 48 * 3600 - 1)
    assert not store.seen("k", "a", now=NOW + 49 * 3600)


def test_full_is_closed_until_there_is_room(store: MemoryNonces | SqliteNonces) -> None:
    for number in range(100):
        add(store, f"{number}", now=NOW)
    with pytest.raises(SignatureInvalid) as refused:
        add(store, "more", now=NOW + 2)
    assert refused.value.code == "nonce_store_full"
    assert add(store, "more", now=NOW + 400)


def test_one_of_many_threads_is_first(store: MemoryNonces | SqliteNonces) -> None:
    won: list[bool] = []
    ready = threading.Barrier(8)

    def race() -> None:
        ready.wait()
        won.append(add(store, "contested"))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_file_serves_two_stores_and_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "nonces.sqlite"
    first, second = SqliteNonces(path), SqliteNonces(path)
    assert add(first, "a")
    assert not add(second, "a")
    first.close()
    second.close()
    again = SqliteNonces(path)
    assert not add(again, "a")
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
