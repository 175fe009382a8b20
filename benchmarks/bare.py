"""Bare httpx, unsigned, with a fixed token: the call the SDK replaces.

usage: python bare.py URL ROWS
"""

from __future__ import annotations

import json
import resource
import sys
import time

import httpx


def used() -> float:
    """CPU seconds of this process."""
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    return cpu.ru_utime + cpu.ru_stime


def main(url: str, rows: int) -> None:
    """One call at a time over one kept connection; the answer is parsed, not modelled."""
    with httpx.Client() as client:
        target, headers = url + "/v1/identity/verifications", {"authorization": "Bearer t"}
        start, cpu = 0.0, 0.0
        for serial in range(-1, rows):
            if serial == 0:
                start, cpu = time.perf_counter(), used()
            body = {
                "subject": {"nik": f"997301010190{serial % 10000:04d}"},
                "attributes": {"full_name": "CONTOH", "birth_date": "1990-01-01"},
                "purpose": {"purpose_code": "permit"},
            }
            answer = client.post(target, json=body, headers=headers)
            answer.raise_for_status()
            json.loads(answer.content)
        wall, cpu = time.perf_counter() - start, used() - cpu
    print(f"bare httpx sync rows={rows} in_flight=1: {rows / wall:.0f} rows/s, {cpu / rows * 1e6:.0f} us CPU a row")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
