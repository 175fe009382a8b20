"""A sandbox in a process of its own, to be killed: `python -m tests.sandbox.serve DATABASE PORT`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from egov_serang.sandbox.server import run_forever

if __name__ == "__main__":
    run_forever(
        Path(sys.argv[1]),
        port=int(sys.argv[2]),
        on_ready=lambda url, token: print(json.dumps([url, token]), flush=True),
    )
