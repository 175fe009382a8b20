"""An app that receives events, on loopback, and a gateway's hand that delivers them."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from egov_serang import Event, SignatureInvalid, Webhooks
from egov_serang.receivers import WsgiReceiver
from egov_serang.signing.webhooks import WebhookSigner
from egov_serang.types import HeaderFields, Secret

_PATIENCE_S: Final = 10


class Inbox:
    """An app with a WSGI receiver on loopback.

    Attributes:
        events: what the app was told.
        refusals: why it refused what it refused, in lines for a person.
    """

    def __init__(self) -> None:
        secret = Secret(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
        self.events: list[Event] = []
        self.refusals: list[str] = []
        self._signer, self._webhooks = WebhookSigner(secret), Webhooks(secret)
        self._silence = logging.NullHandler()  # the story tells it, the log need not
        app = WsgiReceiver(self, self.events.append)
        self._server: WSGIServer = make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def receive(self, headers: HeaderFields, body: bytes) -> Event:
        """Check a delivery, and keep why it was refused."""
        try:
            return self._webhooks.receive(headers, body)
        except SignatureInvalid as refusal:
            self.refusals.append(refusal.explain())
            raise

    def handled(self, event: Event) -> None:
        """See `Webhooks.handled`."""
        self._webhooks.handled(event)

    def deliver(self, body: bytes, *, signed_for: bytes | None = None) -> int:
        """Post an event as a gateway does.

        Args:
            body: what arrives.
            signed_for: what was signed, where it was changed on its way.

        Returns:
            The app's HTTP status.
        """
        original = signed_for or body
        headers = self._signer.sign(f"msg_{json.loads(original)['id']}", original, at=time.time())
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=_PATIENCE_S)
        try:
            connection.request("POST", "/events", body, {**headers, "content-type": "application/cloudevents+json"})
            return connection.getresponse().status
        finally:
            connection.close()

    def __enter__(self) -> Self:
        logging.getLogger("egov_serang.events").addHandler(self._silence)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        logging.getLogger("egov_serang.events").removeHandler(self._silence)


class _Server(WSGIServer):
    def server_bind(self) -> None:
        """Bind, and ask nobody for this machine's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """The story tells what happened."""


def status_changed(source: str, complaint_id: str, complaint: Mapping[str, Any]) -> bytes:
    """The event that a complaint's status changed.

    Args:
        source: Kemendagri code of the city.
        complaint_id: which one.
        complaint: as it stands now.
    """
    event = {
        "specversion": "1.0",
        "id": secrets.token_hex(8),
        "type": "id.smartcity.complaints.complaint.status_changed.v1",
        "source": source,
        "subject": complaint_id,
        "time": datetime.now(UTC).isoformat(),
        "sequence": "5",
        "datacontenttype": "application/json",
        "data": complaint,
    }
    return json.dumps(event).encode()
