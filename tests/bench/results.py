"""Results of a made-up run, small enough to be reckoned by hand."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import FAST, HAND, LANES, Case


def line(case: Case, speed: list[float], cpu: list[float], served: list[float | None]) -> dict[str, Any]:
    """One case as `results.json` holds it."""
    return {
        "key": case.key,
        "who": case.who,
        "in_flight": case.in_flight,
        "loop": case.loop,
        "configuration": case.configuration,
        "is_signing": case.is_signing,
        "is_gathered": case.is_gathered,
        "speed": speed,
        "cpu": cpu,
        "served": served,
    }


def results() -> dict[str, Any]:
    """Three rounds; the second one was disturbed, for both of those who are compared."""
    return {
        "machine": {
            "commit": "abc1234",
            "date": "2026-11-24",
            "python": "3.11.7",
            "cores": 2,
            "cpu": "A & B",
            "system": "Linux",
            "others": 0.25,
            "missing": [],
        },
        "run": {"rounds": 3, "seconds": 0.5, "is_divided": True, "opponent": "given, unchanged"},
        "load": [
            line(Case(LANES, 0, "", "A"), [2000, 900, 2000], [400, 900, 410], [20, 20, 20]),
            line(Case("httpx", 0), [2500, 1000, 2500], [400, 1000, 400], [20, 20, 20]),
            line(Case(HAND, 64, "asyncio"), [400, 100, 500], [2000, 4000, 2100], [20, None, 20]),
            line(Case(LANES, 64, "asyncio", "A"), [2400, 500, 2400], [400, 1000, 300], [20, 20, 20]),
            line(Case(FAST, 64, "asyncio", "A"), [4000, 900, 4000], [200, 400, 210], [25, 25, 25]),
            line(Case("httpx", 64, "asyncio"), [500, 200, 500], [1500, 3000, 1500], [20, 20, 20]),
            line(Case(LANES, 64, "asyncio", "A", is_signing=True), [2000] * 3, [500] * 3, [80] * 3),
            line(Case(LANES, 64, "asyncio", "B", is_signing=True), [1500] * 3, [650] * 3, [80] * 3),
            line(Case(LANES, 64, "asyncio", "C", is_signing=True), [1250] * 3, [780] * 3, [90] * 3),
        ],
        "ceiling": [{"in_flight": 64, "speed": [40_000, 30_000, 41_000], "served": [12, 14, 11]}],
        "footprint": {
            "imports": [{"who": "egov_serang", "ms": 10.4, "modules": 30}],
            "clients": [
                {"who": "egov_serang.Client", "first_ms": 27.1, "next_us": 724.6, "resting_kb": 17, "used_kb": 27}
            ],
        },
        "signatures": {
            "sign": {"raw": 34, "ours": 11, "theirs": 352},
            "verify": {"raw": 107, "ours": 20, "theirs": 260},
        },
        "tokens": {"quick_ns": 192, "whole_ns": 1087, "proof_us": 82},
        "answers": {"A": 128, "B": 289, "C": 398},
    }
