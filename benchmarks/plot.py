"""From recorded results to a picture (SVG). Pure. It has its own background, to be read on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from benchmarks.cases import BARE, FAST, HAND, LANES, Case
from benchmarks.ratios import Results, middle
from benchmarks.table import is_busy

_WIDTH: Final = 760
_BAR: Final = 26
_LEFT, _RIGHT = 204, 130
_TOP: Final = 76
_LINES: Final = 300
_AT: Final = 64
_GAP: Final = 15
_STYLE: Final = """
.paper{fill:#ffffff;stroke:#d0d7de}.text{fill:#1f2328}.soft{fill:#57606a}.grid{stroke:#d0d7de}
.ours{fill:#00695c}.bare{fill:#7d8590}.hand{fill:#b3541e}
.ours-line{stroke:#00695c}.bare-line{stroke:#7d8590}.hand-line{stroke:#b3541e}
@media (prefers-color-scheme: dark){
.paper{fill:#1e2129;stroke:#454b57}.text{fill:#e6e8ec}.soft{fill:#a9b1bd}.grid{stroke:#3a3f4a}
.ours{fill:#4db6a4}.bare{fill:#8b93a1}.hand{fill:#e5935c}
.ours-line{stroke:#4db6a4}.bare-line{stroke:#8b93a1}.hand-line{stroke:#e5935c}}
text{font:13px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.small{font-size:12px}
""".strip()
_EVERYBODY: Final = (HAND, *BARE, LANES, FAST)
_DASHES: Final = {"httpx": "2 3", "httpx2": "7 3", "aiohttp": "7 3 2 3", "pyreqwest": "", HAND: "", LANES: "", FAST: ""}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its kind (ours, bare, hand), rows a second, and how many times the hand-written script."""

    label: str
    kind: str
    speed: float
    times: float


def kind_of(who: str) -> str:
    """Which colour somebody has: ours, a bare library, or the hand-written script."""
    return "bare" if who in BARE else "hand" if who == HAND else "ours"


def bars(results: Results) -> list[Bar]:
    """Who did how much with 64 in flight, the slowest first."""
    hand = middle(results, Case(HAND, _AT, "asyncio"), "speed")
    found: list[Bar] = []
    for who in _EVERYBODY:
        for loop in ("asyncio", "uvloop"):
            speed = middle(results, Case(who, _AT, loop, "A" if kind_of(who) == "ours" else ""), "speed")
            if speed is not None:
                label = f"{who}, uvloop" if loop == "uvloop" else who
                found.append(Bar(label, kind_of(who), speed, speed / hand if hand else math.nan))
    return sorted(found, key=lambda bar: bar.speed)


def lines(results: Results) -> dict[str, list[tuple[int, float]]]:
    """For everybody under asyncio: calls in flight, and rows a second."""
    widths = sorted({line["in_flight"] for line in results["load"] if line["in_flight"]})
    found: dict[str, list[tuple[int, float]]] = {}
    for who in _EVERYBODY:
        configuration = "A" if kind_of(who) == "ours" else ""
        points = [(width, middle(results, Case(who, width, "asyncio", configuration), "speed")) for width in widths]
        known = [(width, speed) for width, speed in points if speed is not None]
        if known:
            found[who] = known
    return found


def spread(wanted: Mapping[str, float], gap: float) -> dict[str, float]:
    """Places for labels, in order, at least the gap between them, each as near as may be to where it wants to be."""
    blocks: list[tuple[list[str], float]] = []  # neighbours that touch, and where their first one is
    for name, place in sorted(wanted.items(), key=lambda each: each[1]):
        block, first = [name], place
        while blocks and blocks[-1][1] + gap * len(blocks[-1][0]) > first:
            before, _ = blocks.pop()
            block = before + block
            first = sum(wanted[each] - gap * number for number, each in enumerate(block)) / len(block)
        blocks.append((block, first))
    return {name: first + gap * number for block, first in blocks for number, name in enumerate(block)}


def draw(results: Results) -> str:
    """The picture: bars for 64 in flight, below them lines from one call at a time to the most in flight."""
    shown, curves = bars(results), lines(results)
    bottom = _TOP + _BAR * len(shown)
    height = bottom + 100 + _LINES + 44
    machine = results["machine"]
    where = f"Commit {machine['commit']}, {machine['date']}, {machine['cpu']}"
    if is_busy(results):
        where += "; a busy machine: see the table for the ratios by CPU"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-labelledby="bench-title bench-text">',
        '<title id="bench-title">Calls a second</title>',
        f'<desc id="bench-text">{escape(described(shown))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
        _text(24, 32, f"{_AT} calls in flight: rows a second, and how often that is the hand-written script", "title"),
        _text(24, 52, where, "soft small"),
        *_drawn_bars(shown),
        *_drawn_lines(curves, bottom + 40),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def described(shown: Sequence[Bar]) -> str:
    """The bars in words."""
    return "; ".join(f"{bar.label}: {bar.speed:,.0f} rows a second, {bar.times:.1f} times" for bar in shown)


def _drawn_bars(shown: Sequence[Bar]) -> list[str]:
    room = _WIDTH - _LEFT - _RIGHT
    most = max((bar.speed for bar in shown), default=1.0)
    parts: list[str] = []
    for number, bar in enumerate(shown):
        top, length = _TOP + _BAR * number, max(1.0, room * bar.speed / most)
        times = "" if math.isnan(bar.times) else f"  ({bar.times:.1f}x)"
        parts += [
            _text(_LEFT - 8, top + 14, bar.label, "text", "end"),
            f'<rect class="{bar.kind}" x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR - 7}" rx="2"/>',
            _text(_LEFT + length + 6, top + 14, f"{bar.speed:,.0f}{times}", "text"),
        ]
    return parts


def _drawn_lines(curves: Mapping[str, Sequence[tuple[int, float]]], top: float) -> list[str]:
    """Both axes count in multiples, so that equal distances are equal factors."""
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return []
    widths = sorted({width for width, _ in points})
    low = 10 ** math.floor(math.log10(min(speed for _, speed in points)))
    high = 10 ** math.ceil(math.log10(max(speed for _, speed in points)))
    left, right, first, last = 70, _WIDTH - 160, top + 24, top + 24 + _LINES

    def across(width: int) -> float:
        span = math.log(widths[-1] / widths[0]) or 1.0
        return left + (right - left) * math.log(width / widths[0]) / span

    def down(speed: float) -> float:
        span = math.log(high / low) or 1.0
        return last - (last - first) * math.log(speed / low) / span

    parts = [_text(24, top, "Rows a second (up) by calls in flight (across), under asyncio; logarithmic", "title")]
    step = low
    while step <= high:
        parts.append(f'<path class="grid" d="M{left} {down(step):.1f}H{right}"/>')
        parts.append(_text(left - 8, down(step) + 4, f"{step:,}", "soft small", "end"))
        step *= 10
    parts += [_text(across(width), last + 20, str(width), "soft small", "middle") for width in widths]
    ends = spread({who: down(curve[-1][1]) for who, curve in curves.items()}, _GAP)
    for who, curve in curves.items():
        path = "L".join(f"{across(width):.1f} {down(speed):.1f}" for width, speed in curve)
        kind, dash = kind_of(who), _DASHES[who]
        broken = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<path class="{kind}-line" d="M{path}" fill="none" stroke-width="2"{broken}/>')
        parts += [f'<circle class="{kind}" cx="{across(w):.1f}" cy="{down(s):.1f}" r="3"/>' for w, s in curve]
        end = across(curve[-1][0])
        parts.append(
            f'<path class="{kind}-line" d="M{end + 4:.1f} {down(curve[-1][1]):.1f}L{end + 14:.1f} {ends[who]:.1f}" '
            'fill="none"/>'
        )
        parts.append(_text(end + 18, ends[who] + 4, who, "text small"))
    return parts


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    shown = style if {"text", "soft"} & set(style.split()) else f"text {style}"
    return f'<text class="{shown}" x="{x:.1f}" y="{y:.1f}"{placed}>{escape(text)}</text>'
