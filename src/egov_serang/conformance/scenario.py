"""A scenario is a name, the section of the contract it rests on, and a function that looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Generic, Literal, TypeVar, cast

from egov_serang.errors import EgovError

S = TypeVar("S")

Outcome = Literal["passed", "failed", "skipped"]


class Failed(Exception):
    """The server does otherwise than the contract says. The text names states, codes and counts, nothing of people."""


class Skipped(Exception):
    """The server, or what this run was given, has nothing to look at here."""


@dataclass(frozen=True, slots=True)
class Scenario(Generic[S]):
    """One thing the contract says.

    Attributes:
        name: unique, such as `states.verified`; what `--only` names.
        section: of the contract, such as `contract-v1 2`.
        title: what must hold.
        check: looks; returns when it holds.
        files: how many complaints it files on the server.
        second: whether it needs a second client, that is neither the reporter's nor an officer's.
        tries: whether it sends what must be refused, which a server that does not refuse files.
    """

    name: str
    section: str
    title: str
    check: Callable[[S], None]
    files: int = 0
    second: bool = False
    tries: bool = False

    @property
    def writes(self) -> bool:
        """Whether something may be written on the server."""
        return bool(self.files) or self.tries


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """What came of a scenario; `detail` says why it did not pass."""

    scenario: Scenario[S]
    outcome: Outcome
    detail: str
    seconds: float


def holds(true: bool, otherwise: str) -> None:
    """Go on if something is true.

    Raises:
        Failed: it is not.
    """
    if not true:
        raise Failed(otherwise)


def same(what: str, found: object, expected: object) -> None:
    """Go on if two values are the same. Never for what people write: both are shown.

    Raises:
        Failed: they are not.
    """
    holds(found == expected, f"{what}: expected {_shown(expected)}, found {_shown(found)}")


def _shown(value: object) -> str:
    if isinstance(value, set | frozenset | list | tuple):
        items = cast("Iterable[object]", value)
        return ", ".join(sorted(map(str, items))) or "nothing"
    return "nothing" if value is None else str(value)


def chosen(scenarios: Iterable[Scenario[S]], patterns: Iterable[str]) -> tuple[Scenario[S], ...]:
    """The scenarios some patterns name, in their own order; all without a pattern.

    Args:
        patterns: names, beginnings of names up to a dot (`states`), or shell patterns (`states.*`).

    Raises:
        ValueError: a pattern that names none.
    """
    known, wanted = tuple(scenarios), tuple(patterns)
    for pattern in wanted:
        if not any(_names(pattern, one.name) for one in known):
            raise ValueError(pattern)
    return tuple(one for one in known if not wanted or any(_names(pattern, one.name) for pattern in wanted))


def _names(pattern: str, name: str) -> bool:
    return name == pattern or name.startswith(f"{pattern}.") or fnmatchcase(name, pattern)


def run(scenarios: Iterable[Scenario[S]], server: S) -> Iterator[Result[S]]:
    """Run scenarios one after the other; none of them rests on what another left behind.

    Args:
        server: what each of them gets.
    """
    for scenario in scenarios:
        began = time.monotonic()
        outcome: Outcome = "passed"
        detail = ""
        try:
            scenario.check(server)
        except Skipped as reason:
            outcome, detail = "skipped", str(reason)
        except Failed as finding:
            outcome, detail = "failed", str(finding)
        except EgovError as error:
            outcome, detail = "failed", f"the call did not come through: {type(error).__name__}: {error}"
        yield Result(scenario, outcome, detail, time.monotonic() - began)
