"""A server as scenarios see it: through the SDK, and below it where a request must be wrong."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, cast

from egov_serang import ApiError, Client, Config, EgovError
from egov_serang.assembly import sync_transport
from egov_serang.conformance.scenario import Failed, Skipped, holds
from egov_serang.conformance.wiretap import Change, Wiretap
from egov_serang.core.body import JsonBody
from egov_serang.core.message import Headers, Response
from egov_serang.models.complaints import Complaint, Location, Service, ServiceDefinition, ServiceType
from egov_serang.models.regions import CITIES

TEXT: Final = "Uji kesesuaian, bukan laporan sungguhan. Conformance test, not a real report."
"""Begins the description of everything a run files."""
_PAGE: Final = 100
_PAGES: Final = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Headers
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object.

        Raises:
            Failed: it is none.
        """
        try:
            found: object = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failed(f"the answer (status {self.status}) is no JSON object")
        return cast("dict[str, Any]", found)

    @property
    def code(self) -> str | None:
        """Of the problem it reports."""
        return cast("str | None", self.document.get("code"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where complaints are filed: an area, and a point where one is known."""

    area: str
    point: tuple[float, float] | None

    @property
    def location(self) -> Location:
        """Both."""
        lat, long = self.point or (None, None)
        return Location(area_code=self.area, lat=lat, long=long)


@dataclass
class Server:
    """A server, and what a run knows of it and leaves on it.

    Attributes:
        client: of a city's own application: may read, write and manage complaints.
        tap: what its calls pass through.
        other: a client that may read and write, and is neither the reporter nor an officer; None where there is none.
        filed: the complaints of this run.
        given: where to complain, and of what category, as the caller of the run said.
    """

    client: Client
    tap: Wiretap
    other: Client | None = None
    area: str | None = None
    point: tuple[float, float] | None = None
    category: str | None = None
    run: str = field(default_factory=lambda: f"egov-conformance-{secrets.token_hex(5)}")
    filed: list[str] = field(default_factory=list[str])

    # What it is

    @cached_property
    def discovery(self) -> dict[str, Any]:
        """What the server says about itself."""
        return self.send("GET", "/.well-known/smartcity-gateway", authenticated=False, signed=False).document

    @property
    def is_sandbox(self) -> bool:
        """Whether it says that nothing on it is real."""
        return self.discovery.get("sandbox") is True

    @cached_property
    def place(self) -> Place:
        """Where complaints are filed: as given, else the first district of its first city."""
        codes = [str(one.get("id")) for one in self.discovery.get("jurisdictions", ())]
        if not codes and self.area is None:
            raise Skipped("discovery names no city: give --area")
        city = CITIES.get(codes[0]) if codes else None
        area = self.area or (city.districts[0].code if city else f"{codes[0]}.01")
        return Place(area, self.point or (city.centre if city else None))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The catalogue."""
        return tuple(self.client.complaints.services(limit=_PAGE))

    @cached_property
    def plain(self) -> Service:
        """The category complaints are filed in: as given, else the first that answers at once and asks for nothing."""
        if self.category is not None:
            return self.client.complaints.service(self.category)
        found = [one for one in self.services if one.type == ServiceType.REALTIME and not one.metadata]
        for_places = [one for one in found if one.location_requirement != "none"]
        if not for_places:
            raise Skipped("no category of type realtime without further fields: give --category")
        return for_places[0]

    def with_attribute(self, fits: Callable[[ServiceDefinition], bool], what: str) -> ServiceDefinition:
        """The first category with further fields of some kind."""
        for one in self.services:
            if one.metadata and one.type == ServiceType.REALTIME:
                definition = self.client.complaints.service(one.service_code)
                if fits(definition):
                    return definition
        raise Skipped(f"no category {what}")

    def second(self) -> Client:
        """The other client."""
        if self.other is None:
            raise Skipped("needs a second client: give --other-profile")
        return self.other

    # What is done on it

    def reference(self) -> str:
        """A number of ours for something new."""
        return f"{self.run}-{secrets.token_hex(6)}"

    def body(self, **more: Any) -> dict[str, Any]:
        """A complaint to submit, as JSON; None takes a field away."""
        whole = {
            "service_code": self.plain.service_code,
            "description": f"{TEXT} {self.run}",
            **self.place.location.model_dump(exclude_none=True),
            "client_reference": self.reference(),
            **more,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def submit(self, text: str = "", **more: Any) -> Complaint:
        """File a complaint."""
        words = f"{TEXT} {self.run} {text}".strip()
        given: dict[str, Any] = {"location": self.place.location, "client_reference": self.reference(), **more}
        complaint = self.client.complaints.submit(self.plain.service_code, words, **given)
        self.filed.append(complaint.complaint_id)
        return complaint

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        authenticated: bool = True,
        signed: bool = True,
        change: Change | None = None,
        repeat: bool = False,
    ) -> Answer:
        """Send a request the SDK's methods would not, with the client's token and signature.

        Args:
            key: the idempotency key of a write; a new one by default.
            change: done to the request after it was signed.
            repeat: send it a second time, to the byte.

        Raises:
            EgovError: no answer came, or none that is one.
        """
        engine = self.client.complaints.engine
        call = replace(
            self.client.dry.complaints.get("none"),
            operation="conformance",
            method=method,
            path=path,
            params={},
            query=tuple((query or {}).items()),
            headers=tuple((headers or {}).items()),
            body=None if body is None else JsonBody(body),
            decode=_as_it_came,
            safety="safe" if method == "GET" else "keyed",
            authenticated=authenticated,
            signed=signed,
        )
        self.tap.last, self.tap.change, self.tap.repeat = None, change, repeat
        with suppress(ApiError):  # what came is looked at below
            engine.finish(engine.perform(call, key=key))
        found = self.tap.last
        if found is None:
            raise Failed(f"{method} {path}: no answer")
        answer = Answer(found.status, found.headers, found.body)
        if method == "POST" and path.endswith("/cases") and answer.status == 201:  # noqa: PLR2004
            self.filed.append(str(answer.document.get("complaint_id")))
        return answer

    def feed(self, cursor: str | None) -> tuple[list[dict[str, Any]], str]:
        """All of the change feed after a place, and the place where it ends now."""
        found: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            query = {"limit": str(_PAGE), **({} if cursor is None else {"cursor": cursor})}
            page = self.send("GET", "/v1/complaints/changes", query=query).document
            cursor = page.get("next_cursor")
            if not isinstance(cursor, str):
                raise Failed("a page of the change feed has no next_cursor")
            if not page.get("data"):
                return found, cursor
            found.extend(page["data"])
        raise Skipped(f"the change feed is longer than {_PAGE * _PAGES} entries")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.tap.close()
        if self.other is not None:
            self.other.close()

    def tidy(self) -> int:
        """Withdraw what may still be withdrawn.

        Returns:
            How many of this run's complaints are left open.
        """
        left = 0
        for number in self.filed:
            try:
                complaint = self.client.complaints.get(number)
                if "withdraw" in complaint.allowed_actions:
                    self.client.complaints.transition(complaint, "withdraw", comment=TEXT)
                elif complaint.status in {"assigned", "in_progress", "on_hold", "needs_information", "verified"}:
                    left += 1
            except EgovError:
                left += 1
        return left


def refused(answer: Answer, status: int | Iterable[int], *codes: str) -> dict[str, Any]:
    """Go on if an answer refuses with one of these codes and statuses; gives the problem.

    Raises:
        Failed: it does not.
    """
    statuses = {status} if isinstance(status, int) else {*status}
    if answer.status < 400:  # noqa: PLR2004
        raise Failed(f"expected a refusal ({' or '.join(codes)}), but it was accepted with status {answer.status}")
    problem = answer.document
    holds(
        problem.get("code") in codes,
        f"expected code {' or '.join(codes)}, found {problem.get('code')} ({answer.status})",
    )
    holds(answer.status in statuses, f"code {problem['code']} with status {answer.status}, not {_either(statuses)}")
    return problem


def _either(statuses: set[int]) -> str:
    return " or ".join(map(str, sorted(statuses)))


def pointers(problem: Mapping[str, Any]) -> set[str]:
    """The places a problem names."""
    return {str(one.get("pointer")) for one in problem.get("errors") or ()}


def connect(config: Config, other: Config | None = None, **given: Any) -> Server:
    """A server by the configuration of a client of it.

    Args:
        config: of the client that reads, writes and manages.
        other: of the second client.
        given: `area`, `point`, `category`.

    Raises:
        ConfigError: a configuration that cannot work.
    """
    tap = Wiretap(sync_transport(config))
    return Server(Client(config, transport=tap), tap, None if other is None else Client(other), **given)


def _as_it_came(response: Response) -> Any:
    return response
