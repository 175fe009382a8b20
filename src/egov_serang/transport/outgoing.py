"""From our request to httpcore's: where it goes, and exactly which bytes."""

from __future__ import annotations

import functools
import ipaddress
import platform
import re
from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpcore

from egov_serang import __version__
from egov_serang.core.message import Body, Request, TransportFault

USER_AGENT: Final = f"egov-serang/{__version__} python/{platform.python_version()}"

_URL = re.compile(r"(https?://[^/?#\s]+)([^#\s]*)")
_IN_ONE_PIECE = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a lane leads. `field` is the value of the Host header."""

    scheme: bytes
    host: bytes
    port: int
    field: bytes


def refused(reason: str) -> TransportFault:
    """The fault of a request that must not be sent as it is."""
    return TransportFault("protocol", sent="no", reason=reason, permanent=True)


def crowded(slots: int) -> TransportFault:
    """The fault of a request that found no slot in time."""
    return TransportFault("timeout", sent="no", reason=f"all {slots} connection slots were busy")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.lru_cache(maxsize=128)
def _address(base: str) -> Address:
    parts = urlsplit(base)
    try:
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise refused("the port of the address is not a number") from None
    if not host.isascii() or not host or "@" in parts.netloc:
        raise refused("the address needs a plain ASCII host and no user name")
    if parts.scheme == "http" and not is_loopback(host):
        raise TransportFault(
            "tls", sent="no", reason="http without TLS is allowed to this machine only: use https", permanent=True
        )
    shown = f"[{host}]" if ":" in host else host
    field = shown if port == _DEFAULT_PORTS[parts.scheme] else f"{shown}:{port}"
    return Address(parts.scheme.encode(), host.encode(), port, field.encode())


def locate(url: str) -> tuple[Address, bytes]:
    """Split an absolute URL into the address to dial and the request target, the target byte for byte as given.

    Raises:
        TransportFault: `sent=no`, permanent: not an http(s) URL, a fragment, or http to another machine.
    """
    match = _URL.fullmatch(url)
    if match is None or not url.isascii():
        raise refused("not an absolute http(s) address in ASCII without fragment")
    target = match[2]
    return _address(match[1]), (target if target.startswith("/") else f"/{target}").encode()


class Pieces:
    """A long body: read anew at each iteration, in either world."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return self._body.chunks()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._body.chunks():
            yield piece


def in_one_piece(body: Body | None) -> bytes | None:
    """The body if it is short enough to be held whole, else None."""
    if body is None:
        return b""
    return b"".join(body.chunks()) if body.length <= _IN_ONE_PIECE else None


def missing_fields(request: Request) -> list[tuple[str, str]]:
    """Header fields the transport owes the request: who sends it, what frames its body, the codings we can undo."""
    names = {name.lower() for name, _ in request.headers}
    fields: list[tuple[str, str]] = []
    if "user-agent" not in names:  # of token requests too: firewalls refuse what does not say what it is
        fields.append(("user-agent", USER_AGENT))
    if "accept-encoding" not in names:
        fields.append(("accept-encoding", "gzip"))
    if request.body is not None:
        if "content-type" not in names:
            fields.append(("content-type", request.body.content_type))
        if "content-length" not in names:
            fields.append(("content-length", str(request.body.length)))
    elif request.method in {"POST", "PUT", "PATCH"} and "content-length" not in names:
        fields.append(("content-length", "0"))
    return fields


def header_fields(request: Request, address: Address) -> list[tuple[bytes, bytes]]:
    """All header fields as bytes, Host first.

    Raises:
        TransportFault: `sent=no`, permanent: a field that is not ASCII.
    """
    fields = [*request.headers, *missing_fields(request)]
    try:
        return [(b"Host", address.field), *((name.encode("ascii"), value.encode("ascii")) for name, value in fields)]
    except UnicodeEncodeError:
        pass  # raised below instead, for this error holds the field's value
    raise refused("a header field is not ASCII")


def outgoing(request: Request, address: Address, target: bytes) -> httpcore.Request:
    """httpcore's form of a request.

    Raises:
        TransportFault: `sent=no`, permanent: a header field that is not ASCII.
    """
    url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=target)
    content = in_one_piece(request.body)
    if content is None and request.body is not None:
        return httpcore.Request(
            request.method, url, headers=header_fields(request, address), content=Pieces(request.body)
        )
    return httpcore.Request(request.method, url, headers=header_fields(request, address), content=content)
