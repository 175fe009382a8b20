"""Proof: the message key is rotated under load; no call is refused, and none is signed by a retired key afterwards.

200 signed calls a second for 10 seconds run under `make soak`; every other run makes a part of the calls, unpaced.
"""

from __future__ import annotations

import operator
import os
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.scale import SCALE, scaled

from egov_serang import Client, Config
from egov_serang.core.message import Limits, Request, Response
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing import PrivateKey, make_key_file
from egov_serang.testing.plugin import SCOPES
from egov_serang.transport.lanes import Lanes

RATE = 200
FULL_CALLS = RATE * 10
WORKERS = 8


class Watched:
    """The real transport; counts which key signed what was sent."""

    def __init__(self) -> None:
        self.lanes = Lanes(slots=WORKERS)
        self.signed: Counter[str] = Counter()
        self.change = threading.Condition()

    def send(self, request: Request, limits: Limits) -> Response:
        keyid = dict(request.headers).get("signature-input", "").partition('keyid="')[2].partition('"')[0]
        with self.change:
            self.signed[keyid] += 1
            self.change.notify_all()
        return self.lanes.send(request, limits)

    def close(self) -> None:
        self.lanes.close()


class Load:
    """Calls from several threads until it is told to stop: paced at the whole scale, else as they come."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.refused: list[BaseException] = []
        self.rounds = [0] * WORKERS
        self.begun = time.monotonic()
        self.stop = threading.Event()
        self.change = threading.Condition()
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    @property
    def made(self) -> int:
        return sum(self.rounds)

    def _work(self, number: int) -> None:
        while not self.stop.is_set():
            with self.change:
                self.rounds[number] += 1
                due = self.begun + self.made / RATE
                self.change.notify_all()
            if SCALE >= 1:
                self.stop.wait(max(0.0, due - time.monotonic()))
            try:
                next(iter(self.client.complaints.services(limit=1)))
            except BaseException as error:
                self.refused.append(error)

    def until(self, made: int) -> None:
        with self.change:
            assert self.change.wait_for(lambda: self.made >= made, 120)

    def once_around(self) -> None:
        """Until every thread has ended the call it is in now."""
        with self.change:
            before = list(self.rounds)
            assert self.change.wait_for(lambda: all(map(operator.gt, self.rounds, before)), 60)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


def test_a_key_is_rotated_under_load(sandbox: Sandbox, city: Config, tmp_path: Path) -> None:
    profile = sandbox.credentials("rotating-app", SCOPES, tmp_path)
    assertion = PrivateKey.from_file(profile.key_file).public_jwk("assertion")
    old = PrivateKey.from_file(profile.signing_key_file)
    made = tmp_path / "new.pem"
    new = make_key_file("ed25519", made)

    def register(*keys: PrivateKey) -> None:
        jwks: dict[str, Any] = {"keys": [assertion, *(key.public_jwk("message") for key in keys)]}
        sandbox.register("rotating-app", jwks, SCOPES)

    watched = Watched()
    config = replace(
        city,
        client_id="rotating-app",
        key_file=profile.key_file,
        signing_key_file=profile.signing_key_file,
        retries=0,  # a repetition could hide a refusal
    )
    with Client(config, transport=watched) as client:
        load = Load(client)
        try:
            load.until(scaled(FULL_CALLS) // 2)
            load.once_around()  # at a small scale nobody may have sent anything yet
            register(old, new)
            os.replace(made, profile.signing_key_file)
            with watched.change:
                assert watched.change.wait_for(lambda: watched.signed[new.keyid] > 0, 60)
            load.once_around()  # who had taken the old key just before has sent and been answered
            by_old = watched.signed[old.keyid]
            register(new)  # the old key is retired: one more call with it would be refused
            load.until(max(scaled(FULL_CALLS), load.made + scaled(FULL_CALLS) // 4))
        finally:
            load.end()
    watched.close()
    assert load.refused == []
    assert watched.signed[old.keyid] == by_old, "nothing is signed by a retired key"
    assert by_old >= scaled(FULL_CALLS) // 4
    assert watched.signed[new.keyid] >= scaled(FULL_CALLS) // 4
    records = [record for record in sandbox.requests() if record["client_id"] == "rotating-app"]
    assert {record["signature"] for record in records if record["operation"] == "complaints.services"} == {"valid"}
    seconds = time.monotonic() - load.begun
    print(
        f"rotation under load: {by_old} calls by the old key, {watched.signed[new.keyid]} by the new, 0 refused, "
        f"{sum(watched.signed.values()) / seconds:.0f}/s for {seconds:.1f} s"
    )
