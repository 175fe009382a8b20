"""Receiving events over HTTP: what any framework needs, and ready receivers for ASGI and WSGI."""

from egov_serang.receivers.asgi import AsgiReceiver
from egov_serang.receivers.delivery import LIMIT, Answer, Delivery, Receiving
from egov_serang.receivers.wsgi import WsgiReceiver

__all__ = ["LIMIT", "Answer", "AsgiReceiver", "Delivery", "Receiving", "WsgiReceiver"]
