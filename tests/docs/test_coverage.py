"""Every test that the coverage page names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "complaints-coverage.md"
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = 22


def test_every_row_names_tests_that_exist_or_says_that_it_is_open() -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert [int(number) for number, _, _ in rows] == list(range(1, ROWS + 1))
    for number, _, proof in rows:
        named = re.findall(r"`([^`]+)`", proof)
        assert named or proof == "open", number
        for test in named:
            path, _, function = test.partition("::")
            tree = ast.parse((ROOT / path).read_text("utf-8"))
            functions = {
                node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert not function or function in functions, test
            assert any(name.startswith("test_") for name in functions), test
