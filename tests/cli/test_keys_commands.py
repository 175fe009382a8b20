"""`egov keys`: made, shown, published, rotated and checked, against the sandbox."""

from __future__ import annotations

import json
import os
import re
import stat
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import SECRET, Egov, clean, in_shell
from tests.scale import long
from typer.testing import Result

from egov_serang import Client, Config
from egov_serang.cli.app import SCOPES
from egov_serang.cli.keyfiles import OVERLAP
from egov_serang.sandbox.server import Sandbox
from egov_serang.signing import PrivateKey, key_from_jwk

CLIENT = "cli-app"


@pytest.fixture
def config(environment: dict[str, str]) -> Config:
    return Config.load(environment=environment)


@pytest.fixture
def message(config: Config) -> Path:
    """The message key's file."""
    return Path(str(config.signing_key_file))


def told(result: Result, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.stdout + result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def beside(file: Path, step: str) -> Path:
    return file.with_name(f"{file.stem}.{step}{file.suffix}")


@pytest.mark.parametrize(("use", "kind", "algorithm"), [("message", None, "ed25519"), ("assertion", None, "p256")])
def test_keys_are_made_for_their_owner_and_never_over_another(
    egov: Egov, tmp_path: Path, use: str, kind: str | None, algorithm: str
) -> None:
    file = tmp_path / "key.pem"
    made = told(egov("keys", "generate", "--use", use, "--out", str(file), "--json"))
    assert (made["kind"], made["key"], made["encrypted"], made["permissions"]) == (algorithm, use, False, "0600")
    assert made["keyid"] == PrivateKey.from_file(file).keyid
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = egov("keys", "generate", "--out", str(file))
    assert again.exit_code == 2
    assert "not overwritten" in " ".join(again.stderr.replace("│", " ").split())
    assert file.read_bytes() == before


@pytest.mark.parametrize("kind", ["ed25519", "p256", "rsa"])
def test_an_encrypted_key_is_shown_by_its_name_alone(egov: Egov, tmp_path: Path, kind: str) -> None:
    word, file = tmp_path / "word", tmp_path / "key.pem"
    word.write_text(SECRET + "\n", "utf-8")
    made = told(egov("keys", "generate", "--kind", kind, "--out", str(file), "--passphrase-file", str(word), "--json"))
    assert b"ENCRYPTED" in file.read_bytes()
    assert made["encrypted"] is True
    refused = egov("keys", "show", str(file))
    assert refused.exit_code == 3
    assert "encrypted" in refused.stderr
    for place, variables in ((str(word), {}), ("env:SANDI", {"SANDI": SECRET})):
        shown = told(egov("keys", "show", str(file), "--passphrase-file", place, "--json", **variables))
        assert (shown["keyid"], shown["kind"], shown["encrypted"]) == (made["keyid"], kind, True)
    assert made["keyid"] in egov("keys", "show", str(file), "--passphrase-file", str(word)).stdout
    wrong = egov("keys", "show", str(file), "--passphrase-file", "env:SANDI", SANDI="something else")
    assert (wrong.exit_code, "does not open" in wrong.stderr) == (3, True)


def test_the_keys_of_a_profile_are_shown_and_published(egov: Egov, config: Config, tmp_path: Path) -> None:
    keys = {row["key"]: row for row in told(egov("keys", "show", "--json"))["keys"]}
    assert keys["message"]["keyid"] == PrivateKey.from_file(str(config.signing_key_file)).keyid
    assert (keys["message"]["message_algorithm"], keys["assertion"]["assertion_algorithm"]) == ("ed25519", "ES256")
    assert keys["assertion"]["keyid"] in egov("keys", "show").stdout
    document = told(egov("keys", "jwks"))
    assert {key["use"]: key["kid"] for key in document["keys"]} == {
        "sig": keys["assertion"]["keyid"],
        "httpsig": keys["message"]["keyid"],
    }
    assert not any("d" in key for key in document["keys"])
    assert told(egov("keys", "jwks", "--json")) == document
    file = tmp_path / "jwks.json"
    assert told(egov("keys", "jwks", "--out", str(file), "--json"))["keys"] == 2
    assert json.loads(file.read_text("utf-8")) == document
    assert egov("keys", "jwks", "--out", str(file)).exit_code == 2
    assert egov("keys", "jwks", "--out", str(config.signing_key_file)).exit_code == 2
    assert PrivateKey.from_file(str(config.signing_key_file)).keyid == keys["message"]["keyid"]


def test_made_keys_that_are_registered_sign_accepted_calls(egov: Egov, sandbox: Sandbox, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text(SECRET, "utf-8")
    assertion, message, file = tmp_path / "a.pem", tmp_path / "m.pem", tmp_path / "own.toml"
    locked = ("--passphrase-file", str(word))
    assert egov("keys", "generate", "--use", "assertion", "--out", str(assertion), *locked).exit_code == 0
    assert egov("keys", "generate", "--use", "message", "--kind", "p256", "--out", str(message)).exit_code == 0
    here = {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "default", "KUNCI": message.read_text("utf-8")}
    places = ("--key-file", str(assertion), "--key-passphrase-file", str(word), "--signing-key-file", "env:KUNCI")
    init = ("config", "init", "--gateway", sandbox.url, "--client-id", "made-app", *places)
    assert egov(*init, **here).exit_code == 0
    unknown = told(egov("keys", "check", "--json", **here), 1)
    assert {check["check"]: check["state"] for check in unknown["checks"]}["token"] == "wrong"
    sandbox.register("made-app", told(egov("keys", "jwks", **here)), SCOPES)
    found = told(egov("keys", "check", "--json", **here))
    assert found["ok"]
    checks = {check["check"]: check for check in found["checks"]}
    assert checks["signing_key_file"]["found"].startswith("env:KUNCI: p256, keyid ")
    assert "encrypted" in checks["key_file"]["found"]
    assert checks["signed call"]["state"] == "ok"
    rotated = egov("keys", "rotate", **here)
    assert (rotated.exit_code, "not in a file" in rotated.stderr) == (3, True)


def test_the_check_finds_what_is_wrong(egov: Egov, message: Path, config: Config) -> None:
    assert told(egov("keys", "check", "--json"))["ok"]
    assert "signed call" in egov("keys", "check").stdout
    message.chmod(0o644)
    loose = {check["check"]: check for check in told(egov("keys", "check", "--json"))["checks"]}
    assert (loose["signing_key_file"]["state"], loose["signing_key_file"]["remedy"]) == ("note", f"chmod 600 {message}")
    same = told(egov("keys", "check", "--json", EGOV_SERANG_SIGNING_KEY_FILE=str(config.key_file)), 1)
    said = {check["check"]: check for check in same["checks"]}
    assert "the same key" in said["signing_key_file"]["found"]
    message.unlink()
    gone = told(egov("keys", "check", "--json"), 1)
    assert any(message.name in check["found"] and check["state"] == "wrong" for check in gone["checks"])
    assert egov("keys", "show").exit_code == 3


def test_a_rotation_step_by_step_with_a_running_client(
    egov: Egov, sandbox: Sandbox, config: Config, message: Path
) -> None:
    old = PrivateKey.from_file(message).keyid
    with Client(config.with_(retries=0)) as client:
        begun = told(egov("keys", "rotate", "--json"))
        new = begun["keyid"]
        assert begun["file"] == str(beside(message, "next"))
        assert [key["kid"] for key in begun["jwks"]["keys"] if key["use"] == "httpsig"] == [old, new]
        assert told(egov("keys", "rotate", "--json")) == begun, "asking again changes nothing"
        early = egov("keys", "rotate", "--switch", "--json")
        assert early.exit_code == 1, "the gateway does not know the new key yet"
        assert PrivateKey.from_file(message).keyid == old
        assert egov("keys", "rotate", "--finish").exit_code == 3

        sandbox.register(CLIENT, begun["jwks"], SCOPES)
        assert next(iter(client.complaints.services(limit=1)))
        switched = told(egov("keys", "rotate", "--switch", "--json"))
        assert PrivateKey.from_file(message).keyid == new
        assert PrivateKey.from_file(switched["old"]).keyid == old
        assert {key["kid"] for key in switched["jwks"]["keys"] if key["use"] == "httpsig"} == {old, new}
        assert stat.S_IMODE(message.stat().st_mode) == 0o600
        assert next(iter(client.complaints.services(limit=1)))
        notes = {check["check"]: check for check in told(egov("keys", "check", "--json"))["checks"]}
        assert notes["rotation"]["remedy"] == "egov keys rotate --finish"
        assert egov("keys", "rotate").exit_code == 3, "one rotation at a time"

        soon = egov("keys", "rotate", "--finish")
        assert soon.exit_code == 3
        assert "can still arrive" in soon.stderr
        long_ago = time.time() - OVERLAP
        os.utime(switched["old"], (long_ago, long_ago))
        finished = told(egov("keys", "rotate", "--finish", "--json"))
        assert not Path(switched["old"]).exists()
        assert [key["kid"] for key in finished["jwks"]["keys"] if key["use"] == "httpsig"] == [new]
        sandbox.register(CLIENT, finished["jwks"], SCOPES)
        assert told(egov("keys", "check", "--json"))["ok"]
        assert not any(check["check"] == "rotation" for check in told(egov("keys", "check", "--json"))["checks"])
    assert egov("keys", "rotate", "--finish").exit_code == 3


def test_a_rotation_to_another_kind_with_its_passphrase(egov: Egov, message: Path, tmp_path: Path) -> None:
    word, locked = tmp_path / "word", tmp_path / "locked.pem"
    word.write_text(SECRET, "utf-8")
    assert egov("keys", "generate", "--out", str(locked), "--passphrase-file", str(word)).exit_code == 0
    file = tmp_path / "config.toml"
    text = file.read_text("utf-8").replace(str(message), str(locked))
    file.write_text(text + f'signing_key_passphrase_file = "{word}"\n', "utf-8")
    begun = told(egov("keys", "rotate", "--kind", "p256", "--json"))
    assert b"ENCRYPTED" in beside(locked, "next").read_bytes()
    (_, _, new) = begun["jwks"]["keys"]
    assert key_from_jwk(new).algorithm == "ecdsa-p256-sha256"
    plain = egov("keys", "rotate")
    assert "have this JWKS registered" in plain.stdout
    assert json.loads(plain.stdout[plain.stdout.index("{\n") :]) == begun["jwks"]


def test_a_switch_that_was_interrupted_goes_on(egov: Egov, sandbox: Sandbox, message: Path) -> None:
    begun = told(egov("keys", "rotate", "--json"))
    sandbox.register(CLIENT, begun["jwks"], SCOPES)
    os.link(message, beside(message, "old"))  # as far as an earlier try got
    told(egov("keys", "rotate", "--switch", "--json"))
    assert PrivateKey.from_file(message).keyid == begun["keyid"]
    assert beside(message, "old").exists()


def test_rotations_that_cannot_be(egov: Egov, tmp_path: Path) -> None:
    both = egov("keys", "rotate", "--switch", "--finish")
    assert both.exit_code == 2
    none = egov("keys", "rotate", "--switch")
    assert (none.exit_code, "Begin with egov keys rotate" in none.stderr) == (3, True)
    file = tmp_path / "config.toml"
    profile = file.read_text("utf-8")
    file.write_text(profile + 'signing_key_id = "ours"\n', "utf-8")
    fixed = egov("keys", "rotate")
    assert (fixed.exit_code, "signing_key_id" in fixed.stderr) == (3, True)
    file.write_text(profile + 'signature = "none"\n', "utf-8")
    unsigned = egov("keys", "rotate")
    assert (unsigned.exit_code, "no message key" in unsigned.stderr) == (3, True)


def test_the_doctor_knows_kinds_and_places(egov: Egov, message: Path) -> None:
    found = {check["check"]: check for check in told(egov("doctor", "--json"))["checks"]}
    assert found["signing_key_file"]["found"] == f"{message}: ed25519, keyid {PrivateKey.from_file(message).keyid}"
    here = {"EGOV_SERANG_SIGNING_KEY_FILE": "env:KUNCI", "KUNCI": message.read_text("utf-8")}
    found = {check["check"]: check for check in told(egov("doctor", "--json", **here))["checks"]}
    assert found["signing_key_file"]["found"].startswith("env:KUNCI: ed25519")
    assert "env:KUNCI" in egov("config", "show", **here).stdout
    missing = told(egov("doctor", "--json", EGOV_SERANG_SIGNING_KEY_FILE="env:KUNCI"), 1)
    assert "KUNCI is not set" in json.dumps(missing)


@long
def test_the_commands_of_the_page_run_in_order(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """What docs/keys.md shows, block by block; between two blocks the operator registers what was sent to them."""
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    folder = tmp_path / "reader"
    folder.mkdir()
    here = {**environment, "EGOV_SERANG_CONFIG": str(folder / "config.toml")}
    seen: set[Path] = set()
    for block in blocks:
        commands = block.replace("https://gateway.example.go.id", sandbox.url)
        done = in_shell(commands, folder, here)
        assert (done.returncode, done.stderr) == (0, ""), block
        clean(done.stdout)
        for file in sorted(set(folder.glob("*.json")) - seen):
            sandbox.register("counter-app", json.loads(file.read_text("utf-8")), SCOPES)
            seen.add(file)
        for old in folder.glob("*.old.pem"):
            os.utime(old, (0, 0))  # 331 seconds later
    assert [file.name for file in sorted(seen)] == ["jwks-both.json", "jwks-new.json", "jwks.json"]
    tables = [tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]
    assert [Config(**table["profile"]["counter"]).client_id for table in tables] == ["counter-app"]
