"""Identity, the principal way, with every magic number of the sandbox (contract-v1 section 7)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import pytest

from egov_serang import AuditEvent, Client, Config, ConfigError, Forbidden, Invalid, Nik, QuotaExhausted
from egov_serang.models.identity import AttributeOutcome, Attributes, Purpose, VerificationOutcome

PURPOSE = Purpose(purpose_code="permit", legal_basis="legal_obligation")
PERSON = Attributes(full_name="Warga Contoh", birth_date=date(1990, 1, 1))


@pytest.mark.parametrize(
    ("serial", "outcome"),
    [
        ("0000", VerificationOutcome.MATCH),
        ("0001", VerificationOutcome.NO_MATCH),
        ("0002", VerificationOutcome.NOT_FOUND),
        ("0003", VerificationOutcome.DECEASED),
        ("0004", VerificationOutcome.INACTIVE),
        ("0005", VerificationOutcome.DUPLICATE),
    ],
)
def test_every_outcome_is_a_result(client: Client, serial: str, outcome: VerificationOutcome) -> None:
    found = client.identity.verify(Nik("997301010190" + serial), PERSON, purpose=PURPOSE, client_reference="V-7")
    assert found.outcome is outcome
    assert found.client_reference == "V-7"


def test_a_match_says_so_for_each_attribute_and_names_a_pseudonym(client: Client) -> None:
    found = client.identity.verify("9973010101900000", PERSON, purpose=PURPOSE)
    assert {name: verdict.result for name, verdict in found.results.items()} == {
        "full_name": AttributeOutcome.MATCH,
        "birth_date": AttributeOutcome.MATCH,
    }
    assert found.subject_ref
    assert "9973" not in found.subject_ref
    again = client.identity.verify("9973010101900000", purpose=PURPOSE)
    assert again.subject_ref == found.subject_ref


def test_a_pending_answer_is_followed(client: Client) -> None:
    reply = client.raw.identity.verify("9973010101900009", PERSON, purpose=PURPOSE)
    assert reply.data.outcome is VerificationOutcome.MATCH
    assert reply.status == 200


def test_a_pending_answer_comes_back_where_the_deadline_is_nearer(client: Client) -> None:
    hurried = client.with_options(deadline=0.5)
    found = hurried.identity.verify("9973010101900009", PERSON, purpose=PURPOSE)
    assert found.outcome is VerificationOutcome.PENDING
    assert client.identity.verification(found.transaction_id).transaction_id == found.transaction_id


def test_a_service_that_is_briefly_down_is_asked_again(client: Client) -> None:
    reply = client.raw.identity.verify("9973010101900008", PERSON, purpose=PURPOSE)
    assert reply.data.outcome is VerificationOutcome.MATCH
    assert reply.attempts == 2


def test_a_used_up_quota_is_not_asked_again(client: Client) -> None:
    with pytest.raises(QuotaExhausted) as caught:
        client.identity.verify("9973010101900006", PERSON, purpose=PURPOSE)
    assert caught.value.attempts == 1


def test_a_purpose_outside_the_agreement_is_forbidden(client: Client) -> None:
    with pytest.raises(Forbidden) as caught:
        client.identity.verify(
            "9973010101900000", PERSON, purpose=Purpose(purpose_code="curiosity", legal_basis="none")
        )
    assert caught.value.code == "purpose_not_allowed"


def test_a_number_that_is_none_is_refused_before_sending(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.identity.verify("99730101019", PERSON, purpose=PURPOSE)
    assert (caught.value.sent, caught.value.attempts) == ("no", 0)
    assert caught.value.fields[0].pointer == "/subject"


def test_every_lookup_leaves_an_event_without_the_number(city: Config, tmp_path: Path) -> None:
    key = tmp_path / "audit.key"
    key.write_bytes(secrets.token_bytes(32))
    trail: list[AuditEvent] = []
    with Client(replace(city, audit_key_file=key), audit=trail.append) as client:
        client.identity.verify("9973010101900000", PERSON, purpose=PURPOSE, client_reference="V-1")
        client.identity.verify("9973010101900002", PERSON, purpose=PURPOSE)
        with pytest.raises(QuotaExhausted):
            client.identity.verify("9973010101900006", PERSON, purpose=PURPOSE)
        client.with_options(retries=0).identity.verify("9973010101900000", purpose=PURPOSE)
    assert [event.outcome for event in trail] == ["match", "not_found", "quota_exhausted", "match"]
    assert trail[0].subject == trail[3].subject != trail[1].subject
    assert (trail[0].client_reference, trail[0].purpose_code, trail[0].at.tzinfo) == ("V-1", "permit", UTC)
    assert all(event.request_id for event in trail)
    assert "9973010101" not in repr(trail)


def test_an_audit_trail_needs_a_key_of_32_bytes(city: Config, tmp_path: Path) -> None:
    short = tmp_path / "short.key"
    short.write_bytes(b"x" * 31)
    for config in (city, replace(city, audit_key_file=short)):
        with pytest.raises(ConfigError):
            Client(config, audit=print)
