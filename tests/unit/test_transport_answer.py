"""The intake of a body, piece by piece."""

from __future__ import annotations

import gzip
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.message import Headers, TransportFault
from egov_serang.transport.answer import Intake

PACKED = Headers([("Content-Encoding", "GZIP")])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.lists(st.integers(0, 2000), max_size=8))
def test_gzip_comes_out_whole_however_it_is_cut(members: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(members)
    intake = Intake("GET", 200, PACKED, max_body=10_000)
    packed = b"".join(gzip.compress(member) for member in members)
    assert b"".join(intake.feed(piece) for piece in pieces(packed, cuts)) == whole
    intake.finish()


@given(st.binary(max_size=200), st.integers(0, 1000))
def test_gzip_that_ends_early_is_never_taken_for_whole(body: bytes, cut: int) -> None:
    packed = gzip.compress(body)
    intake = Intake("GET", 200, PACKED, max_body=10_000)
    intake.feed(packed[: cut % len(packed)])
    with pytest.raises(TransportFault) as caught:
        intake.finish()
    assert caught.value.kind == "truncated"


@given(st.binary(min_size=1, max_size=500), st.lists(st.integers(0, 500), max_size=5), st.booleans())
def test_the_limit_is_exact(body: bytes, cuts: list[int], packed: bool) -> None:
    def taken(limit: int) -> bytes:
        headers = PACKED if packed else Headers()
        intake = Intake("GET", 200, headers, max_body=limit)
        got = b"".join(intake.feed(piece) for piece in pieces(wire, cuts))
        intake.finish()
        return got

    wire = gzip.compress(body) if packed else body
    limit = max(len(body), len(wire))
    assert taken(limit) == body
    with pytest.raises(TransportFault) as caught:
        taken(limit - 1)
    assert (caught.value.kind, caught.value.permanent) == ("too_large", True)


def test_a_bomb_is_not_inflated_beyond_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    intake = Intake("GET", 200, PACKED, max_body=len(bomb))
    with pytest.raises(TransportFault) as caught:
        intake.feed(bomb)
    assert caught.value.kind == "too_large"
