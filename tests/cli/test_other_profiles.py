"""Profiles that authenticate in other ways, through `egov config` and `egov doctor`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import SECRET, Egov
from tests.cli.test_config_and_doctor import findings

from egov_serang.sandbox.server import Sandbox

LONG = "--client-cert-passphrase"


def at(file: Path) -> dict[str, str]:
    return {"EGOV_SERANG_CONFIG": str(file), "EGOV_SERANG_PROFILE": "default"}


def test_a_certificate_is_looked_after_by_the_doctor(egov: Egov, tmp_path: Path) -> None:
    here = at(tmp_path / "config.toml")
    with Sandbox(tls=True) as city:
        made = city.credentials("counter", ["complaints:read"], tmp_path)
        init = ("config", "init", "--gateway", city.url, "--client-id", "counter", "--auth", "mtls")
        files = (
            *("--client-cert-file", str(made.client_cert_file), "--ca-file", str(made.ca_file)),
            *("--signing-key-file", str(made.signing_key_file)),
        )
        assert egov(*init, *files, **here).exit_code == 0
        done = egov("doctor", "--json", **here)
        found = findings(done.stdout)
    states = [found[check]["state"] for check in ("client_cert_file", "token", "signed call")]
    assert (done.exit_code, states) == (0, ["ok", "ok", "ok"])
    assert "valid until 20" in found["client_cert_file"]["found"]


def test_a_certificate_that_is_none_is_named_with_the_remedy(egov: Egov, tmp_path: Path) -> None:
    here, chaff = at(tmp_path / "config.toml"), tmp_path / "chaff.pem"
    chaff.write_text("chaff", "utf-8")
    init = ("config", "init", "--gateway", "https://127.0.0.1:1", "--client-id", "x", "--auth", "mtls")
    files = ("--client-cert-file", str(chaff), "--signing-key-file", "env:NONE", LONG, "env:NONE")
    assert egov(*init, *files, **here).exit_code == 0
    found = findings(egov("doctor", "--json", **here).stdout)["client_cert_file"]
    assert found["state"] == "wrong"
    assert found["remedy"]


def test_an_api_key_is_shown_by_its_place_and_asks_for_no_token(egov: Egov, sandbox: Sandbox, tmp_path: Path) -> None:
    here, key = at(tmp_path / "config.toml"), tmp_path / "key"
    key.write_text(SECRET, "utf-8")
    key.chmod(0o600)
    message = sandbox.credentials("keyed", ["complaints:read"], tmp_path).signing_key_file
    init = ("config", "init", "--gateway", sandbox.url, "--auth", "api_key", "--credential-name", "apikey")
    files = ("--credential-file", str(key), "--signing-key-file", str(message))
    assert egov(*init, *files, **here).exit_code == 0
    assert str(key) in egov("config", "show", "--json", **here).stdout
    found = findings(egov("doctor", "--json", **here).stdout)
    assert found["token"]["found"] == "none wanted: auth = 'api_key'"
    assert found["credential_file"]["state"] == "ok"
    assert found["signed call"]["state"] == "wrong"  # the sandbox wants a token


def test_a_wrong_combination_is_refused_before_it_is_written(egov: Egov, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    done = egov(
        "config", "init", "--gateway", "https://a.example", "--auth", "basic", "--credential-file", "x", **at(file)
    )
    assert (done.exit_code, file.exists()) == (3, False)
    assert "credential_name" in done.stderr
