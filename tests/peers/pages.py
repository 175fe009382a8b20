"""A person in front of a browser without scripts: follows redirects, fills in forms, presses their first button."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Self

import httpx


class Browser:
    """Keeps the cookies of one person.

    Args:
        typed: what is typed into the fields of that name, wherever they are.
    """

    def __init__(self, **typed: str) -> None:
        self._typed = typed
        self._http = httpx.Client(trust_env=False, timeout=30, follow_redirects=False)

    def visit(self, address: str, until: str, *, button: str | None = None, refuses: bool = False) -> str:
        """Go through pages.

        Args:
            address: where to begin.
            until: how the address begins that is not visited any more.
            button: name of the button to press, where it is not the first.
            refuses: whether the first link of a page with a form is followed, which is to cancel, instead.

        Returns:
            That address; or the text of the first page that has no form, or that follows the button that was named.
        """
        answer, done = self._http.get(address), False
        for _ in range(20):
            if answer.is_redirect:
                following = str(answer.url.join(answer.headers["location"]))
                if following.startswith(until):
                    return following
                answer = self._http.get(following)
                continue
            assert answer.status_code == 200, f"{answer.url.path} answered {answer.status_code}"
            form = _Form(button)
            form.feed(answer.text)
            if form.action is None or done:
                return answer.text
            if refuses:
                answer = self._http.get(answer.url.join(form.link))
                continue
            fields = {name: self._typed.get(name, value) for name, value in form.fields.items()}
            answer = self._http.post(answer.url.join(form.action), data=fields | form.pressed)
            done = button is not None and button in form.pressed
        raise AssertionError("pages without end")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()


class _Form(HTMLParser):
    """The first form of a page, with the button that is pressed."""

    def __init__(self, button: str | None) -> None:
        super().__init__()
        self._button = button
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.pressed: dict[str, str] = {}
        self.link = ""
        self._chosen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = given.get("action", "")
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "a" and not self.link:
            self.link = given.get("href", "")
        elif tag == "button" and not self._chosen and self._button in (None, given.get("name")):
            self._chosen = True
            if "name" in given:
                self.pressed = {given["name"]: given.get("value", "")}
