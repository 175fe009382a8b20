"""The program that sends a large file; the test that measures and kills it starts it.

Configuration (JSON), complaint, file, idempotency key, and the byte after which it dies (0: it does not). It says how
many KiB it grew by over what it held after a first small file.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

from egov_serang import Client, Config, File

STATUS = Path("/proc/self/status")


def held(name: str) -> int:
    """KiB of memory: `VmRSS` now, `VmHWM` at most."""
    found = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text("utf-8"))
    assert found is not None
    return int(found[1])


def main(settings: Path, complaint_id: str, path: Path, key: str, end: int) -> None:
    def progress(sent: int, total: int) -> None:
        if end and sent >= end:
            os.kill(os.getpid(), signal.SIGKILL)

    with Client(Config(**json.loads(settings.read_text("utf-8")))) as client:
        client.complaints.attach(complaint_id, File(b"\x89PNG\r\n\x1a\n" + bytes(100_000), "kecil.png"))
        Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the peak begins anew: man 5 proc
        idle = held("VmRSS")
        patient = client.with_options(idempotency_key=key, deadline=600)
        media = patient.complaints.attach(complaint_id, File(path, progress=progress))
        print(json.dumps({"grown_kib": held("VmHWM") - idle, "sha256": media.sha256, "idle_kib": idle}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
