"""What the facade shows: categories and complaints in the words of GeoReport v2."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import JsonValue

from egov_serang.models.attributes import AttributeDefinition
from egov_serang.models.complaints import Complaint, ServiceDefinition
from egov_serang.sandbox.complaints.states import OPEN
from egov_serang.sandbox.language import Word

_NOTICES: Final = {
    "id": "Laporan diterima dan menunggu verifikasi petugas.",
    "en": "The report was received and waits for an officer's verification.",
}


def service(definition: ServiceDefinition) -> dict[str, JsonValue]:
    """A category."""
    return {
        "service_code": definition.service_code,
        "service_name": definition.service_name,
        "description": definition.description,
        "metadata": definition.metadata,
        "type": definition.type.value,
        "keywords": ", ".join(definition.keywords),
        "group": definition.group,
    }


def service_definition(definition: ServiceDefinition) -> dict[str, JsonValue]:
    """The further fields of a category."""
    return {
        "service_code": definition.service_code,
        "attributes": [_attribute(one) for one in definition.attributes],
    }


def _attribute(one: AttributeDefinition) -> dict[str, JsonValue]:
    return {
        "variable": True,
        "code": one.code,
        "datatype": one.datatype.value,
        "required": one.required,
        "datatype_description": one.datatype_description,
        "order": one.order,
        "description": one.datatype_description,
        "values": [{"key": value, "name": value.replace("_", " ")} for value in one.values],
    }


def request(complaint: Complaint, definition: ServiceDefinition | None) -> dict[str, JsonValue]:
    """A complaint, as anybody may see it."""
    media_url = (complaint.model_extra or {}).get("media_url")
    return {
        "service_request_id": complaint.complaint_id,
        "status": "open" if complaint.status in OPEN else "closed",
        "status_notes": complaint.status_notes,
        "service_name": definition.service_name if definition else None,
        "service_code": complaint.service_code,
        "description": complaint.description,
        "agency_responsible": complaint.agency_responsible,
        "service_notice": None,
        "requested_datetime": _moment(complaint.requested_at),
        "updated_datetime": _moment(complaint.updated_at),
        "expected_datetime": _moment(complaint.expected_at),
        "address": complaint.address_string,
        "address_id": complaint.address_id,
        "zipcode": None,
        "lat": complaint.lat,
        "long": complaint.long,
        "media_url": media_url,
    }


def receipt(complaint_id: str | None, token: str | None, language: Word) -> dict[str, JsonValue]:
    """The answer to a submission: a number, a token, or neither."""
    answer: dict[str, JsonValue] = {"service_notice": _NOTICES[language], "account_id": None}
    if token is not None:
        return {"token": token, **answer}
    return answer if complaint_id is None else {"service_request_id": complaint_id, **answer}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
