"""One implementation for long proofs: a fiftieth of it in `.ci/run`, less in `make test`, all of it in `make soak`."""

from __future__ import annotations

import os

import pytest

_LONG = "EGOV_SERANG_LONG" in os.environ
SCALE = float(os.environ.get("EGOV_SERANG_SOAK", "0.02" if _LONG else "0.005"))

long = pytest.mark.skipif(
    SCALE < 1 and not _LONG,
    reason="long: runs in .ci/run and under make soak, or with EGOV_SERANG_LONG=1",
)
"""For what would take much of `make test` and has a shorter sibling in it."""


def scaled(whole: int) -> int:
    """The count to run now."""
    return max(1, round(whole * SCALE))
