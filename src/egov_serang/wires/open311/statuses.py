"""What the states of Open311 servers mean here (contract-v1 section 2, government-apis.md 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from egov_serang.models.complaints import ComplaintStatus as Status

_SAME: Final[Mapping[str, Status]] = {
    # mySociety's states
    "for_triage": Status.SUBMITTED,
    "investigating": Status.VERIFIED,
    "planned": Status.ASSIGNED,
    "action_scheduled": Status.ASSIGNED,
    "in_progress": Status.IN_PROGRESS,
    "internal_referral": Status.ASSIGNED,
    "fixed": Status.RESOLVED,
    "no_further_action": Status.CLOSED,
    "not_councils_responsibility": Status.TRANSFERRED,
    "reopen": Status.VERIFIED,
    # CitySDK's, in 6Aika's `detailed_status`
    "received": Status.SUBMITTED,
    "in_process": Status.IN_PROGRESS,
    "processed": Status.RESOLVED,
    "archived": Status.CLOSED,
    "rejected": Status.REJECTED,
    # SeeClickFix's
    "acknowledged": Status.VERIFIED,
}


def status_of(status: str, detailed: str | None = None) -> Status:
    """The state that is meant. `open` alone says no more than that, and stays `open`; so do words nobody knows.

    Args:
        status: as the server writes it.
        detailed: a finer one, where the server has it.
    """
    for word in (detailed, status):
        if word:
            plain = word.strip().lower().replace(" ", "_").replace("-", "_")
            if plain not in {"open", "closed"}:
                return _SAME.get(plain) or Status(plain)
    return Status(status.strip().lower())
