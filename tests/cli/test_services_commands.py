"""The groups for the four services, against the sandbox."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import NAME, NIK, PHONE, Egov

from egov_serang.sandbox.server import Sandbox

PHOTO = Path(__file__).parents[2] / "examples" / "pothole.png"
PLACE = ("--lat", "-6.1153", "--long", "106.1503", "--area", "36.73.01.1001")
WHY = ("--purpose", "permit", "--legal-basis", "public_task")


def lines(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def report(egov: Egov, *more: str) -> dict[str, Any]:
    done = egov("complaints", "submit", "jalan_rusak", "Jalan berlubang.", *PLACE, "--json", *more)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_categories_as_a_table_and_as_lines(egov: Egov) -> None:
    table = egov("complaints", "services")
    assert table.exit_code == 0
    assert "service_code" in table.stdout
    assert "Jalan rusak atau berlubang" in table.stdout
    found = lines(egov("complaints", "services", "--json").stdout)
    assert {"jalan_rusak", "sampah"} <= {row["service_code"] for row in found}
    assert "\x1b" not in table.stdout


def test_answers_come_in_the_language_asked_for(egov: Egov) -> None:
    asked = {word: egov("permits", "types", "--language", word).stdout for word in ("id", "en")}
    assert "Persetujuan Bangunan Gedung" in asked["id"]
    assert "Persetujuan Bangunan Gedung" not in asked["en"]


def test_a_complaint_with_a_photo_goes_its_way(egov: Egov, sandbox: Sandbox, tmp_path: Path) -> None:
    filed = report(egov, "--photo", str(PHOTO), "--client-reference", "counter-7")
    assert filed["client_reference"] == "counter-7"
    number, media = filed["complaint_id"], filed["media"][0]
    back = tmp_path / "back.png"
    assert egov("complaints", "download", number, media["media_id"], "-o", str(back)).exit_code == 0
    assert back.read_bytes() == PHOTO.read_bytes()
    assert egov("complaints", "attach", number, str(PHOTO)).exit_code == 0
    for action, more in (("verify", ()), ("assign", ("--assignee", "regu-jalan-1")), ("start", ()), ("resolve", ())):
        assert egov("complaints", "transition", number, action, *more).exit_code == 0
    shown = egov("complaints", "show", number)
    assert "resolved" in shown.stdout
    rated = egov("complaints", "transition", number, "rate", "--data", "-", "--json", stdin='{"score": 5}')
    assert json.loads(rated.stdout)["rating"]["score"] == 5
    assert sandbox.counts()["complaints"] == 1


def test_a_list_is_filtered_and_cut_and_says_that_there_is_more(egov: Egov) -> None:
    for _ in range(3):
        report(egov)
    cut = egov("complaints", "list", "--status", "submitted", "--limit", "2", "--json")
    assert len(lines(cut.stdout)) == 2
    assert "--limit 0" in cut.stderr
    assert len(lines(egov("complaints", "list", "--limit", "0", "--json").stdout)) == 3
    assert egov("complaints", "list", "--status", "closed", "--json").stdout == ""
    since = egov("complaints", "list", "--updated-after", "2026-11-23")
    assert since.exit_code == 2
    assert "zone" in since.stderr


def test_a_description_and_a_reporter_come_from_files(egov: Egov, tmp_path: Path) -> None:
    who = tmp_path / "reporter.json"
    who.write_text(json.dumps({"name": "Warga Contoh", "phone": "0812 0000 0009"}), "utf-8")
    words = f"Lubang di depan rumah. NIK saya {NIK}."
    done = egov("complaints", "submit", "jalan_rusak", "-", *PLACE, "--reporter", str(who), "--json", stdin=words)
    filed = json.loads(done.stdout)
    assert filed["description"] == "Lubang di depan rumah. NIK saya 9973••••••••••••."
    assert filed["reporter"]["name"] == "Warga Contoh"


def test_the_same_key_makes_no_second_complaint(egov: Egov, sandbox: Sandbox) -> None:
    first, second = (report(egov, "--idempotency-key", "night-run-1") for _ in range(2))
    assert first["complaint_id"] == second["complaint_id"]
    assert sandbox.counts()["complaints"] == 1


def test_a_transition_on_a_version_that_passed_is_refused(egov: Egov) -> None:
    number = report(egov)["complaint_id"]
    assert egov("complaints", "transition", number, "verify", "--version", "1").exit_code == 0
    late = egov("complaints", "transition", number, "withdraw", "--version", "1")
    assert late.exit_code == 1
    assert "The data has changed meanwhile" in late.stderr
    assert "Conflict" in late.stderr


def test_a_person_is_verified_by_a_piped_number(egov: Egov, tmp_path: Path) -> None:
    table = egov("identity", "verify", *WHY, "--nik", "-", stdin=NIK + "\n")
    assert table.exit_code == 0, table.stderr
    assert "match" in table.stdout
    assert "eyJ" not in table.stdout
    number, data = tmp_path / "nik.txt", tmp_path / "data.json"
    number.write_text("9973 0101 0190 0001", "utf-8")
    data.write_text(json.dumps({"full_name": NAME, "birth_date": "1990-01-01"}), "utf-8")
    asked = egov("identity", "verify", *WHY, "--nik", str(number), "--attributes", str(data), "--json")
    found = json.loads(asked.stdout)
    assert found["outcome"] == "no_match"
    assert asked.exit_code == 0  # a verdict is an answer
    payload = (found.get("evidence") or "..").split(".")[1]
    assert NIK.encode()[:-1] not in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    again = egov("identity", "show", found["transaction_id"], "--json")
    assert json.loads(again.stdout)["outcome"] == "no_match"


def test_a_number_is_never_an_argument(egov: Egov) -> None:
    for spelled in (NIK, "9973 0101 0190 0000"):
        refused = egov("identity", "verify", *WHY, spelled)
        assert refused.exit_code == 2
        assert "9973••••••••••••" in refused.stderr
    wrong = egov("identity", "verify", *WHY, "--nik", "-", stdin="99730101019000")
    assert wrong.exit_code == 2
    assert "16 digits" in wrong.stderr
    assert "9973" not in wrong.stderr
    assert "no terminal" in egov("identity", "verify", *WHY).stderr


def test_a_permit_goes_from_form_to_licence(egov: Egov, tmp_path: Path) -> None:
    verified = json.loads(egov("identity", "verify", *WHY, "--nik", "-", "--json", stdin=NIK).stdout)
    who = tmp_path / "applicant.json"
    who.write_text(json.dumps({"subject_ref": verified["subject_ref"], "name": "Pedagang Contoh"}), "utf-8")
    kinds = {kind["permit_type_code"]: kind for kind in lines(egov("permits", "types", "--json").stdout)}
    form = json.dumps({"business_name": "Sate Contoh", "goods": "makanan", "trading_place": "Pasar Lama"})
    started = egov("permits", "start", "TDU-PKL", "--applicant", str(who), "--form", "-", "--json", stdin=form)
    assert started.exit_code == 0, started.stderr
    number = json.loads(started.stdout)["application_id"]
    for document in kinds["TDU-PKL"]["required_documents"]:
        if document["required"]:
            assert egov("permits", "attach", number, document["kind"], str(PHOTO)).exit_code == 0
    submitted = egov("permits", "submit", number, "--json")
    assert json.loads(submitted.stdout)["status"] == "undetermined"
    while json.loads(egov("permits", "show", number, "--json").stdout)["stage"] != "decision":
        assert egov("permits", "transition", number, "advance").exit_code == 0
    grant = '{"outcome": "granted"}'
    assert egov("permits", "transition", number, "decide", "--data", "-", stdin=grant).exit_code == 0
    assert egov("permits", "transition", number, "issue").exit_code == 0
    waited = json.loads(egov("permits", "wait", number, "--json").stdout)
    assert waited["status"] == "determined"
    assert "active" in egov("permits", "licence", waited["licence_id"]).stdout
    assert number in egov("permits", "list", "--type", "TDU-PKL", "--limit", "5").stdout


def test_waiting_ends_with_the_time_given(egov: Egov, tmp_path: Path) -> None:
    who = tmp_path / "applicant.json"
    who.write_text(json.dumps({"nib": "1234567890123", "name": "PT Contoh"}), "utf-8")
    started = egov("permits", "start", "TDU-PKL", "--applicant", str(who), "--json")
    late = egov("permits", "wait", json.loads(started.stdout)["application_id"], "--timeout", "0.2")
    assert late.exit_code == 4
    assert "DeadlineExceeded" in late.stderr
    reached = egov("permits", "wait", json.loads(started.stdout)["application_id"], "--until", "draft")
    assert reached.exit_code == 0


def test_a_message_is_sent_and_followed(egov: Egov, sandbox: Sandbox) -> None:
    assert "complaint-resolved-sms" in egov("notifications", "templates").stdout
    send = ("notifications", "send", "complaint-resolved-sms", "--field", "reference=SRG-1", "--recipient", "-")
    sent = egov(*send, "--json", stdin=json.dumps({"phone": PHONE}))
    assert sent.exit_code == 0, sent.stderr
    number = json.loads(sent.stdout)["message_id"]
    sandbox.advance(5)
    assert "delivered" in egov("notifications", "show", number).stdout
    assert number in egov("notifications", "list", "--template", "complaint-resolved-sms").stdout
    bad = egov(*send, stdin=json.dumps({"phone": "12", "email": NAME}))
    assert bad.exit_code == 2
    assert "phone" in bad.stderr
    assert egov(*send, "--data", "-").exit_code == 2
    assert egov("notifications", "send", "complaint-resolved-sms").exit_code == 2
    missing = egov(
        "notifications", "send", "complaint-resolved-sms", "--recipient", "-", stdin='{"phone": "0812000001"}'
    )
    assert missing.exit_code == 1
    assert "personalisation_missing" in missing.stderr
