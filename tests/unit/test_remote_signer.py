"""Signers whose key is elsewhere: what comes back is checked, what goes wrong is said truthfully."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from tests.layers.keys import ed25519_pem, p256_pem, rsa_pem

from egov_serang import AsyncClient, Client, Config, ConfigError, ConnectionFailed, DeadlineExceeded
from egov_serang.signing import (
    Message,
    MessageVerifier,
    PrivateKey,
    Rfc9421,
    callback_signer,
    ecdsa_from_der,
    key_from_jwk,
    secret_key,
    secret_signer,
    signer,
)
from egov_serang.signing.algorithms import Algorithm
from egov_serang.testing import FakeTransport

CONFIG = Config(gateway="https://gateway.invalid", auth="none", signature="custom")
URL, NOW = "https://gateway.invalid/v1/x", 1_763_860_000
PEMS: list[tuple[Algorithm, Any]] = [
    ("ed25519", ed25519_pem),
    ("ecdsa-p256-sha256", p256_pem),
    ("rsa-pss-sha512", rsa_pem),
]


@pytest.mark.parametrize(("algorithm", "pem"), PEMS)
def test_what_a_callback_signs_another_verifies(algorithm: Algorithm, pem: Any) -> None:
    key = PrivateKey(pem())
    headers = {"x-request-id": "r"}
    profile = Rfc9421(callback_signer(key.keyid, algorithm, signer(key).sign))
    profile.sign("GET", URL, headers, digest=None, at=NOW)
    public = key_from_jwk(key.public_jwk("message"))
    verifier = MessageVerifier({public.keyid: public}.get, None)
    assert verifier.request(Message(headers, "GET", URL), b"", now=NOW).algorithm == algorithm


def test_a_secret_may_be_elsewhere_too() -> None:
    mine = secret_signer(b"s" * 32, "k")
    made = callback_signer("k", "hmac-sha256", mine.sign).sign(b"base")
    assert secret_key(b"s" * 32, "k").holds(b"base", made)


def test_signatures_of_hardware_modules_are_converted() -> None:
    key = PrivateKey(p256_pem())
    module: Any = key.crypto
    remote = callback_signer("k", "ecdsa-p256-sha256", lambda base: ecdsa_from_der(module.sign(base, ECDSA(SHA256()))))
    public = key_from_jwk(key.public_jwk("message"), "k")
    for number in range(50):  # r and s come with and without a leading zero
        assert public.holds(b"%d" % number, remote.sign(b"%d" % number))


@given(st.binary(max_size=100))
def test_what_is_no_der_is_a_clear_error(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        assert len(ecdsa_from_der(data)) == 64


@pytest.mark.parametrize(
    ("algorithm", "answer", "said"),
    [
        ("ed25519", b"x" * 63, "63 bytes"),
        ("ed25519", b"", "0 bytes"),
        ("ed25519", "x" * 64, "str"),
        ("ed25519", None, "NoneType"),
        ("ecdsa-p256-sha256", b"\x30" + b"x" * 70, "71 bytes"),
        ("rsa-pss-sha512", b"x" * 128, "128 bytes"),
        ("hmac-sha256", b"x" * 31, "31 bytes"),
    ],
)
def test_an_answer_that_is_no_signature_is_refused(algorithm: Algorithm, answer: Any, said: str) -> None:
    asked: list[bytes] = []
    remote = callback_signer("k", algorithm, lambda base: asked.append(base) or answer)
    gateway = FakeTransport(lambda _: {"data": []})
    with (
        Client(CONFIG, transport=gateway, signature=Rfc9421(remote)) as client,
        pytest.raises(ConfigError, match=said) as caught,
    ):
        list(client.complaints.services())
    assert (caught.value.code, caught.value.sent) == ("signer_answer", "no")
    assert len(asked) == 1, "repeating cannot help"
    assert not gateway.requests
    if algorithm == "ecdsa-p256-sha256":
        assert "ecdsa_from_der" in str(caught.value)


def failing(times: int, error: Exception) -> Any:
    sign = signer(PrivateKey(ed25519_pem())).sign
    left = [times]

    def callback(base: bytes) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return sign(base)

    return Rfc9421(callback_signer("k", "ed25519", callback))


def test_a_signer_out_of_reach_is_asked_again_like_a_service() -> None:
    gateway = FakeTransport(lambda _: {"data": []})
    with Client(CONFIG, transport=gateway, signature=failing(1, TimeoutError("CANARY"))) as client:
        assert list(client.complaints.services()) == []

    async def main() -> None:
        async with AsyncClient(CONFIG, transport=gateway, signature=failing(1, OSError("CANARY"))) as client:
            assert [item async for item in client.complaints.services()] == []

    asyncio.run(main())
    assert len(gateway.requests) == 2


def test_a_write_that_could_not_be_signed_was_not_sent() -> None:
    gateway = FakeTransport(lambda _: {})
    with Client(CONFIG, transport=gateway, signature=failing(99, TimeoutError("CANARY"))) as client:
        patient = client.with_options(retries=0)
        with pytest.raises(ConnectionFailed, match="TimeoutError") as caught:
            patient.complaints.submit("jalan_rusak", "Lubang besar di jalan.")
    assert (caught.value.code, caught.value.sent) == ("signer_failed", "no")
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    assert not gateway.requests


def test_our_own_errors_and_interrupts_pass_through() -> None:
    gateway = FakeTransport(lambda _: {"data": []})
    late = DeadlineExceeded("the module is busy", code="deadline")
    with Client(CONFIG, transport=gateway, signature=failing(99, late)) as client, pytest.raises(DeadlineExceeded):
        list(client.complaints.services())

    def interrupted(base: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        callback_signer("k", "ed25519", interrupted).sign(b"base")


def test_names_and_algorithms_that_cannot_be() -> None:
    wrong: Any = "rsa-v1_5-sha256"
    with pytest.raises(ConfigError, match="ed25519, ecdsa-p256-sha256"):
        callback_signer("k", wrong, bytes)
    with pytest.raises(ConfigError, match="keyid"):
        callback_signer('k"', "ed25519", bytes)
