"""Configuration: where values come from, what is refused and how it is said."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

from egov_serang import Client, Config, ConfigError
from egov_serang.types import Secret

OPEN: dict[str, Any] = {"auth": "none", "signature": "none"}

PROFILE = """
[profile.default]
gateway = "https://file.example/base/"
auth = "none"
signature = "none"
retries = 1
deadline = 9
language = "en"

[profile.keyed]
gateway = "https://keyed.example"
client_id = "app"
key_file = "keys/assertion.pem"
signing_key_file = "/absolute/message.pem"
city = "36.73"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(PROFILE, "utf-8")
    return path


def load(file: Path, profile: str | None = None, more: dict[str, str] | None = None, **explicit: Any) -> Config:
    return Config.load(profile, environment={"EGOV_SERANG_CONFIG": str(file), **(more or {})}, **explicit)


def test_explicit_over_environment_over_file(file: Path) -> None:
    env = {"EGOV_SERANG_GATEWAY": "https://env.example"}
    assert load(file).gateway == "https://file.example/base"
    assert load(file, more=env).gateway == "https://env.example"
    assert load(file, more=env, gateway="https://explicit.example").gateway == "https://explicit.example"
    for found in (load(file), load(file, more=env)):
        assert (found.retries, found.deadline, found.language) == (1, 9, "en")
    assert load(file, retries=5).retries == 5


def test_the_issuer_is_the_gateway_unless_said(file: Path) -> None:
    assert load(file).issuer == "https://file.example/base"
    found = load(file, more={"EGOV_SERANG_ISSUER": "https://issuer.example/"})
    assert found.issuer == "https://issuer.example/"  # its name, byte for byte


@pytest.mark.parametrize("name", ["client_id", "key_file", "signing_key_file", "city"])
def test_each_setting_of_the_environment(file: Path, name: str) -> None:
    value = "36.72" if name == "city" else "from-env"
    found = load(file, "keyed", {f"EGOV_SERANG_{name.upper()}": value})
    assert getattr(found, name) == value


def test_the_profile_by_argument_or_environment(file: Path) -> None:
    assert load(file, "keyed").client_id == "app"
    assert load(file, more={"EGOV_SERANG_PROFILE": "keyed"}).client_id == "app"
    assert load(file, "default", {"EGOV_SERANG_PROFILE": "keyed"}).client_id == ""


def test_paths_in_a_file_count_from_its_folder(file: Path) -> None:
    found = load(file, "keyed")
    assert found.key_file == str(file.parent / "keys/assertion.pem")
    assert found.signing_key_file == "/absolute/message.pem"


def test_without_a_file_arguments_suffice() -> None:
    found = Config.load(environment={}, gateway="https://a.example", **OPEN)
    assert found == Config(gateway="https://a.example", **OPEN)


def refused(**changes: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        Config(**{"gateway": "https://a.example", **OPEN, **changes})
    assert caught.value.sent == "no"
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"gateway": ""}, "config_url", "gateway"),
        ({"gateway": "a.example"}, "config_url", "gateway"),
        ({"gateway": "ftp://a.example"}, "config_url", "gateway"),
        ({"gateway": "https://"}, "config_url", "gateway"),
        ({"gateway": "https://["}, "config_url", "gateway"),
        ({"gateway": "https://a.example:port"}, "config_url", "gateway"),
        ({"gateway": 5}, "config_url", "gateway"),
        ({"gateway": "https://u:p@a.example"}, "config_url", "user"),
        ({"gateway": "https://a.example?"}, "config_url", "query"),
        ({"gateway": "https://a.example/#f"}, "config_url", "fragment"),
        ({"gateway": "http://a.example"}, "config_url", "http"),
        ({"gateway": "http://10.0.0.1"}, "config_url", "http"),
        ({"gateway": "http://localhost.a.example"}, "config_url", "http"),
        ({"issuer": "http://a.example"}, "config_url", "issuer"),
        ({"deadline": 0}, "config_value", "deadline"),
        ({"deadline": float("nan")}, "config_value", "deadline"),
        ({"connect": -1}, "config_value", "connect"),
        ({"read": float("inf")}, "config_value", "read"),
        ({"read": "20"}, "config_value", "read"),
        ({"retries": -1}, "config_value", "retries"),
        ({"retries": 1.5}, "config_value", "retries"),
        ({"slots": 0}, "config_value", "slots"),
        ({"auth": "magic"}, "config_value", "auth"),
        ({"auth": []}, "config_value", "auth"),
        ({"signature": "magic"}, "config_value", "signature"),
        ({"language": "fr"}, "config_value", "language"),
        ({"auth": "client_secret"}, "config_missing", "client_id"),
        ({"auth": "client_secret", "client_id": "a"}, "config_missing", "client_secret_file"),
        ({"auth": "private_key_jwt", "client_id": "a"}, "config_missing", "key_file"),
        ({"auth": "fapi2", "client_id": "a"}, "config_missing", "key_file"),
        ({"dpop_key_file": "k", **OPEN}, "config_value", "dpop_key_file"),
        ({"dpop_exp": True, **OPEN}, "config_value", "dpop_exp"),
        ({"auth": "fapi2", "client_id": "a", "key_file": "k", "dpop_exp": 1}, "config_value", "dpop_exp"),
        ({"signature": "rfc9421"}, "config_missing", "signing_key_file"),
    ],
)
def test_what_cannot_work_is_refused_by_name(changes: dict[str, Any], code: str, named: str) -> None:
    error = refused(**changes)
    assert error.code == code
    assert named in str(error)


def test_a_missing_setting_names_its_variable() -> None:
    assert "EGOV_SERANG_CLIENT_ID" in str(refused(auth="client_secret"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_http_is_allowed_to_this_machine(host: str) -> None:
    assert Config(gateway=f"http://{host}:8080/", **OPEN).gateway == f"http://{host}:8080"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("[profile", "config_file", "not TOML"),
        ("[profile.other]\n", "config_missing", "no gateway"),
        ("[profile.other]\n[profile.sandbox]\n", "config_missing", "has the profiles other, sandbox: name one"),
        ("[profile.default]\nretries = 1\n", "config_missing", "write a profile"),
        ('[profile.default]\nclient_secret = "CANARY"\n', "config_key", "client_secret_file"),
        ("[profile.default]\nnonsense = 1\n", "config_key", "nonsense"),
        ("[profile.default]\ngateway = 5\n", "config_key", "must be text"),
        ('[profile.default]\nretries = "many"\n', "config_key", "must be a number"),
        ("[profile.default]\nkey_file = ['a']\n", "config_key", "must be text"),
        ("profile = 5\n", "config_missing", "no gateway"),
    ],
)
def test_files_that_cannot_work(tmp_path: Path, text: str, code: str, named: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.code == code
    assert named in str(caught.value)
    assert caught.value.__context__ is None
    assert "CANARY" not in shown_by(caught.value)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b'secret = "CANARY \xff"')
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.__context__ is None
    assert "CANARY" not in shown_by(caught.value)


def test_profiles_and_files_that_are_not_there(file: Path, tmp_path: Path) -> None:
    for named, profile, code in (
        (file, "unknown", "config_profile"),
        (tmp_path / "none.toml", None, "config_file"),
        (tmp_path / "none.toml", "p", "config_file"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(named, profile)
        assert caught.value.code == code
        assert caught.value.hint is None or caught.value.hint


def test_no_gateway_anywhere_says_all_three_ways() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load(environment={"EGOV_SERANG_CONFIG": "", "HOME": "CANARY", "UNRELATED": "CANARY"})
    assert caught.value.code == "config_missing"
    for way in ("Config(gateway=...)", "EGOV_SERANG_GATEWAY", "config.toml", "egov sandbox"):
        assert way in str(caught.value)


def test_errors_show_nothing_of_the_rest_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNRELATED_PASSWORD", "CANARY")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONFIG", "GATEWAY", "PROFILE"):
        monkeypatch.delenv(f"EGOV_SERANG_{name}", raising=False)
    with pytest.raises(ConfigError) as caught:
        Config.load()
    assert "CANARY" not in shown_by(caught.value)


def shown_by(error: BaseException) -> str:
    """What a debugger's report of the error shows of our frames."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [f for f in report.stack if "egov_serang" in f.filename]
    assert ours
    return f"{error!r} {vars(error)} {[f.locals for f in ours]}"


def test_secrets_are_never_shown_even_when_given_as_text() -> None:
    text: Any = "CANARY"
    for secret in (Secret("CANARY"), text):
        config = Config(
            gateway="https://a.example", auth="client_secret", client_id="a", client_secret=secret, signature="none"
        )
        assert config.client_secret is not None
        assert config.client_secret.reveal() == "CANARY"
        assert "CANARY" not in repr(config)
        with pytest.raises(TypeError, match="secret"):
            pickle.dumps(config)


def test_variants_are_checked_and_values_frozen() -> None:
    config = Config(gateway="https://a.example", **OPEN)
    assert config.with_(retries=4).retries == 4
    assert config.retries == 2
    with pytest.raises(ConfigError):
        config.with_(retries=-1)
    with pytest.raises(AttributeError):
        config.retries = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize(
    ("name", "value"), [("deadline", 0), ("deadline", float("nan")), ("retries", -1), ("deadline", "3")]
)
def test_options_that_cannot_work(name: str, value: Any) -> None:
    client = Client(Config(gateway="https://a.example", **OPEN))
    wrong: Any = {name: value}
    with pytest.raises(ConfigError):
        client.with_options(**wrong)
    client.close()


def test_clients_are_pickled_by_their_configuration() -> None:
    with Client(Config(gateway="https://a.example", **OPEN)) as client:
        twin = pickle.loads(pickle.dumps(client))
        assert twin.config == client.config
        assert repr(twin) == "<Client https://a.example>"
        twin.close()


def test_config_and_profile_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="not both"):
        Client(Config(gateway="https://a.example", **OPEN), profile="p")


@pytest.mark.parametrize("city", ["serang", "3673", "36.7", "36.73.01", "٣٦.٧٣", ""])
def test_a_city_is_named_by_its_code(file: Path, city: str) -> None:
    with pytest.raises(ConfigError, match=r"36\.73") as caught:
        load(file, city=city)
    assert (caught.value.code, caught.value.sent) == ("config_value", "no")
    assert load(file, city="99.71").city == "99.71"


STATIC: dict[str, Any] = {"auth": "api_key", "credential_file": "env:KEY"}
OPEN311: dict[str, Any] = {"complaints_wire": "open311"}
BACKEND: dict[str, Any] = {"backend_auth": "basic", "backend_user": "u", "backend_credential_file": "env:PASSWORD"}


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"auth": "mtls"}, "config_missing", "client_id"),
        ({"auth": "mtls", "client_id": "a"}, "config_missing", "client_cert_file"),
        (
            {"auth": "mtls", "client_id": "a", "client_cert_file": "c", "gateway": "http://127.0.0.1:1"},
            "config_value",
            "https:// address",
        ),
        ({"auth": "jwt_grant", "client_id": "a"}, "config_missing", "key_file"),
        ({"auth": "api_key"}, "config_missing", "credential_file"),
        ({"auth": "bearer"}, "config_missing", "credential_file"),
        ({"auth": "basic", "credential_file": "env:X"}, "config_missing", "credential_name"),
        ({"auth": "basic", "credential_file": "env:X", "credential_name": "a:b"}, "config_value", "colon"),
        ({"credential_file": "env:X"}, "config_value", "Set auth = api_key or basic or bearer"),
        ({**STATIC, "audience": "https://x.example"}, "config_value", "Set auth = private_key_jwt"),
        ({"client_secret_method": "post"}, "config_value", "Set auth = client_secret"),
        ({"client_secret_method": "get"}, "config_value", "basic, post"),
        ({**STATIC, "credential_in": "body"}, "config_value", "header, query"),
        ({**STATIC, "credential_name": "Authorization"}, "config_value", "bearer"),
        ({**STATIC, "credential_name": "a b"}, "config_value", "header"),
        ({**STATIC, "credential_name": "a b", "credential_in": "query"}, "config_value", "query parameter"),
        ({"backend_header": "auth"}, "config_missing", "backend_auth"),
        ({"backend_auth": "magic"}, "config_value", "api_key, basic, bearer"),
        ({"backend_auth": "bearer"}, "config_missing", "backend_credential_file"),
        ({**BACKEND, "backend_user": ""}, "config_missing", "backend_user"),
        ({**BACKEND, "backend_auth": "bearer"}, "config_value", "backend_user"),
        ({**BACKEND, "backend_header": "signature"}, "config_value", "backend_header"),
        ({**STATIC, **BACKEND, "backend_header": "X-API-Key"}, "config_value", "both be in the header"),
        ({"client_key_file": "k"}, "config_missing", "client_cert_file"),
        ({"client_cert_passphrase_file": "p"}, "config_missing", "client_cert_file"),
        ({"open311_url": "https://a.example/v2"}, "config_value", "Set complaints_wire = 'open311'"),
        ({"open311_key_file": "k"}, "config_value", "Set complaints_wire = 'open311'"),
        ({"open311_jurisdiction": "a"}, "config_value", "Set complaints_wire = 'open311'"),
        ({"complaints_wire": "carrier_pigeon"}, "config_value", "gateway, open311"),
        ({**OPEN311, "open311_format": "yaml"}, "config_value", "xml, json"),
        ({**OPEN311, "open311_extensions": "6aika another"}, "config_value", "6aika, mysociety"),
        ({**OPEN311, "open311_url": "http://a.example"}, "config_url", "https://"),
    ],
    ids=str,
)
def test_a_combination_that_cannot_work_is_refused_with_the_remedy(
    changes: dict[str, Any], code: str, said: str
) -> None:
    error = refused(**changes)
    assert error.code == code
    assert said in f"{error} {error.hint}"
    assert error.hint


def test_combinations_that_work() -> None:
    for changes in (
        STATIC,
        {**STATIC, "credential_in": "query", "credential_name": "api_key"},
        {**STATIC, **BACKEND},
        {**OPEN, **OPEN311, "open311_url": "https://a.example/v2", "open311_extensions": " mysociety  6aika "},
        {"auth": "basic", "credential_file": "env:X", "credential_name": "user"},
        {"auth": "bearer", "credential_file": "env:X", **BACKEND},
        {"auth": "mtls", "client_id": "a", "client_cert_file": "c.p12", "client_cert_passphrase_file": "env:P"},
        {"auth": "jwt_grant", "client_id": "a", "key_file": "k", "audience": "https://x.example"},
        {"auth": "client_secret", "client_id": "a", "client_secret_file": "s", "client_secret_method": "post"},
    ):
        assert Config(**{"gateway": "https://a.example", "signature": "none", **changes}).auth == changes["auth"]
