"""Where keys come from: every format and place, and what an error about them may show."""

from __future__ import annotations

import contextlib
import json
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key
from tests.layers.keys import ed25519_pem, p256_pem, rsa_pem

import egov_serang.signing
from egov_serang import Config, ConfigError, sources
from egov_serang.config import Settings
from egov_serang.signing import PrivateKey, key_from_jwk, make_key_file, signer
from egov_serang.types import Secret

WORD = "sandi-kenari-rahasia"
PEMS: dict[str, Callable[[], bytes]] = {"ed25519": ed25519_pem, "p256": p256_pem, "rsa": rsa_pem}
EVERY = pytest.mark.parametrize("kind", list(PEMS))


def crypto(kind: str) -> Any:
    return load_pem_private_key(PEMS[kind](), None)


def encrypted(kind: str, word: str = WORD) -> bytes:
    data: bytes = crypto(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(word.encode()))
    return data


def pkcs12(kind: str, word: str = WORD) -> bytes:
    return serialize_key_and_certificates(b"k", crypto(kind), None, None, BestAvailableEncryption(word.encode()))


def jwk(kind: str, **more: Any) -> bytes:
    names = {"ed25519": "OKP", "p256": "EC", "rsa": "RSA"}
    return json.dumps({**import_key(PEMS[kind](), names[kind]).as_dict(private=True), **more}).encode()  # type: ignore[call-overload]


@EVERY
def test_one_key_in_every_format_is_one_key(kind: str, tmp_path: Path) -> None:
    (tmp_path / "word").write_text(WORD + "\n", "utf-8")
    plain = PrivateKey(PEMS[kind]())
    assert not plain.encrypted
    for data, word in ((encrypted(kind), "word"), (pkcs12(kind), "word"), (jwk(kind), None)):
        file = tmp_path / "key.any"  # the content says what it is, the name nothing
        file.write_bytes(data)
        key = PrivateKey.from_file(file, passphrase_file=None if word is None else tmp_path / word)
        assert (key.keyid, key.jwt_algorithm) == (plain.keyid, plain.jwt_algorithm)
        assert key.encrypted is (word is not None)
        public = key_from_jwk(key.public_jwk("message"))
        assert public.holds(b"base", signer(key).sign(b"base"))


def test_a_jwk_brings_its_name_and_a_given_one_goes_before_it() -> None:
    data = jwk("p256", kid="kunci-2026", use="sig", key_ops=["sign"])
    assert PrivateKey(data).keyid == "kunci-2026"
    assert PrivateKey(data, "mine").keyid == "mine"
    assert PrivateKey(data).thumbprint() == PrivateKey(p256_pem()).keyid


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "kunci-é", "x" * 201])
def test_a_name_that_would_break_the_header_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="keyid") as caught:
        PrivateKey(ed25519_pem(), name)
    assert caught.value.code == "config_value"


def test_a_public_jwk_has_nothing_private() -> None:
    for kind, data in PEMS.items():
        for use, said in (("message", "httpsig"), ("assertion", "sig")):
            public = PrivateKey(data()).public_jwk(use)  # type: ignore[arg-type]
            assert (public["use"], public["kid"]) == (said, PrivateKey(data()).keyid)
            assert {"d", "p", "q", "dp", "dq", "qi"}.isdisjoint(public), kind


BROKEN: dict[str, tuple[bytes, str | None, str]] = {
    "encrypted, no passphrase": (encrypted("p256"), None, "key_passphrase"),
    "encrypted, wrong passphrase": (encrypted("p256"), WORD + "x", "key_passphrase"),
    "plain, one passphrase too many": (ed25519_pem(), WORD, "key_passphrase"),
    "PKCS#12, no passphrase": (pkcs12("p256"), None, "key_passphrase"),
    "PKCS#12, wrong passphrase": (pkcs12("p256"), WORD + "x", "key_passphrase"),
    "JWK, one passphrase too many": (jwk("p256"), WORD, "key_passphrase"),
    "JWK, public": (
        json.dumps(import_key(p256_pem(), "EC").as_dict(private=False)).encode(),
        None,
        "key_unreadable",
    ),
    "JWK, symmetric": (json.dumps({"kty": "oct", "k": "c2FuZGkta2VuYXJp"}).encode(), None, "key_unreadable"),
    "JWK, no key": (b'{"kty": "EC", "d": "sandi-kenari"}', None, "key_unreadable"),
    "JWK, cut": (jwk("rsa")[:-40], None, "key_unreadable"),
    "JWK, nested": (b'{"a":' * 100_000, None, "key_unreadable"),
    "PEM, cut": (p256_pem()[:-60], None, "key_unreadable"),
    "PEM, cut, with a passphrase": (p256_pem()[:-60], WORD, "key_unreadable"),
    "DER of something else": (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        WORD,
        "key_passphrase",
    ),
    "nothing": (b"", WORD, "key_unreadable"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_key_that_cannot_be_read_is_named_and_never_shown(name: str, tmp_path: Path) -> None:
    data, word, code = BROKEN[name]
    file, passphrase = tmp_path / "key", tmp_path / "word"
    file.write_bytes(data)
    passphrase.write_text(word or "", "utf-8")
    with pytest.raises(ConfigError, match=str(file)) as caught:
        PrivateKey.from_file(file, passphrase_file=passphrase if word else None)
    assert caught.value.code == code
    assert caught.value.hint
    assert caught.value.__cause__ is caught.value.__context__ is None
    shown = shown_by(caught.value)
    assert WORD not in shown
    pieces = [piece for piece in data.replace(b"\n", b" ").split() if len(piece) > 12 and b"--" not in piece]
    assert not [piece for piece in pieces if repr(piece)[2:-1] in shown]


def shown_by(error: BaseException) -> str:
    """What a crash report with locals shows of our frames."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in report.stack if "egov_serang" in frame.filename]
    assert ours
    return f"{error!r} {vars(error)} {[frame.locals for frame in ours]}"


def test_a_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (ed25519_pem().decode(), ed25519_pem().decode().replace("\n", "\\n"), jwk("ed25519").decode()):
        monkeypatch.setenv("KUNCI_PESAN", text)
        assert PrivateKey.from_file("env:KUNCI_PESAN").keyid == PrivateKey(ed25519_pem()).keyid
    monkeypatch.setenv("KUNCI_PESAN", encrypted("p256").decode())
    monkeypatch.setenv("SANDI", WORD)
    assert PrivateKey.from_file("env:KUNCI_PESAN", None, "env:SANDI").encrypted
    monkeypatch.delenv("SANDI")
    with pytest.raises(ConfigError, match="environment variable SANDI is not set") as caught:
        PrivateKey.from_file("env:KUNCI_PESAN", None, "env:SANDI")
    assert caught.value.code == "key_file"


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("CANARY")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, mine = keyring.get_keyring(), Drawer()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_a_key_in_the_keyring(drawer: Drawer) -> None:
    keyring.set_password("egov-serang", "message", encrypted("p256").decode())
    keyring.set_password("egov/serang", "word", WORD)
    key = PrivateKey.from_file("keyring:egov-serang/message", None, "keyring:egov/serang/word")
    assert key.keyid == PrivateKey(p256_pem()).keyid
    with pytest.raises(ConfigError, match="holds no key") as caught:
        PrivateKey.from_file("keyring:egov-serang/other")
    assert "keyring set egov-serang other" in str(caught.value)
    drawer.locked = True
    with pytest.raises(ConfigError, match="KeyringLocked") as caught:
        PrivateKey.from_file("keyring:egov-serang/message")
    assert "CANARY" not in shown_by(caught.value)
    for wrong in ("keyring:", "keyring:service", "keyring:/name", "keyring:service/"):
        with pytest.raises(ConfigError, match="service/name"):
            PrivateKey.from_file(wrong)


def test_without_the_extra_the_error_names_it() -> None:
    script = (
        "import sys; sys.modules['keyring'] = None\n"
        "from egov_serang import ConfigError\n"
        "from egov_serang.signing import PrivateKey\n"
        "try: PrivateKey.from_file('keyring:a/b')\n"
        "except ConfigError as error: print(error.code, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "extra_missing pip install 'egov-serang[keyring]'"


def test_places_of_a_profile_count_from_its_folder_only_where_they_are_files(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    places = {
        "key_file": "env:A",
        "key_passphrase_file": "a.txt",
        "signing_key_file": "keyring:s/n",
        "signing_key_passphrase_file": "./env:B",
    }
    lines = [f'{name} = "{place}"' for name, place in places.items()]
    file.write_text("\n".join(["[profile.default]", *lines]), "utf-8")
    found = Settings.find(None, environment={"EGOV_SERANG_CONFIG": str(file)}).values
    assert (found["key_file"], found["signing_key_file"]) == ("env:A", "keyring:s/n")
    assert found["key_passphrase_file"] == str(tmp_path / "a.txt")
    assert sources.file_of(found["signing_key_passphrase_file"]) == tmp_path / "env:B"


def test_a_secret_that_is_no_text_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "word").write_bytes(b"CANARY\xff")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        sources.read_secret(tmp_path / "word", "passphrase")
    assert "CANARY" not in shown_by(caught.value)


def test_a_client_with_keys_that_are_not_files(monkeypatch: pytest.MonkeyPatch, city: Config) -> None:
    from egov_serang import Client

    for setting in ("key_file", "signing_key_file"):
        monkeypatch.setenv(setting.upper(), Path(getattr(city, setting)).read_text("utf-8"))
    config = city.with_(key_file="env:KEY_FILE", signing_key_file="env:SIGNING_KEY_FILE")
    with Client(config) as client:
        assert len(list(client.complaints.services())) > 0


def test_a_client_with_encrypted_keys(tmp_path: Path, city: Config) -> None:
    from egov_serang import Client

    (tmp_path / "word").write_text(WORD, "utf-8")
    changes: dict[str, Any] = {}
    for setting in ("key_file", "signing_key_file"):
        key: Any = load_pem_private_key(Path(getattr(city, setting)).read_bytes(), None)
        changes[setting] = tmp_path / setting
        changes[setting.replace("file", "passphrase_file")] = tmp_path / "word"
        changes[setting].write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(WORD.encode()))
        )
    with Client(city.with_(**changes)) as client:
        assert len(list(client.complaints.services())) > 0


@pytest.mark.parametrize("kind", ["ed25519", "p256", "rsa"])
def test_keys_are_made_into_files_of_their_owner(kind: Any, tmp_path: Path) -> None:
    for word in (None, Secret(WORD)):
        file = tmp_path / f"{word is None}.pem"
        made = make_key_file(kind, file, word)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (b"ENCRYPTED" in file.read_bytes()) is (word is not None)
        assert PrivateKey(file.read_bytes(), passphrase=word).keyid == made.keyid
        with pytest.raises(ConfigError, match="not overwritten"):
            make_key_file(kind, file, word)
        assert PrivateKey(file.read_bytes(), passphrase=word).keyid == made.keyid
    with pytest.raises(ConfigError, match="cannot be written"):
        make_key_file(kind, tmp_path / "nowhere" / "key.pem")
    for impossible in ("", "x" * 1024):
        with pytest.raises(ConfigError, match="passphrase"):
            make_key_file(kind, tmp_path / "none.pem", Secret(impossible))
    assert not (tmp_path / "none.pem").exists()


def test_the_facade_has_what_it_names_and_loads_it_late() -> None:
    facade = egov_serang.signing
    assert sorted(facade.__all__) == dir(facade)
    for name in facade.__all__:
        assert getattr(facade, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = facade.nonsense
    script = "import sys, egov_serang.signing; print('cryptography' in sys.modules, 'joserfc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@given(
    st.sampled_from([ed25519_pem(), encrypted("p256"), pkcs12("ed25519"), jwk("p256"), b"", b"0", b"{"]),
    st.integers(0, 2000),
    st.binary(max_size=20),
    st.sampled_from([None, Secret(WORD)]),
)
def test_no_bytes_get_out_of_the_error_tree(base: bytes, at: int, patch: bytes, word: Secret | None) -> None:
    data = base[:at] + patch + base[at + len(patch) :]
    with contextlib.suppress(ConfigError):
        assert PrivateKey(data, passphrase=word).keyid
