"""Civil registration, the principal way, against the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from egov_serang import (
    Client,
    Config,
    Conflict,
    DeadlineExceeded,
    File,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
)
from egov_serang.models.civil import (
    CivilAction,
    CivilApplicant,
    CivilApplication,
    CivilDelivery,
    CivilStatus,
    CivilSubject,
)
from egov_serang.sandbox.server import Sandbox

PARENT = CivilApplicant(subject_ref="sub_uji_1", relation="parent")
BIRTH = {
    "child_name": "Bayi Uji",
    "sex": "female",
    "birth_date": "2026-11-20",
    "birth_place": "Serang",
    "mother_name": "Ibu Uji",
}
SCAN = File(b"scan" * 100, "scan.png", "image/png")
NEEDED = ("birth_statement", "kk", "ktp_parents")


def start(client: Client, form: dict[str, str] | None = None, delivery: str = "digital") -> CivilApplication:
    return client.identity.applications.start(
        "akta_kelahiran",
        applicant=PARENT,
        subjects=[CivilSubject(role="child", name="Bayi Uji")],
        form=BIRTH if form is None else form,
        delivery=CivilDelivery(mode=delivery),
        client_reference="birth-1",
    )


def hand_in(client: Client, delivery: str = "digital") -> CivilApplication:
    draft = start(client, delivery=delivery)
    for kind in NEEDED:
        client.identity.applications.attach(draft.application_id, kind, SCAN)
    return client.identity.applications.submit(draft)


@pytest.fixture
def officer(sandbox: Sandbox, city: Config, tmp_path: Path) -> Iterator[Client]:
    """The registry's own client; `client` may do everything and so stands for the resident's app too."""
    profile = sandbox.credentials("registry-desk", ["identity:process"], tmp_path)
    config = Config(
        gateway=city.gateway,
        client_id=profile.client_id,
        key_file=profile.key_file,
        signing_key_file=profile.signing_key_file,
    )
    with Client(config) as made:
        yield made


def test_nine_services_each_with_form_and_documents_in_two_languages(client: Client) -> None:
    services = {service.service_code: service for service in client.identity.civil_services(limit=4)}
    assert set(services) == {
        *("kk", "ktp_el", "kia", "akta_kelahiran", "akta_kematian", "akta_perkawinan", "akta_perceraian"),
        *("pindah", "datang"),
    }
    assert [variant.variant for variant in services["kk"].variants] == ["new", "change", "split", "lost"]
    english = {s.service_code: s for s in client.with_options(language="en").identity.civil_services()}
    for code, service in services.items():
        assert service.form_schema["type"] == "object"
        assert any(document.required for document in service.required_documents)
        assert service.outputs
        assert service.statutory_days
        assert service.name != english[code].name
        assert [d.kind for d in service.required_documents] == [d.kind for d in english[code].required_documents]
    police = next(d for d in services["kk"].required_documents if d.kind == "police_report")
    assert police.variants == ("lost",)


def test_a_birth_certificate_is_returned_completed_approved_and_issued(client: Client, officer: Client) -> None:
    mine, desk = client.identity.applications, officer.identity.applications
    submitted = hand_in(client)
    assert (submitted.status, submitted.waiting_on) == (CivilStatus.SUBMITTED, "authority")
    assert submitted.expected_at is not None
    case = desk.transition(submitted.application_id, "start_review", version=submitted.version)
    assert case.status is CivilStatus.IN_REVIEW
    desk.transition(case, CivilAction.RETURN, comment="KK tidak terbaca.", reason_code="unreadable")
    returned = mine.wait_for(submitted, timeout=5)
    assert (returned.status, returned.status_notes, returned.status_detail) == (
        CivilStatus.RETURNED,
        "KK tidak terbaca.",
        "unreadable",
    )
    mine.attach(returned.application_id, "kk", SCAN)
    again = mine.submit(returned.application_id)
    assert (again.status, again.status_notes) == (CivilStatus.IN_REVIEW, None)
    case = desk.transition(desk.get(again.application_id), "approve")
    assert case.status is CivilStatus.APPROVED
    case = desk.transition(case, "issue")
    told = mine.wait_for(submitted, timeout=5)
    assert (told.status, told.waiting_on, told.result) == (CivilStatus.ISSUED, "none", case.result)
    assert told.result is not None
    assert told.result.kind == "akta_kelahiran"
    assert told.result.number.startswith("3673-LU-")
    assert (told.result.qr_payload or "").count(".") == 2
    steps = [(step.action.value, step.actor) for step in mine.history(told.application_id, limit=2)]
    assert steps == [
        ("submit", "applicant"),
        ("start_review", "officer"),
        ("return", "officer"),
        ("resubmit", "applicant"),
        ("approve", "officer"),
        ("issue", "officer"),
    ]
    collected = desk.transition(case, "hand_over")
    assert collected.status is CivilStatus.COLLECTED
    assert collected.allowed_actions == ()


def test_lists_are_filtered_and_an_officer_sees_everybodys(client: Client, officer: Client) -> None:
    first, second = start(client), hand_in(client)
    desk = officer.identity.applications
    assert [found.application_id for found in desk.list(limit=1)] == [second.application_id, first.application_id]
    assert [found.application_id for found in desk.list(status="draft")] == [first.application_id]
    assert len(list(desk.list(client_reference="birth-1", service_code="akta_kelahiran"))) == 2
    assert list(desk.list(service_code="kk")) == []


def test_missing_documents_and_a_wrong_form_are_named(client: Client) -> None:
    applications = client.identity.applications
    with pytest.raises(Invalid) as caught:
        applications.submit(start(client))
    assert caught.value.code == "documents_incomplete"
    assert {field.pointer for field in caught.value.fields} == {f"/documents/{kind}" for kind in NEEDED}
    draft = start(client, form={"child_name": "Bayi Uji", "sex": "unknown"})
    for kind in NEEDED:
        applications.attach(draft.application_id, kind, SCAN)
    with pytest.raises(Invalid) as wrong:
        applications.submit(draft)
    assert {"/form/sex", "/form/birth_date"} <= {field.pointer for field in wrong.value.fields}


def test_unknown_services_and_variants_are_refused(client: Client) -> None:
    applications = client.identity.applications
    for code, variant, pointer in (
        ("sim", None, "/service_code"),
        ("kk", None, "/variant"),
        ("kk", "stolen", "/variant"),
    ):
        with pytest.raises(Invalid) as caught:
            applications.start(code, applicant=PARENT, variant=variant)
        assert [field.pointer for field in caught.value.fields] == [pointer]
    with pytest.raises(Invalid):
        start(client, delivery="post")  # without an address


def test_only_what_the_state_the_version_and_the_scope_allow(client: Client, officer: Client) -> None:
    draft = start(client)
    with pytest.raises(InvalidTransition) as caught:
        client.identity.applications.transition(draft, "approve")
    assert set(caught.value.allowed_actions) == {"submit", "withdraw"}
    client.identity.applications.attach(draft.application_id, "kk", SCAN)
    with pytest.raises(Conflict):
        client.identity.applications.transition(draft, "withdraw")
    with pytest.raises(Forbidden):
        officer.identity.applications.transition(draft, "withdraw")
    withdrawn = client.identity.applications.transition(draft.application_id, "withdraw", version=2)
    assert withdrawn.status is CivilStatus.WITHDRAWN
    with pytest.raises(Invalid):
        client.identity.applications.transition(draft.application_id, "withdraw")
    with pytest.raises(NotFound):
        client.identity.applications.get("no-such-application")


def test_waiting_ends_with_its_time_and_can_begin_again(client: Client) -> None:
    case = hand_in(client)
    with pytest.raises(DeadlineExceeded):
        client.identity.applications.wait_for(case, timeout=0.3)
    here = client.identity.applications.wait_for(case.application_id, until=["submitted"], timeout=5)
    assert here.application_id == case.application_id


def test_a_repetition_with_the_same_key_starts_no_second_application(client: Client, sandbox: Sandbox) -> None:
    for _ in range(2):
        start(client.with_options(idempotency_key="k-birth"))
    assert sandbox.counts()["civil_application"] == 1


def test_nothing_of_a_person_is_in_the_repr(client: Client) -> None:
    shown = repr(hand_in(client))
    assert not [word for word in (*BIRTH.values(), "sub_uji_1") if word in shown]
