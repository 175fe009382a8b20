"""What happened, in order: the change feed, and the tokens of categories that answer later."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from egov_serang.models.complaints import Change, ChangeKind, ComplaintStatus, SubmissionToken, Visibility
from egov_serang.sandbox.complaints.callers import Reader
from egov_serang.sandbox.complaints.states import BATCH_S, OFFICER
from egov_serang.sandbox.complaints.store import ChangeRow, ComplaintRow, visible
from egov_serang.sandbox.db import Db
from egov_serang.sandbox.paging import Feed, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import Problem, responses
from egov_serang.sandbox.route import contract_router

router = contract_router("complaints")


@router.get("/changes", operation_id="complaints.changes")
def changes(page: Paging, db: Db, caller: Reader) -> Feed[Change]:
    """Every change of the complaints this caller may see, oldest first: each once, none left out.

    Numbers are given inside the one write transaction that SQLite allows, so they are in the order of commits: a reader
    that has seen one has seen all before it. A server with several writers would have to hold back what is younger than
    its oldest open transaction.
    """
    seen = visible(caller).with_only_columns(ComplaintRow.seq)
    wanted = select(ChangeRow).where(ChangeRow.complaint_seq.in_(seen))
    if OFFICER not in caller.scopes:
        wanted = wanted.where(ChangeRow.visibility != Visibility.INTERNAL)
    rows, cursor = page.feed(db, wanted, ChangeRow.seq)
    found = [
        Change(
            cursor=page.cursor(row.seq),
            kind=ChangeKind(row.kind),
            complaint_id=row.complaint_id,
            status=ComplaintStatus(row.status),
            version=row.version,
            changed_at=datetime.fromtimestamp(row.changed_at, UTC),
        )
        for row in rows
    ]
    return Feed(data=found, next_cursor=cursor)


@router.get("/tokens/{token}", operation_id="complaints.token", responses=responses(404))
def token(token: str, db: Db, here: Here, caller: Reader) -> SubmissionToken:
    """The complaint behind a token, once its batch has run."""
    row = db.scalar(select(ComplaintRow).where(ComplaintRow.token == token, ComplaintRow.client_id == caller.client_id))
    if row is None:
        raise Problem("not_found", "There is no such token, or it is another client's.")
    ready = here.clock.timestamp() >= row.requested_at + BATCH_S
    return SubmissionToken(token=token, complaint_id=row.complaint_id if ready else None)
