"""The budgets, and whether a run keeps them. Pure: from the recorded results to verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.cases import FAST, HAND, LANES, Case

Results = Mapping[str, Any]
"""What a run found, as `results.json` holds it."""

_Rounds = tuple[list[float] | None, list[float] | None]
_SIGNATURES: Final = 1 / 15


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio against its budget.

    Attributes:
        what: that was divided by what.
        value: the middle of the ratios of all rounds.
        limit: the budget.
        is_floor: whether the budget is the least, not the most.
        by_cpu: how many times the CPU the other needs for as much. On one core that is the same ratio; where other
            programs want the core too, rows a second flatter whoever waits in between, and this does not.
    """

    what: str
    value: float
    limit: float
    is_floor: bool = False
    by_cpu: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the budget is kept, by either measure."""
        values = [self.value] if self.by_cpu is None else [self.value, self.by_cpu]
        return min(values) >= self.limit if self.is_floor else max(values) <= self.limit


def paired(these: Sequence[float], those: Sequence[float]) -> float:
    """The middle of the ratios of rounds that lie next to each other, so that a noisy moment divides itself out.

    Raises:
        ValueError: the two have different numbers of rounds, or none.
    """
    if not these or len(these) != len(those):
        raise ValueError("a ratio needs as many rounds of the one as of the other")
    return statistics.median(this / that for this, that in zip(these, those, strict=True))


def found(results: Results, case: Case, measure: str) -> list[float] | None:
    """All rounds of a case, or None where it was not measured or the system did not say."""
    for line in results["load"]:
        if line["key"] == case.key:
            rounds: list[float | None] = line[measure]
            return None if None in rounds else [value for value in rounds if value is not None]
    return None


def middle(results: Results, case: Case, measure: str) -> float | None:
    """The median of all rounds."""
    rounds = found(results, case, measure)
    return None if rounds is None else statistics.median(rounds)


def ratios(results: Results) -> list[Ratio]:
    """Every budget that can be judged from these results; DESIGN: configuration A, counts and ratios of one run."""
    return [*_calls(results), *_crowds(results), *_signatures(results)]


def _calls(results: Results) -> Iterator[Ratio]:
    """One call after another, by CPU."""
    for who, bare, limit in ((LANES, "httpx", 1.1), (FAST, "pyreqwest", 2.75)):
        for mode, in_flight, loop in (("sync", 0, ""), ("async", 1, "asyncio")):
            ours, theirs = Case(who, in_flight, loop, "A"), Case(bare, in_flight, loop)
            rounds = found(results, ours, "cpu"), found(results, theirs, "cpu")
            yield from _ratio(f"one call ({mode}), CPU: {who} / bare {bare}", rounds, limit)


def _crowds(results: Results) -> Iterator[Ratio]:
    """64 in flight."""
    hand = Case(HAND, 64, "asyncio")
    for who, limit in ((LANES, 5.0), (FAST, 20.0)):
        for loop, how in (("asyncio", ""), ("asyncio", " gathered"), ("uvloop", " under uvloop")):
            ours = Case(who, 64, loop, "A", is_gathered=how == " gathered")
            what = f"64 in flight{how}, rows/s: {who} / hand-written"
            rounds = found(results, ours, "speed"), found(results, hand, "speed")
            by_cpu = found(results, hand, "cpu"), found(results, ours, "cpu")
            yield from _ratio(what, rounds, limit, is_floor=True, by_cpu=by_cpu)
    ours, bare = Case(FAST, 64, "uvloop", "A"), Case("pyreqwest", 64, "uvloop")
    rounds = found(results, ours, "cpu"), found(results, bare, "cpu")
    yield from _ratio(f"64 in flight under uvloop, CPU: {FAST} / bare pyreqwest", rounds, 3.2)


def _ratio(
    what: str, rounds: _Rounds, limit: float, *, is_floor: bool = False, by_cpu: _Rounds = (None, None)
) -> Iterator[Ratio]:
    value = _paired(rounds)
    if value is not None:
        yield Ratio(what, value, limit, is_floor, _paired(by_cpu))


def _paired(rounds: _Rounds) -> float | None:
    these, those = rounds
    return None if these is None or those is None else paired(these, those)


def _signatures(results: Results) -> Iterator[Ratio]:
    for verb, took in results.get("signatures", {}).items():
        what = f"{verb}, overhead over Ed25519: ours / http-message-signatures'"
        yield Ratio(what, took["ours"] / took["theirs"], _SIGNATURES)
