"""`egov outbox`: capturing on the command line, what waits, sending it, and what the shell sees of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Egov
from tests.cli.everything import NAME, PHOTO, STORY
from tests.cli.test_canary import PRIVATE, REFUSALS, echo

from egov_serang.testing.faults import FaultServer, refusing

SUBMIT = ("complaints", "submit", "jalan_rusak", STORY, "--area", "36.73.01.1001", "--photo", str(PHOTO))


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "laporan.db")


def test_a_complaint_captured_on_the_command_line_is_sent_by_it(egov: Egov, file: str) -> None:
    with refusing() as nowhere:
        away = {"EGOV_SERANG_GATEWAY": nowhere, "EGOV_SERANG_ISSUER": nowhere}
        kept = egov(*SUBMIT, "--outbox", file, "--json", **away)
        assert (kept.exit_code, json.loads(kept.stdout)) == (0, {"entry": 1, "state": "waiting"})
        offline = egov("outbox", "send", file, "--json", **away)
        said = json.loads(offline.stdout)
        assert (offline.exit_code, said["sent"], said["waiting"], said["stopped"]) == (4, 0, 1, "connect")
    (line,) = egov("outbox", "list", file, "--json").stdout.splitlines()
    entry: dict[str, Any] = json.loads(line)
    assert (entry["operation"], entry["files"], entry["code"], entry["sent"]) == (
        "complaints.submit",
        1,
        "connect",
        "no",
    )
    shown = egov("outbox", "show", file, "1").stdout
    assert STORY not in shown
    asked = json.loads(egov("outbox", "show", file, "1", "--arguments", "--json").stdout)
    assert (asked["arguments"]["description"], asked["arguments"]["photos"]) == (STORY, [PHOTO.name])
    sent = egov("outbox", "send", file, "--json")
    said = json.loads(sent.stdout)
    assert (sent.exit_code, said["sent"], said["waiting"]) == (0, 1, 0)
    made = json.loads(egov("complaints", "show", said["results"][0]["complaint_id"], "--json").stdout)
    assert (made["client_reference"], len(made["media"])) == (entry["client_reference"], 1)
    assert egov("outbox", "list", file, "--json").stdout == ""
    assert egov("outbox", "send", file).exit_code == 0


def test_what_is_given_up_is_an_exit_code_and_can_be_retried_or_discarded(egov: Egov, file: str) -> None:
    egov("complaints", "submit", "nothing_of_the_kind", STORY, "--area", "36.73.01.1001", "--outbox", file)
    sent = egov("outbox", "send", file)
    assert sent.exit_code == 1
    assert "service_not_found" in sent.stdout
    assert NAME not in sent.stdout + sent.stderr
    assert "given_up" in egov("outbox", "list", file, "--state", "given_up").stdout
    assert egov("outbox", "send", file).exit_code == 0
    assert json.loads(egov("outbox", "retry", file, "1", "--json").stdout)["state"] == "waiting"
    assert egov("outbox", "retry", file, "1").exit_code == 2
    assert json.loads(egov("outbox", "discard", file, "1", "--json").stdout) == {
        "id": 1,
        "operation": "complaints.submit",
        "discarded": True,
    }
    gone = egov("outbox", "show", file, "1")
    assert (gone.exit_code, "no entry" in gone.stderr) == (2, True)


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_that_says_everything_back_shows_nothing_of_it(egov: Egov, file: str, status: int) -> None:
    egov(*SUBMIT, "--outbox", file)
    with FaultServer(default=echo(status)) as gateway:  # type: ignore[arg-type]
        away = {"EGOV_SERANG_GATEWAY": gateway.url, "EGOV_SERANG_ISSUER": gateway.url}
        sent = egov("outbox", "send", file, "--json", **away)
        assert gateway.requests
    assert sent.exit_code == 1
    later = [
        egov("outbox", "list", file),
        egov("outbox", "show", file, "1"),
        egov("outbox", "show", file, "1", "--json"),
    ]
    for done in (sent, *later):
        assert [canary for canary in PRIVATE if canary in done.stdout + done.stderr] == []


def test_mistakes_say_what_is_wrong(egov: Egov, file: str) -> None:
    assert "does not exist" in " ".join(egov("outbox", "list", file).stderr.replace("│", " ").split())
    both = egov(*SUBMIT, "--outbox", file, "--idempotency-key", "k")
    assert (both.exit_code, "key of its own" in " ".join(both.stderr.replace("│", " ").split())) == (2, True)
    egov(*SUBMIT, "--outbox", file)
    unset = egov("outbox", "list", file, "--key", "env:NO_SUCH_VARIABLE")
    assert (unset.exit_code, "NO_SUCH_VARIABLE is not set" in unset.stderr) == (3, True)
