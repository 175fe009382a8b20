"""An ASGI application that receives events: mount it, or run it alone."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from egov_serang.models.events import Event
from egov_serang.receivers.bodies import SenderGone, asgi_body
from egov_serang.receivers.delivery import Delivery, Receiving


class AsgiReceiver:
    """Checks each delivery, hands its event over, answers.

    Args:
        webhooks: `client.events` or `Webhooks`.
        handler: gets each new event, as a function or coroutine; must return soon, so leave slow work to a queue.
    """

    def __init__(self, webhooks: Receiving, handler: Callable[[Event], Awaitable[object] | None]) -> None:
        self._webhooks, self._handler = webhooks, handler

    async def __call__(self, scope: MutableMapping[str, Any], receive: Callable[[], Any], send: Any) -> None:
        """Answer one request; see the ASGI specification."""
        if scope["type"] != "http":
            raise ValueError("events come over HTTP")
        try:
            delivery = Delivery(self._webhooks, scope["headers"], await asgi_body(receive), method=scope["method"])
        except SenderGone:
            return
        if delivery.event is not None and (waiting := self._handler(delivery.event)) is not None:
            await waiting
        answer = delivery.answer()
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
