"""What the tests of permits and notifications do again and again, through a client that shares no code with the SDK."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from tests.sandbox.peer import Peer

from egov_serang.sandbox.server import Sandbox

BASE = "/v1/permits"
TRADER = "permits:read permits:apply"
OFFICER = "permits:read permits:review permits:decide permits:issue"
FORM = {"business_name": "Nasi Uduk Uji", "goods": "makanan", "trading_place": "Alun-alun Barat"}
PERSON = {"subject_ref": "sub_uji_1", "name": "Siti Uji Coba"}
PDF = b"%PDF-1.7 uji"
PNG = b"\x89PNG uji"


class Desk:
    """One side of the counter: a client of its own at one module of the sandbox."""

    def __init__(self, sandbox: Sandbox, scopes: str, base: str = BASE) -> None:
        self.peer = Peer(sandbox.url, f"client-{uuid.uuid4()}", scopes.split())
        self._base = base
        sandbox.register(self.peer.client_id, self.peer.jwks(), self.peer.scopes)

    def call(
        self, method: str, path: str, body: Any = None, *, content_type: str = "", **headers: str
    ) -> httpx.Response:
        """Signed and sent; once more with a new token where the city's clock has outrun the old one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for _ in range(2):
            answer = self.peer.call(method, self._base + path, body, headers=named, content_type=content_type)
            if answer.status_code != 401 or answer.json()["code"] != "token_expired":
                break
            self.peer.token = None
        return answer

    def got(self, path: str, **headers: str) -> Any:
        """The body of a read that must succeed."""
        answer = self.call("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def start(self, code: str, form: dict[str, Any] | None = None, **fields: Any) -> Any:
        body = {"permit_type_code": code, "applicant": PERSON, "form": form or {}, **fields}
        answer = self.call("POST", "/applications", body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{BASE}/applications/{answer.json()['application_id']}"
        return answer.json()

    def attach(
        self, number: str, kind: str, content: bytes = PDF, media_type: str = "application/pdf", **fields: str
    ) -> httpx.Response:
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in {"kind": kind, **fields}.items()]
        form = httpx.Request("POST", "http://form", files=[*parts, ("file", ("berkas.pdf", content, media_type))])
        path = f"/applications/{number}/documents"
        return self.call("POST", path, form.read(), content_type=form.headers["content-type"])

    def submit(self, number: str, **headers: str) -> httpx.Response:
        return self.call("POST", f"/applications/{number}/submit", {}, **headers)

    def submitted(self, code: str, form: dict[str, Any] | None = None, papers: tuple[str, ...] = ()) -> Any:
        """An application handed in."""
        number: str = self.start(code, form)["application_id"]
        for kind in papers:
            assert self.attach(number, kind).status_code == 201
        answer = self.submit(number)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, number: str, action: str, **body: Any) -> httpx.Response:
        """An action on the version this side sees now."""
        version = self.call("GET", f"/applications/{number}").headers["etag"]
        return self.call("POST", f"/applications/{number}/transitions", {"action": action, **body}, if_match=version)

    def done(self, number: str, action: str, **body: Any) -> Any:
        """An action that must succeed."""
        answer = self.act(number, action, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def desks(sandbox: Sandbox, base: str = BASE) -> Iterator[Callable[[str], Desk]]:
    """Opens desks by their scopes, and closes them all."""
    opened: list[Desk] = []

    def desk_with(scopes: str) -> Desk:
        opened.append(Desk(sandbox, scopes, base))
        return opened[-1]

    try:
        yield desk_with
    finally:
        for desk in opened:
            desk.peer.http.close()


def pointers(answer: httpx.Response) -> list[str]:
    """The fields a refusal names."""
    return [error["pointer"] for error in answer.json()["errors"]]
