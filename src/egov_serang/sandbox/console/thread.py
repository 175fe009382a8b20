"""What the page may see of a complaint's thread: who did what and when. None of the words, as in `view`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from egov_serang.models.complaints import AuthorRole, ComplaintStatus
from egov_serang.sandbox.complaints.states import CITIZEN, MACHINE, OFFICER
from egov_serang.sandbox.complaints.store import UpdateRow

_SCOPES: Final[dict[str, str | None]] = {
    AuthorRole.CITIZEN: CITIZEN,
    AuthorRole.OFFICER: OFFICER,
    AuthorRole.SYSTEM: None,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry: a transition where it has a `status`, else a comment.

    Attributes:
        action: what was done; None for a comment, and for the submission.
        visibility: who may read what was written.
        files: how many came with it.
    """

    key: str
    at: datetime
    role: str
    action: str | None
    status: str | None
    visibility: str
    files: int


@dataclass(frozen=True, slots=True)
class Thread:
    """The entries of a complaint, oldest first."""

    key: str
    steps: list[Step]


def steps(requested_at: float, entries: Sequence[UpdateRow]) -> list[Step]:
    """The steps of a complaint, from its submission on.

    Args:
        requested_at: when it was submitted, in seconds since 1970.
        entries: of its thread, oldest first.
    """
    state: str = ComplaintStatus.SUBMITTED
    first = Step("submitted", _time(requested_at), AuthorRole.CITIZEN, None, state, "public", 0)
    found = [first]
    for entry in entries:
        after = entry.status_after
        action = None if after is None else _action(state, after, entry.author_role)
        found.append(
            Step(
                key=entry.update_id,
                at=_time(entry.created_at),
                role=entry.author_role,
                action=action,
                status=after,
                visibility=entry.visibility,
                files=len(entry.media_ids),
            )
        )
        state = after or state
    return found


def _action(state: str, to: str, role: str) -> str | None:
    """Which action it was: the thread keeps where it led and who did it, which only one row of the table fits."""
    scope = _SCOPES.get(role)
    fits = (rule.action for rule in MACHINE.rules if (rule.state, rule.to, rule.scope) == (state, to, scope))
    return next(fits, None)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
