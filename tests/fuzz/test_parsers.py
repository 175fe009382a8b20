"""Whatever a stranger writes: no exception outside our error tree, nothing over 16 KiB parsed, no work beyond linear.

A fiftieth of 1,000,000 inputs in every run, all of them under `make soak`: most chosen by atheris after the coverage of
our code, and those that want structure by hypothesis.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.parsers import PARSERS, Parser
from tests.scale import scaled

from egov_serang.errors import EgovError
from egov_serang.signing.headers import LONGEST

ROOT = Path(__file__).parents[2]
BY_COVERAGE = 941_000
BY_HYPOTHESIS = 60_000
EACH = -(-scaled(BY_HYPOTHESIS) // len(PARSERS))

each_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


def outcome(parser: Parser, text: str) -> EgovError | None:
    """What it raises of ours; anything else is not caught."""
    try:
        parser.read(text)
    except EgovError as error:
        return error
    return None


@st.composite
def edited(draw: st.DrawFn, seeds: tuple[str, ...]) -> str:
    """A good input with pieces put in, taken out, doubled or replaced."""
    text = draw(st.sampled_from(seeds))
    piece = st.one_of(st.text(max_size=6), st.sampled_from((*'()";=:, \t', "\0", "é", "\ud800", ";req", "==", "egov=")))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        kind = draw(st.integers(0, 3))
        new = ("", text[start:end] * 2, draw(piece), text[start:end] + draw(piece))[kind]
        text = text[:start] + new + text[end:]
    return text


@each_parser
def test_hypothesis_finds_no_other_exception(parser: Parser) -> None:
    strange = st.one_of(
        edited(parser.seeds),
        st.text(max_size=120),
        st.binary(max_size=120).map(lambda raw: raw.decode("latin-1")),
        st.text(alphabet="".join(sorted(set("".join(parser.seeds)))), max_size=120),
    )
    count = 0

    @settings(max_examples=EACH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strange)
    def run(text: str) -> None:
        nonlocal count
        count += 1
        outcome(parser, text)

    run()
    print(f"hypothesis, {parser.name}: {count} inputs, no exception outside the error tree")
    assert count >= EACH


def test_atheris_finds_no_other_exception(tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        is_due = sys.version_info < (3, 12) and sys.platform == "linux" and os.uname().machine == "x86_64"
        (pytest.fail if os.environ.get("CI") and is_due else pytest.skip)("needs atheris, built for few platforms")
    runs = scaled(BY_COVERAGE)
    command = [sys.executable, "-m", "tests.fuzz.run_atheris", str(runs), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    (made,) = map(int, re.findall(r"Done (\d+) runs", done.stderr))
    assert made >= runs  # its seeds are not left out, however few are wanted
    counts: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
    assert set(counts) == {parser.name for parser in PARSERS}
    assert min(counts.values()) > runs / len(PARSERS) / 20  # none was left out
    cover = re.findall(r"cov: (\d+)", done.stderr)
    print(
        f"atheris: {sum(counts.values())} inputs, no exception outside the error tree; coverage {cover[-1]}; {counts}"
    )


@each_parser
def test_every_seed_is_understood_or_refused_in_our_words(parser: Parser) -> None:
    for seed in parser.seeds:
        outcome(parser, seed)


@pytest.mark.parametrize("parser", [parser for parser in PARSERS if parser.is_bounded], ids=lambda parser: parser.name)
def test_over_16_kib_nothing_is_parsed(parser: Parser) -> None:
    """A longer input costs no more than a short one: it is refused, or passed over, before anything reads it."""
    for grow in parser.grown:
        size = 1
        while len(grow(size)) <= LONGEST:
            size *= 2
        assert isinstance(outcome(parser, grow(size)), EgovError) or parser.read(grow(size)) is False
        assert opcodes(parser, grow(size * 8)) <= opcodes(parser, grow(size)) * 1.1 + 100


def opcodes(parser: Parser, text: str) -> int:
    """How many opcodes of Python it takes, in our code and in what our code calls."""
    count = 0

    def local(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == "opcode"
        return local

    def start(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return local

    before = sys.gettrace()
    gc.disable()  # what the collector finds to finish here is somebody else's work
    sys.settrace(start)
    try:
        outcome(parser, text)
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@each_parser
def test_twice_the_input_takes_at_most_twice_the_work(parser: Parser) -> None:
    """Opcodes of Python. What C does within one opcode they do not see: for patterns that is test_patterns.py."""
    for grow in parser.grown:
        outcome(parser, grow(1))  # imports and caches are not its work
        for size in (100, 400):
            if len(grow(2 * size)) <= LONGEST:
                once, twice = opcodes(parser, grow(size)), opcodes(parser, grow(2 * size))
                assert twice <= 2.2 * once, (grow(3)[:60], size, once, twice)
