"""A process that forks while one of its threads fetches a token and another holds a lock: a call in the child."""

from __future__ import annotations

import os
import signal
import threading

from egov_serang import Client, Config
from egov_serang.testing.faults import TOKENS, FaultGateway, late


def main() -> None:
    answered, locked, free = threading.Event(), threading.Event(), threading.Event()
    with FaultGateway() as gateway:
        gateway.on(TOKENS, late(answered))
        client = Client(Config(**gateway.settings))

        def hold() -> None:
            with client.tokens._lock:
                locked.set()
                free.wait(20)

        calling = threading.Thread(target=client.complaints.get, args=("c-1",))
        calling.start()
        assert gateway.wait_for(1)
        holding = threading.Thread(target=hold)
        holding.start()
        assert locked.wait(10)
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that hangs dies, and its parent says so
            os._exit(0 if client.complaints.get("c-2").complaint_id == "c-2" else 1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        free.set()
        answered.set()
        for thread in (holding, calling):
            thread.join()
        client.close()
        assert ended == 0, f"the child ended with {ended}"


if __name__ == "__main__":
    main()
