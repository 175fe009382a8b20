"""One implementation for long proofs: a fiftieth of it in every run, all of it under `make soak`."""

from __future__ import annotations

import os

import pytest

SCALE = float(os.environ.get("EGOV_SERANG_SOAK", "0.02"))


long = pytest.mark.skipif(
    SCALE < 1 and "EGOV_SERANG_LONG" not in os.environ,
    reason="long: runs in .ci/run and under make soak, or with EGOV_SERANG_LONG=1",
)
"""For what would take much of `make test` and has a shorter sibling in it."""


def scaled(whole: int) -> int:
    """The count to run now."""
    return max(1, round(whole * SCALE))
