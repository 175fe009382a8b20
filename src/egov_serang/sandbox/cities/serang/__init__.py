"""Kota Serang (36.73), the sandbox's first city."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from egov_serang.models import regions
from egov_serang.sandbox.cities.municipality import Box, Municipality
from egov_serang.sandbox.cities.serang.announcements import ENTRIES
from egov_serang.sandbox.cities.serang.complaints import SERVICES
from egov_serang.sandbox.cities.serang.permits import CATALOGUE
from egov_serang.sandbox.civil.catalogue import registry

SERANG: Final = Municipality(
    slug="serang",
    region=regions.SERANG,
    prefix="SRG",
    box=Box(lat=(-6.25, -5.98), long=(106.04, 106.28)),
    complaint_services=MappingProxyType({service.service_code: service for service in SERVICES}),
    permit_types=CATALOGUE,
    civil_services=registry(regions.SERANG.code),
    announcements=ENTRIES,
    message_algorithms=("ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512", "hmac-sha256"),
)
