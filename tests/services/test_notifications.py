"""Notifications, the principal way, against the sandbox over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from egov_serang import Client, Invalid, Phone
from egov_serang.models.notifications import MessageStatus, Recipient
from egov_serang.sandbox.server import Sandbox

TEMPLATE = "complaint-resolved-sms"
FIELDS = {"reference": "ADU-1"}


def test_templates_are_listed_with_their_fields(client: Client) -> None:
    found = {template.template_id: template for template in client.notifications.templates.list(limit=3)}
    assert found[TEMPLATE].fields == ("reference",)


@pytest.mark.parametrize(
    ("phone", "status"),
    [
        ("0812 0000 0001", MessageStatus.DELIVERED),
        ("0812 0000 0002", MessageStatus.FAILED_PERMANENT),
    ],
)
def test_a_message_goes_its_way(client: Client, sandbox: Sandbox, phone: str, status: MessageStatus) -> None:
    sent = client.notifications.send(
        TEMPLATE, Recipient(phone=Phone(phone)), personalisation=FIELDS, client_reference="N-1"
    )
    assert not sent.status.is_final
    sandbox.advance(30)
    message = client.notifications.get(sent.message_id)
    assert message.status is status
    assert message.status.is_final
    assert [item.message_id for item in client.notifications.list(client_reference="N-1")] == [sent.message_id]


def test_a_missing_field_is_named(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.notifications.send(TEMPLATE, Recipient(phone=Phone("0812 0000 0001")))
    assert caught.value.code == "personalisation_missing"
    assert any("reference" in field.pointer for field in caught.value.fields)


def test_what_cannot_be_meant_is_refused_before_sending(client: Client) -> None:
    both = Recipient(phone=Phone("0812 0000 0001"), email="delivered@simulator.invalid")
    for recipient in (Recipient(), both):
        with pytest.raises(Invalid) as caught:
            client.notifications.send(TEMPLATE, recipient, personalisation=FIELDS)
        assert caught.value.sent == "no"
    with pytest.raises(Invalid) as naive:
        client.notifications.send(
            TEMPLATE,
            Recipient(phone=Phone("0812 0000 0001")),
            personalisation=FIELDS,
            send_at=datetime(2027, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        )
    assert naive.value.sent == "no"
