"""Deliveries of events: checked, typed, told apart from repetitions. No I/O but the store's."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

from pydantic import ValidationError
from pydantic_core import from_json

from egov_serang import sources
from egov_serang.errors import ConfigError, EgovError, SignatureInvalid, UnexpectedReply
from egov_serang.models.events import CHALLENGE, Event
from egov_serang.signing.nonces import HandledStore
from egov_serang.signing.webhooks import REMEMBERED, WINDOW, WebhookVerifier, deliveries, secret_list
from egov_serang.types import HeaderFields, Secret

_KEY: Final = "webhook"
_SHOWN_FAULTS: Final = 3
_LOG: Final = logging.getLogger("egov_serang.events")


class Webhooks:
    """Receives a subscription's events. Thread-safe; needs no gateway, no token and no client.

    Args:
        secrets: `whsec_...` as the gateway showed it, or several while it is rotated: the current and the previous.
        store: where handled deliveries are remembered. In this process by default (500,000 of them, about 45 MB when
            full); `SqliteNonces` for several processes and over restarts.
        window_s: seconds the clocks may differ, either way.

    Raises:
        ConfigError: no secret, or one that is none.

    Source: contract-v1 section 1 (Events).
    """

    def __init__(
        self, secrets: Secret | Sequence[Secret], *, store: HandledStore | None = None, window_s: int = WINDOW
    ) -> None:
        secrets = secret_list(secrets)
        self._verifier = WebhookVerifier(secrets, window_s=window_s)
        self._store = deliveries() if store is None else store

    @classmethod
    def from_file(cls, path: str | Path, *, store: HandledStore | None = None, window_s: int = WINDOW) -> Self:
        """The same, with the secrets of a file: one a line, the current first; lines that begin with # are left out.

        Args:
            path: the file, which only its owner should be able to read; or `env:NAME`, `keyring:service/name`.
            store: see above.
            window_s: see above.

        Raises:
            ConfigError: the file cannot be read, has no secret, or one that is none.
        """
        return cls(_read(path), store=store, window_s=window_s)

    def receive(self, headers: HeaderFields, body: bytes, *, now: float | None = None) -> Event:
        """Check a delivery and read its event.

        Args:
            headers: as they came: a mapping or pairs, text or bytes.
            body: the bytes as they came; a body that was parsed and written anew has another signature.
            now: seconds since the epoch, in place of this machine's clock.

        Returns:
            The event. Where `duplicate` is true it was handled before: acknowledge it and do nothing else. Where
            `challenge` is text, answer with it.

        Raises:
            SignatureInvalid: it is not from the gateway, was changed, or is too old; `explain()` says more.
            UnexpectedReply: it is from the gateway and no event.

        Say `handled(event)` when your work with it is safely done: an event whose handling failed is then delivered
        again.

        Source: contract-v1 section 1.
        """
        if not isinstance(body, bytes):
            raise TypeError("give the body as the bytes that came, not parsed and not decoded")
        now = time.time() if now is None else now
        found: Event | EgovError
        try:
            found = _event(self._verifier.verify(headers, body, now=now), body)
        except EgovError as error:
            found = error.with_traceback(None)
        del headers, body  # a crash report has the locals of each frame
        if isinstance(found, EgovError):
            raise found
        return found.model_copy(update={"duplicate": self._store.seen(_KEY, found.webhook_id, now=now)})

    def handled(self, event: Event, *, now: float | None = None) -> None:
        """Remember that an event was handled, so that its repetitions are known as such.

        Args:
            event: from `receive`.
            now: seconds since the epoch, in place of this machine's clock.

        A store that is full is logged, not raised: the event was handled, and to have it delivered again would repeat
        its effects.
        """
        now = time.time() if now is None else now
        try:
            self._store.first_time(_KEY, event.webhook_id, now=now, until=now + REMEMBERED)
        except SignatureInvalid as full:
            _LOG.warning("a delivery could not be remembered, so its repetition will not be known: %s", full.code)


class Inbox:
    """Deliveries to this application, by its configuration. No I/O but the store's.

    Args:
        secret_file: where the secrets are.
        store: where handled deliveries are remembered.
    """

    def __init__(self, secret_file: str | Path | None, store: HandledStore) -> None:
        self._secret_file, self._store = secret_file, store
        self._made: Webhooks | None = None

    @property
    def webhooks(self) -> Webhooks:
        """Made on first use: most clients receive no events.

        Raises:
            ConfigError: there is no `webhook_secret_file`, or none that can be used.
        """
        if self._made is None:
            if self._secret_file is None:
                raise ConfigError(
                    "webhook_secret_file is missing; receiving events needs it",
                    code="config_missing",
                    hint="Write the subscription's secret (whsec_...) to a file and name it",
                )
            self._made = Webhooks.from_file(self._secret_file, store=self._store)
        return self._made


def _read(source: str | Path) -> list[Secret]:
    lines = sources.read_secret(source, "webhook secret").reveal().splitlines()
    return [Secret(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def _event(webhook_id: str, body: bytes) -> Event:
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnexpectedReply("the body is not a JSON object, so it is no event", code="not_json", sent="yes")
    document = cast("dict[str, Any]", value)
    if document.get("type") == CHALLENGE:
        document = {"id": webhook_id, "type": CHALLENGE, "data": {"challenge": document.get("challenge")}}
    try:
        return Event.model_validate(document | {"webhook_id": webhook_id})
    except ValidationError as wrong:
        faults = wrong.errors(include_url=False, include_input=False, include_context=False)
    # The names of our own fields alone: what stands deeper is the gateway's choice.
    named = ", ".join(f"{fault['loc'][0]}: {fault['type']}" for fault in faults[:_SHOWN_FAULTS])
    raise UnexpectedReply(f"the body is not an event: {named}", code="wrong_shape", sent="yes")
