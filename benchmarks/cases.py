"""What is measured under load: who, how, how many in flight, over which loop, and the command that does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

WIDTHS: Final = (1, 8, 64, 256)
CONFIGURED_AT: Final = 64
"""In flight where configurations A, B and C are compared, over a server that signs its answers."""

HAND: Final = "hand-written"
OUR_HAND: Final = "hand-written (benchmarks/opponent.py)"
LANES: Final = "egov-serang, lanes"
FAST: Final = "egov-serang, fast"
BARE: Final = ("httpx", "httpx2", "aiohttp", "pyreqwest")
_NEEDS: Final = {"httpx2": "httpx2", "aiohttp": "aiohttp", "pyreqwest": "pyreqwest", FAST: "pyreqwest"}


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table.

    Attributes:
        who: a library, a script, or the SDK over one of its transports.
        in_flight: calls at once; 0 is the synchronous client, one call after another.
        loop: `asyncio`, `uvloop`, or nothing for the synchronous client.
        configuration: A, B or C for the SDK, else nothing.
        is_signing: whether it talks to the server that signs its answers.
        is_gathered: whether it is driven by `gather`, as the hand-written script drives itself, not by workers.
    """

    who: str
    in_flight: int
    loop: str = ""
    configuration: str = ""
    is_signing: bool = False
    is_gathered: bool = False

    @property
    def key(self) -> str:
        """What names it in the results."""
        mode = f"{self.loop} x{self.in_flight}" if self.in_flight else "sync"
        more = ", answers signed" * self.is_signing + ", gathered" * self.is_gathered
        return f"{self.who}{self.configuration and f', {self.configuration}'}: {mode}{more}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where measurements run: the two servers, the folder with keys, the given folder with the hand-written script."""

    plain: str
    signing: str
    keys: Path
    reference: Path | None = None


def command(case: Case, rows: int, place: Place) -> list[str]:
    """The process that measures a case over so many rows."""
    url = place.signing if case.is_signing else place.plain
    load = [url, str(rows), str(case.in_flight)]
    if case.who == HAND and place.reference is not None:
        return [sys.executable, str(place.reference / "handwritten.py"), *load, "sign"]
    loop = ["--loop", case.loop] if case.loop else []
    if case.who in {HAND, OUR_HAND}:
        module, rest = "opponent", load
    elif case.who in BARE:
        module, rest = "bare", [case.who, *load, *loop]
    else:
        transport = "fast" if case.who == FAST else "lanes"
        chosen = ["--transport", transport, "--configuration", case.configuration]
        module, rest = "sdk", [*load, str(place.keys), *chosen, *loop, *["--gather"] * case.is_gathered]
    return [sys.executable, "-m", f"benchmarks.{module}", *rest]


def cases(widths: Sequence[int] = WIDTHS, *, given: bool = False) -> list[Case]:
    """Every case of a run, in the order of the table.

    Args:
        widths: calls in flight.
        given: whether there is a hand-written script from outside, beside which ours is a check.
    """
    return [case for case in _all(widths, given) if is_installed(case)]


def _all(widths: Sequence[int], given: bool) -> Iterator[Case]:
    # Who is compared stands next to whom it is compared with: what disturbs the one disturbs the other.
    for who in (LANES, "httpx", "httpx2", FAST, "pyreqwest"):
        yield Case(who, 0, configuration=_plain(who))
    for width in widths:
        for who in (HAND, LANES, FAST, *BARE):
            yield Case(who, width, "asyncio", _plain(who))
        for who in (LANES, FAST, "pyreqwest"):
            yield Case(who, width, "uvloop", _plain(who))
    at = CONFIGURED_AT if CONFIGURED_AT in widths else widths[-1]
    for who in (LANES, FAST):
        yield Case(who, at, "asyncio", "A", is_gathered=True)
    if given:
        yield Case(OUR_HAND, at, "asyncio")
    for who in (LANES, FAST):
        for configuration in "ABC":
            yield Case(who, at, "asyncio", configuration, is_signing=True)


def _plain(who: str) -> str:
    return "A" if who in {LANES, FAST} else ""


def is_installed(case: Case) -> bool:
    """Whether what the case measures is there."""
    needs = [_NEEDS[case.who]] if case.who in _NEEDS else []
    if case.loop == "uvloop":
        needs.append("uvloop")
    return all(find_spec(name) is not None for name in needs)
