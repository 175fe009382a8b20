"""Events over the gateway (contract-v1 section 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from egov_serang.core.body import given
from egov_serang.core.call import Call
from egov_serang.core.decode import Decode
from egov_serang.core.paging import Page, Paged
from egov_serang.models.events import Event
from egov_serang.models.subscriptions import Subscription
from egov_serang.wires.gateway.calls import delete, feed, get, listing, post

_SUBSCRIPTIONS = "/v1/events/subscriptions"
_ONE = f"{_SUBSCRIPTIONS}/{{subscription_id}}"


class EventsGateway:
    """Builds the calls of `client.events`."""

    def subscribe(self, types: Sequence[str], sink: str, filter: Mapping[str, str] | None) -> Call[Subscription]:
        body = given(types=list(types), sink=sink, filter=None if filter is None else dict(filter))
        return post("events.subscriptions.create", _SUBSCRIPTIONS, Decode(Subscription), body)

    def subscriptions(self, limit: int | None, cursor: str | None) -> Paged[Subscription]:
        return listing("events.subscriptions.list", _SUBSCRIPTIONS, Page[Subscription], limit=limit, cursor=cursor)

    def subscription(self, subscription_id: str) -> Call[Subscription]:
        return get("events.subscriptions.get", _ONE, Decode(Subscription), {"subscription_id": subscription_id})

    def rotate(self, subscription_id: str) -> Call[Subscription]:
        path, params = f"{_ONE}/rotate", {"subscription_id": subscription_id}
        return post("events.subscriptions.rotate", path, Decode(Subscription), None, params)

    def unsubscribe(self, subscription_id: str) -> Call[None]:
        return delete("events.subscriptions.delete", _ONE, {"subscription_id": subscription_id})

    def log(
        self, *, types: Sequence[str] | None, subject: str | None, since: str | None, limit: int | None
    ) -> Paged[Event]:
        filters = [("type", name) for name in types or ()]
        if subject is not None:
            filters.append(("subject", subject))
        return feed("events.log", "/v1/events/log", Page[Event], *filters, limit=limit, cursor=since)
