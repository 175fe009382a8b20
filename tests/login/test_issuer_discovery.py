"""The addresses a program uses that people let in: as its issuer's metadata names them, and only where they may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.login.fake import ok

from egov_serang import Config, ConfigError, ConnectionFailed, EgovError, UnexpectedReply, UnsupportedOperation
from egov_serang.assembly.authentication import session_of
from egov_serang.auth import code
from egov_serang.auth.issuer import Issuer
from egov_serang.auth.login.provider import metadata_address, oauth_metadata_address
from egov_serang.core.message import Limits, Request, Response, TransportFault
from egov_serang.core.runtime import Runtime, SyncRuntime, run_sync
from egov_serang.types import Secret

T = TypeVar("T")
ISSUER = "https://login.test/realm"
OPENID = f"{ISSUER}/.well-known/openid-configuration"
OAUTH = "https://login.test/.well-known/oauth-authorization-server/realm"
SAID: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/tok",
    "device_authorization_endpoint": f"{ISSUER}/dev",
    "revocation_endpoint": f"{ISSUER}/rev",
}


class Server:
    """Says what it is told to say, at the transport."""

    def __init__(self) -> None:
        self.answers: dict[str, Response | TransportFault] = {OPENID: ok(SAID)}
        self.asked: list[str] = []

    def says(self, **changes: Any) -> None:
        said = {name: value for name, value in (SAID | changes).items() if value is not None}
        self.answers[OPENID] = ok(said)

    def send(self, request: Request, limits: Limits) -> Response:
        self.asked.append(request.url)
        answer = self.answers.get(request.url, ok({}))
        if isinstance(answer, TransportFault):
            raise answer
        return answer

    def does(self, work: Callable[[Runtime, float], Coroutine[Any, Any, T]]) -> T:
        runtime = SyncRuntime(self)
        return run_sync(work(runtime, runtime.now() + 30))


@pytest.fixture
def server() -> Server:
    return Server()


def issuer(**more: Any) -> Issuer:
    return Issuer(ISSUER, "app", **more)


EVERY: dict[str, Callable[[Issuer], Callable[[Runtime, float], Coroutine[Any, Any, Any]]]] = {
    "device_authorization_endpoint": lambda one: lambda runtime, until: one.begin(runtime, None, until),
    "token_endpoint": lambda one: lambda runtime, until: one.tokens(runtime, {}, until),
    "revocation_endpoint": lambda one: lambda runtime, until: one.revoke(runtime, Secret("t"), until),
    "authorization_endpoint": lambda one: lambda runtime, until: one.authorization(runtime, {"a": "b"}, until),
}


@pytest.mark.parametrize("name", EVERY)
def test_each_address_is_the_one_the_metadata_names(server: Server, name: str) -> None:
    found = server.does(EVERY[name](issuer()))
    if name == "authorization_endpoint":
        assert found == (f"{ISSUER}/auth?a=b", False)
        assert server.asked == [OPENID]
    else:
        assert server.asked == [OPENID, SAID[name]]


@pytest.mark.parametrize("name", EVERY)
def test_what_an_issuer_does_not_have_is_said_with_what_to_do(server: Server, name: str) -> None:
    server.says(**{name: None})
    with pytest.raises(UnsupportedOperation, match=r"login\.test/realm") as caught:
        server.does(EVERY[name](issuer()))
    assert caught.value.hint
    assert server.asked == [OPENID]


BAD = {
    "http://login.test/x": "discovery_endpoint",
    "https://login.test@evil.test/x": "discovery_endpoint",
    "https://login.test/x#y": "discovery_endpoint",
    "https://evil.test/x": "discovery_origin",
    "https://login.test:8443/x": "discovery_origin",
    "http://127.0.0.1/x": "discovery_origin",
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("address", BAD)
def test_an_address_elsewhere_is_not_asked(server: Server, name: str, address: str) -> None:
    server.says(**{name: address})
    for work in EVERY.values():
        with pytest.raises(UnexpectedReply) as caught:
            server.does(work(issuer()))
        assert caught.value.code == BAD[address]
    assert set(server.asked) == {OPENID}


def test_another_origin_must_be_named(server: Server) -> None:
    server.says(device_authorization_endpoint="https://other.test/dev", token_endpoint=None)
    with pytest.raises(UnexpectedReply) as caught:
        server.does(EVERY["device_authorization_endpoint"](issuer()))
    assert "issuer_origins" in (caught.value.hint or "")
    allowed = {"gateway": "https://g.test", "issuer": ISSUER, "auth": "login", "client_id": "app", "signature": "none"}
    config = Config(**allowed, issuer_origins="https://one.test https://other.test")  # type: ignore[arg-type]
    server.does(EVERY["device_authorization_endpoint"](session_of(config)[0]))
    assert server.asked[-1] == "https://other.test/dev"


def test_a_configured_token_endpoint_wins_and_needs_no_metadata(server: Server) -> None:
    named = issuer(token_endpoint="https://tokens.test/t")
    server.does(EVERY["token_endpoint"](named))
    assert server.asked == ["https://tokens.test/t"]
    server.says(token_endpoint="https://tokens.test/other", revocation_endpoint="https://tokens.test/r")
    server.does(EVERY["revocation_endpoint"](named))  # and its origin is a known one
    assert server.asked[1:] == [OPENID, "https://tokens.test/r"]


@pytest.mark.parametrize("status", [404, 405, 500, 302])
def test_a_plain_authorization_server_says_it_elsewhere(server: Server, status: int) -> None:
    server.answers |= {OPENID: ok({}, status), OAUTH: ok(SAID)}
    server.does(EVERY["device_authorization_endpoint"](issuer()))
    assert server.asked == [OPENID, OAUTH, f"{ISSUER}/dev"]


def test_metadata_that_is_none_or_anothers(server: Server) -> None:
    large = json.dumps({**SAID, "x": "y" * 65_536}).encode()
    wrong: list[tuple[Response | TransportFault, type[EgovError], str]] = [
        (ok({**SAID, "issuer": f"{ISSUER}/"}), UnexpectedReply, "discovery_issuer"),
        (ok({**SAID, "issuer": "https://evil.test"}), UnexpectedReply, "discovery_issuer"),
        (ok({**SAID, "token_endpoint": 7}), UnexpectedReply, "discovery_shape"),
        (ok(b"<html>"), UnexpectedReply, "discovery_shape"),
        (ok(large), UnexpectedReply, "discovery_shape"),
        (TransportFault("too_large", sent="yes", reason="over the limit"), UnexpectedReply, "too_large"),
        (TransportFault("connect", sent="no", reason="nobody listens"), ConnectionFailed, "connect"),
    ]
    for answer, error, code_ in wrong:
        server.answers[OPENID] = answer
        with pytest.raises(error) as caught:
            server.does(EVERY["device_authorization_endpoint"](issuer()))
        assert (caught.value.code, ISSUER in str(caught.value)) == (code_, True)
    assert set(server.asked) == {OPENID}


def test_an_issuer_is_compared_byte_for_byte_and_its_metadata_is_found() -> None:
    config = Config(gateway="https://g.test", issuer="https://a.test/", auth="login", client_id="a", signature="none")
    assert config.issuer == "https://a.test/"
    assert metadata_address(config.issuer) == "https://a.test/.well-known/openid-configuration"
    assert oauth_metadata_address(config.issuer) == "https://a.test/.well-known/oauth-authorization-server"
    assert oauth_metadata_address(ISSUER) == OAUTH


def test_a_browser_is_sent_with_pkce_and_asked_again_for_a_long_session(server: Server) -> None:
    back = "http://127.0.0.1:5/callback"

    def sent(scope: str | None) -> dict[str, list[str]]:
        begun = server.does(lambda runtime, _: code.begin(runtime, issuer(), scope, back))
        assert begun.address.startswith(f"{ISSUER}/auth?")
        return parse_qs(urlsplit(begun.address).query)

    plain, offline = sent(None), sent("openid offline_access")
    assert (plain["code_challenge_method"], plain["redirect_uri"], plain["response_type"]) == (
        ["S256"],
        [back],
        ["code"],
    )
    assert len(plain["code_challenge"][0]) == 43
    assert plain["state"] != offline["state"]
    assert "scope" not in plain
    assert "prompt" not in plain
    assert (offline["scope"], offline["prompt"]) == (["openid offline_access"], ["consent"])
    server.says(code_challenge_methods_supported=["plain"])
    with pytest.raises(UnexpectedReply, match="PKCE"):
        sent(None)


def test_what_tokens_are_for_is_said_wherever_they_are_asked_for(server: Server) -> None:
    wanted = issuer(audience="https://g.test/v1")
    bodies: list[bytes] = []
    send = server.send

    class Seen(Server):
        def send(self, request: Request, limits: Limits) -> Response:
            bodies.append(b"" if request.body is None else b"".join(request.body.chunks()))
            return send(request, limits)

    for name, work in EVERY.items():
        found = Seen().does(work(wanted))
        said = found[0].encode() if name == "authorization_endpoint" else bodies[-1]
        assert (b"resource=https%3A%2F%2Fg.test%2Fv1" in said) == (name != "revocation_endpoint")


WRONG: dict[str, dict[str, Any]] = {
    "public": {"client_secret_file": "env:SECRET"},
    "127.0.0.1": {"redirect_uri": "http://localhost/callback"},
    "redirect_uri must": {"redirect_uri": "https://127.0.0.1/callback"},
    "to this machine": {"redirect_uri": "http://127.0.0.1/callback?a=b"},
    "without query": {"redirect_uri": "http://127.0.0.1"},
    "issuer_origins must": {"issuer_origins": "https://a.test/x"},
    "dpop_key_file is set": {"dpop_key_file": "key.pem"},
}


@pytest.mark.parametrize("said", WRONG)
def test_what_people_cannot_log_in_with_is_refused_with_the_remedy(said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(gateway="https://g.test", auth="login", client_id="a", signature="none", **WRONG[said])
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["redirect_uri", "issuer_origins"])
def test_settings_of_people_are_refused_elsewhere(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is set"):
        Config(gateway="https://g.test", auth="none", signature="none", **{name: "http://127.0.0.1/x"})  # type: ignore[arg-type]
