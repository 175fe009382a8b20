"""A small GeoReport v2 server, written from the specification's text alone: it shares nothing with sandbox or SDK.

It keeps what is submitted in a dict and answers in JSON and XML. `deviation` makes it wrong in one way: those known of
real servers (government-apis.md 2.1), and those by which an answer could do harm.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

KEY = "the-key-of-this-city"
JURISDICTION = "city.example"
ITEMS = {
    "services": "service",
    "service_requests": "request",
    "service_requests_updates": "request_update",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
SERVICES = [
    {
        "service_code": "001",
        "service_name": "Pothole",
        "description": "A hole in the road",
        "metadata": True,
        "type": "realtime",
        "keywords": "road, hole",
        "group": "street",
    },
    {
        "service_code": "002",
        "service_name": "Proposal",
        "description": None,
        "metadata": False,
        "type": "batch",
        "keywords": "",
        "group": "ideas",
    },
    {
        "service_code": "003",
        "service_name": "Box",
        "description": "Anything",
        "metadata": False,
        "type": "blackbox",
        "keywords": "",
        "group": "ideas",
    },
]
DEFINITION = {
    "service_code": "001",
    "attributes": [
        {
            "variable": True,
            "code": "SIZE",
            "datatype": "singlevaluelist",
            "required": True,
            "datatype_description": None,
            "order": 1,
            "description": "How large is it?",
            "values": [{"key": "123", "name": "Small"}, {"key": "124", "name": "Large"}],
        },
        {
            "variable": True,
            "code": "LANES",
            "datatype": "multivaluelist",
            "required": False,
            "datatype_description": "Which lanes",
            "order": 2,
            "description": "Which lanes?",
            "values": [{"key": "left", "name": "Left"}, {"key": "right", "name": "Right"}],
        },
        {
            "variable": False,
            "code": "NOTE",
            "datatype": "text",
            "required": True,
            "datatype_description": "",
            "order": 3,
            "description": "Call 110 where life is in danger.",
        },
    ],
}


class Refused(Exception):
    def __init__(self, status: int, description: str) -> None:
        super().__init__(status)
        self.status, self.description = status, description


@dataclass
class City:
    """What one server holds, and what came in."""

    deviation: str = ""
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str | None] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def submit(self, form: dict[str, list[str]]) -> list[dict[str, Any]]:
        one = {name: values[-1] for name, values in form.items()}
        if "api_key" not in one or one["api_key"] != KEY:
            raise Refused(403, "api_key is wrong or missing")
        if one.get("jurisdiction_id") != JURISDICTION:
            raise Refused(404, "jurisdiction_id was not found")
        known = next((s for s in SERVICES if s["service_code"] == one.get("service_code")), None)
        if known is None:
            raise Refused(404 if "service_code" in one else 400, "service_code was not found")
        if known["type"] == "realtime" and not (
            {"lat", "long"} <= one.keys() or one.keys() & {"address_string", "address_id"}
        ):
            raise Refused(400, "a location is required")
        if known["metadata"] and "attribute[SIZE]" not in one:
            raise Refused(400, "attribute SIZE is required")
        number = str(638344 + len(self.requests))
        self.requests[number] = {
            "service_request_id": number,
            "status": "open",
            "status_notes": None,
            "service_name": known["service_name"],
            "service_code": known["service_code"],
            "description": one.get("description"),
            "agency_responsible": None,
            "service_notice": None,
            "requested_datetime": "2026-11-20T08:00:00+07:00",
            "updated_datetime": "2026-11-20T08:00:00+07:00",
            "expected_datetime": None,
            "address": one.get("address_string"),
            "address_id": one.get("address_id"),
            "zipcode": None,
            "lat": float(one["lat"]) if "lat" in one else None,
            "long": float(one["long"]) if "long" in one else None,
            "media_url": one.get("media_url"),
        }
        if known["type"] == "batch":
            token = f"token-{number}"
            self.tokens[token] = None
            return [{"token": token}]
        if known["type"] == "blackbox":
            return [{"service_notice": "Thank you", "account_id": None}]
        return [{"service_request_id": number, "service_notice": "Received", "account_id": None}]

    def run_batch(self) -> None:
        """Give every token its number."""
        for token in self.tokens:
            self.tokens[token] = token.removeprefix("token-")

    def listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        found = list(self.requests.values())
        for name in ("service_request_id", "service_code", "status"):
            if name in query:
                wanted = query[name].split(",")
                found = [one for one in found if one[name] in wanted]
        if "start_date" in query:
            found = [one for one in found if one["requested_datetime"] >= query["start_date"]]
        return found


class Handler(BaseHTTPRequestHandler):
    city: City
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._carry_out(self._read)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self._carry_out(lambda path, query: self._write(path, body))

    def _carry_out(self, work: Any) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        path, _, extension = parts.path.removeprefix("/georeport/v2").rpartition(".")
        self.next_page = ""
        self.city.asked.append((path, query))
        self.city.headers.append({name.lower(): value for name, value in self.headers.items()})
        try:
            root, content = work(path, {name: values[-1] for name, values in query.items()})
            status = 200
        except Refused as refusal:
            root, content = "errors", [{"code": refusal.status, "description": refusal.description}]
            status = refusal.status
        self._answer(*deviate(self.city.deviation, extension, status, root, content))

    def _read(self, path: str, query: dict[str, str]) -> tuple[str, Any]:  # noqa: PLR0911
        if path == "/discovery":
            point = {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": self.city.url,
                "changeset": "2026-01-01 00:00",
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
            return "discovery", {"changeset": "1", "contact": "Ask us", "key_service": "By mail", "endpoints": [point]}
        if query.get("jurisdiction_id") != JURISDICTION:
            raise Refused(400, "jurisdiction_id was not provided")
        if path == "/services":
            return "services", SERVICES
        if path == "/services/001":
            return "service_definition", DEFINITION
        if path == "/requests":
            return "service_requests", self._paged(self.city.listed(query), query)
        if path == "/servicerequestupdates":
            return "service_requests_updates", self.city.updates
        kind, _, number = path.strip("/").partition("/")
        if kind == "requests" and number in self.city.requests:
            return "service_requests", [self.city.requests[number]]
        if kind == "tokens" and number in self.city.tokens:
            return "service_requests", [{"service_request_id": self.city.tokens[number], "token": number}]
        raise Refused(404, f"{kind} was not found")

    def _write(self, path: str, body: bytes) -> tuple[str, Any]:
        kind = self.headers["content-type"]
        if kind.startswith("multipart/form-data"):
            form = self._parts(kind, body)
        else:
            assert kind.startswith("application/x-www-form-urlencoded")
            form = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
        self.city.forms.append(form)
        return "service_requests", self.city.submit(form)

    def _parts(self, kind: str, body: bytes) -> dict[str, list[str]]:
        message: Message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        form: dict[str, list[str]] = {}
        for part in message.iter_parts():  # type: ignore[attr-defined]
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if part.get_filename():
                self.city.files.append((name, content))
            else:
                form.setdefault(name, []).append(content.decode())
        return form

    def _paged(self, found: list[Any], query: dict[str, str]) -> list[Any]:
        if self.city.deviation != "6aika":
            return found
        for one in found:
            one["extended_attributes"] = {"title": None, "detailed_status": "IN_PROCESS"}
        size, page = int(query.get("page_size", "20")), int(query.get("page", "1"))
        if page * size < len(found):
            self.next_page = f"http://elsewhere.example/requests?page={page + 1}&page_size={size}"
        return found[(page - 1) * size : page * size]

    next_page = ""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        if self.city.deviation == "lost":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.next_page:
            self.send_header("X-Next-Page-URL", self.next_page)
        if self.city.deviation == "own_request_id":
            self.send_header("X-Request-Id", "a-number-of-the-servers-own")
        if self.city.deviation == "redirect":
            self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def xml(name: str, content: Any) -> str:
    if isinstance(content, dict):
        inner = "".join(xml(key, value) for key, value in content.items())
    elif isinstance(content, list):
        inner = "".join(xml(ITEMS[name], value) for value in content)
    elif isinstance(content, bool):
        inner = str(content).lower()
    else:
        inner = "" if content is None else escape(str(content))
    return f"<{name}>{inner}</{name}>"


PAGE = b"<!DOCTYPE html><html><head><title>500</title></head><body><h1>Server Error (500)</h1></body></html>"
BOMB = (
    '<?xml version="1.0" encoding="utf-8"?><!-- a note --><!DOCTYPE service_requests [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    "<service_requests><request><service_request_id>&b;&c;</service_request_id></request></service_requests>"
)


def deviate(deviation: str, extension: str, status: int, root: str, content: Any) -> tuple[int, str, bytes]:  # noqa: PLR0911, PLR0912
    """The answer as a server with this peculiarity gives it."""
    good = "application/json; charset=utf-8" if extension == "json" else "text/xml; charset=utf-8"
    if deviation == "numbers":
        named = r'"(service_code|service_request_id|key|code)": "0*(\d+)"'
        content = json.loads(re.sub(named, r'"\1": \2', json.dumps(content)))
    elif deviation == "lone_item" and isinstance(content, list) and len(content) == 1:
        content = content[0]
        if extension == "xml":
            root = ITEMS[root]
    elif deviation == "wrapped" and extension == "json":
        content = {root: {ITEMS[root]: content}} if root in ITEMS else {root: content}
    elif deviation == "namespace" and extension == "xml":
        body = xml(root, content).replace(f"<{root}", f'<{root} xmlns="http://wiki.open311.org/GeoReport_v2"', 1)
        return status, good, body.encode()
    elif deviation == "empty_texts":
        content = json.loads(json.dumps(content).replace("null", '""'))
    elif deviation == "no_zone":
        content = json.loads(json.dumps(content).replace("+07:00", ""))
    elif deviation == "shouting":
        content = json.loads(json.dumps(content).replace('"open"', '"OPEN"'))
    elif deviation == "wrong_type":
        good = "text/html"
    elif deviation == "byte_order_mark":
        text = json.dumps(content) if extension == "json" else xml(root, content)
        return status, good, b"\xef\xbb\xbf" + text.encode()
    elif deviation == "hidden_error":
        status = 200
    elif deviation == "error_object" and status >= 400:
        content = {"code": str(status), "description": content[0]["description"]}
        root = "error"
    elif deviation == "error_detail" and status >= 400:
        return status, "application/json", json.dumps({"detail": content[0]["description"]}).encode()
    elif deviation == "error_status" and status >= 400:
        status = 400
    elif deviation == "html_500":
        return 500, "text/html; charset=utf-8", PAGE
    elif deviation == "html_404":
        return 404, "text/html; charset=utf-8", PAGE
    elif deviation == "html_200":
        return 200, "text/html; charset=utf-8", PAGE
    elif deviation == "html_400":
        return 400, "text/html; charset=utf-8", PAGE
    elif deviation == "crm_down":
        return 400, good, _said(extension, "errors", [{"code": 400, "description": "CRM is down"}])
    elif deviation == "busy":
        return 429, good, _said(extension, "errors", [{"code": 429, "description": "Too many"}])
    elif deviation == "truncated":
        whole = _said(extension, root, content)
        return status, good, whole[: len(whole) // 2]
    elif deviation == "latin_1":
        return status, good.replace("utf-8", "iso-8859-1"), _said(extension, root, content) + "\xe9".encode("latin-1")
    elif deviation == "bomb":
        return status, good, BOMB.encode()
    elif deviation == "deep":
        return status, good, (b"<a>" * 3000 + b"</a>" * 3000) if extension == "xml" else b"[" * 100_000
    elif deviation == "empty_list":
        return 200, good, _said(extension, root, []) if root in ITEMS else b""
    elif deviation == "nothing":
        return 200, good, b""
    elif deviation == "another":
        content = [{**one, "service_request_id": "999"} for one in content]
    elif deviation == "redirect":
        return 302, good, b""
    elif deviation == "scalar":
        return 200, good, b"42" if extension == "json" else b"<service_requests>42</service_requests>"
    elif deviation == "nonsense":
        content = [{**one, "lat": "somewhere"} for one in content]
    return status, good, _said(extension, root, content)


def _said(extension: str, root: str, content: Any) -> bytes:
    if extension == "json":
        return json.dumps(content).encode()
    return ('<?xml version="1.0" encoding="utf-8"?>' + xml(root, content)).encode()


@contextmanager
def serving() -> Iterator[City]:
    """A city on loopback."""
    city = City()

    class Mine(Handler):
        pass

    Mine.city = city
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    server.daemon_threads = True
    city.url = f"http://127.0.0.1:{server.server_address[1]}/georeport/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield city
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
