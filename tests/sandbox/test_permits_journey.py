"""A trader's permit from draft to licence over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from tests.sandbox.permits_support import FORM, OFFICER, PDF, PNG, TRADER, Desk, desks, pointers

from egov_serang.sandbox.server import Sandbox


@pytest.fixture
def desk_with(sandbox: Sandbox) -> Iterator[Callable[[str], Desk]]:
    sandbox.reset()
    with desks(sandbox) as open_desk:
        yield open_desk


@pytest.fixture
def trader(desk_with: Callable[[str], Desk]) -> Desk:
    return desk_with(TRADER)


@pytest.fixture
def officer(desk_with: Callable[[str], Desk]) -> Desk:
    return desk_with(OFFICER)


@pytest.fixture
def jwks(trader: Desk) -> Any:
    return trader.peer.http.get(f"{trader.peer.url}/.well-known/jwks.json").json()


def test_a_trader_gets_a_licence_that_proves_itself(trader: Desk, officer: Desk, jwks: dict[str, Any]) -> None:
    number = _hand_in(trader)
    _return_and_resubmit(trader, officer, number)
    licence = trader.got(f"/licences/{_decide_and_issue(officer, number)}")
    assert licence["status"] == "active"
    assert licence["conditions"] == ["Jaga bersih"]
    assert licence["valid_until"][:4] == str(int(licence["valid_from"][:4]) + 2)
    payload = licence["verification"]["qr_payload"]
    signed = jws.deserialize_compact(payload, KeySet.import_key_set(jwks), algorithms=["ES256", "Ed25519"])
    claims = json.loads(signed.payload)
    assert set(claims) == {"v", "n", "t", "h", "f", "u", "s", "j"}
    shown = (claims["n"], claims["t"], claims["h"], claims["j"])
    assert shown == (licence["licence_number"], "TDU-PKL", "S.U.C.", "36.73")


def _hand_in(trader: Desk) -> str:
    draft = trader.start("TDU-PKL", {"goods": "senjata"}, client_reference="lapak-7")
    number: str = draft["application_id"]
    assert (draft["status"], draft["stage"], draft["waiting_on"]) == ("draft", "preparation", "applicant")
    assert draft["client_reference"] == "lapak-7"
    assert set(draft["allowed_actions"]) == {"submit", "withdraw"}

    incomplete = trader.submit(number)
    assert (incomplete.status_code, incomplete.json()["code"]) == (422, "documents_incomplete")
    assert pointers(incomplete) == ["/documents/ktp", "/documents/photo"]

    attached = trader.attach(number, "ktp").json()
    assert (attached["size"], attached["sha256"]) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    assert trader.attach(number, "photo", PNG, "image/png").status_code == 201

    wrong = trader.submit(number)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")
    assert pointers(wrong) == ["/form/business_name", "/form/goods", "/form/trading_place"]
    assert "senjata" not in wrong.text

    seen = trader.call("GET", f"/applications/{number}")
    changed = trader.call("PATCH", f"/applications/{number}", {"form": FORM}, if_match=seen.headers["etag"])
    assert (changed.status_code, changed.json()["form"]) == (200, FORM)

    submitted = trader.submit(number, if_match=changed.headers["etag"])
    body = submitted.json()
    assert (body["status"], body["stage"], body["waiting_on"]) == ("undetermined", "validation", "authority")
    assert body["clock"]["state"] == "running"
    assert submitted.headers["retry-after"] == "1"
    assert set(body["allowed_actions"]) == {"withdraw"}
    return number


def _return_and_resubmit(trader: Desk, officer: Desk, number: str) -> None:
    before = trader.got(f"/applications/{number}")["documents"]
    returned = officer.done(number, "return", comment="Foto kurang jelas")
    assert (returned["status"], returned["status_notes"]) == ("returned", "Foto kurang jelas")
    assert (returned["clock"]["state"], returned["clock"]["due_at"]) == ("paused", None)
    assert returned["allowed_actions"] == []
    ktp, old = before
    again = trader.attach(number, "photo", PNG + b"2", "image/png", replaces=old["document_id"]).json()
    assert again["supersedes"] == old["document_id"]
    resubmitted = trader.submit(number).json()
    assert [paper["document_id"] for paper in resubmitted["documents"]] == [
        ktp["document_id"],
        again["document_id"],
    ]
    assert (resubmitted["status"], resubmitted["status_notes"]) == ("undetermined", None)
    judged = officer.done(number, "accept_document", data={"document_id": again["document_id"]})
    assert {p["kind"]: p["verification"] for p in judged["documents"]} == {"ktp": "pending", "photo": "accepted"}


def _decide_and_issue(officer: Desk, number: str) -> str:
    assert officer.done(number, "advance")["stage"] == "decision"
    decided = officer.done(number, "decide", data={"outcome": "granted_with_conditions", "conditions": ["Jaga bersih"]})
    assert (decided["status"], decided["decision"]["outcome"]) == ("determined", "granted_with_conditions")
    assert decided["allowed_actions"] == ["issue"]
    issued = officer.done(number, "issue")
    assert (issued["stage"], issued["waiting_on"], issued["allowed_actions"]) == ("issued", "none", [])

    licence_id: str = issued["licence_id"]
    return licence_id


def test_a_forged_qr_code_does_not_verify(trader: Desk, officer: Desk, jwks: dict[str, Any]) -> None:
    number = trader.submitted("auto-pause", {"activity": "uji"})["application_id"]
    officer.done(number, "advance")
    officer.done(number, "decide", data={"outcome": "granted"})
    licence = trader.got(f"/licences/{officer.done(number, 'issue')['licence_id']}")
    head, claims, signature = licence["verification"]["qr_payload"].split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["u"] = "2099-01-01"
    claims = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    with pytest.raises(Exception, match="bad_signature"):
        jws.deserialize_compact(f"{head}.{claims}.{signature}", KeySet.import_key_set(jwks), algorithms=["ES256"])


def test_a_building_is_inspected_and_paid_for(trader: Desk, officer: Desk) -> None:
    form = {"function": "hunian", "floors": 2, "floor_area_m2": 120.5, "land_certificate": "SHM 0001"}
    number = trader.submitted("PBG", form, ("ktp", "site_plan", "land_certificate"))["application_id"]
    stages = [officer.done(number, "advance")["stage"] for _ in range(3)]
    assert stages == ["assessment", "inspection", "payment"]
    unpaid = officer.act(number, "advance")
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "fee_outstanding")
    assert set(unpaid.json()["allowed_actions"]) == {"bill"}

    billed = officer.done(number, "bill", data={"amount": {"amount": "1234500.00", "currency": "IDR"}})
    assert (billed["waiting_on"], billed["clock"]["state"]) == ("payment", "paused")
    assert billed["fee_summary"]["outstanding"] == {"amount": "1234500.00", "currency": "IDR"}
    (fee,) = trader.got(f"/applications/{number}/fees")["data"]
    assert (fee["status"], len(fee["billing_code"])) == ("billed", 15)
    assert [task["kind"] for task in trader.got(f"/applications/{number}")["open_tasks"]] == ["pay"]
    assert officer.act(number, "resume").json()["code"] == "fee_outstanding"

    paid = officer.done(number, "confirm_payment")
    assert (paid["clock"]["state"], paid["fee_summary"]["outstanding"]["amount"]) == ("running", "0")
    assert officer.done(number, "advance")["stage"] == "decision"
    refused = officer.done(number, "decide", data={"outcome": "refused", "grounds": "Garis sempadan"})
    assert (refused["waiting_on"], refused["decision"]["grounds"]) == ("none", "Garis sempadan")
    assert refused["decision"]["appeal_until"] is not None
    assert officer.act(number, "issue").json()["code"] == "invalid_transition"
