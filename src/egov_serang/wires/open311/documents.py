"""From the bytes of an Open311 answer to plain data, whether it is JSON or XML.

Servers are read as they are: the first character decides, not the `Content-Type`, which many get wrong; XML becomes
what the JSON form of the same answer would be (Open311's "Spark" convention). What is neither is an `UnexpectedReply`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from xml.etree import ElementTree as Xml

from egov_serang.core.message import Response
from egov_serang.errors import UnexpectedReply

_LISTS: Final = frozenset(
    {"services", "service_requests", "requests", "attributes", "values", "errors", "endpoints", "formats"}
    | {"service_requests_updates", "service_request_updates", "media_urls"}
)
"""Elements that hold a list; of one with a single child, XML itself does not say so."""
_DEEPEST: Final = 24


def plain(response: Response) -> Any:
    """The answer as dicts, lists, texts and numbers; None for an empty one.

    Raises:
        UnexpectedReply: neither JSON nor XML, HTML, not UTF-8, with a document type or too deep. It shows no content.
    """
    try:
        text = response.body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise UnexpectedReply("the answer is not UTF-8, which Open311 demands", code="not_utf8", sent="yes")
    if not text:
        return None
    if text.startswith("<"):
        return _from_xml(text)
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        pass  # raised below instead, for this error holds the answer
    raise UnexpectedReply(
        "the answer is neither JSON nor XML", code="not_open311", hint="Check open311_url", sent="yes"
    )


def listed(document: object, container: str, item: str) -> list[object]:
    """The items of a list, in whichever way a server wraps them: bare, in one or two objects, or as a lone item.

    Args:
        document: from `plain`.
        container: what the list is called in XML, such as `services`.
        item: what one of them is called, such as `service`.

    Raises:
        UnexpectedReply: it is no list and no item.
    """
    if document is None:
        return []
    if isinstance(document, list):
        return cast("list[object]", document)
    if isinstance(document, Mapping):
        known = cast("Mapping[str, object]", document)
        for name in (container, item):
            if name in known:
                return listed(known[name], container, item)
        return [known]
    raise UnexpectedReply(f"the answer holds no {container}", code="wrong_shape", sent="yes")


def _from_xml(text: str) -> Any:
    fault = "wrong_xml"
    try:
        if _declares_type(text):
            fault = "html" if text[:200].lower().find("<!doctype html") >= 0 else "document_type"
        else:
            parser = Xml.XMLParser(target=_Bounded())  # noqa: S314 - no document type gets this far, so no entity either
            parser.feed(text)
            root: Xml.Element = parser.close()
            name = _tag(root)
            if name != "html":
                found: Any = _value(root)
                return {name: found} if found is None or isinstance(found, str) else found
            fault = "html"
    except (Xml.ParseError, ValueError):
        pass
    said = {
        "html": ("the answer is an HTML page", "not_open311"),
        "document_type": ("the answer declares a document type, which XML of Open311 never does", "unsafe_xml"),
        "wrong_xml": ("the answer is XML that cannot be read", "not_open311"),
    }
    del text
    message, code = said[fault]
    raise UnexpectedReply(message, code=code, hint="Check open311_url; a proxy may stand between", sent="yes")


def _declares_type(text: str) -> bool:
    """Whether a document type comes before the root element, the only place where XML allows one."""
    at = 0
    while True:
        at = len(text) - len(text[at:].lstrip())
        for opens, closes in (("<?", "?>"), ("<!--", "-->")):
            if text.startswith(opens, at):
                end = text.find(closes, at + len(opens))
                if end < 0:
                    return False  # the parser refuses it
                at = end + len(closes)
                break
        else:
            return text.startswith("<!", at)


class _Bounded(Xml.TreeBuilder):
    """Builds a tree that is no deeper than Open311's documents are."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Xml.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Xml.Element:
        self._depth -= 1
        return super().end(tag)


def _tag(element: Xml.Element) -> str:
    """Its name, without the namespace some servers declare."""
    return element.tag.rpartition("}")[2]


def _value(element: Xml.Element) -> Any:
    if _tag(element) in _LISTS:
        if (element.text or "").strip():
            raise ValueError  # a list holds elements
        return [_value(child) for child in element]
    if len(element):
        return {_tag(child): _value(child) for child in element}
    text = (element.text or "").strip()
    return text or None


def _no_number(_: str) -> None:
    raise ValueError
