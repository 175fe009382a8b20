"""Ranges of files (RFC 9110 section 14) as the sandbox answers them, signed like any other answer."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from tests.sandbox.peer import Peer, digest, multipart
from tests.sandbox.test_answers import check, exchange
from tests.sandbox.test_complaints import CASES, code, submit

CONTENT = b"\xff\xd8\xff" + bytes(range(250))
SIZE = len(CONTENT)
TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def url(citizen: Peer) -> str:
    path = f"{CASES}/{submit(citizen)['complaint_id']}/media"
    body, content_type = multipart("a.jpg", "image/jpeg", CONTENT)
    return str(citizen.post(path, body, content_type=content_type).json()["url"])


def ask(citizen: Peer, url: str, range_: str | None, **more: str) -> httpx.Response:
    headers = {} if range_ is None else {"range": range_}
    return citizen.get(url, headers=headers | {name.replace("_", "-"): value for name, value in more.items()})


def test_a_file_says_that_and_of_what_it_gives_ranges(citizen: Peer, url: str) -> None:
    answer = ask(citizen, url, None)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert (answer.headers["etag"], answer.headers["accept-ranges"]) == (TAG, "bytes")
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("range_", "first", "last"),
    [
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=10-99999", 10, SIZE - 1),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        ("bytes=-99999", 0, SIZE - 1),
        ("Bytes=1-2", 1, 2),
    ],
)
def test_a_range_is_given_as_a_part(citizen: Peer, url: str, range_: str, first: int, last: int) -> None:
    answer = ask(citizen, url, range_, if_range=TAG)
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert (answer.headers["etag"], answer.headers["content-type"]) == (TAG, "image/jpeg")
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("range_", [f"bytes={SIZE}-", "bytes=99999-100000", "bytes=-0"])
def test_what_lies_beyond_is_refused_with_the_size(citizen: Peer, url: str, range_: str) -> None:
    answer = ask(citizen, url, range_)
    assert code(answer) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("range_", ["bytes=5-4", "bytes=-", "bytes=a-", "rows=0-4", "bytes=0-1,5-6", "bytes", ""])
def test_what_is_no_single_range_of_bytes_gets_it_whole(citizen: Peer, url: str, range_: str) -> None:
    answer = ask(citizen, url, range_)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("held", ['"other"', f"W/{TAG}", "Wed, 01 Jan 2025 00:00:00 GMT"])
def test_a_range_of_another_version_gets_the_present_one_whole(citizen: Peer, url: str, held: str) -> None:
    answer = ask(citizen, url, "bytes=100-", if_range=held)
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_part_is_signed_over_its_own_bytes(citizen: Peer, url: str) -> None:
    request, answer = exchange(citizen, "GET", url, headers={"range": "bytes=100-"})
    assert (answer.status_code, answer.headers["content-digest"]) == (206, digest(CONTENT[100:]))
    check(citizen.url, request, answer)
