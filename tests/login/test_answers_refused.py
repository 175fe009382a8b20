"""Nobody is logged in by an answer to another login, or from another provider."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.login.fake import (
    BACK,
    CLIENT,
    ISSUER,
    Provider,
    refusal,
    settings,
)

from egov_serang import (
    EgovError,
    Forbidden,
    ServerFault,
    Unauthorized,
)
from egov_serang.auth.login import Login, Transaction
from egov_serang.auth.login.transaction import LIFETIME


@pytest.fixture
def provider() -> Provider:
    return Provider()


def test_the_fake_is_believed_as_long_as_it_tells_the_truth(provider: Provider) -> None:
    login = Login(settings(), transport=provider)
    url, transaction = login.begin()
    query = parse_qs(urlsplit(url).query)
    assert (query["response_type"], query["code_challenge_method"]) == (["code"], ["S256"])
    assert (query["client_id"], query["redirect_uri"], query["scope"]) == ([CLIENT], [BACK], ["openid"])
    person = login.finish(provider.back(transaction), transaction)
    assert (person.issuer, person.subject) == (ISSUER, "who")
    sent = dict(provider.asked)["/token"]
    assert (sent["code"], sent["redirect_uri"], sent["grant_type"]) == (["the-code"], [BACK], ["authorization_code"])
    assert len(sent["code_verifier"][0]) == 43
    assert all(limits.max_body == 64 * 1024 for limits in provider.limits)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"state": "another"}, Unauthorized, "login_state"),
        ({"state": None}, Unauthorized, "login_state"),
        ({"state": "\u00e9"}, Unauthorized, "login_state"),
        ({"iss": "https://evil.test"}, Unauthorized, "login_issuer"),
        ({"iss": f"{ISSUER}/"}, Unauthorized, "login_issuer"),
        ({"iss": None}, Unauthorized, "login_issuer"),
        ({"code": None}, Unauthorized, "login_answer"),
        ({"code": "x" * 5000}, Unauthorized, "login_answer"),
        ({"error": "access_denied"}, Forbidden, "access_denied"),
        ({"error": "temporarily_unavailable"}, ServerFault, "temporarily_unavailable"),
        ({"error": "invalid_scope"}, Unauthorized, "invalid_scope"),
        ({"error": "<script>"}, Unauthorized, "login_refused"),
    ],
    ids=str,
)
def test_an_answer_to_another_login(
    provider: Provider, changes: dict[str, str | None], error: type[EgovError], code: str
) -> None:
    refusal(provider, error, code, back=lambda kept: provider.back(kept, **changes))
    assert "/token" not in dict(provider.asked)


def test_an_error_is_believed_only_with_the_state(provider: Provider) -> None:
    back = {"error": "access_denied", "state": "another", "code": None}
    refusal(provider, Unauthorized, "login_state", back=lambda kept: provider.back(kept, **back))


def test_a_field_that_comes_twice_or_too_many_fields(provider: Provider) -> None:
    refusal(provider, Unauthorized, "login_answer", back=lambda kept: provider.back(kept) + "&code=other")
    refusal(provider, Unauthorized, "login_answer", back=lambda kept: provider.back(kept) + "&x=1" * 60)


def test_a_provider_that_does_not_name_itself_may_leave_it_out_but_not_lie(provider: Provider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": None}
    login = Login(settings(), transport=provider)
    _, transaction = login.begin()
    assert login.finish(provider.back(transaction, iss=None), transaction).subject == "who"
    refusal(provider, Unauthorized, "login_issuer", back=lambda kept: provider.back(kept, iss="https://evil.test"))


def test_a_transaction_of_another_application_of_another_time_or_none(provider: Provider) -> None:
    login = Login(settings(), transport=provider)
    for changes, code in (
        ({"issuer": "https://other.test"}, "login_transaction"),
        ({"client_id": "other"}, "login_transaction"),
        ({"until": int(time.time()) - 1}, "login_expired"),
    ):
        _, transaction = login.begin()
        changed = json.dumps(json.loads(transaction.dump()) | changes)
        with pytest.raises(Unauthorized) as refused:
            login.finish(provider.back(transaction), changed)
        assert refused.value.code == code
    assert transaction.until - int(time.time()) - LIFETIME in range(-60, 2)
    for kept in (None, "", "[]", "{}", '{"issuer": 1}', "[" * 100_000, transaction.dump()[:-1]):
        with pytest.raises(Unauthorized) as refused:
            login.finish(provider.back(transaction), kept)
        assert refused.value.code == "login_transaction"
    assert "/token" not in dict(provider.asked)


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(["code", "state", "iss", "error"]), st.text(max_size=40)))
def test_no_answer_a_stranger_makes_up_gets_to_the_token_endpoint(text: str, fields: dict[str, str]) -> None:
    provider = Provider()
    login = Login(settings(), transport=provider)
    _, transaction = login.begin()
    for answer in (text, f"{BACK}?{text}", fields):
        with pytest.raises(Unauthorized):
            login.finish(answer, transaction)
    assert "/token" not in dict(provider.asked)


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_transaction(text: str) -> None:
    with pytest.raises(Unauthorized):
        Transaction.load(text)
