"""Tell a resident by SMS, and see how far the message came."""

from __future__ import annotations

from egov_serang import Client, Phone
from egov_serang.models.notifications import Recipient

with Client() as client:
    for template in client.notifications.templates.list():
        print(template.template_id, template.status, template.fields)

    message = client.notifications.send(
        "complaint-resolved-sms",
        Recipient(phone=Phone("0812 0000 0001")),  # the sandbox delivers to numbers that end in 001
        personalisation={"reference": "ADU-2026-0001"},
        client_reference="resolved-17",
    )
    message = client.notifications.get(message.message_id)
    print(message.message_id, message.status, "final" if message.status.is_final else "under way")
