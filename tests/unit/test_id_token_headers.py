"""Headers of identity tokens: which algorithms count, and what may be written besides."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe, jws
from joserfc.jwk import ECKey
from tests.layers.keys import p256_pem

from egov_serang.auth.login import id_token
from egov_serang.auth.login.keys import IssuerKey, read_issuer_keys
from egov_serang.errors import SignatureInvalid
from egov_serang.signing.keys import PrivateKey
from egov_serang.types import Secret


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})


@pytest.fixture
def known(key: ECKey) -> IssuerKey:
    (found, *_) = read_issuer_keys(json.dumps({"keys": [key.as_dict(private=False)]}).encode()).values()
    return found


def signed(key: ECKey, **more: Any) -> Secret:
    registry = jws.JWSRegistry(strict_check_header=False)
    header = {"alg": "ES256", "kid": "one", **more}
    return Secret(jws.serialize_compact(header, b'{"sub": "a"}', key, registry=registry))


def test_a_key_for_none_of_the_accepted_algorithms_signs_nothing(key: ECKey, known: IssuerKey) -> None:
    assert id_token.verified(signed(key), known, ["ES256"], "identity token") == ({"sub": "a"}, "ES256")
    with pytest.raises(SignatureInvalid) as caught:
        id_token.verified(signed(key), known, ["PS256", "Ed25519"], "identity token")
    assert caught.value.code == "token_signature"


def test_what_is_not_understood_is_ignored(key: ECKey, known: IssuerKey) -> None:
    token = signed(key, iss="https://login.test", ver="1")
    assert id_token.verified(token, known, ["ES256"], "identity token")[0] == {"sub": "a"}


def test_what_is_not_understood_and_critical_is_refused(known: IssuerKey, key: ECKey) -> None:
    """The signature itself holds: it is made without joserfc, which would not."""
    header = {"alg": "ES256", "kid": "one", "crit": ["ver"], "ver": "1"}
    signing = f"{unpadded(json.dumps(header).encode())}.{unpadded(b'{}')}"
    r, s = decode_dss_signature(key.private_key.sign(signing.encode(), ECDSA(SHA256())))
    token = Secret(f"{signing}.{unpadded(r.to_bytes(32) + s.to_bytes(32))}")
    with pytest.raises(SignatureInvalid):
        id_token.verified(token, known, ["ES256"], "identity token")


def unpadded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def test_an_encrypted_token_may_repeat_claims_in_its_header() -> None:
    ours = PrivateKey(p256_pem(), "ours")
    public = ECKey.import_key(ours.jose().as_dict(private=False))
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": "ours", "iss": "https://login.test", "aud": "app"}
    registry = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
    token = Secret(jwe.encrypt_compact(header, b"a.b.c", public, registry=registry))
    assert id_token.opened(token, [ours], "identity token").reveal() == "a.b.c"
