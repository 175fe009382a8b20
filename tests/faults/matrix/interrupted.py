"""A process that is interrupted (Ctrl-C) while it waits for an answer, and goes on."""

from __future__ import annotations

import json

from tests.faults.matrix.process import Caller


def main() -> None:
    caller = Caller()
    try:
        caller.submit()
    except KeyboardInterrupt:
        outcome = "KeyboardInterrupt"
    else:
        outcome = "success"
    busy = caller.client._transport.count.busy
    print(json.dumps({"outcome": outcome, "busy": busy, "again": caller.told()}))
    caller.close()


if __name__ == "__main__":
    main()
