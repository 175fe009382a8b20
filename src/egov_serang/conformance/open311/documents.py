"""Open311's documents, read strictly: what a client that follows the specification alone can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from xml.etree import ElementTree as Xml

from egov_serang.conformance.scenario import Failed
from egov_serang.core.message import Headers

FORMATS: Final = ("xml", "json")
_TYPES: Final = {"xml": {"text/xml", "application/xml"}, "json": {"application/json"}}
_LISTS: Final[Mapping[str, str]] = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What one item of a list is called in XML."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer of an endpoint, in one of the two formats."""

    status: int
    headers: Headers
    body: bytes
    format: str

    def of(self, root: str) -> Any:
        """What it holds, the same for both formats: dicts, lists and texts; numbers and booleans of JSON as texts.

        Args:
            root: the name of the root element in XML; JSON has none.

        Raises:
            Failed: it is not of its format, or not UTF-8, or another document.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _TYPES[self.format]:
            raise Failed(
                f"the {self.format} document (status {self.status}) has the Content-Type {media_type or 'none'}"
            )
        try:
            text = self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise Failed(f"the {self.format} document is not UTF-8") from None
        return _from_json(text) if self.format == "json" else _from_xml(text, root)

    def items(self, root: str) -> list[dict[str, Any]]:
        """The objects of a list."""
        found = self.of(root)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in cast("list[Any]", found)):
            raise Failed(f"{root} in {self.format} is no list of objects")
        return cast("list[dict[str, Any]]", found)

    def errors(self, *statuses: int) -> None:
        """Go on if it is a refusal as the specification writes them.

        Raises:
            Failed: it is none, has another status, or is no list of codes and descriptions.
        """
        if self.status not in statuses:
            raise Failed(f"expected a refusal with status {' or '.join(map(str, statuses))}, found {self.status}")
        found = self.items("errors")
        if not found:
            raise Failed("the list of errors is empty")
        for one in found:
            if not str(one.get("code") or "") or not str(one.get("description") or ""):
                raise Failed("an error lacks its code or its description")

    def fine(self, *statuses: int) -> Document:
        """Go on if its status is one of these, 200 by default."""
        if self.status not in (statuses or (200,)):
            raise Failed(f"expected status {' or '.join(map(str, statuses or (200,)))}, found {self.status}")
        return self


def _from_json(text: str) -> Any:
    try:
        return _texts(json.loads(text))
    except (ValueError, RecursionError):
        raise Failed("the json document is no JSON") from None


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" else str(value)


def _from_xml(text: str, root: str) -> Any:
    if "<!" in text.replace("<![CDATA[", "").replace("<!--", ""):
        raise Failed("the xml document declares a document type")
    try:
        element = Xml.fromstring(text.encode())  # noqa: S314 - no document type gets this far, so no entity either
    except Xml.ParseError:
        raise Failed("the xml document is not well-formed") from None
    if _tag(element) != root:
        raise Failed(f"the xml document's root is {_tag(element)[:40]}, not {root}")
    return _value(element)


def _value(element: Xml.Element) -> Any:
    name = _tag(element)
    if name in _LISTS:
        wrong = sorted({_tag(child) for child in element} - {_LISTS[name]})
        if wrong:
            raise Failed(f"{name} in xml holds {wrong[0][:40]} where it should hold {_LISTS[name]}")
        return [_value(child) for child in element]
    if len(element):
        return {_tag(child): _value(child) for child in element}
    return (element.text or "").strip() or None


def _tag(element: Xml.Element) -> str:
    return element.tag.rpartition("}")[2]
