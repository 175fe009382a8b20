"""What signing and verifying cost in Python, over the cryptography itself, against http-message-signatures in one run.

usage: python benchmarks/signatures.py [--messages N] [--rounds N] [--nonces]

Ed25519, a body of 719 bytes whose digest is made and checked, seven components, every nonce remembered. CPU time;
rounds are interleaved and the median counts. `--nonces` measures instead what a full store of nonces weighs. Exits 1
when the overhead is more than a fifteenth of the library's.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms

from egov_serang.signing.algorithms import public_key, signer
from egov_serang.signing.base import Message, signature_base
from egov_serang.signing.digests import content_digest
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner, request_components
from egov_serang.signing.nonces import CAP, MemoryNonces
from egov_serang.signing.verifier import MessageVerifier

BUDGET = 15
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


def timed(run: Callable[[Any], object], messages: Iterable[Any]) -> float:
    """CPU microseconds a message, once it runs warm."""
    prepared = list(messages)
    few = len(prepared) // 20
    for message in prepared[:few]:
        run(message)
    start = time.process_time()
    for message in prepared[few:]:
        run(message)
    return (time.process_time() - start) / (len(prepared) - few) * 1e6


def one_round(key: Ed25519PrivateKey, count: int) -> dict[str, float]:
    """Each way once over as many messages: CPU microseconds a message."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ours = MessageSigner(signer(PrivateKey(pem, "k")))
    verifier = MessageVerifier({"k": public_key(key.public_key(), "k")}.get, MemoryNonces())
    keys = MappingKeyResolver(public_keys={"k": key.public_key()}, private_keys={"k": key})
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

    signed = [dict(HEADERS) for _ in range(count)]
    took = {"our sign": timed(our_sign, signed)}
    took["their sign"] = timed(their_sign, [dict(HEADERS) for _ in range(count)])
    took["our verify"] = timed(our_verify, [Message(headers, "POST", URL) for headers in signed])
    took["their verify"] = timed(their_verify, [Theirs(headers) for headers in signed])
    # The cryptography alone, over the very same texts and signatures.
    bases = [
        signature_base(COVERED, Message(h, "POST", URL), h["signature-input"].removeprefix("egov=")).encode()
        for h in signed
    ]
    public, pairs = key.public_key(), [(key.sign(base), base) for base in bases]
    took["raw sign"] = timed(key.sign, bases)
    took["raw verify"] = timed(lambda pair: public.verify(*pair), pairs)
    return took


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
    key = Ed25519PrivateKey.generate()
    one_round(key, 100)
    rounds = [one_round(key, given.messages) for _ in range(given.rounds)]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    ).stdout.strip()
    print(
        "# Signatures: Python's overhead over Ed25519 itself\n\n"
        f"Commit {commit or 'unknown'}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, CPython "
        f"{platform.python_version()}, {os.cpu_count()} cores {platform.machine()}, {platform.system()}; body "
        f"{len(BODY)} bytes, {len(COVERED)} components; {given.messages} messages, median of {given.rounds} rounds.\n\n"
        "| CPU µs a message | Ed25519 itself | ours, over it | http-message-signatures, over it | ratio | budget |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    is_missed = False
    for verb in ("sign", "verify"):
        raw = statistics.median(took[f"raw {verb}"] for took in rounds)
        ours = statistics.median(took[f"our {verb}"] - took[f"raw {verb}"] for took in rounds)
        theirs = statistics.median(took[f"their {verb}"] - took[f"raw {verb}"] for took in rounds)
        is_missed |= ours * BUDGET > theirs
        print(f"| {verb} | {raw:.0f} | {ours:.1f} | {theirs:.0f} | 1/{theirs / ours:.1f} | at most 1/{BUDGET} |")
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
