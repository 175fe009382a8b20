"""The error tree: plain data, picklable, by meaning. No error holds a body, a header, a token or a person's data.

Source: contract-v1 section 1 (codes and classes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeVar

from egov_serang.types import Language

Sent = Literal["no", "maybe", "yes"]
E = TypeVar("E", bound="EgovError")

_LONG_NUMBER: Final = re.compile(r"(?<![0-9])([0-9]{4})[0-9]{11,12}(?![0-9])")


def mask_numbers(text: str) -> str:
    """The text with every 15- or 16-digit number (NIK, KK, NPWP) masked: a gateway may echo what it must not."""
    return _LONG_NUMBER.sub(lambda found: found[1] + "•" * 12, text)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transmission of a call that failed, and what came of it.

    Attributes:
        number: 1 for the first transmission.
        sent: whether the service may have seen this one.
        code: the problem code of its refusal, or ours for what went wrong.
        status: the HTTP status of its answer; None where none came.
        request_id: its `X-Request-Id`.
        started: seconds after the call began.
        took: seconds until it had failed.
        waited: seconds the client had waited before it, on purpose.
    """

    number: int
    sent: Sent
    code: str | None
    status: int | None
    request_id: str | None
    started: float
    took: float
    waited: float


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `pointer` is a JSON Pointer into the request body, or `/name` of an argument."""

    pointer: str
    code: str
    detail: str = ""


class EgovError(Exception):
    """The root of everything this SDK raises on purpose.

    Attributes:
        code: the gateway's problem code, or one of ours.
        hint: what to do about it.
        sent: whether the service may have seen the request: `no` is proof that it did not, `maybe` means that bytes
            left and no answer came, `yes` that it answered. The worst over all attempts, resumed ones too.
        request_id: the `X-Request-Id` of the last attempt, to quote to the gateway's operators.
        correlation_id: the `X-Correlation-Id` of the whole call.
        retry_after: seconds after which a repetition makes sense, where the service said so.
        idempotency_key: the key of the write; the same call with the same key has no second effect.
        attempts: how often the request was transmitted.
        trail: each of these attempts, with its reason and times.
        budget_exhausted: whether it was not repeated because the client's budget of repetitions is used up.
        operation: the operation's id, such as `complaints.submit`.
    """

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "Something went wrong. Please try again later.",
        "id": "Terjadi kesalahan. Silakan coba lagi nanti.",
    }

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        sent: Sent = "no",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = mask_numbers(message)
        self.code = code
        self.hint = hint
        self.sent: Sent = sent
        self.retry_after = retry_after
        self.request_id: str | None = None
        self.correlation_id: str | None = None
        self.idempotency_key: str | None = None
        self.attempts = 0
        self.trail: tuple[Attempt, ...] = ()
        self.budget_exhausted = False
        self.operation: str | None = None
        self.args = (self.message,)

    def __str__(self) -> str:
        where = f"[{self.request_id}] " if self.request_id else ""
        what = f"{self.operation}: " if self.operation else ""
        code = f" ({self.code})" if self.code else ""
        truth = " [sent=maybe]" if self.sent == "maybe" else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"{where}{what}{self.message}{code}{truth}{hint}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))

    def user_message(self, language: Language = "id") -> str:
        """A sentence for the person at the screen, without technical terms.

        Args:
            language: `id` (default) or `en`.
        """
        return self._user_messages[language]


def _rebuild(kind: type[E], state: dict[str, Any]) -> E:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = (error.message,)
    return error


class ConfigError(EgovError):
    """The configuration cannot work; the message says which setting and how to mend it. Nothing was sent."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "This application is not set up correctly. Please tell its operator.",
        "id": "Aplikasi ini belum diatur dengan benar. Mohon hubungi pengelolanya.",
    }


class UnsupportedOperation(EgovError):
    """This wire or mode cannot do that; the hint names what it can. Nothing was sent."""


class ConnectionFailed(EgovError):
    """No answer came. `sent` says whether the service may have acted; with a key, repeating is safe."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "The service cannot be reached. Please check your connection and try again.",
        "id": "Layanan tidak dapat dihubungi. Periksa koneksi Anda lalu coba lagi.",
    }


class DeadlineExceeded(EgovError):
    """The time given to the call (all attempts, waits and reading together) is over."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "The service is taking too long. Please try again later.",
        "id": "Layanan terlalu lama menjawab. Silakan coba lagi nanti.",
    }


class SignatureInvalid(EgovError):
    """We refused something because its signature does not hold; `code` says why, `explain()` shows it.

    Attributes:
        expected: what must be covered, where that is the fault.
        found: what is covered instead.
        base: the text we built for the signature to hold over, secrets and numbers masked.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        sent: Sent = "no",
        retry_after: float | None = None,
        expected: tuple[str, ...] = (),
        found: tuple[str, ...] = (),
        base: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, sent=sent, retry_after=retry_after)
        self.expected, self.found, self.base = expected, found, base

    def explain(self) -> str:
        """What was expected and what was found, in lines for a person; safe to show and to log."""
        lines = [f"{self.message} ({self.code})"]
        if self.expected or self.found:
            lines += [
                *(f"- {name} is not covered" for name in self.expected if name not in self.found),
                *(f"- {name} is covered and must not be" for name in self.found if name not in self.expected),
                f"expected: {' '.join(self.expected)}",
                f"found:    {' '.join(self.found)}",
            ]
        if self.base is not None:
            lines += ["we built this, with secrets and numbers masked; compare it with what was signed:", self.base]
        return "\n".join(lines)


class UnexpectedReply(EgovError):
    """An answer or event that is not one: HTML, truncated, of the wrong shape, or belonging to another request."""


class ApiError(EgovError):
    """The service refused or failed, and said so.

    Attributes:
        status: the HTTP status.
        errors: the fields at fault.
        trace_id: the service's own trace number.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        hint: str | None = None,
        sent: Sent = "yes",
        retry_after: float | None = None,
        errors: tuple[FieldError, ...] = (),
        trace_id: str | None = None,
        allowed_actions: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code=code, hint=hint, sent=sent, retry_after=retry_after)
        self.status = status
        self.errors = errors
        self.trace_id = trace_id
        self._allowed_actions = allowed_actions
        self.rewrite(mask_numbers)

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Change every text that came from the service, such as to mask what it must not have said."""
        self.message = change(self.message)
        self.args = (self.message,)
        self.code = None if self.code is None else change(self.code)
        self.errors = tuple(FieldError(change(e.pointer), change(e.code), change(e.detail)) for e in self.errors)
        self.trace_id = None if self.trace_id is None else change(self.trace_id)
        self._allowed_actions = tuple(change(action) for action in self._allowed_actions)


class Invalid(ApiError):
    """Something in the request is wrong: see `fields`. Raised by us before sending (`sent="no"`) or by the service."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "Some of the data is incomplete or incorrect. Please check it.",
        "id": "Ada data yang belum lengkap atau keliru. Mohon diperiksa kembali.",
    }

    @property
    def fields(self) -> tuple[FieldError, ...]:
        """The fields at fault."""
        return self.errors

    def __str__(self) -> str:
        named = "; ".join(f"{e.pointer}: {e.detail or e.code}" for e in self.errors)
        return f"{super().__str__()} [{named}]" if named else super().__str__()


class Unauthorized(ApiError):
    """The token or the client's credentials were not accepted."""


class SignatureRefused(ApiError):
    """The service did not accept the request's signature, its clock or its nonce."""


class Forbidden(ApiError):
    """This client may not do that: a scope, purpose, consent or agreement is missing."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "You are not allowed to do this.",
        "id": "Anda tidak berwenang melakukan tindakan ini.",
    }


class NotFound(ApiError):
    """There is no such thing, or not any more."""

    _user_messages: ClassVar[Mapping[Language, str]] = {"en": "The data was not found.", "id": "Data tidak ditemukan."}


class Conflict(ApiError):
    """Somebody else changed the resource meanwhile, or the idempotency key is in use: reload and decide again."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "The data has changed meanwhile. Please reload it.",
        "id": "Data telah berubah. Silakan muat ulang.",
    }


class InvalidTransition(ApiError):
    """The action is not possible in this state: see `allowed_actions`."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "This step is not possible now.",
        "id": "Langkah ini belum dapat dilakukan.",
    }

    @property
    def allowed_actions(self) -> tuple[str, ...]:
        """What this caller may do now."""
        return self._allowed_actions


class RateLimited(ApiError):
    """Too many requests; nothing was executed. `retry_after` says when to come back."""

    _user_messages: ClassVar[Mapping[Language, str]] = {
        "en": "The service is busy. Please try again in a moment.",
        "id": "Layanan sedang sibuk. Silakan coba sesaat lagi.",
    }


class QuotaExhausted(ApiError):
    """The agreed quota is used up; repeating before the reset only counts against you."""


class ServerFault(ApiError):
    """The service or something behind it failed."""

    _user_messages = ConnectionFailed._user_messages  # pyright: ignore[reportPrivateUsage]
