"""A key file that is replaced while it is in use."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest
from tests.layers.keys import ed25519_pem, p256_pem

from egov_serang import ConfigError
from egov_serang.auth.credentials import FollowingCredentials, PrivateKeyJwt
from egov_serang.sandbox.jose import key_id
from egov_serang.signing import FollowingProfile, PrivateKey, Rfc9421, signer
from egov_serang.signing.following import Followed

NOW = 1_763_860_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "message.pem"
    found.write_bytes(ed25519_pem())
    return found


def replace(file: Path, content: bytes) -> None:
    """As a sysadmin should: beside it, then renamed."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)


def keyid(profile: FollowingProfile, at: float) -> str:
    headers = {"x-request-id": "r"}
    profile.sign("GET", "https://gateway.test/a", headers, digest=None, at=at)
    return headers["signature-input"].partition('keyid="')[2].partition('"')[0]


def following(file: Path) -> FollowingProfile:
    return FollowingProfile(file, lambda: Rfc9421(signer(PrivateKey.from_file(file))))


def test_the_new_key_signs_from_the_next_second_on(file: Path) -> None:
    profile = following(file)
    old, new = PrivateKey(ed25519_pem()).keyid, PrivateKey(p256_pem()).keyid
    assert keyid(profile, NOW) == old
    replace(file, p256_pem())
    assert keyid(profile, NOW + 0.9) == old, "the file is looked at once a second"
    assert keyid(profile, NOW + 1.0) == new
    assert profile.digest([b"x"]) == Rfc9421(signer(PrivateKey(p256_pem()))).digest([b"x"])
    replace(file, ed25519_pem())
    assert keyid(profile, NOW - 3600) == old, "a clock that was set back does not stop it"


def test_what_is_no_key_changes_nothing_and_is_said_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    profile = following(file)
    old, new = PrivateKey(ed25519_pem()).keyid, PrivateKey(p256_pem()).keyid
    with caplog.at_level(logging.INFO, "egov_serang.keys"):
        assert keyid(profile, NOW) == old
        replace(file, p256_pem()[:-60])
        assert [keyid(profile, NOW + second) for second in range(1, 5)] == [old] * 4
        file.unlink()
        assert keyid(profile, NOW + 5) == old, "between two renames there may be none"
        replace(file, p256_pem())
        assert keyid(profile, NOW + 6) == new
    first, second = caplog.messages
    assert "the key before it stays" in first
    assert str(file) in second
    lines = p256_pem().decode().splitlines()
    assert not any(line in caplog.text for line in lines if not line.startswith("---"))


def test_a_file_written_in_place_is_noticed_too(file: Path) -> None:
    profile = following(file)
    assert keyid(profile, NOW) == PrivateKey(ed25519_pem()).keyid
    file.write_bytes(p256_pem())
    os.utime(file, ns=(1, 1))
    assert keyid(profile, NOW + 1) == PrivateKey(p256_pem()).keyid


def test_a_key_that_never_was_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem"):
        following(tmp_path / "none.pem")


def test_while_one_thread_reads_the_others_go_on(file: Path) -> None:
    reading, done = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> int:
        if made:
            reading.set()
            assert done.wait(30)
        made.append(len(made))
        return made[-1]

    followed = Followed(file, make)
    assert followed.current(NOW) == 0
    replace(file, p256_pem())
    found: list[int] = []
    slow = threading.Thread(target=lambda: found.append(followed.current(NOW + 2)))
    slow.start()
    assert reading.wait(30)
    assert followed.current(NOW + 4) == 0
    done.set()
    slow.join(30)
    assert (found, followed.current(NOW + 4), made) == ([1], 1, [0, 1])


def test_assertions_follow_their_file(file: Path) -> None:
    made = FollowingCredentials("app", Followed(file, lambda: PrivateKeyJwt("app", PrivateKey.from_file(file))))
    kids: list[str | None] = []
    for second, content in enumerate((ed25519_pem(), p256_pem())):
        replace(file, content)
        fields, _ = made.prove("https://issuer.test", int(NOW) + second)
        kids.append(key_id(fields["client_assertion"]))
    assert kids == [PrivateKey(ed25519_pem()).keyid, PrivateKey(p256_pem()).keyid]
    assert repr(made) == "<FollowingCredentials app>"
