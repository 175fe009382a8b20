"""A transport without a network: a function of the user's answers each request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from egov_serang.core.message import Headers, Limits, Request, Response, Stream, TransportFault

JsonValue = Mapping[str, Any] | Sequence[Any]
_ERRORS = 400


@dataclass(frozen=True, slots=True, repr=False)
class FakeRequest:
    """One request as a service would have seen it. Its `repr` shows method and path only."""

    method: str
    url: str
    headers: Headers
    body: bytes

    @property
    def path(self) -> str:
        """The path, percent-encoded as sent."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, decoded; the last one of a name counts."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body read as JSON, or None when there is none.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def __repr__(self) -> str:
        return f"<FakeRequest {self.method} {self.path}>"


@dataclass(frozen=True, slots=True, repr=False)
class FakeResponse:
    """An answer: `json` for a JSON document, else `body` for bytes as they are."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return f"<FakeResponse {self.status}>"


Handler = Callable[[FakeRequest], "FakeResponse | JsonValue"]


class _Bytes(Stream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        piece, self._body = self._body, b""
        return piece

    async def close(self) -> None:
        self._body = b""


class FakeTransport:
    """Answers requests with a function; `Client(transport=FakeTransport(handler))`, the same for `AsyncClient`.

    As real gateways do, every answer echoes `X-Request-Id`, unless the answer has one of its own.

    Args:
        handler: gets each request, returns a `FakeResponse` or simply what is to be the JSON of a 200. May raise
            `TransportFault` for an answer that never comes.
        tokens: answer token requests (`POST .../oauth2/token`) here, without asking the handler or recording them.
    """

    def __init__(self, handler: Handler, *, tokens: bool = True) -> None:
        self._handler = handler
        self._tokens = tokens
        self.requests: list[FakeRequest] = []
        """All requests that reached the handler, in order of arrival."""

    def send(self, request: Request, limits: Limits) -> Response:
        """Ask the handler.

        Raises:
            TransportFault: the handler's, or `too_large` for an answer over the limit.
        """
        asked = seen(request)
        if self._tokens and is_token_request(asked):
            answer: FakeResponse | JsonValue = token(asked)
        else:
            self.requests.append(asked)
            answer = self._handler(asked)
        return respond(
            asked, answer if isinstance(answer, FakeResponse) else FakeResponse(json=answer), request, limits
        )

    def close(self) -> None:
        """Nothing to close."""

    def asynchronous(self) -> AsyncFakeTransport:
        """The same transport for `AsyncClient`; it records into the same `requests`."""
        return AsyncFakeTransport(self)


class AsyncFakeTransport:
    """A `FakeTransport` seen from tasks."""

    def __init__(self, transport: FakeTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, limits: Limits) -> Response:
        """As `FakeTransport.send`."""
        return self._transport.send(request, limits)

    async def close(self) -> None:
        """Nothing to close."""

    def asynchronous(self) -> AsyncFakeTransport:
        """Itself."""
        return self


def seen(request: Request) -> FakeRequest:
    """The request with its body read."""
    body = b"" if request.body is None else b"".join(request.body.chunks())
    return FakeRequest(request.method, request.url, Headers(request.headers), body)


def is_token_request(request: FakeRequest) -> bool:
    """Whether a token is asked for (RFC 6749 section 3.2), wherever the endpoint is."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    is_form = kind == "application/x-www-form-urlencoded" and b"grant_type=" in request.body
    return request.method == "POST" and (is_form or request.path.endswith("/oauth2/token"))


def token(request: FakeRequest) -> JsonValue:
    """A token that opens nothing."""
    kind = "DPoP" if "dpop" in request.headers else "Bearer"
    return {"access_token": "fake-access-token", "token_type": kind, "expires_in": 3600}


def respond(asked: FakeRequest, answer: FakeResponse, request: Request, limits: Limits) -> Response:
    """The answer as a transport gives it: with the request's id, within the limits.

    Raises:
        TransportFault: `too_large`.
    """
    headers = {name.lower(): value for name, value in answer.headers.items()}
    body = answer.body
    if answer.json is not None:
        body = json.dumps(answer.json).encode()
        problem = answer.status >= _ERRORS
        headers.setdefault("content-type", "application/problem+json" if problem else "application/json")
    if "x-request-id" in asked.headers:
        headers.setdefault("x-request-id", asked.headers["x-request-id"])
    headers.setdefault("content-length", str(len(body)))
    if len(body) > limits.max_body:
        raise TransportFault("too_large", sent="maybe", reason="the answer is larger than allowed", permanent=True)
    if request.stream and answer.status < _ERRORS:
        return Response(answer.status, Headers(headers.items()), stream=_Bytes(body))
    return Response(answer.status, Headers(headers.items()), body)
