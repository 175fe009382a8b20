"""One transmission of a form: tells how far it is, and stops before its end where a file is not the same any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egov_serang.core.file import changed
from egov_serang.core.message import TransportFault
from egov_serang.errors import EgovError, Sent

if TYPE_CHECKING:
    from egov_serang.core.body import Multipart


class Sending:
    """The body of one attempt.

    Args:
        form: what is sent.
        sent: what the attempts before have left behind.

    Raises:
        Invalid: a file has changed since the first attempt; this one did not begin.
    """

    def __init__(self, form: Multipart, sent: Sent) -> None:
        self._form = form
        self.failure: Exception | None = None
        """Why the body ended early: a file that changed, or what a caller's `progress` raised."""
        if not form.is_still():
            raise changed(sent)

    @property
    def content_type(self) -> str:
        return self._form.content_type

    @property
    def length(self) -> int:
        return self._form.length

    def chunks(self) -> Iterator[bytes]:
        """The form, as the transport comes for it.

        Raises:
            TransportFault: it ended early. The reason stays here: an exception of a caller's that went through the
                transport, such as a `BrokenPipeError` of its terminal, would be taken for one of the connection.
        """
        try:
            yield from self._form.transmission()
        except Exception as error:
            self.failure = error
        if self.failure is not None:
            if isinstance(self.failure, EgovError):
                self.failure.sent = "maybe"
            raise TransportFault("source", sent="maybe", reason="the body ended early", permanent=True)
