"""Profiles written and shown, and the doctor's findings."""

from __future__ import annotations

import json
import os
import socket
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import SECRET, Egov

from egov_serang import Config, ConfigError
from egov_serang.config import Settings
from egov_serang.sandbox.cities.serang import SERANG
from egov_serang.sandbox.profile import own_keys
from egov_serang.sandbox.server import Sandbox

INIT = ("config", "init", "--gateway", "https://gateway.example", "--client-id", "desk")


def findings(printed: str) -> dict[str, Any]:
    return {check["check"]: check for check in json.loads(printed)["checks"]}


def test_init_writes_a_profile_that_only_its_owner_reads(egov: Egov, tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    keys = ("--key-file", str(tmp_path / "a.pem"), "--signing-key-file", str(tmp_path / "m.pem"), "--deadline", "9")
    done = egov(*INIT, *keys, "--profile", "desk", EGOV_SERANG_CONFIG=str(file))
    assert done.exit_code == 0, done.stderr
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    found = Config.load("desk", environment={"EGOV_SERANG_CONFIG": str(file)})
    assert (found.client_id, found.deadline, found.key_file) == ("desk", 9.0, str(tmp_path / "a.pem"))


def test_init_overwrites_only_with_force_and_leaves_others_alone(egov: Egov, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    others = '# mine\n[profile.a]\ngateway = "https://a.example" # why\n\n[profile.desk]\ngateway = "https://old"\n'
    file.write_text(others + '\n[profile.z]\ngateway = "https://z.example"\n', "utf-8")
    more = ("--key-file", "k", "--signing-key-file", "m", "--profile", "desk")
    refused = egov(*INIT, *more, EGOV_SERANG_CONFIG=str(file))
    assert refused.exit_code == 3
    assert "--force" in refused.stderr
    assert egov(*INIT, *more, "--force", EGOV_SERANG_CONFIG=str(file)).exit_code == 0
    text = file.read_text("utf-8")
    assert text.startswith('# mine\n[profile.a]\ngateway = "https://a.example" # why\n')
    tables = tomllib.loads(text)["profile"]
    assert set(tables) == {"a", "desk", "z"}
    assert tables["desk"]["gateway"] == "https://gateway.example"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


@pytest.mark.parametrize("old", ['profile = { desk = { gateway = "https://x" } }\n', "not = = toml\n"])
def test_init_leaves_alone_what_it_cannot_edit(egov: Egov, tmp_path: Path, old: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(old, "utf-8")
    more = ("--auth", "client_secret", "--client-secret-file", "s", "--signing-key-file", "m", "--force")
    done = egov(*INIT, *more, "--profile", "desk", EGOV_SERANG_CONFIG=str(file))
    assert done.exit_code == 3
    assert file.read_text("utf-8") == old


def test_init_refuses_what_cannot_work(egov: Egov, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    done = egov("config", "init", "--gateway", "http://far.example", "--client-id", "x", EGOV_SERANG_CONFIG=str(file))
    assert done.exit_code == 3
    assert "https://" in done.stderr
    nameless = egov("config", "init", "--gateway", "https://far.example")
    assert (nameless.exit_code, "client_id" in nameless.stderr) == (3, True)
    assert not file.exists()


def test_show_names_the_source_of_every_setting(egov: Egov) -> None:
    shown = egov("config", "show", "--json", "--deadline", "7", EGOV_SERANG_CITY="36.73")
    rows = {row["setting"]: row for row in json.loads(shown.stdout)["settings"]}
    sources = {name: rows[name]["source"] for name in ("gateway", "deadline", "city", "retries")}
    assert sources == {"gateway": "profile", "deadline": "argument", "city": "EGOV_SERANG_CITY", "retries": "default"}
    assert rows["deadline"]["value"] == 7.0
    assert "EGOV_SERANG_CITY" in egov("config", "show", EGOV_SERANG_CITY="36.73").stdout


def test_show_keeps_a_secret_that_somebody_wrote_into_the_file(egov: Egov, tmp_path: Path) -> None:
    file = tmp_path / "leaky.toml"
    file.write_text(f'[profile.x]\ngateway = "https://a.example"\nclient_secret = "{SECRET}"\n', "utf-8")
    for command in (("config", "show"), ("doctor",)):
        done = egov(*command, "--profile", "x", EGOV_SERANG_CONFIG=str(file))
        assert done.exit_code == (3 if command[0] == "config" else 1)
        assert "client_secret_file" in done.stdout + done.stderr


def test_a_secret_in_its_file_is_used_and_never_shown(egov: Egov, sandbox: Sandbox, tmp_path: Path) -> None:
    keys, jwks = own_keys(sandbox.url, SERANG, "old-app", tmp_path / "old")
    sandbox.register("old-app", jwks, ["complaints:read"], secret=SECRET)
    secret, file = tmp_path / "secret.txt", tmp_path / "old.toml"
    secret.write_text(SECRET + "\n", "utf-8")
    secret.chmod(0o644)
    here = {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "default"}
    init = ("config", "init", "--gateway", sandbox.url, "--client-id", "old-app", "--auth", "client_secret")
    files = ("--client-secret-file", str(secret), "--signing-key-file", str(keys.signing_key_file))
    assert egov(*init, *files, **here).exit_code == 0
    found = findings(egov("doctor", "--json", **here).stdout)
    assert (found["token"]["state"], found["signed call"]["state"]) == ("ok", "ok")
    assert (found["client_secret_file"]["state"], found["client_secret_file"]["remedy"]) == (
        "note",
        f"chmod 600 {secret}",
    )
    assert str(secret) in egov("config", "show", "--json", **here).stdout


def test_settings_are_not_printed_by_their_repr() -> None:
    found = Settings.find(None, environment={"HOME": "/nowhere"}, gateway="https://a.example", client_secret=SECRET)
    assert SECRET not in repr(found)
    assert found.sources["client_secret"] == "argument"


def test_the_doctor_finds_a_healthy_client(egov: Egov) -> None:
    done = egov("doctor")
    assert done.exit_code == 0, done.stdout
    assert "All is well." in done.stdout
    found = findings(egov("doctor", "--json").stdout)
    checks = ("profile", "configuration", "discovery", "clock", "token", "signed call")
    assert [found[check]["state"] for check in checks] == ["ok"] * 6
    assert "profile.sandbox" in found["profile"]["found"]
    assert "gateway (profile)" in found["settings"]["found"]


def test_the_doctor_sees_the_gateway_of_another_city(egov: Egov) -> None:
    done = egov("doctor", "--json", EGOV_SERANG_CITY="36.72")
    city = findings(done.stdout)["city"]
    assert (done.exit_code, city["state"]) == (1, "wrong")
    assert city["found"] == "the profile is for 36.72, the gateway for 36.73"
    assert findings(egov("doctor", "--json").stdout)["city"]["state"] == "ok"


def test_the_doctor_measures_a_wrong_clock_and_says_what_is_made_of_it(egov: Egov, sandbox: Sandbox) -> None:
    sandbox.skew(300)
    done = egov("doctor", "--json", "--language", "id")
    found = findings(done.stdout)
    assert done.exit_code == 0, done.stdout  # the client corrects it, so calls work
    assert [found[name]["state"] for name in ("clock", "clock applied", "token", "signed call")] == [
        *("note", "note", "ok", "ok")
    ]
    for name in ("clock", "clock applied"):
        assert "+300" in found[name]["found"] or "+299" in found[name]["found"]
        assert "NTP" in found[name]["remedy"]


def test_the_doctor_says_what_tokens_are_bound_to_and_corrects_the_clock_of_proofs(
    egov: Egov, environment: dict[str, str], sandbox: Sandbox
) -> None:
    file = Path(environment["EGOV_SERANG_CONFIG"])
    file.write_text(
        file.read_text("utf-8").replace('client_id = "cli-app"', 'auth = "fapi2"\nclient_id = "cli-app"'), "utf-8"
    )
    sandbox.skew(600)
    done = egov("doctor", "--json")
    found = findings(done.stdout)
    assert done.exit_code == 0, done.stdout
    assert "auth fapi2" in found["configuration"]["found"]
    assert "bound to the DPoP key" in found["token"]["found"]
    assert "+600" in found["clock applied"]["found"] or "+599" in found["clock applied"]["found"]
    assert found["signed call"]["state"] == "ok"


def test_the_doctor_reports_the_clock_of_an_issuer_elsewhere(egov: Egov, tmp_path: Path) -> None:
    with Sandbox() as issuer:
        issuer.credentials("cli-app", ["complaints:read"], tmp_path / "keys")
        issuer.skew(600)
        found = findings(egov("doctor", "--json", EGOV_SERANG_ISSUER=issuer.url).stdout)
    assert found["clock"]["state"] == "ok", "the gateway's own"
    assert found["token"]["state"] == "ok"
    assert issuer.url in found["clock at the issuer"]["found"]
    assert "+600" in found["clock at the issuer"]["found"] or "+599" in found["clock at the issuer"]["found"]


def test_the_doctor_says_when_a_clock_is_too_far_off_to_be_corrected(egov: Egov, sandbox: Sandbox) -> None:
    sandbox.skew(-1200)
    done = egov("doctor", "--json")
    found = findings(done.stdout)
    assert done.exit_code == 1
    assert [found[name]["state"] for name in ("clock", "token", "signed call")] == ["wrong", "wrong", "skipped"]
    assert "15 minutes" in found["clock"]["remedy"]
    assert "clock applied" not in found


def test_the_doctor_names_a_proxy_without_its_password(egov: Egov) -> None:
    proxy = findings(egov("doctor", "--json", HTTPS_PROXY=f"http://me:{SECRET}@proxy.example:3128").stdout)["proxy"]
    assert proxy["state"] == "note"
    assert "proxy.example" in proxy["found"]


def test_the_doctor_names_the_part_that_is_ill(egov: Egov, sandbox: Sandbox, tmp_path: Path) -> None:
    stranger = sandbox.credentials("reader", ["permits:read"], tmp_path / "r")
    env = {"EGOV_SERANG_CLIENT_ID": "reader", "EGOV_SERANG_KEY_FILE": str(stranger.key_file)}
    wrong_key = findings(egov("doctor", "--json", **env).stdout)
    assert wrong_key["token"]["state"] == "ok"
    assert wrong_key["signed call"]["state"] == "wrong"
    env["EGOV_SERANG_SIGNING_KEY_FILE"] = str(stranger.signing_key_file)
    assert findings(egov("doctor", "--json", **env).stdout)["signed call"]["state"] == "note"
    unknown = egov("doctor", "--json", EGOV_SERANG_CLIENT_ID="nobody")
    found = findings(unknown.stdout)
    assert unknown.exit_code == 1
    assert (found["discovery"]["state"], found["token"]["state"]) == ("ok", "wrong")
    assert "client_id" in found["token"]["remedy"]
    gone = egov("doctor", "--json", EGOV_SERANG_KEY_FILE=str(tmp_path / "gone.pem"))
    assert gone.exit_code == 1
    assert "gone.pem" in gone.stdout


def test_the_doctor_sees_that_nobody_answers(egov: Egov) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening: a connection is refused
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        env = {"EGOV_SERANG_GATEWAY": nobody, "EGOV_SERANG_ISSUER": nobody}
        found = findings(egov("doctor", "--json", **env).stdout)
        assert found["discovery"]["state"] == "wrong"
        assert found["discovery"]["remedy"]
        assert found["signed call"]["state"] == "skipped"
        listed = egov("complaints", "list", "--deadline", "1", **env)
    assert listed.exit_code == 4
    assert "The service cannot be reached" in listed.stderr or "taking too long" in listed.stderr


def test_the_doctor_tries_the_trust_store(egov: Egov, tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("not a certificate", "utf-8")
    file = tmp_path / "tls.toml"
    profile = f'gateway = "https://127.0.0.1:9"\nca_file = "{bad}"\nauth = "none"\nsignature = "none"\ndeadline = 1\n'
    file.write_text(f"[profile.tls]\n{profile}", "utf-8")
    done = egov("doctor", "--json", "--profile", "tls", EGOV_SERANG_CONFIG=str(file))
    assert done.exit_code == 1
    assert findings(done.stdout)["CA store"]["state"] == "wrong"
    bad.unlink()
    assert egov("doctor", "--profile", "tls", EGOV_SERANG_CONFIG=str(file)).exit_code == 1


def test_no_configuration_at_all_is_said_in_the_persons_language(egov: Egov) -> None:
    nowhere = {"EGOV_SERANG_CONFIG": "", "EGOV_SERANG_PROFILE": "", "HOME": "/nowhere"}
    for language, sentence in (("id_ID.UTF-8", "Mohon hubungi pengelolanya"), ("C", "Please tell its operator")):
        done = egov("permits", "types", LC_ALL=language, **nowhere)
        assert done.exit_code == 3
        assert sentence in done.stderr
        assert "ConfigError" in done.stderr
    with pytest.raises(ConfigError):
        Config.load(environment=nowhere)
