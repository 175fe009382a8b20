"""Keys, and messages signed with them."""

from __future__ import annotations

import base64
import copy
import functools
import json
import pickle
import time
import traceback
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, algorithms
from http_message_signatures.resolvers import MappingKeyResolver
from tests.layers.keys import ed25519_pem, p256_pem, pem, rsa_pem

from egov_serang import Client, Config
from egov_serang.errors import ConfigError
from egov_serang.signing.algorithms import signer
from egov_serang.signing.keys import PrivateKey
from egov_serang.signing.messages import MessageSigner, answer_components, request_components
from egov_serang.signing.snap import SnapSymmetric
from egov_serang.testing import FakeResponse, FakeTransport
from egov_serang.types import Secret

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "rfc9421.json").read_text("utf-8"))
RFC_KEY = VECTORS["keys"]["test-key-ed25519"]["private_pem"].encode()


def test_a_known_signature_of_the_profile() -> None:
    """Everything but the nonce is fixed; Ed25519 is deterministic, so the signature follows from the base."""
    key = PrivateKey(RFC_KEY, "test-key-ed25519")
    headers = {"x-request-id": "r-1", "idempotency-key": " k-1 ", "authorization": "Bearer t"}
    MessageSigner(signer(key)).sign("POST", "https://example.com/a?b=c", headers, created=1618884473)
    params = headers["signature-input"].removeprefix("egov=")
    nonce = params.partition('nonce="')[2].partition('"')[0]
    assert params == (
        '("@method" "@target-uri" "idempotency-key" "authorization" "x-request-id")'
        f';created=1618884473;expires=1618884773;nonce="{nonce}"'
        ';keyid="test-key-ed25519";alg="ed25519";tag="egov-serang"'
    )
    base = (
        '"@method": POST\n"@target-uri": https://example.com/a?b=c\n"idempotency-key": k-1\n'
        f'"authorization": Bearer t\n"x-request-id": r-1\n"@signature-params": {params}'
    )
    crypto: Any = key.crypto
    assert headers["signature"] == f"egov=:{base64.b64encode(crypto.sign(base.encode())).decode()}:"


def test_what_is_covered() -> None:
    assert request_components("GET", {"x-request-id": "r"}) == ('"@method"', '"@target-uri"', '"x-request-id"')
    everything = dict.fromkeys(("x-acting-for", "if-match", "dpop", "authorization", "content-digest", "other"), "v")
    assert request_components("POST", everything) == (
        *('"@method"', '"@target-uri"', '"content-type"', '"content-digest"', '"idempotency-key"'),
        *('"authorization"', '"dpop"', '"if-match"', '"x-acting-for"', '"x-request-id"'),
    )
    bound = ('"x-request-id"', '"signature";req;key="egov"')
    assert answer_components({}) == ('"@status"', *bound)
    assert answer_components(everything) == ('"@status"', '"content-type"', '"content-digest"', *bound)


@pytest.mark.parametrize(
    ("data", "algorithm", "kty"),
    [(ed25519_pem, "Ed25519", "OKP"), (p256_pem, "ES256", "EC"), (rsa_pem, "PS256", "RSA")],
)
def test_keys_of_every_kind_the_contract_knows(data: Any, algorithm: str, kty: str) -> None:
    key = PrivateKey(data())
    assert key.jwt_algorithm == algorithm
    assert key.jose().key_type == kty
    assert key.jose().thumbprint() == key.keyid
    assert len(base64.urlsafe_b64decode(key.keyid + "=")) == 32, "an RFC 7638 thumbprint"
    assert PrivateKey(data()).keyid == key.keyid
    assert PrivateKey(data(), "mine").keyid == "mine"


@functools.cache
def weak() -> dict[str, bytes]:
    return {
        "secp384r1": pem(ec.generate_private_key(ec.SECP384R1())),
        "rsa-1024": pem(rsa.generate_private_key(65537, 1024)),
        "dsa": pem(dsa.generate_private_key(2048)),
        "encrypted": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"CANARY")
        ),
        "public": b"-----BEGIN PUBLIC KEY-----\nCANARYCANARY\n-----END PUBLIC KEY-----\n",
        "prose": b"CANARY",
        "empty": b"",
    }


@pytest.mark.parametrize("name", list(weak()))
@pytest.mark.filterwarnings("default::cryptography.utils.CryptographyDeprecationWarning")
def test_keys_that_cannot_be_used_are_not_shown(name: str, tmp_path: Path) -> None:
    content = weak()[name]
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    lines = [line for line in content.decode().splitlines() if line and not line.startswith("-----")]
    with pytest.raises(ConfigError) as caught:
        PrivateKey.from_file(path)
    assert caught.value.code in {"key_unusable", "key_unreadable", "key_passphrase"}
    assert caught.value.__context__ is None
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = f"{caught.value} {vars(caught.value)} {[f.locals for f in report.stack if 'egov_serang' in f.filename]}"
    assert not any(line in shown for line in lines)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(ConfigError, match=path.name) as caught:
            PrivateKey.from_file(path)
        assert caught.value.code == "key_file"
        assert caught.value.__context__ is None


@dataclass
class Message:
    """A request as http-message-signatures wants it."""

    method: str
    url: str
    headers: dict[str, str]


@pytest.mark.parametrize(
    ("data", "name", "oracle", "size"),
    [
        (ed25519_pem, "ed25519", algorithms.ED25519, 64),
        (p256_pem, "ecdsa-p256-sha256", algorithms.ECDSA_P256_SHA256, 64),
        (rsa_pem, "rsa-pss-sha512", algorithms.RSA_PSS_SHA512, 256),
    ],
)
def test_each_kind_of_key_signs_so_that_another_library_agrees(data: Any, name: str, oracle: Any, size: int) -> None:
    key = PrivateKey(data(), "k")
    url = "https://example.com/a?b=c"
    headers = {"x-request-id": "r-1", "idempotency-key": "k-1", "authorization": "Bearer t"}
    MessageSigner(signer(key)).sign("POST", url, headers, created=int(time.time()))
    assert f';keyid="k";alg="{name}";tag="egov-serang"' in headers["signature-input"]
    assert len(base64.b64decode(headers["signature"].removeprefix("egov=:").rstrip(":"))) == size
    public: Any = key.crypto.public_key()
    verifier = HTTPMessageVerifier(
        signature_algorithm=oracle, key_resolver=MappingKeyResolver(public_keys={"k": public}, private_keys={})
    )
    (verified,) = verifier.verify(Message("POST", url, headers), max_age=timedelta(minutes=5))
    assert len(verified.covered_components) == 6
    with pytest.raises(InvalidSignature):
        verifier.verify(Message("POST", url, {**headers, "idempotency-key": "k-2"}), max_age=timedelta(minutes=5))


def test_keys_show_their_name_only() -> None:
    key = PrivateKey(ed25519_pem(), "the-name")
    assert repr(key) == "<PrivateKey the-name>"
    assert not hasattr(key, "__dict__")
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="private key"):
            attempt(key)


def test_an_application_brings_its_own_profile() -> None:
    gateway = FakeTransport(lambda _: FakeResponse(json={"data": []}))
    config = Config(gateway="https://gateway.invalid", auth="none", signature="custom")
    profile = SnapSymmetric(Secret("s"))
    with Client(config, transport=gateway, signature=profile) as client:
        list(client.complaints.services())
        with pytest.raises(TypeError, match="signature"):
            pickle.dumps(client)
    (request,) = gateway.requests
    assert request.headers["x-signature"]
    assert "signature-input" not in request.headers
    with pytest.raises(ConfigError, match="custom") as caught:
        Client(config)
    assert caught.value.code == "config_missing"
