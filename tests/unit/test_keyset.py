"""Public keys of others: what of a JWKS is used, and when it is asked for again."""

from __future__ import annotations

import contextlib
import json
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc.jwk import import_key
from tests.layers.keys import ed25519_pem, p256_pem, pem, rsa_pem

from egov_serang import ConnectionFailed, EgovError, UnexpectedReply
from egov_serang.signing import KeySet, PrivateKey, read_keys
from egov_serang.signing.jwks import MAX_BYTES, MAX_KEYS


def public(data: bytes, kid: str | None = None, **more: Any) -> dict[str, Any]:
    jwk = PrivateKey(data, kid).public_jwk("message")
    return {**jwk, **more}


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def weak() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc's, and ours to refuse
        return import_key(pem(rsa.generate_private_key(65537, 1024)), "RSA").as_dict(private=False)


ED, EC, RSA = (data() for data in (ed25519_pem, p256_pem, rsa_pem))


def test_what_may_verify_messages_is_read_by_its_name() -> None:
    found = read_keys(document(public(ED, "a"), public(EC, "b"), public(RSA, "c")))
    assert {kid: key.algorithm for kid, key in found.items()} == {
        "a": "ed25519",
        "b": "ecdsa-p256-sha256",
        "c": "rsa-pss-sha512",
    }
    nameless = {name: value for name, value in public(ED).items() if name not in {"kid", "use"}}
    assert list(read_keys(document(nameless))) == [PrivateKey(ED).keyid]


@pytest.mark.parametrize(
    "key",
    [
        public(EC, use="enc"),
        public(EC, use=["sig"]),
        public(EC, alg="ECDH-ES"),
        public(EC, alg=5),
        public(RSA, alg="RS256"),
        public(RSA, alg="PS256"),
        public(EC, key_ops=["sign"]),
        public(EC, key_ops="verify"),
        {**import_key(EC, "EC").as_dict(private=True), "kid": "published by mistake"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "shared"},
        import_key(pem(ec.generate_private_key(ec.SECP384R1())), "EC").as_dict(private=False),
        weak(),
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["EC"]},
        {},
        "text",
        None,
    ],
)
def test_keys_for_something_else_are_left_out_and_the_others_stay(key: Any) -> None:
    assert list(read_keys(document(key, public(ED, "good")))) == ["good"]


@pytest.mark.parametrize("alg", ["ES256", "ecdsa-p256-sha256"])
def test_an_algorithm_that_fits_is_fine(alg: str) -> None:
    assert len(read_keys(document(public(EC, alg=alg, use="sig", key_ops=["verify"])))) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not one"),
        (b"<html>", "is not one"),
        (b"\xff", "is not one"),
        (b"[" * 60_000, "is not one"),
        (b"[]", "is not one"),
        (b"{}", "is not one"),
        (b'{"keys": {}}', "is not one"),
        (document(*[{}] * (MAX_KEYS + 1)), "over 100 keys"),
        (b" " * MAX_BYTES + document(), "over 64 KiB"),
        (document(public(ED, "a"), public(EC, "a")), "two keys of one name"),
    ],
    ids=range(10),  # not by the data: keys are new in each process, and those of xdist must agree on names
)
def test_what_is_no_key_set(data: bytes, said: str) -> None:
    with pytest.raises(UnexpectedReply, match=said) as caught:
        read_keys(data)
    assert caught.value.code == "jwks_shape"
    assert caught.value.__context__ is None


SOMETHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops"]), SOMETHING
)


@given(MEMBERS, st.sampled_from([{}, public(ED), public(EC), public(RSA)]))
@example({"n": "AA", "e": "AA"}, public(RSA))
@example({"n": "", "e": "AQAB"}, public(RSA))
@example({"kty": "RSA"}, public(EC))
def test_no_entry_of_a_stranger_gets_out_of_the_error_tree(members: dict[str, Any], base: dict[str, Any]) -> None:
    with contextlib.suppress(UnexpectedReply):
        assert len(read_keys(document({**base, **members}))) <= 1


@given(st.binary(max_size=300))
def test_no_bytes_of_a_stranger_do_either(data: bytes) -> None:
    with contextlib.suppress(UnexpectedReply):
        assert read_keys(data) == {}


class Publisher:
    """Publishes a JWKS, counts who asks, fails on demand; with a clock."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.now = 1_000.0
        self.asked = 0
        self.answer: Callable[[], bytes] = lambda: document(*keys)

    def __call__(self) -> bytes:
        self.asked += 1
        return self.answer()

    def publish(self, *keys: dict[str, Any]) -> None:
        self.answer = lambda: document(*keys)

    def fail(self, error: BaseException) -> None:
        def answer() -> bytes:
            raise error

        self.answer = answer

    def keys(self, **times: float) -> KeySet:
        return KeySet(self, clock=lambda: self.now, **times)


def found(keys: KeySet, keyid: str) -> bool:
    return keys.get(keyid) is not None


def test_a_set_is_asked_for_once_while_it_is_fresh() -> None:
    publisher = Publisher(public(ED, "a"), public(EC, "b"))
    keys = publisher.keys()
    assert publisher.asked == 0
    assert [found(keys, name) for name in ("a", "b", "a")] == [True] * 3
    publisher.now += 299
    assert (found(keys, "a"), publisher.asked) == (True, 1)
    publisher.now += 1
    assert (found(keys, "a"), publisher.asked) == (True, 2)


def test_an_unknown_key_asks_again_once_per_cooldown() -> None:
    publisher = Publisher(public(ED, "a"))
    keys = publisher.keys()
    assert found(keys, "a")
    publisher.publish(public(ED, "a"), public(EC, "new"))
    assert [found(keys, f"guess-{n}") for n in range(50)] == [False] * 50
    assert publisher.asked == 1, "the set was asked for a moment ago"
    publisher.now += 30
    assert found(keys, "new")
    assert [found(keys, f"guess-{n}") for n in range(50)] == [False] * 50
    assert (found(keys, "a"), publisher.asked) == (True, 2)


def test_a_key_that_was_withdrawn_is_gone_with_the_next_set() -> None:
    publisher = Publisher(public(ED, "a"), public(EC, "b"))
    keys = publisher.keys()
    assert found(keys, "a")
    publisher.publish(public(EC, "b"))
    publisher.now += 300
    assert (found(keys, "a"), found(keys, "b")) == (False, True)


@pytest.mark.parametrize("error", [OSError("CANARY"), ConnectionFailed("no", code="connect"), None])
def test_what_cannot_be_fetched_takes_no_key_away(error: BaseException | None) -> None:
    publisher = Publisher(public(ED, "a"))
    keys = publisher.keys()
    assert found(keys, "a")
    if error is None:
        publisher.answer = lambda: b"<html>maintenance</html>"
    else:
        publisher.fail(error)
    publisher.now += 300
    assert [found(keys, "a") for _ in range(20)] == [True] * 20
    assert publisher.asked == 2, "after a failure it waits a little"
    assert not found(keys, "unknown")
    publisher.now += 5
    assert (found(keys, "a"), publisher.asked) == (True, 3)
    publisher.now += 86_100
    with pytest.raises(EgovError) as caught:
        keys.get("a")
    assert "CANARY" not in str(caught.value)
    assert caught.value.code in {"jwks_unreached", "connect", "jwks_shape"}
    publisher.publish(public(ED, "a"))
    publisher.now += 5
    assert found(keys, "a")


def test_a_set_that_was_never_fetched_is_an_error_and_not_an_unknown_key() -> None:
    publisher = Publisher()
    publisher.fail(TimeoutError())
    keys = publisher.keys()
    for _ in range(3):
        with pytest.raises(ConnectionFailed, match="TimeoutError") as caught:
            keys.get("a")
        assert (caught.value.code, caught.value.__context__) == ("jwks_unreached", None)
    assert publisher.asked == 1


def test_threads_share_one_question_and_who_has_its_key_does_not_wait() -> None:
    publisher = Publisher(public(ED, "a"))
    keys = publisher.keys()
    asking, go_on = threading.Event(), threading.Event()
    fresh = document(public(ED, "a"), public(EC, "new"))

    def slowly() -> bytes:
        asking.set()
        assert go_on.wait(30)
        return fresh

    assert found(keys, "a")
    publisher.answer = slowly
    publisher.now += 300
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(found(keys, "new"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert asking.wait(30)
    assert found(keys, "a"), "known, and only being renewed"
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert (results, publisher.asked) == ([True] * 8, 2)
