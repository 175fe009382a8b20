"""The program that empties an outbox, as cron or a field device would run it; the test that kills it starts it.

Configuration (JSON) and outbox.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from egov_serang import Client, Config, Outbox


def main(settings: Path, path: Path) -> None:
    config = Config(**json.loads(settings.read_text("utf-8")))
    with Client(config) as client, Outbox(path, attempts=1_000, pause=0) as outbox:
        print("ready", flush=True)
        while outbox.send(client).waiting:
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
