"""What signing and verifying cost in Python, over the cryptography itself, against http-message-signatures in one run.

usage: python -m benchmarks.signatures [--messages N] [--rounds N] [--nonces]

Ed25519, a body of 719 bytes whose digest is made and checked, seven components, every nonce remembered. The
two take turns, 50 messages each; what the cryptography takes is measured inside the same calls and left out; the median
counts. `--nonces` measures instead what a full store of nonces weighs. Exits 1 when the overhead is more than a
fifteenth of the library's.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms

from egov_serang.signing.algorithms import KeySigner, public_key
from egov_serang.signing.base import Message
from egov_serang.signing.digests import content_digest
from egov_serang.signing.messages import MessageSigner, request_components
from egov_serang.signing.nonces import CAP, MemoryNonces
from egov_serang.signing.verifier import MessageVerifier

BUDGET = 15
BLOCK = 50
URL = "https://gateway.example/v1/complaints/cases?notify=sms"
BODY = json.dumps({"service_code": "sampah", "description": "x" * 674}).encode()
HEADERS = {
    "content-type": "application/json",
    "idempotency-key": "1f0e4cb2-3f52-4c1d-9a52-0c8b2f1d7a11",
    "authorization": "Bearer 2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA",
    "x-request-id": "0193c1f0-8a00-7b7e-9c57-5b6f1f6f2a01",
}
COVERED = request_components("POST", {**HEADERS, "content-digest": ""})


@dataclass
class Theirs:
    """A request as the library wants it."""

    headers: dict[str, str]
    method: str = "POST"
    url: str = URL


class Watched:
    """Ed25519 as `cryptography` has it, that adds up how long its calls take.

    Taken inside the very calls, since after other work the cryptography itself runs some microseconds slower than in a
    loop of its own; that is nobody's overhead.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._sign, self._verify = key.sign, key.public_key().verify
        self.spent_ns = 0

    def sign(self, data: bytes) -> bytes:
        begin = time.perf_counter_ns()
        signature = self._sign(data)
        self.spent_ns += time.perf_counter_ns() - begin
        return signature

    def verify(self, signature: bytes, data: bytes) -> None:
        begin = time.perf_counter_ns()
        self._verify(signature, data)
        self.spent_ns += time.perf_counter_ns() - begin


Ed25519PrivateKey.register(Watched)
Ed25519PublicKey.register(Watched)
Work = tuple[Callable[[Any], object], Sequence[Any]]


def timed(watched: Watched, ways: Mapping[str, Work]) -> dict[str, tuple[float, float]]:
    """Microseconds a message of each way, within the cryptography and over it; blocks take turns, the median counts."""
    within: dict[str, list[float]] = {name: [] for name in ways}
    over: dict[str, list[float]] = {name: [] for name in ways}
    for start in range(0, min(len(messages) for _, messages in ways.values()), BLOCK):
        for name, (run, messages) in ways.items():
            block = messages[start : start + BLOCK]
            watched.spent_ns = 0
            begin = time.perf_counter_ns()
            for message in block:
                run(message)
            took = time.perf_counter_ns() - begin
            within[name].append(watched.spent_ns / len(block) / 1e3)
            over[name].append((took - watched.spent_ns) / len(block) / 1e3)
    return {name: (statistics.median(within[name]), statistics.median(over[name])) for name in ways}


def one_round(key: Ed25519PrivateKey, count: int) -> dict[str, tuple[float, float]]:
    """Each way once over as many messages."""
    watched = Watched(key)
    ours = MessageSigner(KeySigner("k", "ed25519", watched.sign))
    verifier = MessageVerifier({"k": public_key(watched, "k")}.get, MemoryNonces())
    both: dict[str, Any] = {"k": watched}
    keys = MappingKeyResolver(public_keys=both, private_keys=both)
    library = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    checker = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    now = int(time.time())
    created = datetime.datetime.fromtimestamp(now, datetime.UTC)

    def our_sign(headers: dict[str, str]) -> None:
        headers["content-digest"] = content_digest([BODY])
        ours.sign("POST", URL, headers, created=now)

    def their_sign(headers: dict[str, str]) -> None:
        library.sign(
            Theirs(headers),
            key_id="k",
            created=created,
            expires=created + datetime.timedelta(seconds=300),
            nonce=base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="),
            label="egov",
            tag="egov-serang",
            covered_component_ids=COVERED,
            body=BODY,
        )

    def our_verify(message: Message) -> None:
        verifier.request(message, BODY, now=now)

    def their_verify(message: Theirs) -> None:
        checker.verify(
            message,
            expect_tag="egov-serang",
            expect_label="egov",
            require_components=COVERED,
            body=BODY,
            max_age=datetime.timedelta(seconds=300),
        )

    signed, theirs = ([dict(HEADERS) for _ in range(count)] for _ in range(2))
    took = timed(watched, {"our sign": (our_sign, signed), "their sign": (their_sign, theirs)})
    return took | timed(
        watched,
        {
            "our verify": (our_verify, [Message(headers, "POST", URL) for headers in signed]),
            "their verify": (their_verify, [Theirs(headers) for headers in signed]),
        },
    )


def fill() -> None:
    """A store of nonces as full as it gets, filled as fast as it is made for."""
    before = resident()
    nonces, count = MemoryNonces(), 0
    while count < CAP:
        now = 1_800_000_000 + count / 5_540  # as many a second as fill it within the 361 s that a nonce counts
        nonces.first_time("poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U", f"nonce-{count}", now=now, until=now + 361)
        count += 1
    print(f"{len(nonces):,} nonces: {(resident() - before) / 1e6:.0f} MB resident more, {peak() / 1e6:.0f} MB at most")


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Bytes of this process in memory at most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(messages: int, rounds: int) -> dict[str, dict[str, float]]:
    """For `sign` and `verify`: microseconds of Ed25519 itself, of ours over it and of the library's over it."""
    key = Ed25519PrivateKey.generate()
    one_round(key, min(messages, 100))
    seen = [one_round(key, messages) for _ in range(rounds)]
    return {
        verb: {
            "raw": statistics.median(took[f"our {verb}"][0] for took in seen),
            "ours": statistics.median(took[f"our {verb}"][1] for took in seen),
            "theirs": statistics.median(took[f"their {verb}"][1] for took in seen),
        }
        for verb in ("sign", "verify")
    }


def main() -> int:
    """Measure, print, and say whether the budget holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000, help="messages a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--nonces", action="store_true", help="fill a store of nonces, and say what it weighs")
    given = parser.parse_args()
    if given.nonces:
        fill()
        return 0
    found = measured(given.messages, given.rounds)
    print(f"Body {len(BODY)} bytes, {len(COVERED)} components; microseconds a message:")
    for verb, took in found.items():
        print(
            f"{verb}: Ed25519 itself {took['raw']:.0f}; over it ours {took['ours']:.1f}, http-message-signatures' "
            f"{took['theirs']:.0f}: 1/{took['theirs'] / took['ours']:.1f}, at most 1/{BUDGET}"
        )
    return int(any(took["ours"] * BUDGET > took["theirs"] for took in found.values()))


if __name__ == "__main__":
    sys.exit(main())
