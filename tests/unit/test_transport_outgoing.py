"""Addresses, targets and header fields: exact bytes, nothing unsafe."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.faults.worlds import Json

from egov_serang.core.message import Request, TransportFault
from egov_serang.transport.outgoing import USER_AGENT, header_fields, locate, outgoing

TARGET = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "/%;:@!$&'()*+,=-._~?[]{}|^\"<>\\`"), max_size=60
)


@given(TARGET)
def test_the_target_is_sent_as_it_is(rest: str) -> None:
    address, target = locate(f"https://Gateway.Serang.id:8443/{rest}")
    assert address[:3] == (b"https", b"gateway.serang.id", 8443)
    assert target == f"/{rest}".encode()


@pytest.mark.parametrize(
    ("url", "field", "target"),
    [
        ("https://a.id", "a.id", "/"),
        ("https://a.id?x=1", "a.id", "/?x=1"),
        ("https://a.id:443/x", "a.id", "/x"),
        ("https://[2001:db8::1]:444/x", "[2001:db8::1]:444", "/x"),
        ("http://localhost:8000/x", "localhost:8000", "/x"),
        ("http://127.9.9.9/x", "127.9.9.9", "/x"),
        ("http://[::1]:80/x", "[::1]", "/x"),
    ],
)
def test_addresses_that_may_be_called(url: str, field: str, target: str) -> None:
    address, found = locate(url)
    assert (address.field.decode(), found.decode()) == (field, target)


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.serang.id/x",
        "http://10.0.0.1/x",
        "http://0.0.0.0/x",
        "http://localhost.evil.id/x",
        "http://127.0.0.1.evil.id/x",
        "http://127.0.0.1@evil.id/x",
        "https://user:secret@a.id/x",
        "https://a.id/x#part",
        "https://a.id:port/x",
        "https://a.id:99999/x",
        "https:///x",
        "https://é.id/x",
        "https://a.id/\u00e9",
        "https://a.id/a b",
        "https://a.id/a\r\nx: y",
        "ftp://a.id/x",
        "file:///etc/passwd",
        "/x",
        "",
    ],
)
def test_addresses_that_may_not(url: str) -> None:
    with pytest.raises(TransportFault) as caught:
        locate(url)
    assert (caught.value.sent, caught.value.permanent) == ("no", True)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def request(*headers: tuple[str, str], method: str = "POST", body: Json | None = None) -> Request:
    return Request(method, "https://a.id/x", list(headers), body)


def test_fields_that_are_missing_are_added_and_the_others_left() -> None:
    address, _ = locate("https://a.id/x")
    assert header_fields(request(("X-One", "1"), body=Json()), address) == [
        (b"Host", b"a.id"),
        (b"X-One", b"1"),
        (b"user-agent", USER_AGENT.encode()),
        (b"accept-encoding", b"gzip"),
        (b"content-type", b"application/json"),
        (b"content-length", b"8"),
    ]
    own = [
        ("User-Agent", "x"),
        ("Accept-Encoding", "identity"),
        ("Content-Type", "text/plain"),
        ("Content-Length", "8"),
    ]
    assert len(header_fields(request(*own, body=Json()), address)) == 5
    assert (b"content-length", b"0") in header_fields(request(), address)
    assert len(header_fields(request(method="GET"), address)) == 3


def test_a_field_that_is_not_ascii_is_refused_without_its_value() -> None:
    message = request(("authorization", "rahasia\u00e9"))
    with pytest.raises(TransportFault) as caught:
        outgoing(message, *locate(message.url))
    assert "rahasia" not in f"{caught.value!r} {caught.value.__context__!r}"
