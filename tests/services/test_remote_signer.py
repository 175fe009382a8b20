"""Proof: a client signs with a key that only another process has, and the sandbox accepts what it sends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from egov_serang import AsyncClient, Client, Config, ConnectionFailed
from egov_serang.models.complaints import Location
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing import PrivateKey, Rfc9421, callback_signer, ecdsa_from_der, make_key_file
from egov_serang.signing.algorithms import Algorithm
from egov_serang.signing.making import KeyKind
from egov_serang.testing.plugin import SCOPES

PLACE = Location(area_code="36.73.01.1001")
SIGNER = Path(__file__).parent / "remote_signer.py"


@contextmanager
def signer_process(key_file: Path) -> Iterator[tuple[subprocess.Popen[str], Callable[[bytes], bytes]]]:
    """The other process, and a function that asks it."""
    asking = threading.Lock()
    with subprocess.Popen(
        [sys.executable, str(SIGNER), str(key_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        asks, answers = process.stdin, process.stdout
        assert asks is not None
        assert answers is not None

        def ask(message: bytes) -> bytes:
            with asking:
                asks.write(message.hex() + "\n")
                asks.flush()
                return bytes.fromhex(answers.readline())

        yield process, ask
        with suppress(BrokenPipeError):  # where the process was killed
            asks.close()


@pytest.mark.parametrize(("kind", "algorithm"), [("ed25519", "ed25519"), ("p256", "ecdsa-p256-sha256")])
def test_the_sandbox_accepts_what_another_process_signed(
    kind: KeyKind, algorithm: Algorithm, sandbox: Sandbox, city: Config, tmp_path: Path
) -> None:
    file = tmp_path / "remote.pem"
    public = make_key_file(kind, file).public_jwk("message")
    profile = sandbox.credentials("remote-app", SCOPES, tmp_path / "keys")
    assertion = PrivateKey.from_file(profile.key_file).public_jwk("assertion")
    sandbox.register("remote-app", {"keys": [assertion, public]}, SCOPES)
    config = replace(
        city, client_id="remote-app", key_file=profile.key_file, signing_key_file=None, signature="custom", retries=0
    )
    with signer_process(file) as (process, ask):
        convert = ecdsa_from_der if kind == "p256" else bytes
        remote = callback_signer(public["kid"], algorithm, lambda base: convert(ask(base)))
        with Client(config, signature=Rfc9421(remote)) as client:
            filed = client.complaints.submit("jalan_rusak", "Jalan berlubang.", location=PLACE)
            assert client.complaints.get(filed.complaint_id).version == filed.version

        async def main() -> None:
            async with AsyncClient(config, signature=Rfc9421(remote)) as client:
                assert (await client.complaints.get(filed.complaint_id)).version == filed.version

        asyncio.run(main())
        mine = [record for record in sandbox.requests() if record["client_id"] == "remote-app"]
        verdicts = [record["signature"] for record in mine if record["operation"] != "oauth.token"]
        assert verdicts == ["valid"] * 3
        process.kill()
        process.wait(30)
        with (
            Client(config, signature=Rfc9421(remote)) as client,
            pytest.raises(ConnectionFailed, match="remote signer") as caught,
        ):
            client.complaints.get(filed.complaint_id)
        assert (caught.value.sent, caught.value.code) == ("no", "signer_failed")
