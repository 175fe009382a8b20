"""An identity token counts only with an algorithm that is accepted and that its key is for."""

from __future__ import annotations

import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from egov_serang.auth.login import id_token
from egov_serang.auth.login.keys import read_issuer_keys
from egov_serang.errors import SignatureInvalid
from egov_serang.types import Secret


def test_a_key_for_none_of_the_accepted_algorithms_signs_nothing() -> None:
    key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
    document = json.dumps({"keys": [key.as_dict(private=False)]}).encode()
    (known, *_) = read_issuer_keys(document).values()
    token = Secret(jws.serialize_compact({"alg": "ES256", "kid": "one"}, b'{"sub": "a"}', key))
    assert id_token.verified(token, known, ["ES256"], "identity token") == ({"sub": "a"}, "ES256")
    with pytest.raises(SignatureInvalid) as caught:
        id_token.verified(token, known, ["PS256", "Ed25519"], "identity token")
    assert caught.value.code == "token_signature"
