"""Subscriptions to events, and the log they are replayed from (contract-v1 section 1)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Query, Response
from sqlalchemy import select

from egov_serang.sandbox.db import Db
from egov_serang.sandbox.eventlog import EventRow
from egov_serang.sandbox.events import subscriptions
from egov_serang.sandbox.events.log import CloudEvent, of_types, told, visible
from egov_serang.sandbox.events.subscriptions import Subscription, SubscriptionIn
from egov_serang.sandbox.events.tables import SubscriptionRow
from egov_serang.sandbox.gate import Caller, requires
from egov_serang.sandbox.paging import Feed, Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.route import contract_router

_Reader = Annotated[Caller, Depends(requires("events:read", "events:manage"))]
_Manager = Annotated[Caller, Depends(requires("events:manage"))]
_TYPES: Final = 20

router = contract_router("events")


@router.post("/subscriptions", operation_id="events.subscriptions.create", status_code=201)
def subscribe(*, body: SubscriptionIn, response: Response, db: Db, here: Here, caller: _Manager) -> Subscription:
    """Subscribe. The answer shows the secret, once; a signed challenge follows, and delivery once it is echoed."""
    now = here.clock.now()
    row = subscriptions.create(db, caller.client_id, body, now)
    response.headers["Location"] = f"/v1/events/subscriptions/{row.subscription_id}"
    return subscriptions.shown(row, now, secret=True)


@router.get("/subscriptions", operation_id="events.subscriptions.list")
def listing(*, page: Paging, db: Db, here: Here, caller: _Reader) -> Page[Subscription]:
    """This client's subscriptions, without their secrets."""
    mine = select(SubscriptionRow).where(SubscriptionRow.client_id == caller.client_id)
    rows, cursor = page.rows(db, mine, SubscriptionRow.seq)
    now = here.clock.now()
    return Page(data=[subscriptions.shown(row, now) for row in rows], next_cursor=cursor)


@router.get("/subscriptions/{subscription_id}", operation_id="events.subscriptions.get", responses=responses(404))
def get(*, subscription_id: str, db: Db, here: Here, caller: _Reader) -> Subscription:
    """A subscription, without its secret."""
    return subscriptions.shown(subscriptions.found(db, caller.client_id, subscription_id), here.clock.now())


@router.post(
    "/subscriptions/{subscription_id}/rotate", operation_id="events.subscriptions.rotate", responses=responses(404)
)
def rotate(*, subscription_id: str, db: Db, here: Here, caller: _Manager) -> Subscription:
    """Make a new secret and show it, once. For a day deliveries are signed with the one before as well."""
    row = subscriptions.found(db, caller.client_id, subscription_id)
    now = here.clock.now()
    subscriptions.rotate(row, now)
    return subscriptions.shown(row, now, secret=True)


@router.delete(
    "/subscriptions/{subscription_id}",
    operation_id="events.subscriptions.delete",
    status_code=204,
    response_class=Response,
    responses=responses(404),
)
def unsubscribe(*, subscription_id: str, db: Db, caller: _Manager) -> Response:
    """End a subscription. What was not delivered stays in the log."""
    subscriptions.remove(db, subscriptions.found(db, caller.client_id, subscription_id))
    return Response(status_code=204)


@router.get("/log", operation_id="events.log")
def log(
    *,
    page: Paging,
    db: Db,
    here: Here,
    caller: _Reader,
    type: Annotated[list[str], Query(max_length=_TYPES, default_factory=list)],
    subject: Annotated[str | None, Query(max_length=100)] = None,
) -> Feed[CloudEvent]:
    """All events this client may learn of, oldest first; `next_cursor` is where to go on when more have happened."""
    wanted = visible(caller.client_id, caller.scopes)
    if type:
        wanted = wanted.where(of_types(type))
    if subject is not None:
        wanted = wanted.where(EventRow.subject == subject)
    rows, cursor = page.feed(db, wanted, EventRow.seq)
    return Feed(data=[told(row, here.city.code, page.cursor(row.seq)) for row in rows], next_cursor=cursor)
