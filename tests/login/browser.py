"""A browser without pages: follows the sandbox's redirects and forms over real HTTP, and keeps its cookies."""

from __future__ import annotations

import re
from html import unescape
from http.cookies import SimpleCookie
from typing import Any

import httpx

PERSON = "Contoh Rahmawati"
_CHOICE = re.compile(r'name="person" value="([^"]+)" required> ([^(]+) \(')
_HIDDEN = re.compile(r'name="page" value="([^"]+)"')


class Browser:
    """One person at one machine.

    Keeps cookies as browsers do on this machine: for the host whatever the port, and secure ones over plain http too.
    """

    def __init__(self) -> None:
        transport = httpx.HTTPTransport(retries=5)  # a server says that it runs a moment before it listens
        self._http = httpx.Client(trust_env=False, timeout=30, transport=transport)
        self.cookies: dict[str, str] = {}

    def open(self, url: str) -> httpx.Response:
        return self._carry("GET", url)

    def post(self, url: str, data: dict[str, str]) -> httpx.Response:
        return self._carry("POST", url, data=data)

    def close(self) -> None:
        self._http.close()

    def _carry(self, method: str, url: str, **more: Any) -> httpx.Response:
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._http.request(method, url, headers={"cookie": sent} if sent else {}, **more)
        self._http.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def answer(self, page: httpx.Response, step: str, **more: str) -> httpx.Response:
        """Press a button of a page, after choosing a person by name."""
        marks = {name: mark for mark, name in _CHOICE.findall(page.text)}
        if "person" in more:
            more["person"] = marks.get(more["person"], more["person"])
        found = _HIDDEN.search(page.text)
        assert found, page.text
        where = str(page.url.copy_with(query=None))
        return self.post(where, {"page": unescape(found[1]), "step": step, **more})

    def agree(self, url: str, person: str = PERSON) -> str:
        """Log in and consent: the address the browser is sent back to."""
        page = self.open(url)
        assert page.status_code == 200, page.text
        if 'value="login"' in page.text:
            page = self.answer(page, "login", person=person)
        done = self.answer(page, "allow")
        assert done.status_code == 303, done.text
        return done.headers["location"]
