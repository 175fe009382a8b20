"""What the OpenAPI document shows as examples: requests the sandbox accepts, with invented people only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_PERSON: Final = {"subject_ref": "sub_4f1c0a9e", "name": "Warga Contoh"}
_TRADER: Final = {"business_name": "Sate Contoh", "goods": "makanan", "trading_place": "Pasar Lama"}
_DEATH: Final = {"deceased_name": "Almarhum Contoh", "death_date": "2026-11-01", "death_place": "Serang"}

BODIES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "complaints.submit": {
            "service_code": "jalan_rusak",
            "description": "Jalan berlubang di depan pasar, dalam sekitar 20 cm.",
            "lat": -6.1153,
            "long": 106.1503,
            "client_reference": "app-2026-0001",
        },
        "events.subscriptions.create": {
            "types": ["id.smartcity.complaints.*"],
            "sink": "http://127.0.0.1:8080/events",
        },
        "complaints.change": {"description": "Jalan berlubang di depan pasar, sekarang dua lubang."},
        "complaints.comment": {"description": "Sudah kami lihat, tim berangkat besok.", "visibility": "public"},
        "complaints.duplicates": {
            "service_code": "jalan_rusak",
            "description": "Ada lubang di depan pasar.",
            "lat": -6.1154,
            "long": 106.1503,
        },
        "complaints.upload": {
            "filename": "banjir.mp4",
            "media_type": "video/mp4",
            "size": 100_000_000,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        },
        "complaints.transition": {"action": "verify", "comment": "Sudah dicek di lapangan."},
        "identity.verify": {
            "subject": {"nik": "9973010101900000"},
            "attributes": {"full_name": "Warga Contoh", "birth_date": "1990-01-01"},
            "matching": {"full_name": {"score": 85}},
            "purpose": {"purpose_code": "permit", "legal_basis": "public_task"},
        },
        "identity.applications.start": {
            "service_code": "akta_kematian",
            "applicant": {"subject_ref": "sub_4f1c0a9e", "relation": "child"},
            "form": _DEATH,
        },
        "identity.applications.change": {"form": {**_DEATH, "death_place": "Kota Serang"}},
        "identity.applications.submit": {},
        "identity.applications.transition": {"action": "start_review"},
        "permits.applications.start": {"permit_type_code": "TDU-PKL", "applicant": _PERSON, "form": _TRADER},
        "permits.applications.change": {"form": {**_TRADER, "trading_place": "Alun-alun Barat"}},
        "permits.applications.submit": {},
        "permits.applications.transition": {"action": "advance"},
        "notifications.send": {
            "template_id": "complaint-resolved-sms",
            "recipient": {"phone": "+6281200000001"},
            "personalisation": {"reference": "SRG-2026-000001"},
        },
        "notifications.cancel": {},
    }
)
"""By operation id: a JSON body."""

PARAMETERS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "complaints.service": {"service_code": "parkir_liar"},
        "identity.civil_services.get": {"code": "akta_kematian"},
        "permits.types.get": {"code": "TDU-PKL"},
        "notifications.templates.get": {"template_id": "complaint-resolved-sms"},
        "notifications.announcements.get": {"announcement_id": "ann-service-hours"},
    }
)
"""By operation id: path parameters whose values are known beforehand. Other ids come from what was created."""

UPLOADS: Final[Mapping[str, Mapping[str, str | int]]] = MappingProxyType(
    {
        "complaints.attach": {"file": "(bytes)"},
        "complaints.upload_part": {"file": "(bytes)", "start": 0},
        "identity.applications.attach": {"file": "(bytes)", "kind": "death_statement"},
        "permits.applications.attach": {"file": "(bytes)", "kind": "ktp"},
    }
)
"""By operation id: the parts of a multipart form."""

_OF_AN_APPLICATION: Final = ("get", "change", "attach", "submit", "transition")

LINKS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "complaints.submit": {
            "complaint_id": tuple(
                f"complaints.{name}"
                for name in ("get", "change", "transition", "updates", "comment", "attach", "upload")
            )
        },
        "events.subscriptions.create": {
            "subscription_id": tuple(f"events.subscriptions.{name}" for name in ("get", "rotate", "delete"))
        },
        "identity.verify": {"transaction_id": ("identity.verification",)},
        "identity.applications.start": {
            "application_id": tuple(
                f"identity.applications.{name}" for name in (*_OF_AN_APPLICATION, "history", "result")
            )
        },
        "permits.applications.start": {
            "application_id": tuple(f"permits.applications.{name}" for name in (*_OF_AN_APPLICATION, "fees"))
        },
        "permits.applications.get": {"licence_id": ("permits.licences.get",)},
        "notifications.send": {"message_id": ("notifications.get", "notifications.cancel")},
    }
)
"""By operation id: a field of its answer, and the operations that take it in their path."""
