"""Errors are plain data: they print, pickle, copy, speak to people, and hold no number of a person."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import errors
from egov_serang.errors import ApiError, EgovError, FieldError, Invalid, InvalidTransition, mask_numbers

NIK = "9973010101900000"
KINDS = [k for k in vars(errors).values() if inspect.isclass(k) and issubclass(k, EgovError)]
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)


def make(kind: type[EgovError]) -> EgovError:
    common: dict[str, Any] = {"code": "some_code", "hint": "Do that", "sent": "maybe", "retry_after": 1.5}
    if issubclass(kind, ApiError):
        common |= {
            "status": 409,
            "trace_id": "tr-1",
            "errors": (FieldError("/a", "required", "is missing"),),
            "allowed_actions": ("verify",),
        }
    error = kind("it failed", **common)
    error.request_id, error.correlation_id, error.operation = "req-1", "cor-1", "complaints.get"
    error.idempotency_key, error.attempts = "key-1", 3
    return error


def raise_it(kind: type[EgovError]) -> None:
    raise make(kind)


@EVERY
def test_errors_pickle_and_copy_whole(kind: type[EgovError]) -> None:
    error = make(kind)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(error, protocol))
        assert type(twin) is kind
        assert vars(twin) == vars(error)
        assert twin.args == error.args
        assert str(twin) == str(error)
    for twin in (copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert vars(twin) == vars(error)
        twin.hint = "changed"
        assert error.hint == "Do that"


def test_errors_survive_a_process_boundary() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for kind in (InvalidTransition, Invalid, errors.ConnectionFailed):
            error = pool.submit(raise_it, kind).exception()
            assert type(error) is kind
            assert vars(error) == vars(make(kind))


@EVERY
def test_the_text_begins_with_the_request_id_and_ends_with_the_hint(kind: type[EgovError]) -> None:
    text = str(make(kind))
    assert text.startswith("[req-1] complaints.get: it failed (some_code) [sent=maybe]. Do that")
    assert repr(make(kind)).startswith(f"{kind.__name__}(")
    assert make(kind).args == ("it failed",)


def test_fields_are_named_in_the_text() -> None:
    assert str(make(Invalid)).endswith("[/a: is missing]")
    assert make(Invalid).fields == (FieldError("/a", "required", "is missing"),)  # type: ignore[attr-defined]


@EVERY
def test_sentences_for_people_in_both_languages(kind: type[EgovError]) -> None:
    error = make(kind)
    sentences = {error.user_message("id"), error.user_message("en")}
    assert len(sentences) == 2
    assert error.user_message() == error.user_message("id")
    for sentence in sentences:
        assert sentence.endswith((".", "!"))
        assert "some_code" not in sentence
        assert "it failed" not in sentence


def test_the_tree_is_the_one_of_the_contract() -> None:
    names = {k.__name__ for k in KINDS}
    api = {k.__name__ for k in KINDS if issubclass(k, ApiError)} - {"ApiError"}
    assert api == {
        "Invalid",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Conflict",
        "InvalidTransition",
        "RateLimited",
        "QuotaExhausted",
        "SignatureRefused",
        "ServerFault",
    }
    assert names - api == {
        "EgovError",
        "ConfigError",
        "ConnectionFailed",
        "DeadlineExceeded",
        "ApiError",
        "SignatureInvalid",
        "UnexpectedReply",
        "UnsupportedOperation",
    }
    assert all(k.__bases__[0] in {Exception, EgovError, ApiError} for k in KINDS)


@given(
    st.text(max_size=10).filter(lambda t: not t[-1:].isdigit()),
    st.text(max_size=10).filter(lambda t: not t[:1].isdigit()),
)
def test_numbers_of_persons_are_masked_wherever_they_stand(before: str, after: str) -> None:
    for number in (NIK, NIK[:-1]):
        masked = mask_numbers(before + number + after)
        assert number not in masked
        assert "9973" + "•" * 12 in masked


def test_other_numbers_are_left() -> None:
    for text in ("12345678901234", "1" * 17, "2026-11-23", "CMP-2026-0001"):
        assert mask_numbers(text) == text


def test_a_refusal_holds_no_number_anywhere() -> None:
    error = Invalid(
        f"no {NIK}",
        code=NIK,
        status=422,
        errors=(FieldError(f"/{NIK}", NIK, f"bad {NIK}"),),
        trace_id=NIK,
        allowed_actions=(NIK,),
    )
    shown = f"{error} {error!r} {error.args} {vars(error)} {pickle.dumps(error)!r}"
    assert NIK not in shown


def test_allowed_actions() -> None:
    error = InvalidTransition("no", status=409, allowed_actions=("verify", "reject"))
    assert error.allowed_actions == ("verify", "reject")
