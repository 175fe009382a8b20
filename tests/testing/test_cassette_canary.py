"""Proof 7 for cassettes: runs of many operations with canaries in every field, also runs and files that break off."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_public_canary import ANSWER, CANARIES, NAME, OPERATIONS, REFUSALS, TOKEN
from tests.contract.test_public_canary import config as config  # noqa: PLC0414 - its fixture: both kinds of credentials

from egov_serang import Client, Config, EgovError
from egov_serang.testing import Cassette, FakeRequest, FakeResponse, FakeTransport


def gateway(answer: Any) -> FakeTransport:
    """Answers with canaries everywhere, also in headers."""

    def handle(request: FakeRequest) -> FakeResponse:
        if request.path == "/oauth2/token":
            return FakeResponse(200, json={"access_token": TOKEN, "token_type": "Bearer"})
        said: FakeResponse = answer(request) if callable(answer) else answer
        told = {"x-told": CANARIES[0], "set-cookie": TOKEN, "retry-after": CANARIES[0]}
        return FakeResponse(said.status, said.json, said.body, {**told, **said.headers})

    return FakeTransport(handle, tokens=False)


def record(config: Config, path: Path, answer: Any, operation: Callable[[Any], Any]) -> None:
    tape = Cassette(path, transport=gateway(answer), mode="record", key="a key of the tests, long enough")
    client = Client(config, transport=tape)
    with suppress(EgovError):
        operation(client)


def clean(folder: Path) -> int:
    """How many files a folder holds; none of them a canary."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace")
        folded = text.casefold()
        assert [canary for canary in CANARIES if canary.casefold() in folded] == [], file.name
        assert "long enough" not in folded
    return len(files)


ANSWERS = {"success": FakeResponse(200, json=ANSWER), **REFUSALS}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_recording_of_any_operation_holds_a_canary(config: Config, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "tapes"
    for number, operation in enumerate(OPERATIONS.values()):
        record(config, folder / f"{number}.json", ANSWERS[name], operation)
    assert clean(folder) == len(OPERATIONS)


def test_a_list_asked_for_with_canaries_shows_none(config: Config, tmp_path: Path) -> None:
    page = FakeResponse(200, json={"data": [ANSWER], "next_cursor": None})
    for number, canary in enumerate(CANARIES[:6]):
        record(
            config,
            tmp_path / "tapes" / f"{number}.json",
            page,
            lambda c, said=canary: list(c.complaints.list(client_reference=said, status=NAME)),
        )
    assert clean(tmp_path / "tapes") == 6


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_run_that_breaks_off_leaves_no_canary(config: Config, tmp_path: Path, name: str) -> None:
    def broken(request: FakeRequest) -> FakeResponse:
        raise KeyboardInterrupt

    path = tmp_path / "tapes" / "run.json"
    tape = Cassette(path, transport=gateway(FakeResponse(200, json=ANSWER)), mode="record")
    Client(config, transport=tape).complaints.get("c-1")
    tape._transport = gateway(broken)
    with pytest.raises(KeyboardInterrupt):
        OPERATIONS[name](Client(config, transport=tape))
    assert clean(path.parent) == 1


def test_a_file_that_cannot_be_replaced_leaves_no_canary(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    path = tmp_path / "tapes" / "run.json"
    with pytest.raises(OSError, match="No space"):
        record(config, path, FakeResponse(200, json=ANSWER), OPERATIONS["verify"])
    assert clean(path.parent) >= 1
