"""A network of its own for one scenario: a namespace which the test makes, and which ends with its process.

Nothing of the machine's own network is touched, and nobody needs to be root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from tests.peers.node import absent

NEEDED: Final = {"unshare": "util-linux", "ip": "iproute2", "tc": "iproute2", "nft": "nftables"}
"""Programs, and the Debian packages that bring them."""
TIME: Final = 90
"""Seconds for one scenario. Left to itself the kernel gives a connection up after 130 s, and one in use after 900."""

# What the scenarios ask of the kernel; `sbin` may be off an ordinary user's path.
_TRIAL: Final = """
set -e
ip link set lo up
nft -f - <<END
table inet trial {
    chain input {
        tcp dport 1 numgen random mod 2 < 1 counter drop
        tcp dport 1 reject with tcp reset
    }
}
END
tc qdisc add dev lo root tbf rate 8mbit burst 16kb latency 200ms
"""
_ENVIRONMENT: Final = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


@cache
def _obstacle() -> str:
    """Why this machine has no such networks; nothing where it has."""
    tried = subprocess.run(
        ["unshare", "-rn", "sh", "-c", _TRIAL], env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert "syntax error" not in tried.stderr, tried.stderr  # ours, and no obstacle
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


def run(scenario: str, kind: str, transport: str) -> dict[str, Any]:
    """Play a scenario of `inside.py` in a namespace of its own; what came of it.

    Skips where the machine does not allow namespaces or lacks what the kernel must do; where only programs are missing,
    it skips too, but fails in CI, which can install them.
    """
    missing = sorted({package for name, package in NEEDED.items() if not shutil.which(name, path=_ENVIRONMENT["PATH"])})
    if missing:
        absent(f"needs the Debian packages {', '.join(missing)}")
    if obstacle := _obstacle():
        pytest.skip(f"this machine allows no network namespace with a filter and a bandwidth limit: {obstacle}")
    command = [
        *("unshare", "-rn", sys.executable, "-W", "error", "-m", "tests.network.inside"),
        *(scenario, kind, transport),
    ]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, env=_ENVIRONMENT, capture_output=True, text=True, timeout=TIME, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
