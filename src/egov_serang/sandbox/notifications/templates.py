"""The templates a city of the sandbox starts with: what it tells its residents, in Indonesian."""

from __future__ import annotations

import re
from typing import Final

from egov_serang.models.notifications import Channel, Template, TemplateStatus

_FIELD: Final = re.compile(r"\(\(([a-z][a-z0-9_]*)\)\)")


def fields_of(*texts: str | None) -> tuple[str, ...]:
    """The fields, written `((field))`, in order of first appearance."""
    return tuple(dict.fromkeys(name for text in texts if text for name in _FIELD.findall(text)))


def _template(
    template_id: str,
    channel: Channel,
    name: str,
    body: str,
    *,
    subject: str | None = None,
    version: int = 1,
    status: TemplateStatus = TemplateStatus.APPROVED,
) -> Template:
    return Template(
        template_id=template_id,
        version=version,
        channel=channel,
        name=name,
        subject=subject,
        body=body,
        fields=fields_of(subject, body),
        language="id",
        status=status,
    )


def templates(city: str) -> tuple[Template, ...]:
    """The templates of a city, by its name such as `Kota Serang`."""
    short = city.removeprefix("Kota ")
    return (
        _template(
            "complaint-received-sms",
            Channel.SMS,
            "Aduan diterima (SMS)",
            f"Pemkot {short}: aduan Anda nomor ((reference)) telah kami terima. "
            "Tanggapan paling lambat ((respond_by)).",
        ),
        _template(
            "complaint-received-email",
            Channel.EMAIL,
            "Aduan diterima (email)",
            "Yth. ((name)),\n\nAduan Anda tentang ((service_name)) telah kami terima dengan nomor ((reference)).\n"
            f"Perangkat daerah terkait akan menanggapi paling lambat ((respond_by)).\n\nPemerintah {city}",
            subject="Aduan ((reference)) diterima",
        ),
        _template(
            "complaint-resolved-sms",
            Channel.SMS,
            "Aduan selesai (SMS)",
            f"Pemkot {short}: aduan ((reference)) sudah ditindaklanjuti. Beri penilaian Anda melalui aplikasi.",
        ),
        _template(
            "complaint-resolved-email",
            Channel.EMAIL,
            "Aduan selesai (email)",
            "Yth. ((name)),\n\nAduan ((reference)) sudah ditindaklanjuti: ((resolution)).\n"
            f"Bila belum sesuai, aduan dapat dibuka kembali dalam 10 hari kerja.\n\nPemerintah {city}",
            subject="Aduan ((reference)) sudah ditindaklanjuti",
        ),
        _template(
            "permit-issued-sms",
            Channel.SMS,
            "Izin terbit (SMS)",
            f"DPMPTSP {city}: ((permit_name)) Anda terbit dengan nomor ((licence_number)).",
        ),
        _template(
            "permit-issued-email",
            Channel.EMAIL,
            "Izin terbit (email)",
            "Yth. ((name)),\n\n((permit_name)) dengan nomor ((licence_number)) telah terbit dan berlaku sampai "
            f"((valid_until)).\n\nDPMPTSP {city}",
            subject="((permit_name)) telah terbit",
        ),
        _template(
            "permit-returned-sms",
            Channel.SMS,
            "Permohonan dikembalikan (SMS)",
            f"DPMPTSP {city}: permohonan ((reference)) perlu dilengkapi. Lihat catatan petugas di aplikasi.",
        ),
        _template(
            "permit-expiring-sms",
            Channel.SMS,
            "Izin akan berakhir (SMS, rancangan)",
            f"DPMPTSP {city}: izin nomor ((licence_number)) berakhir pada ((valid_until)).",
            status=TemplateStatus.DRAFT,
        ),
    )
