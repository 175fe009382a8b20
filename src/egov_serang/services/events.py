"""Events: subscribed to, received, read from the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, overload

from egov_serang.core.bind import Async, M, Service, Sync, operation, paginated
from egov_serang.core.call import Call, invalid
from egov_serang.core.following import AsyncFollower, Bookmark, Follower
from egov_serang.core.modes import Mode
from egov_serang.core.paging import Paged
from egov_serang.errors import UnsupportedOperation
from egov_serang.models.events import Event
from egov_serang.models.subscriptions import Subscription
from egov_serang.services.arguments import text
from egov_serang.services.webhooks import Inbox
from egov_serang.types import HeaderFields


class EventsWire(Protocol):
    """What a wire for events can build."""

    def subscribe(self, types: Sequence[str], sink: str, filter: Mapping[str, str] | None) -> Call[Subscription]: ...
    def subscriptions(self, limit: int | None, cursor: str | None) -> Paged[Subscription]: ...
    def subscription(self, subscription_id: str) -> Call[Subscription]: ...
    def rotate(self, subscription_id: str) -> Call[Subscription]: ...
    def unsubscribe(self, subscription_id: str) -> Call[None]: ...
    def log(
        self, *, types: Sequence[str] | None, subject: str | None, since: str | None, limit: int | None
    ) -> Paged[Event]: ...


class Subscriptions(Service[M], path="events.subscriptions"):
    """Which events are delivered to this application, and where."""

    wire: EventsWire

    @operation
    def create(self, types: Sequence[str], sink: str, *, filter: Mapping[str, str] | None = None) -> Call[Subscription]:
        """Subscribe. Delivery begins when the sink has echoed a challenge, which `client.events.receive` knows.

        Args:
            types: such as `id.smartcity.complaints.complaint.status_changed.v1`; one that ends with `*` takes all that
                begin so.
            sink: the address of your application that receives them.
            filter: only events with these attributes, such as `{"subject": complaint_id}`.

        Returns:
            The subscription with its `secret`, which is shown this once: keep it where `webhook_secret_file` says.

        Raises:
            Invalid: a type or the sink is none.

        Source: contract-v1 section 1 (Events).
        """
        if isinstance(types, str) or not types:
            raise invalid("types", "give a list of event types", "type")
        return self.wire.subscribe([text("types", name, 200) for name in types], text("sink", sink, 2000), filter)

    @paginated
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Paged[Subscription]:
        """This client's subscriptions, without their secrets.

        Args:
            limit: items per page.
            cursor: where to go on, from a pager's `cursor`.

        Source: contract-v1 section 1 (Events).
        """
        return self.wire.subscriptions(limit, cursor)

    @operation
    def get(self, subscription_id: str) -> Call[Subscription]:
        """Read a subscription: whether its sink has echoed the challenge, and whether it was disabled.

        Args:
            subscription_id: of the subscription.

        Raises:
            NotFound: this client has none of that id.

        Source: contract-v1 section 1 (Events).
        """
        return self.wire.subscription(subscription_id)

    @operation
    def rotate(self, subscription_id: str) -> Call[Subscription]:
        """Replace the secret. Until `previous_secret_until` deliveries are signed with both.

        Args:
            subscription_id: of the subscription.

        Returns:
            The subscription with its new `secret`, shown this once: write it into `webhook_secret_file` above the old
            one, and take the old one out when the overlap is over.

        Raises:
            NotFound: this client has none of that id.

        Source: contract-v1 section 1 (Events).
        """
        return self.wire.rotate(subscription_id)

    @operation
    def delete(self, subscription_id: str) -> Call[None]:
        """End a subscription. What was not delivered stays in the log.

        Args:
            subscription_id: of the subscription.

        Raises:
            NotFound: this client has none of that id.

        Source: contract-v1 section 1 (Events).
        """
        return self.wire.unsubscribe(subscription_id)


class Events(Service[M], path="events"):
    """Events: delivered to this application, or read from the log."""

    wire: EventsWire

    def __init__(self, engine: Any, wire: EventsWire, mode: type[M], inbox: Inbox) -> None:
        super().__init__(engine, wire, mode)
        self._inbox = inbox

    @cached_property
    def subscriptions(self) -> Subscriptions[M]:
        """Which events are delivered to this application, and where."""
        return Subscriptions(self.engine, self.wire, self.mode)

    def receive(self, headers: HeaderFields, body: bytes, *, now: float | None = None) -> Event:
        """Check a delivery and read its event; see `Webhooks.receive`. The same in every mode of a client.

        Raises:
            ConfigError: there is no `webhook_secret_file`, or none that can be used.
            SignatureInvalid: it is not from the gateway, was changed, or is too old.
            UnexpectedReply: it is from the gateway and no event.
        """
        webhooks = self._inbox.webhooks
        try:
            return webhooks.receive(headers, body, now=now)
        finally:
            del headers, body

    def handled(self, event: Event, *, now: float | None = None) -> None:
        """Remember that an event was handled; see `Webhooks.handled`."""
        self._inbox.webhooks.handled(event, now=now)

    @paginated
    def log(
        self,
        *,
        types: Sequence[str] | None = None,
        subject: str | None = None,
        since: str | None = None,
        limit: int | None = None,
    ) -> Paged[Event]:
        """What has happened, oldest first, up to now; each event once, none left out.

        Args:
            types: only these; one that ends with `*` takes all that begin so.
            subject: only what happened to this, by its id.
            since: the `cursor` of the last event you have; the beginning of the log by default.
            limit: items per page.

        Source: contract-v1 section 1 (Events).
        """
        return self.wire.log(types=_types(types), subject=subject, since=since, limit=limit)

    @overload
    def follow(
        self: Events[Sync],
        *,
        since: str | None = None,
        bookmark: Path | str | None = None,
        types: Sequence[str] | None = None,
        subject: str | None = None,
        poll: float = 5.0,
        patience: float | None = None,
    ) -> Follower[Event]: ...
    @overload
    def follow(
        self: Events[Async],
        *,
        since: str | None = None,
        bookmark: Path | str | None = None,
        types: Sequence[str] | None = None,
        subject: str | None = None,
        poll: float = 5.0,
        patience: float | None = None,
    ) -> AsyncFollower[Event]: ...
    def follow(
        self,
        *,
        since: str | None = None,
        bookmark: Path | str | None = None,
        types: Sequence[str] | None = None,
        subject: str | None = None,
        poll: float = 5.0,
        patience: float | None = None,
    ) -> Any:
        """Events as they happen, for ever: `for event in client.events.follow(bookmark="events.cursor"): ...`.

        Each event once and in order, over restarts too: asking for the next one says that the last one is handled,
        and its place is then in the bookmark. What was being handled at a crash comes again. A gateway that cannot
        answer is waited for; what it refuses is raised.

        Args:
            since: the `cursor` of the last event you have; the beginning of the log by default. A bookmark that has
                a place already counts instead.
            bookmark: a file that remembers the place; one for each consumer.
            types: only these; one that ends with `*` takes all that begin so.
            subject: only what happened to this, by its id.
            poll: seconds between questions while nothing happens.
            patience: seconds an outage may last before its error is raised; for ever when None.

        Raises:
            ConfigError: the bookmark cannot be read or written.
            UnsupportedOperation: in raw or dry mode.

        Source: contract-v1 section 1 (Events).
        """
        followers: dict[type[Mode], type[Any]] = {Sync: Follower, Async: AsyncFollower}
        kind = followers.get(self.mode)
        if kind is None:
            raise UnsupportedOperation(
                "following goes on for ever, so there is no reply or call to show",
                code="mode",
                hint="Use client.events.follow(), or log() in this mode",
            )
        if not poll > 0 or (patience is not None and patience < 0):
            raise invalid("poll", "poll is a number of seconds above 0, and patience none below 0", "range")
        paged = self.wire.log(types=_types(types), subject=subject, since=since, limit=None)
        mark = None if bookmark is None else Bookmark(bookmark)
        return kind(self.engine, paged, poll=poll, patience=patience, bookmark=mark)


def _types(types: Sequence[str] | None) -> Sequence[str] | None:
    if isinstance(types, str):
        raise invalid("types", "give a list of event types", "type")
    return types
