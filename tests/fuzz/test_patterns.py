"""No regular expression of the signature layer takes more than linear time, whatever it is given.

Counting opcodes cannot show this: a whole match is one opcode. recheck builds the automaton of a pattern and decides
from its ambiguity how a backtracking matcher fares at worst; its verdict is a proof for the pattern as JavaScript reads
it. We hand ours over in that dialect; where the two differ (names of groups, the end of a text), it is spelt out below.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from egov_serang import errors, signing

PROGRAM = Path(__file__).with_name("patterns.mjs")
FOLDER = os.environ.get("EGOV_SERANG_SIGNATURE_PEERS", "")
SEARCHED = {
    "egov_serang.signing.snap._BLANKS",
    "egov_serang.signing.snap._EVERY_BLANK",
    "egov_serang.signing.explain._QUERY",
}
"""Looked for anywhere in a text. All others are held against the whole of it, and are judged so."""


def patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Every pattern that the signature layer keeps, by its name; a new one is found without being named here."""
    names = [f"{signing.__name__}.{module.name}" for module in pkgutil.iter_modules(signing.__path__)]
    modules = [*(importlib.import_module(name) for name in names), errors]
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


def in_javascript(name: str, pattern: re.Pattern[str] | re.Pattern[bytes]) -> tuple[str, str]:
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    text = text.replace("(?P<", "(?<").replace(r"\Z", "$")
    known = re.DOTALL | re.UNICODE
    assert not pattern.flags & ~known, (name, pattern.flags)
    whole = text if name in SEARCHED or name.startswith("egov_serang.errors.") else f"^(?:{text})$"
    return whole, "s" if pattern.flags & re.DOTALL else ""


def judged(wanted: list[tuple[str, str]]) -> list[dict[str, str]]:
    node = shutil.which("node")
    if not FOLDER or node is None:
        missing = "needs Node, npm install in tests/peers/signatures, and EGOV_SERANG_SIGNATURE_PEERS=its folder"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    done = subprocess.run(
        [node, str(PROGRAM), FOLDER], input=json.dumps(wanted), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    verdicts: list[dict[str, str]] = json.loads(done.stdout)
    return verdicts


def test_every_pattern_is_linear() -> None:
    found = patterns()
    assert set(found) >= SEARCHED
    assert len(found) >= 8
    verdicts = judged([in_javascript(name, pattern) for name, pattern in found.items()])
    for name, verdict in zip(found, verdicts, strict=True):
        assert (verdict["status"], verdict["checker"]) == ("safe", "automaton"), (name, verdict)
        assert verdict["complexity"] in {"linear", "safe"}, (name, verdict)


def test_the_judge_knows_a_bad_pattern_when_it_sees_one() -> None:
    bad = [(r"^(?:a+)+$", ""), (r"^a*a*$", ""), (r"[ \t]*,[ \t]*", "")]
    verdicts = judged(bad)
    assert [verdict["status"] for verdict in verdicts] == ["vulnerable"] * 3
    assert [verdict["complexity"] for verdict in verdicts] == ["exponential", *["2nd degree polynomial"] * 2]
