"""An API key in the form of a write, where Open311 wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from egov_serang.core.body import FormBody, Multipart
from egov_serang.core.exchange import Exchange, Next
from egov_serang.core.message import Response
from egov_serang.layers.static import Current

_NAME: Final = "api_key"


class FormKey:
    """Puts `api_key` into the form of each write; reads need none.

    The call itself never holds the key: `client.dry` and whoever looks at the exchange later find the form without.

    Args:
        current: what is to be sent now.

    Source: Open311 GeoReport v2 (POST Service Request).
    """

    def __init__(self, current: Current) -> None:
        self._current = current

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        call = exchange.call
        if not isinstance(call.body, FormBody | Multipart):
            return await next(exchange)
        credential = self._current(exchange.runtime.wall())
        body = call.body.with_field(_NAME, credential.text())
        exchange.secrets = credential.secrets()
        exchange.call = replace(call, body=body)
        exchange.headers["content-type"] = body.content_type  # the boundary of a form with files is made of its content
        try:
            return await next(exchange)
        finally:
            exchange.call = call
