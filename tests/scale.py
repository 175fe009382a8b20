"""One implementation for long proofs: a fiftieth of it in every run, all of it under `make soak`."""

from __future__ import annotations

import os

SCALE = float(os.environ.get("EGOV_SERANG_SOAK", "0.02"))


def scaled(whole: int) -> int:
    """The count to run now."""
    return max(1, round(whole * SCALE))
