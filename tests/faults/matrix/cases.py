"""What is made to happen in each row of the matrix (layers.md 3.4); what must come of it is in expected.csv."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

from tests.faults.matrix.worlds import Kind

from egov_serang.testing.faults import (
    TOKENS,
    UNKNOWN,
    FaultGateway,
    Step,
    bomb,
    break_off,
    chunked,
    clock,
    close_after,
    close_before_answer,
    cut_gzip,
    document,
    drip,
    endless,
    folded,
    hang,
    html,
    interims,
    lose_answer,
    many_headers,
    not_gzip,
    raw,
    redirect,
    refuse,
    refusing,
    reply,
    reset_before_answer,
    silent,
    speechless,
    stray,
    truncate,
    two_lengths,
    unmeasured,
    upgrade,
)

Times = Literal["once", "always"]
ITSELF: Final = "itself"
"""Instead of `Times`: a row with a play of its own."""

Make = Callable[[], Step]
Trust = Literal["expired", "other host", "unknown", "old", "good"]

SECOND: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\nsomeone"
PLAIN: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"
TIMEOUT_408: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
GOAWAY: Final = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + bytes(8)
DIGITS: Final = b"9" * 5000
COMPLAINT: Final = b'{"complaint_id":"c-read","service_code":"jalan_rusak","status":"submitted","version":1,"x":%s}'
TWICE: Final = b'{"transaction_id":"t-read","outcome":"no_match","outcome":"match"}'
QUICK: Final = {"read": 0.3}
SHORT: Final = {"deadline": 0.5}


@dataclass(frozen=True)
class Case:
    """One fault, met by one kind of call.

    Attributes:
        row: of layers.md 3.4.
        fault: in words, as the table has it.
        call: what is called.
        times: whether the fault passes or lasts.
        step: what happens to the call's request.
        options: of the client, beside those of the gateway.
        warm: whether a call that succeeds comes first, so that the faulty one meets a used connection.
        first: what happens to that first call.
        address: where the gateway is, if not at the fault gateway's own address.
        accepted: what happens to each connection.
        trust: which certificate the gateway shows.
        on: what happens to requests of other paths, the last of it for ever.
        prepare: something to do between the first call and the faulty one.
        host: the address the gateway listens on.
        outlives: whether something goes on when the call has ended: a task's request for a token.
    """

    row: int
    fault: str
    call: Kind
    times: Times
    step: Make | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    warm: bool = False
    first: Make | None = None
    address: Callable[[], AbstractContextManager[str]] | str | None = None
    accepted: Make | None = None
    trust: Trust | None = None
    on: Mapping[str, Sequence[Make]] = field(default_factory=dict[str, Sequence[Make]])
    prepare: Callable[[FaultGateway, Any], None] | None = None
    host: str = "127.0.0.1"
    outlives: bool = False

    @property
    def name(self) -> str:
        return f"{self.row:02d}-{self.fault}-{self.call}-{self.times}".replace(" ", "_")


def cases(row: int, fault: str, step: Make | None, *wanted: str, **more: Any) -> list[Case]:
    """Cases of a fault: each of `wanted` is a kind of call and how often the fault happens, such as `write once`."""
    made: list[Case] = []
    for each in wanted:
        call, times = each.split()
        made.append(Case(row, fault, call, times, step, **more))  # type: ignore[arg-type]
    return made


def dated(seconds: float) -> str:
    """An HTTP date, relative to the `Date` of the same answer."""
    return email.utils.formatdate(seconds, usegmt=True)


def throttled(hint: str | None, **more: Any) -> Make:
    return partial(refuse, "rate_limited", 429, retry_after=hint, **more)


def down(status: int, hint: str | None = None, *, done: bool = False) -> Make:
    return partial(refuse, "upstream_unavailable", status, retry_after=hint, carried_out=done)


def expire(gateway: FaultGateway, driver: Any) -> None:
    gateway.desk.expire()


def near_expiry(gateway: FaultGateway, driver: Any) -> None:
    driver.clock.ahead += 3500


def rest(gateway: FaultGateway, driver: Any) -> None:
    assert gateway.wait_for_close(1)


DOWN: Final = partial(refuse, "internal", 503)
BOTH: Final = ("write once", "write always")
_AT: Final = 1_790_000_000.0

CASES: Final[list[Case]] = [
    *cases(1, "connection refused", None, "write always", "unkeyed always", "read always", address=refusing),
    *cases(2, "name unknown", None, "write always", address=UNKNOWN),
    *cases(3, "no answer to connecting", None, "write always", address=silent, options={"connect": 0.2}),
    *cases(4, "certificate expired", None, "write always", trust="expired"),
    *cases(4, "certificate of another host", None, "write always", trust="other host"),
    *cases(4, "certificate of an unknown authority", None, "write always", trust="unknown"),
    *cases(4, "nothing newer than TLS 1.1", None, "write always", trust="old"),
    *cases(
        5,
        "https to a port that answers in plain",
        None,
        "write always",
        accepted=partial(raw, PLAIN, close=True),
        address="https",
    ),
    *cases(
        5,
        "https to a port that says nothing",
        None,
        "write always",
        address=partial(speechless, "https"),
        options={"connect": 0.2},
    ),
    *cases(6, "reset before the answer", reset_before_answer, *BOTH, "unkeyed always", "read once"),
    *cases(6, "reset on a used connection", reset_before_answer, "write once", "unkeyed once", warm=True),
    *cases(7, "closed before the answer", close_before_answer, *BOTH, "unkeyed always", "read once"),
    *cases(8, "reset in the head", partial(break_off, "head", 20), *BOTH, "unkeyed once", "read always"),
    *cases(8, "reset in the body", partial(break_off, "body", 5), *BOTH, "read always"),
    *cases(9, "body shorter than its length", partial(truncate, 5), *BOTH, "read always"),
    *cases(9, "chunks without the last", partial(chunked, cut=True), *BOTH, "read always"),
    *cases(10, "body without length, cut", partial(unmeasured, 5), *BOTH, "read always"),
    *cases(10, "body without length, whole", unmeasured, "read always"),
    *cases(11, "gzip cut, length consistent", cut_gzip, *BOTH, "read always"),
    *cases(12, "not gzip though it says so", not_gzip, *BOTH, "read always"),
    *cases(13, "head dripped", partial(drip, "head"), "write always", options=SHORT),
    *cases(13, "body dripped", partial(drip, "body"), "write always", "read always", options=SHORT),
    *cases(14, "silence before the answer", hang, *BOTH, options=QUICK),
    *cases(14, "silence in the body", partial(hang, "body"), *BOTH, options=QUICK),
    *cases(14, "silence to the deadline", hang, "write always", options=SHORT),
    *cases(15, "408", partial(refuse, "request_timeout", 408), *BOTH, "unkeyed once"),
    *cases(16, "425", partial(refuse, "too_early", 425), *BOTH),
    *cases(17, "429", throttled(None), *BOTH, "unkeyed once"),
    *cases(17, "429, Retry-After 7", throttled("7"), "write once"),
    *cases(17, "429, Retry-After 0", throttled("0"), "write once"),
    *cases(
        17, "429, Retry-After a date 7 s on", throttled(dated(_AT + 7), headers=[("date", dated(_AT))]), "write once"
    ),
    *cases(
        17, "429, Retry-After a date gone by", throttled(dated(_AT - 7), headers=[("date", dated(_AT))]), "write once"
    ),
    *cases(17, "429, Retry-After -1", throttled("-1"), "write once"),
    *cases(17, "429, Retry-After inf", throttled("inf"), "write once"),
    *cases(17, "429, Retry-After not a time", throttled("soon"), "write once"),
    *cases(17, "429, Retry-After 10 days", throttled("864000"), "write always"),
    *cases(18, "500, carried out", partial(refuse, "internal", 500, carried_out=True), *BOTH, "unkeyed always"),
    *cases(19, "502, carried out", down(502, done=True), *BOTH, "unkeyed always"),
    *cases(19, "504, carried out", down(504, done=True), *BOTH),
    *cases(20, "503", down(503), *BOTH, "unkeyed once"),
    *cases(20, "503, Retry-After 7", down(503, "7"), "write once"),
    *cases(20, "503, Retry-After 10 days", down(503, "864000"), "write always"),
    *cases(21, "JSON cut", partial(document, b'{"complaint_id": "c-'), "write always", "read always"),
    *cases(22, "200,000 brackets", partial(document, COMPLAINT % (b"[" * 200_000)), "read always"),
    *cases(22, "NaN", partial(document, COMPLAINT % b"NaN"), "read always"),
    *cases(22, "a number of 5,000 digits", partial(document, COMPLAINT % DIGITS), "read always"),
    *cases(22, "a name twice", partial(document, TWICE), "lookup always"),
    *cases(23, "a login page with 200", html, *BOTH, "read once"),
    *cases(24, "a body without end", endless, "write always", "read always"),
    *cases(24, "chunk sizes without end", partial(endless, "chunk sizes"), "read always"),
    *cases(25, "gzip bomb", bomb, "write always", "read always"),
    *cases(26, "300 kB of header fields", many_headers, "write always"),
    *cases(26, "100 small header fields", partial(many_headers, 100, 10), "read always"),
    *cases(26, "2,000 interim answers", interims, "write always"),
    *cases(26, "3 interim answers", partial(interims, 3), "write always"),
    *cases(27, "redirect to another host", partial(redirect, "http://127.0.0.2:9/elsewhere"), "write always"),
    *cases(28, "redirect from https to http", partial(redirect, "http://127.0.0.1:9/"), "write always", trust="good"),
    *cases(29, "401, the token has expired", None, "write always", warm=True, prepare=expire),
    *cases(29, "401, whatever the token", partial(refuse, "token_expired", 401), "write always"),
    *cases(30, "409, the key is in progress", partial(refuse, "idempotency_in_progress", 409), *BOTH),
    *cases(30, "412", partial(refuse, "version_conflict", 412), "write always"),
    *cases(30, "422", partial(refuse, "validation_failed", 422), "write always"),
    *cases(31, "clock 10 min ahead", partial(clock, 600), "write always"),
    *cases(31, "clock 10 min behind", partial(clock, -600), "write always"),
    *cases(31, "clock 20 min ahead", partial(clock, 1200), "write always"),
    *cases(32, "not HTTP", partial(raw, b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True), *BOTH),
    *cases(32, "two Content-Length", two_lengths, "write always"),
    *cases(32, "Content-Length and chunks", partial(two_lengths, chunked=True), *BOTH, "read always"),
    *cases(32, "a field over two lines", folded, "write always"),
    *cases(33, "stray answer behind the answer", partial(stray, SECOND), "read once"),
    *cases(33, "stray answer while at rest", None, "read always", warm=True, first=partial(stray, SECOND)),
    *cases(33, "answer to another request", partial(reply, headers=[("x-request-id", "another")]), *BOTH, "read once"),
    *cases(34, "answer lost by a reset", lose_answer, *BOTH, "unkeyed always"),
    *cases(34, "answer lost by a close", partial(lose_answer, "close"), *BOTH),
    *cases(
        35,
        "connection closed while at rest",
        None,
        "write always",
        "unkeyed always",
        warm=True,
        first=close_after,
        prepare=rest,
    ),
    *cases(37, "token endpoint down", None, "write always", on={TOKENS: [DOWN]}),
    *cases(37, "token endpoint silent", None, "write always", on={TOKENS: [hang]}, outlives=True, options=SHORT),
    *cases(
        37,
        "token endpoint answers 400",
        None,
        "write always",
        on={TOKENS: [partial(reply, 400, json={"error": "invalid_client"})]},
    ),
    *cases(
        37,
        "token endpoint down while the old token lives",
        None,
        "write always",
        warm=True,
        on={TOKENS: [reply, DOWN]},
        prepare=near_expiry,
        outlives=True,
    ),
    *cases(42, "IPv6 only", None, "write always", host="::1"),
    *cases(42, "101 unasked", upgrade, *BOTH),
    *cases(42, "HTTP/2 GOAWAY", partial(raw, GOAWAY, close=True), "write once"),
    *cases(
        42,
        "unasked 408, then closed",
        None,
        "write always",
        warm=True,
        first=partial(stray, TIMEOUT_408, close=True),
        prepare=rest,
    ),
]
