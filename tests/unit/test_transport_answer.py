"""The intake of a body, piece by piece."""

from __future__ import annotations

import gzip
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.message import Headers, TransportFault
from egov_serang.transport.answer import Intake, Interims, check_size

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


@given(st.integers(1, 30), st.integers(1, 4096))
def test_what_grows_a_hundredfold_is_refused_above_a_mebibyte_alone(size: int, step: int) -> None:
    """Zeros become about a thousandth. Pieces of any size are judged by what has come so far."""
    body = bytes(size * 100_000)
    packed = gzip.compress(body)
    intake = Intake("GET", 200, PACKED, max_body=8_000_000)
    try:
        got = b"".join(intake.feed(packed[at : at + step]) for at in range(0, len(packed), step))
    except TransportFault as fault:
        refused: TransportFault | None = fault
    else:
        refused = None
    if len(body) <= 1024 * 1024:
        assert refused is None
        assert got == body
    else:
        assert refused is not None
        assert (refused.kind, refused.permanent) == ("too_large", True)
        assert "hundred times" in refused.reason


def test_what_grows_less_is_fine_however_large_it_is() -> None:
    body = bytes(range(256)) * 20_000
    packed = gzip.compress(random.Random(1).randbytes(60_000) + body)
    intake = Intake("GET", 200, PACKED, max_body=8_000_000)
    assert intake.feed(packed).endswith(body)
    intake.finish()


HEADS = [((64, 10), True), ((65, 10), False), ((1, 8192), True), ((1, 8193), False)]


@pytest.mark.parametrize(("fields", "fits"), HEADS)
def test_a_head_has_64_fields_of_8_kib(fields: tuple[int, int], fits: bool) -> None:
    raw = [(b"x-%d" % number, b"x" * fields[1]) for number in range(fields[0])]
    if fits:
        check_size(raw)
        return
    with pytest.raises(TransportFault) as caught:
        check_size(raw)
    assert (caught.value.kind, caught.value.sent, caught.value.permanent) == ("protocol", "maybe", True)


EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@given(st.integers(0, 16), st.lists(st.integers(0, 1000), max_size=8))
def test_interim_answers_are_counted_however_they_are_cut(count: int, cuts: list[int]) -> None:
    interims = Interims()
    assert Interims.begin_with(EARLY * count + FINAL) == (count > 0)
    begun = any(not interims.feed(piece) for piece in pieces(EARLY * count + FINAL, cuts))
    assert begun, "the final answer"


@given(st.lists(st.integers(0, 2000), max_size=8))
def test_one_interim_answer_too_many_is_refused(cuts: list[int]) -> None:
    interims = Interims()
    with pytest.raises(TransportFault) as caught:
        all(interims.feed(piece) for piece in pieces(EARLY * 17, cuts))
    assert (caught.value.kind, caught.value.permanent) == ("protocol", True)
