"""A WSGI application that receives events: mount it, or run it alone."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from egov_serang.models.events import Event
from egov_serang.receivers.bodies import wsgi_body
from egov_serang.receivers.delivery import Delivery, Receiving


class WsgiReceiver:
    """Checks each delivery, hands its event over, answers.

    Args:
        webhooks: `client.events` or `Webhooks`.
        handler: gets each new event; must return soon, so leave slow work to a queue.
    """

    def __init__(self, webhooks: Receiving, handler: Callable[[Event], object]) -> None:
        self._webhooks, self._handler = webhooks, handler

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        """Answer one request; see PEP 3333."""
        headers = [(n[5:].replace("_", "-"), v) for n, v in environ.items() if n.startswith("HTTP_WEBHOOK_")]
        delivery = Delivery(self._webhooks, headers, wsgi_body(environ), method=environ["REQUEST_METHOD"])
        if delivery.event is not None:
            self._handler(delivery.event)
        answer = delivery.answer()
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", answer.headers)
        return [answer.body]
