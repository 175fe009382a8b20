"""What contract-v1 section 2 says about complaints, with what section 1 says about every module."""

from __future__ import annotations

from typing import Final

from egov_serang.conformance.complaints import (
    catalogue,
    lists,
    privacy,
    refusals,
    repeats,
    security,
    states,
    submitting,
    thread,
)
from egov_serang.conformance.scenario import Scenario
from egov_serang.conformance.server import Server

SCENARIOS: Final[tuple[Scenario[Server], ...]] = (
    *security.SCENARIOS,
    *catalogue.SCENARIOS,
    *submitting.SCENARIOS,
    *refusals.SCENARIOS,
    *repeats.SCENARIOS,
    *states.SCENARIOS,
    *thread.SCENARIOS,
    *lists.SCENARIOS,
    *privacy.SCENARIOS,
)
"""All of them, in the order they run."""
