"""What Open311 GeoReport v2 says, of any endpoint that speaks it."""

from __future__ import annotations

from typing import Final

from egov_serang.conformance.open311 import catalogue, requests, submitting
from egov_serang.conformance.open311.endpoint import Endpoint
from egov_serang.conformance.scenario import Scenario

SCENARIOS: Final[tuple[Scenario[Endpoint], ...]] = (
    *catalogue.SCENARIOS,
    *requests.SCENARIOS,
    *submitting.SCENARIOS,
)
"""All of them, in the order they run."""
