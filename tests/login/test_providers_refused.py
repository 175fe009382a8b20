"""Nobody is sent to, or logged in by, a provider that is not the right one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.login.fake import (
    ACCESS,
    ISSUER,
    Provider,
    ok,
    refusal,
    settings,
)

from egov_serang import (
    ConfigError,
    ConnectionFailed,
    ServerFault,
    Unauthorized,
    UnexpectedReply,
)
from egov_serang.auth.login import Login
from egov_serang.core.message import TransportFault


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "https://evil.test"}, "discovery_issuer"),
        ({"issuer": f"{ISSUER}/"}, "discovery_issuer"),
        ({"issuer": None}, "discovery_shape"),
        ({"token_endpoint": None}, "discovery_shape"),
        ({"token_endpoint": 7}, "discovery_shape"),
        ({"token_endpoint": "http://login.test/token"}, "discovery_endpoint"),
        ({"token_endpoint": "https://login.test/token#x"}, "discovery_endpoint"),
        ({"token_endpoint": "https://login.test@evil.test/token"}, "discovery_endpoint"),
        ({"token_endpoint": "https://evil.test/token"}, "discovery_origin"),
        ({"token_endpoint": "https://login.test:8443/token"}, "discovery_origin"),
        ({"token_endpoint": "https://login.test\\@evil.test/"}, "discovery_endpoint"),
        ({"jwks_uri": "http://127.0.0.1/jwks"}, "discovery_origin"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "discovery_endpoint"),
        ({"pushed_authorization_request_endpoint": "https://evil.test/par"}, "discovery_origin"),
        ({"end_session_endpoint": "https://evil.test/"}, "discovery_origin"),
        ({"code_challenge_methods_supported": ["plain"]}, "discovery_pkce"),
    ],
    ids=str,
)
def test_metadata_that_leads_elsewhere(provider: Provider, changes: dict[str, Any], code: str) -> None:
    provider.metadata = changes
    refusal(provider, UnexpectedReply, code)
    assert [path for path, _ in provider.asked] == ["/.well-known/openid-configuration"]


def test_another_origin_must_be_named(provider: Provider) -> None:
    provider.metadata = {"jwks_uri": "https://keys.test/jwks"}
    login = Login(settings(origins=("https://keys.test",)), transport=provider)
    _, transaction = login.begin()
    assert login.finish(provider.back(transaction), transaction).subject == "who"


def test_metadata_that_is_none_too_large_or_elsewhere(provider: Provider) -> None:
    place = "/.well-known/openid-configuration"
    large = json.dumps({**provider.document(), "x": "y" * 65_536}).encode()
    for answer, error, code in (
        (ok(b"<html>"), UnexpectedReply, "discovery_shape"),
        (ok(b"[" * 60_000), UnexpectedReply, "discovery_shape"),
        (ok([]), UnexpectedReply, "discovery_shape"),
        (ok(large), UnexpectedReply, "discovery_shape"),
        (ok({}, 302, location="https://evil.test/"), UnexpectedReply, "discovery_status"),
        (ok({}, 404), UnexpectedReply, "discovery_status"),
        (TransportFault("too_large", sent="yes", reason="over the limit"), UnexpectedReply, "too_large"),
        (TransportFault("connect", sent="no", reason="nobody listens"), ConnectionFailed, "connect"),
        (TransportFault("tls", sent="no", reason="x", permanent=True), ConnectionFailed, "permanent_tls"),
    ):
        provider.answers[place] = answer
        assert ISSUER in str(refusal(provider, error, code))


def test_a_token_endpoint_that_refuses_fails_or_gives_no_tokens(provider: Provider) -> None:
    for answer, error, code in (
        (ok({"error": "invalid_grant"}, 400), Unauthorized, "invalid_grant"),
        (ok({"error": "invalid_client"}, 401), Unauthorized, "invalid_client"),
        (ok(b"<html>the-code</html>", 400), Unauthorized, "http_400"),
        (ok(b"", 503, **{"retry-after": "7"}), ServerFault, "http_503"),
        (ok(b"<html>"), UnexpectedReply, "token_shape"),
        (ok({"access_token": ACCESS, "token_type": "Bearer"}), UnexpectedReply, "token_shape"),
        (ok({"access_token": ACCESS, "token_type": "mac", "id_token": "x"}), UnexpectedReply, "token_shape"),
        (TransportFault("reset", sent="maybe", reason="cut"), ConnectionFailed, "reset"),
    ):
        provider.answers["/token"] = answer
        found = refusal(provider, error, code)
        assert found.hint
    assert len([path for path, _ in provider.asked if path == "/token"]) == 8  # a code is never sent twice


def test_pushed_requests_that_are_refused_or_not_taken(provider: Provider) -> None:
    provider.metadata = {"require_pushed_authorization_requests": True}
    refusal(provider, UnexpectedReply, "discovery_shape")
    provider.metadata = {"pushed_authorization_request_endpoint": f"{ISSUER}/par"}
    for answer, error, code in (
        (ok({"error": "invalid_scope"}, 400), Unauthorized, "invalid_scope"),
        (ok({"expires_in": 60}, 201), UnexpectedReply, "pushed_shape"),
    ):
        provider.answers["/par"] = answer
        refusal(provider, error, code)


def test_userinfo_of_another_person_or_none(provider: Provider) -> None:
    for answer, code in (
        (ok({"sub": "somebody else"}), "userinfo_subject"),
        (ok({"name": "x"}), "userinfo_subject"),
        (ok({"sub": "who", "iss": "https://evil.test"}), "userinfo_subject"),
        (ok([]), "userinfo_shape"),
        (ok(b"\xff"), "userinfo_shape"),
        (ok({}, 401), "userinfo_status"),
    ):
        provider.answers["/userinfo"] = answer
        refusal(provider, UnexpectedReply, code, userinfo=True)
    provider.metadata = {"userinfo_endpoint": None}
    refusal(provider, ConfigError, "login_no_userinfo", userinfo=True)


def test_userinfo_completes_and_never_overrules(provider: Provider) -> None:
    provider.answers["/userinfo"] = ok({"sub": "who", "name": "Contoh", "acr": "high", "aud": "other"})
    login = Login(settings(userinfo=True), transport=provider)
    _, transaction = login.begin()
    person = login.finish(provider.back(transaction), transaction)
    assert (person.name, person.acr) == ("Contoh", None)


def test_a_claim_of_the_wrong_kind_names_the_field_alone(provider: Provider) -> None:
    provider.claims = {"nomor": "997301", "name": ["x"]}
    error = refusal(provider, UnexpectedReply, "login_claims", claims={"nik": "nomor", "name": "name"})
    assert "name, nik" in str(error)
    assert "997301" not in str(error)


def test_a_provider_without_logout_says_so(provider: Provider) -> None:
    provider.metadata = {"end_session_endpoint": None}
    with pytest.raises(ConfigError) as refused:
        Login(settings(), transport=provider).logout_url()
    assert refused.value.code == "login_no_logout"
