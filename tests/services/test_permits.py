"""Permits, the principal way, against the sandbox over real HTTP."""

from __future__ import annotations

import pytest

from egov_serang import Client, DeadlineExceeded, File, Invalid, InvalidTransition, Nib
from egov_serang.models.permits import Applicant, Application, ApplicationStatus, LicenceStatus, Stage

FORM = {"business_name": "Sate Bandeng", "goods": "makanan", "trading_place": "Pasar Lama"}
SCAN = File(b"scan" * 100, "scan.png", "image/png")


def start(client: Client, kind: str = "TDU-PKL", form: dict[str, str] | None = None) -> Application:
    applicant = Applicant(nib=Nib("9120000000001"), name="Pedagang Contoh")
    return client.permits.applications.start(kind, applicant=applicant, form=FORM if form is None else form)


def hand_in(client: Client) -> Application:
    draft = start(client)
    for kind in ("ktp", "photo"):
        client.permits.applications.attach(draft.application_id, kind, SCAN)
    return client.permits.applications.submit(client.permits.applications.get(draft.application_id))


def test_types_carry_their_form_and_documents(client: Client) -> None:
    kinds = {kind.permit_type_code: kind for kind in client.permits.types(limit=3)}
    trader = kinds["TDU-PKL"]
    assert {document.kind for document in trader.required_documents if document.required} == {"ktp", "photo"}
    assert trader.form_schema["type"] == "object"
    assert trader.deemed_approval


def test_an_application_is_returned_completed_decided_and_issued(client: Client) -> None:
    desk = client.permits.applications
    submitted = hand_in(client)
    assert (submitted.status, submitted.waiting_on) == (ApplicationStatus.UNDETERMINED, "authority")
    desk.transition(submitted, "return", comment="Foto tidak terbaca.")
    returned = desk.wait_for(submitted, timeout=5)
    assert (returned.status, returned.status_notes) == (ApplicationStatus.RETURNED, "Foto tidak terbaca.")
    desk.attach(returned.application_id, "photo", SCAN)
    case = desk.submit(returned.application_id)
    while case.stage is not Stage.DECISION:
        case = desk.transition(case, "advance")
    case = desk.transition(case, "decide", data={"outcome": "granted"})
    case = desk.transition(case, "issue")
    assert case.status is ApplicationStatus.DETERMINED
    assert case.licence_id is not None
    licence = client.permits.licences.get(case.licence_id)
    assert licence.status is LicenceStatus.ACTIVE
    assert licence.verification is not None
    assert licence.verification.qr_payload.count(".") == 2
    assert [item.application_id for item in desk.list(status="determined")] == [case.application_id]


def test_missing_documents_and_a_wrong_form_are_named(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.permits.applications.submit(start(client).application_id)
    assert caught.value.code == "documents_incomplete"
    draft = start(client, form={"business_name": "Sate"})
    for kind in ("ktp", "photo"):
        client.permits.applications.attach(draft.application_id, kind, SCAN)
    with pytest.raises(Invalid) as wrong:
        client.permits.applications.submit(draft.application_id)
    assert any("/form" in field.pointer for field in wrong.value.fields)


def test_a_draft_cannot_be_decided(client: Client) -> None:
    with pytest.raises(InvalidTransition) as caught:
        client.permits.applications.transition(start(client), "decide", data={"outcome": "granted"})
    assert "submit" in caught.value.allowed_actions


def test_waiting_ends_with_its_time_and_can_begin_again(client: Client) -> None:
    case = hand_in(client)
    with pytest.raises(DeadlineExceeded):
        client.permits.applications.wait_for(case, timeout=0.3)
    here = client.permits.applications.wait_for(case.application_id, until=["undetermined"], timeout=5)
    assert here.application_id == case.application_id
