"""Civil registration and public announcements on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Egov

PHOTO = Path(__file__).parents[2] / "examples" / "pothole.png"
BIRTH = {
    "child_name": "Bayi Uji",
    "sex": "female",
    "birth_date": "2026-11-20",
    "birth_place": "Serang",
    "mother_name": "Ibu Uji",
}
GROUP = ("identity", "applications")


def test_a_birth_certificate_is_applied_for_and_issued(egov: Egov, tmp_path: Path) -> None:
    assert "akta_kelahiran" in egov("identity", "civil-services").stdout
    who, child = tmp_path / "applicant.json", tmp_path / "child.json"
    who.write_text(json.dumps({"subject_ref": "sub_uji_1", "relation": "parent"}), "utf-8")
    child.write_text(json.dumps({"role": "child", "name": "Bayi Uji"}), "utf-8")
    people = ("--applicant", str(who), "--subject", str(child))
    more = ("--form", "-", "--delivery", "pickup", "--json")
    started = egov(*GROUP, "start", "akta_kelahiran", *people, *more, stdin=json.dumps(BIRTH))
    assert started.exit_code == 0, started.stderr
    draft = json.loads(started.stdout)
    assert draft["delivery"]["mode"] == "pickup"
    number = draft["application_id"]
    for kind in ("birth_statement", "kk", "ktp_parents"):
        assert egov(*GROUP, "attach", number, kind, str(PHOTO)).exit_code == 0
    assert json.loads(egov(*GROUP, "submit", number, "--json").stdout)["status"] == "submitted"
    assert egov(*GROUP, "transition", number, "start_review").exit_code == 0
    back = egov(*GROUP, "transition", number, "return", "--comment", "KK tidak terbaca.", "--reason-code", "unreadable")
    assert back.exit_code == 0
    assert "returned" in egov(*GROUP, "wait", number).stdout
    assert egov(*GROUP, "submit", number).exit_code == 0
    for action in ("approve", "issue"):
        assert egov(*GROUP, "transition", number, action).exit_code == 0
    issued = egov(*GROUP, "wait", number, "--until", "issued")
    assert "3673-LU-" in issued.stdout
    assert "eyJ" not in issued.stdout
    steps = [json.loads(line)["action"] for line in egov(*GROUP, "history", number, "--json").stdout.splitlines()]
    assert steps == ["submit", "start_review", "return", "resubmit", "approve", "issue"]
    refused = egov(*GROUP, "transition", number, "approve")
    assert refused.exit_code == 1
    assert "InvalidTransition" in refused.stderr
    assert number in egov(*GROUP, "list", "--service", "akta_kelahiran").stdout


def test_a_document_goes_to_an_address_from_a_file(egov: Egov, tmp_path: Path) -> None:
    who = tmp_path / "applicant.json"
    who.write_text('{"subject_ref": "sub_uji_1", "relation": "self"}', "utf-8")
    start = (*GROUP, "start", "akta_kelahiran", "--applicant", str(who))
    posted = egov(*start, "--post-to", "-", "--json", stdin="Jl. Contoh 1\n")
    assert json.loads(posted.stdout)["delivery"] == {"mode": "post", "address": "Jl. Contoh 1"}
    twice = egov(*start, "--post-to", "-", "--form", "-")
    assert twice.exit_code == 2
    assert "only once" in twice.stderr


def test_a_legal_basis_of_consent_says_how_it_was_given(egov: Egov) -> None:
    verify = ("identity", "verify", "--purpose", "permit", "--legal-basis", "consent", "--nik", "-")
    number = "9973010101900000"
    assert egov(*verify, stdin=number).exit_code == 1
    given = ("--consent-method", "counter-form", "--consent-at", "2026-11-23T08:00:00+07:00")
    assert egov(*verify, *given, stdin=number).exit_code == 0
    assert egov(*verify, "--consent-at", "2026-11-23T08:00:00+07:00", stdin=number).exit_code == 2
    assert egov(*verify, "--consent-ref", "c-1", "--consent-method", "app", stdin=number).exit_code == 2


def test_announcements_are_read(egov: Egov) -> None:
    found = [json.loads(line) for line in egov("notifications", "announcements", "--json").stdout.splitlines()]
    assert found
    number = found[0]["announcement_id"]
    assert found[0]["title"] in egov("notifications", "announcement", number).stdout
    only = egov("notifications", "announcements", "--category", found[0]["category"], "--area", "36.73.01.1001")
    assert only.exit_code == 0
    assert egov("notifications", "announcements", "--active-at", "today").exit_code == 2
