"""What a refusal may not say back: the contract forbids services to echo input, and some do it all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, cast
from urllib.parse import quote

from egov_serang.core.body import FormBody, JsonBody, Multipart
from egov_serang.core.exchange import Exchange
from egov_serang.errors import ApiError, EgovError, mask_numbers
from egov_serang.model import is_shown

_SHORTEST: Final = 3
_MASK: Final = "••••"
_OPEN: Final = frozenset({"attributes", "data", "form", "personalisation"})
"""Objects whose fields somebody else named: a `reference` or `status` in them may be anything a person typed."""


def silence(error: EgovError, exchange: Exchange) -> None:
    """Mask in an error's text and trail what the service repeated of the request: its secrets, what its body said.

    Codes, ids and states of the contract stay readable, by the rule that decides what a model's `repr` shows.
    """
    texts = set(_texts(exchange))
    said = texts | {mask_numbers(text) for text in texts}  # the error has masked its numbers already
    if said:
        longest_first = sorted(said, key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)

        def change(text: str) -> str:
            return pattern.sub(_MASK, text)

        if isinstance(error, ApiError):
            error.rewrite(change)
        exchange.trail = tuple(replace(one, code=one.code and change(one.code)) for one in exchange.trail)


def _texts(exchange: Exchange) -> Iterator[str]:
    yield from exchange.headers.get("authorization", "").split()[1:]
    for secret in exchange.secrets:
        # In a query it went out percent-encoded, and may come back either way.
        yield from {secret, quote(secret, safe="")}
    if isinstance(exchange.call.body, JsonBody):
        yield from _spoken(exchange.call.body.value)
    elif isinstance(exchange.call.body, FormBody | Multipart):
        for name, value in exchange.call.body.fields:  # names may come again
            yield from _spoken({name: value})


def _spoken(value: object, *, open_: bool = False) -> Iterator[str]:
    if isinstance(value, str) and len(value.strip()) >= _SHORTEST:
        yield value.strip()
    elif isinstance(value, date):
        yield value.isoformat()
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[object, object]", value).items():
            if open_ or not is_shown(str(name)):
                yield from _spoken(item, open_=open_ or name in _OPEN)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in cast("Sequence[object]", value):
            yield from _spoken(item, open_=open_)
