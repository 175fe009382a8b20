"""An Open311 endpoint as scenarios see it: plain requests, without anything of ours."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import quote, urlencode

from egov_serang import Config, ConnectionFailed
from egov_serang.assembly import sync_transport
from egov_serang.conformance.open311.documents import Document
from egov_serang.conformance.scenario import Failed, Skipped
from egov_serang.core.body import FormBody
from egov_serang.core.message import Limits, Request, TransportFault
from egov_serang.models.regions import CITIES
from egov_serang.transport.port import Transport

TEXT: Final = "Uji kesesuaian, bukan laporan sungguhan. Conformance test, not a real report."

Form = dict[str, str | Sequence[str] | None]


@dataclass
class Endpoint:
    """An endpoint, and what a run leaves on it.

    Attributes:
        transport: what sends.
        base: its address, without the names of resources.
        key: the API key to submit with; None where nothing can be submitted.
        jurisdiction: its `jurisdiction_id`, where one endpoint serves several cities.
        point: latitude and longitude of the requests that are submitted.
        category: what is submitted; by default the first that asks for nothing.
        filed: the numbers and tokens of what this run submitted.
    """

    transport: Transport
    base: str
    key: str | None = None
    jurisdiction: str = ""
    point: tuple[float, float] | None = None
    category: str | None = None
    deadline: float = 60.0
    run: str = field(default_factory=lambda: f"egov-conformance-{secrets.token_hex(5)}")
    filed: list[str] = field(default_factory=list[str])

    def get(self, path: str, format_: str = "json", **query: str) -> Document:
        """Ask for a document.

        Args:
            path: of the resource, without its format.
            format_: `xml` or `json`.
            query: parameters; the jurisdiction is added.
        """
        named = {**({"jurisdiction_id": self.jurisdiction} if self.jurisdiction else {}), **query}
        address = f"{self.base}/{quote(path)}.{format_}"
        return self._send("GET", f"{address}?{urlencode(named)}" if named else address, None, format_)

    def post(self, fields: Form, format_: str = "json", *, key: str | None = "") -> Document:
        """Submit a form.

        Args:
            fields: texts, or several of one name; None is not sent.
            format_: of the answer.
            key: in place of this run's; None for none.
        """
        given = {"api_key": self.key if key == "" else key, "jurisdiction_id": self.jurisdiction or None, **fields}
        pairs: list[tuple[str, str]] = []
        for name, value in given.items():
            if value is not None:
                pairs.extend((name, one) for one in ([value] if isinstance(value, str) else value))
        found = self._send("POST", f"{self.base}/requests.{format_}", FormBody(tuple(pairs)), format_)
        if found.status in {200, 201}:
            for one in found.items("service_requests"):
                self.filed.append(str(one.get("service_request_id") or one.get("token") or ""))
        return found

    def form(self, **more: str | Sequence[str] | None) -> Form:
        """A request to submit."""
        lat, long = self.place
        whole: Form = {
            "service_code": self.plain,
            "description": f"{TEXT} {self.run}",
            "lat": str(lat),
            "long": str(long),
        }
        return {**whole, **more}

    def submit(self, **more: str | Sequence[str] | None) -> str:
        """Submit a request, and give its number."""
        self.writable()
        (found,) = self.post(self.form(**more)).fine(200, 201).items("service_requests")
        number = found.get("service_request_id")
        if not number:
            raise Failed("a category of type realtime answered without service_request_id")
        return str(number)

    def writable(self) -> None:
        """Skip a scenario that submits, where there is no key."""
        if not self.key:
            raise Skipped("no API key: set open311_key_file in the profile")

    @cached_property
    def services(self) -> list[dict[str, Any]]:
        """The catalogue."""
        return self.get("services").fine().items("services")

    @cached_property
    def place(self) -> tuple[float, float]:
        """Where requests are placed: as given, else the middle of the jurisdiction."""
        city = CITIES.get(self.jurisdiction)
        if self.point is None and city is None:
            raise Skipped("no place is known: give --lat and --long")
        return self.point or (city.centre if city else (0.0, 0.0))

    @cached_property
    def plain(self) -> str:
        """The category requests are submitted in."""
        if self.category is not None:
            return self.category
        for one in self.services:
            if one.get("type") == "realtime" and one.get("metadata") == "false":
                return str(one["service_code"])
        raise Skipped("no category of type realtime without further fields: give --category")

    def of_type(self, kind: str) -> str:
        """The first category of a type that asks for nothing that cannot be invented."""
        found = next((one for one in self.services if one.get("type") == kind), None)
        if found is None:
            raise Skipped(f"no category of type {kind}")
        return str(found["service_code"])

    def definitions(self) -> Iterable[tuple[str, list[dict[str, Any]]]]:
        """The categories that ask for further fields, with these."""
        for one in self.services:
            if one.get("metadata") == "true":
                code = str(one["service_code"])
                yield code, self.attributes(code)

    def attributes(self, code: str, format_: str = "json") -> list[dict[str, Any]]:
        """The further fields of a category."""
        definition = self.get(f"services/{code}", format_).fine().of("service_definition")
        found = _fields(definition).get("attributes")
        if not isinstance(found, list):
            raise Failed(f"the definition of {code} in {format_} has no attributes")
        return [_fields(one) for one in cast("list[object]", found)]

    def with_attribute(self, fits: Callable[[dict[str, Any]], bool], what: str) -> tuple[str, dict[str, Any]]:
        """The first realtime category with a further field of some kind, and that field."""
        kinds = {str(one.get("service_code")): one.get("type") for one in self.services}
        for code, attributes in self.definitions():
            for one in attributes:
                if kinds.get(code) == "realtime" and fits(one):
                    return code, one
        raise Skipped(f"no category {what}")

    def is_test(self) -> bool:
        """Whether its discovery document calls it a place for tests."""
        try:
            found = self.get("discovery").of("discovery")
        except Failed:
            return False
        endpoints = cast("list[object]", _fields(found).get("endpoints") or [])
        ours = [one for one in map(_fields, endpoints) if str(one.get("url")).rstrip("/") == self.base]
        return [one.get("type") for one in ours] == ["test"]

    def _send(self, method: str, url: str, body: FormBody | None, format_: str) -> Document:
        headers = [("accept", "*/*"), ("user-agent", "egov-serang-conformance")]
        if body is not None:
            headers.append(("content-type", body.content_type))
        limits = Limits(deadline=time.monotonic() + self.deadline)
        try:
            found = self.transport.send(Request(method, url, headers, body), limits)
        except TransportFault as fault:
            reason, sent = fault.reason, fault.sent
        else:
            return Document(found.status, found.headers, found.body, format_)
        raise ConnectionFailed(reason, sent=sent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.transport.close()


def _fields(value: object) -> dict[str, Any]:
    """An object's fields; none, where it is no object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def reach(config: Config, key: str | None, **given: Any) -> Endpoint:
    """The endpoint a configuration names.

    Args:
        config: with `complaints_wire = "open311"`.
        key: the API key.
        given: `point`, `category`.

    Raises:
        ConfigError: a configuration that cannot work.
    """
    return Endpoint(
        sync_transport(config),
        config.open311_url or f"{config.gateway}/open311/v2",
        key,
        config.open311_jurisdiction,
        deadline=config.deadline,
        **given,
    )
