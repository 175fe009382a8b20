"""A process that has used its client and forks: what becomes of a call in the child, and of the parent's next."""

from __future__ import annotations

import asyncio
import json
import os
import signal

from tests.faults.matrix.process import Caller


def main() -> None:
    caller = Caller()
    assert caller.told()[0] == "success"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # a child that hangs dies, and its parent says so
        # What takes longer than a second ends as DeadlineExceeded, which the table does not expect.
        caller.client = caller.client.with_options(deadline=1.0)
        caller.runner = asyncio.Runner()  # an event loop is no more the child's than a socket is
        os.write(writing, json.dumps(caller.told()).encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 1000)
    os.close(reading)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    print(json.dumps({"child": json.loads(said), "parent": caller.told()}))
    caller.close()


if __name__ == "__main__":
    main()
