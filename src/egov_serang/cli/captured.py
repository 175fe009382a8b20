"""Reading a request as it went over the wire, kept in a file: by a proxy, `curl --trace`, or by hand."""

from __future__ import annotations

import http.client
import re
from io import BytesIO
from typing import Final

import typer

from egov_serang.signing.base import Message

_START: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/[0-9.]+")
_ARGUMENT: Final = "REQUEST"


def request(written: bytes, origin: str | None) -> tuple[Message, bytes]:
    """The message, and its body.

    Args:
        written: start line, header lines, an empty line, the body; line breaks of either kind.
        origin: of the target, such as `https://gateway.example`; `https://` and the Host header by default.
    """
    parts = re.split(rb"\r?\n\r?\n", written.lstrip(), maxsplit=1)
    start, _, lines = parts[0].partition(b"\n")
    found = _START.fullmatch(start.strip())
    if found is None:
        raise typer.BadParameter("does not begin with a line such as POST /v1/x HTTP/1.1", param_hint=_ARGUMENT)
    try:
        fields = http.client.parse_headers(BytesIO(lines + b"\n\n"))
    except http.client.HTTPException:
        fields = None
    if fields is None or fields.defects:
        raise typer.BadParameter("has a line among its headers that is none", param_hint=_ARGUMENT)
    headers = {name.lower(): ", ".join(text.strip() for text in fields.get_all(name, [])) for name in fields}
    method, target = (text.decode("latin-1") for text in found.groups())
    if target.startswith("/"):
        base = origin or (f"https://{headers['host']}" if "host" in headers else None)
        if base is None:
            raise typer.BadParameter("has no Host header: say where it was sent", param_hint="--origin")
        target = base.rstrip("/") + target
    return Message(headers, method, target), parts[1] if len(parts) > 1 else b""
