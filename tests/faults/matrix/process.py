"""What the scripts of the matrix share: the client they are told to use."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from egov_serang import AsyncClient, Client, Config, EgovError, Secret
from egov_serang.models.complaints import Location


class Caller:
    """A client of a process of its own, and calls on it."""

    def __init__(self) -> None:
        gateway, key, self.flow, transport = json.loads(sys.argv[1])
        config = Config(
            gateway=gateway,
            auth="client_secret",
            client_id="test-app",
            client_secret=Secret("of-a-test"),
            signing_key_file=key,
            verify_answers=False,
            request_id_echo=True,
            deadline=10.0,
            read=2.0,
        )
        how: dict[str, Any] = {} if transport == "lanes" else {"transport": transport}
        self.client: Any = (Client if self.flow == "sync" else AsyncClient)(config, **how)
        self.runner = asyncio.Runner()

    def submit(self) -> Any:
        """File a complaint."""
        work = self.client.raw.complaints.submit("jalan_rusak", "Jalan.", location=Location(area_code="36.73.01.1001"))
        return work if self.flow == "sync" else self.runner.run(work)

    def told(self) -> list[Any]:
        """What became of a call."""
        try:
            reply = self.submit()
        except EgovError as error:
            return [f"{type(error).__name__} ({error.code})", error.sent, error.attempts]
        return ["success", "yes", reply.attempts]

    def close(self) -> None:
        """Twice, which does no harm."""
        for _ in range(2):
            if self.flow == "sync":
                self.client.close()
            else:
                self.runner.run(self.client.close())
        self.runner.close()
