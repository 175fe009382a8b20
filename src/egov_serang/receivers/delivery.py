"""A delivery, from its bytes to the answer the gateway gets. No I/O: frameworks read and write.

Source: contract-v1 section 1 (Events).
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from egov_serang.errors import EgovError, SignatureInvalid, UnexpectedReply
from egov_serang.models.events import Event
from egov_serang.types import HeaderFields

LIMIT: Final = 1024 * 1024
"""Bytes a delivery may have."""

_LOG: Final = logging.getLogger("egov_serang.events")


class Receiving(Protocol):
    """What checks deliveries: `client.events`, or `Webhooks`."""

    def receive(self, headers: HeaderFields, body: bytes) -> Event: ...
    def handled(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway gets.

    Attributes:
        status: the HTTP status.
        media_type: of the body; None where there is no body.
        body: its bytes.
    """

    status: int
    media_type: str | None = None
    body: bytes = b""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Header fields, for frameworks that do not make them."""
        if self.media_type is None:
            return []  # 204 must not state a length
        allow = [("allow", "POST")] if self.status == HTTPStatus.METHOD_NOT_ALLOWED else []
        return [("content-type", self.media_type), ("content-length", str(len(self.body))), *allow]


class Delivery:
    """One delivery: hand `event` to the app, then send `answer()`.

    Args:
        webhooks: checks it.
        headers: as they came.
        body: the bytes as they came; of one that is too long, `LIMIT` and one will do.
        method: the verb.

    Attributes:
        event: what to hand over; None for a repetition, a challenge, or what was refused.
        refusal: why it was refused; logged as well (`egov_serang.events`: the code, at DEBUG its `explain()`).
    """

    def __init__(self, webhooks: Receiving, headers: HeaderFields, body: bytes, *, method: str = "POST") -> None:
        self.event: Event | None = None
        self.refusal: EgovError | None = None
        self._webhooks = webhooks
        self._answer = Answer(HTTPStatus.NO_CONTENT.value)
        if method != "POST":
            self._answer = _problem(HTTPStatus.METHOD_NOT_ALLOWED)
        elif len(body) > LIMIT:
            self._answer = _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            try:
                self._open(headers, body)
            finally:
                del headers, body  # a crash report has the locals of each frame

    def answer(self) -> Answer:
        """Count the event as handled, and say what the gateway gets.

        Ask for it when the event is where it cannot be lost, such as in your queue. Where handing over failed, do not:
        answer 500, and the gateway delivers it again.
        """
        if self.event is not None:
            self._webhooks.handled(self.event)
        return self._answer

    def _open(self, headers: HeaderFields, body: bytes) -> None:
        try:
            event = self._webhooks.receive(headers, body)
        except SignatureInvalid as error:
            # A stranger learns nothing: which part was wrong is for our log.
            self.refusal, self._answer = error, _problem(HTTPStatus.UNAUTHORIZED)
            _LOG.warning("a delivery was refused: %s", error.code)
            _LOG.debug("%s", error.explain())
        except UnexpectedReply as error:
            self.refusal, self._answer = error, _problem(HTTPStatus.BAD_REQUEST)
            _LOG.warning("a delivery was refused: %s", error.code)
        else:
            if event.challenge is not None:
                self._answer = _json(HTTPStatus.OK, "application/json", {"challenge": event.challenge})
            elif not event.duplicate:
                self.event = event
        finally:
            del headers, body


def _problem(status: HTTPStatus) -> Answer:
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return _json(status, "application/problem+json", problem)


def _json(status: HTTPStatus, media_type: str, value: dict[str, str | int]) -> Answer:
    return Answer(status.value, media_type, json.dumps(value).encode())
