"""Logins under way, in memory: a sandbox that is ended has none. Times are the city's, so that tests can move them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

T = TypeVar("T")

PUSHED_S: Final = 60
CODE_S: Final = 60
_PAGE_S: Final = 600
_SESSION_S: Final = 8 * 3600
_SPENT_S: Final = 900
_MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An authorization request that was found to be in order."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str = field(repr=False)
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in to the sandbox in a browser, and since when."""

    person: str
    since: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page a browser was shown, which it alone may answer."""

    browser: str = field(repr=False)
    wish: Wish
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """A logout a browser was asked about."""

    browser: str = field(repr=False)
    target: str | None


@dataclass(frozen=True, slots=True)
class Consented:
    """What a code stands for."""

    wish: Wish
    session: Session


@dataclass(frozen=True, slots=True)
class Spent:
    """What a code that was used gave."""

    client_id: str
    jti: str
    refresh_token: str = field(repr=False)


class _Shelf(Generic[T]):
    """Things under names nobody can guess, each for a while."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._kept: dict[str, tuple[T, float]] = {}

    def put(self, thing: T, now: float, name: str | None = None) -> str:
        for old in [name for name, (_, until) in self._kept.items() if until <= now]:
            del self._kept[old]
        while len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]
        name = name or secrets.token_urlsafe(32)
        self._kept[name] = thing, now + self._life_s
        return name

    def get(self, name: str, now: float) -> T | None:
        thing, until = self._kept.get(name, (None, 0.0))
        return thing if now < until else None

    def take(self, name: str, now: float) -> T | None:
        """It, for the first and last time."""
        thing = self.get(name, now)
        self._kept.pop(name, None)
        return thing

    def clear(self) -> None:
        self._kept.clear()


class Logins:
    """Pushed requests, pages, browsers' sessions and codes of one sandbox. Used on the event loop alone."""

    def __init__(self) -> None:
        self.pushed: _Shelf[Wish] = _Shelf(PUSHED_S)
        self.pages: _Shelf[Page] = _Shelf(_PAGE_S)
        self.leavings: _Shelf[Leaving] = _Shelf(_PAGE_S)
        self.sessions: _Shelf[Session] = _Shelf(_SESSION_S)
        self.codes: _Shelf[Consented] = _Shelf(CODE_S)
        self.spent: _Shelf[Spent] = _Shelf(_SPENT_S)

    def log_in(self, page: Page, person: str, now: float) -> Page:
        """The page that follows: the browser is logged in, under a new name that nobody gave it before."""
        self.sessions.take(page.browser, now)
        session = Session(person, now)
        return replace(page, browser=self.sessions.put(session, now), session=session)

    def forget(self) -> None:
        """Forget everything."""
        for shelf in (self.pushed, self.pages, self.leavings, self.sessions, self.codes, self.spent):
            shelf.clear()
