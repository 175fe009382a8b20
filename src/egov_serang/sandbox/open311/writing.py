"""Open311's documents: JSON as it is, and XML made of it (the "Spark" convention the other way round)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast
from xml.etree import ElementTree as Xml

from fastapi import Response
from pydantic import JsonValue

FORMATS: Final = ("xml", "json")
_ITEMS: Final[Mapping[str, str]] = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What one item of a list is called in XML."""
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters JSON can hold and XML 1.0 cannot, in any form."""


def document(format_: str, root: str, content: JsonValue, status: int = 200) -> Response:
    """An answer.

    Args:
        format_: `json`, or anything else for XML, which is the format every client has.
        root: the name of the XML document's root element; JSON has none.
        content: what it holds.
        status: of HTTP.
    """
    if format_ == "json":
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return Response(text.encode(), status, media_type="application/json; charset=utf-8")
    element = _element(root, content)
    body: bytes = Xml.tostring(element, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def _element(name: str, content: JsonValue) -> Xml.Element:
    element = Xml.Element(name)
    if isinstance(content, Mapping):
        element.extend(_element(key, value) for key, value in cast("Mapping[str, JsonValue]", content).items())
    elif isinstance(content, Sequence) and not isinstance(content, str):
        element.extend(_element(_ITEMS[name], value) for value in cast("Sequence[JsonValue]", content))
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = _NOT_XML.sub("\ufffd", str(content))
    return element
