"""Who may call, and on which side of a complaint a caller stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from egov_serang.models.complaints import AuthorRole, Visibility
from egov_serang.sandbox.complaints.states import CITIZEN, OFFICER
from egov_serang.sandbox.complaints.store import ComplaintRow
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.problems import Problem

Reader = Annotated[Caller, Depends(requires("complaints:read"))]
Writer = Annotated[Caller, Depends(requires(CITIZEN))]
Actor = Annotated[Caller, Depends(requires(CITIZEN, OFFICER))]


def side(row: ComplaintRow, caller: Caller) -> AuthorRole:
    """The side a caller writes from.

    Raises:
        Problem: forbidden, for whom it is no business.
    """
    if OFFICER in caller.scopes:
        return AuthorRole.OFFICER
    if row.client_id == caller.client_id:
        return AuthorRole.CITIZEN
    raise Problem("forbidden", "Only its own client and officers add to a complaint.")


def may_say(role: AuthorRole, visibility: Visibility) -> None:
    """Keep internal notes to officers.

    Raises:
        Problem: forbidden.
    """
    if visibility is Visibility.INTERNAL and role is not AuthorRole.OFFICER:
        raise Problem("forbidden", "Only officers write internal notes.")
