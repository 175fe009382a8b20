"""Kota Cilegon (36.72), the sandbox's second city: an industrial port with its own catalogues and stricter rules."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from egov_serang.models import regions
from egov_serang.sandbox.cities.cilegon.announcements import ENTRIES
from egov_serang.sandbox.cities.cilegon.complaints import SERVICES
from egov_serang.sandbox.cities.cilegon.permits import CATALOGUE
from egov_serang.sandbox.cities.municipality import Box, Limits, Municipality
from egov_serang.sandbox.civil.catalogue import registry

CILEGON: Final = Municipality(
    slug="cilegon",
    region=regions.CILEGON,
    prefix="CLG",
    box=Box(lat=(-6.09, -5.87), long=(105.90, 106.12)),
    complaint_services=MappingProxyType({service.service_code: service for service in SERVICES}),
    permit_types=CATALOGUE,
    civil_services=registry(regions.CILEGON.code),
    announcements=ENTRIES,
    message_algorithms=("ecdsa-p256-sha256",),
    limits=Limits(page_max=20, max_body_bytes=2 * 1024 * 1024, idempotency_ttl_s=48 * 3600, token_ttl_s=300),
)
