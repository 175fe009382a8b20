"""Calls as values: the path with its ids, the query, what a body becomes, what an answer becomes."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.body import JsonBody, Multipart
from egov_serang.core.call import Call, fill
from egov_serang.core.decode import Decode, IfChanged
from egov_serang.core.file import File
from egov_serang.core.ids import random_id, request_id, step_key
from egov_serang.core.message import Headers, Response
from egov_serang.errors import Invalid, UnexpectedReply
from egov_serang.models.complaints import Complaint
from egov_serang.models.identity import Verification
from egov_serang.types import Nik, NoKk, Npwp, Phone
from egov_serang.wires.gateway.problems import read_problem

NIK = "9973010101900000"
TEMPLATE = "/v1/complaints/cases/{complaint_id}/media/{media_id}"

tricky = st.one_of(
    st.text(max_size=40),
    st.text("./%2eEfFcC5\\;?#&=: ~-_aA\u3002\uff0e\uff0f\u2024\u0000\n", max_size=12),
    st.sampled_from(
        [".", "..", "../admin", "..%2f", "%2e%2e", "a/b", "a?b=c", "a#f", "a;b", "\\", "a\x00", "...", "~"]
    ),
)


def filled(first: str, second: str) -> str | Invalid:
    try:
        return fill(TEMPLATE, {"complaint_id": first, "media_id": second})
    except Invalid as refused:
        return refused


@given(tricky, tricky)
def test_an_id_becomes_one_segment_or_is_refused(first: str, second: str) -> None:
    path = filled(first, second)
    if isinstance(path, Invalid):
        assert path.sent == "no"
        assert path.code == "validation_failed"
        return
    assert path.isascii()
    segments = path.split("/")
    assert segments[:4] == ["", "v1", "complaints", "cases"]
    assert segments[5] == "media"
    assert len(segments) == 7
    assert (unquote(segments[4]), unquote(segments[6])) == (first, second)
    # What an HTTP library normalises must be the very path that was built and signed.
    assert httpx.URL("https://g.invalid" + path).raw_path.decode() == path
    assert urlsplit("https://g.invalid" + path).path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "../admin",
        "a/b",
        "a\\b",
        "a;b",
        "%2e%2e",
        "%2E%2E",
        "a%2Fb",
        "a%5cb",
        "a\x00",
        "a\n",
        " a",
        "a ",
        "\x7f",
    ],
)
def test_ids_that_could_reach_another_route_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        fill(TEMPLATE, {"complaint_id": text, "media_id": "m"})
    assert [e.pointer for e in caught.value.fields] == ["/complaint_id"]
    assert len(text) < 3 or text.strip() not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 7, b"x", Nik(NIK), "x" * 513, "\ud800", ["a"]])
def test_ids_that_are_no_text_are_refused(wrong: Any) -> None:
    with pytest.raises(Invalid) as caught:
        fill(TEMPLATE, {"complaint_id": wrong, "media_id": "m"})
    assert NIK not in str(caught.value)


@pytest.mark.parametrize(
    "ordinary", ["CMP-2026-0001", "a b", "a?b=c", "a#f", "ü", "50%", "{media_id}", "a:b", "...", "~x"]
)
def test_ordinary_ids_pass(ordinary: str) -> None:
    path = fill(TEMPLATE, {"complaint_id": ordinary, "media_id": "m"})
    assert unquote(path.split("/")[4]) == ordinary
    assert path.endswith("/media/m")


def test_a_template_left_open_is_refused() -> None:
    with pytest.raises(Invalid, match="template"):
        fill(TEMPLATE, {"complaint_id": "c"})


def call(**changes: Any) -> Call[Complaint]:
    return Call("complaints.get", "GET", "/v1/x/{id}", Decode(Complaint), read_problem, {"id": "c"}, **changes)


pairs = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=5).filter(
    lambda found: all(text.isprintable() for pair in found for text in pair)
)


@given(pairs)
def test_a_query_comes_back_as_it_was(query: list[tuple[str, str]]) -> None:
    target = call(query=tuple(query)).target()
    path, _, encoded = target.partition("?")
    assert path == "/v1/x/c"
    assert parse_qsl(encoded, keep_blank_values=True) == query
    assert re.fullmatch(r"[A-Za-z0-9._~%&=-]*", encoded)
    assert httpx.URL("https://g.invalid" + target).raw_path.decode() == target


def test_query_changes() -> None:
    first = call(query=(("limit", "5"), ("cursor", "a"), ("status", "x")))
    assert first.with_query(cursor="b").query == (("limit", "5"), ("status", "x"), ("cursor", "b"))
    assert first.with_query(cursor=None).query == (("limit", "5"), ("status", "x"))
    assert first.query == (("limit", "5"), ("cursor", "a"), ("status", "x"))
    assert call() == call()
    assert call() != first


def test_a_calls_repr_shows_its_template_only() -> None:
    shown = repr(call(query=(("q", "CANARY"),), body=JsonBody({"nik": Nik(NIK)})))
    assert shown == "<Call complaints.get: GET /v1/x/{id}>"


def test_request_ids_are_version_7_and_sort_by_time() -> None:
    ids = [request_id() for _ in range(200)]
    for text in ids:
        made = uuid.UUID(text)
        assert str(made) == text
        assert made.version == 7
        assert made.variant == uuid.RFC_4122
    assert len(set(ids)) == 200
    stamps = [uuid.UUID(text).int >> 80 for text in ids]
    assert stamps == sorted(stamps)
    assert abs(stamps[0] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_random_and_step_keys() -> None:
    assert uuid.UUID(random_id()).version == 4
    parent = random_id()
    assert step_key(parent, "submit") == step_key(parent, "submit") == str(uuid.uuid5(uuid.UUID(parent), "submit"))
    assert step_key(parent, "submit") != step_key(parent, "photo 1")
    assert uuid.UUID(step_key("my own key", "submit")).version == 5
    assert step_key("my own key", "submit") != step_key("my other key", "submit")


def test_a_json_body_reveals_numbers_in_its_bytes_alone() -> None:
    numbers = {"nik": Nik(NIK), "deep": [{"kk": NoKk(NIK)}, (Npwp(NIK),)]}
    body = JsonBody(numbers)
    assert json.loads(body.content()) == {"nik": NIK, "deep": [{"kk": NIK}, [NIK]]}
    assert NIK not in f"{body} {body!r} {numbers}"
    assert body.length == len(body.content())
    assert b"".join(body.chunks()) == b"".join(body.chunks()) == body.content()
    assert body.content_type == "application/json"
    assert body == JsonBody({"nik": Nik(NIK), "deep": [{"kk": NoKk(NIK)}, (Npwp(NIK),)]})


def test_what_json_takes() -> None:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    body = JsonBody(
        {"at": at, "on": date(2026, 11, 23), "amount": Decimal("1.10"), "phone": Phone("08120000001"), "n": None}
    )
    assert json.loads(body.content()) == {
        "at": "2026-11-23T10:00:00Z",
        "on": "2026-11-23",
        "amount": "1.10",
        "phone": "+628120000001",
        "n": None,
    }
    assert json.loads(JsonBody({"text": "NaN and Infinity are words here"}).content())["text"].startswith("NaN")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), object(), "\ud800", b"\xff", {1, object()}, lambda: 0]
)
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    body = JsonBody({"name": "CANARY", "value": value})
    with pytest.raises(Invalid) as caught:
        body.content()
    assert caught.value.sent == "no"
    assert caught.value.__context__ is None
    assert "CANARY" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), json_values))
def test_any_json_document_comes_through(value: dict[str, Any]) -> None:
    assert json.loads(JsonBody(value).content()) == value


def parse_form(content_type: str, content: bytes) -> list[tuple[str, str | None, str, bytes]]:
    """What an independent parser of MIME finds: (name, filename, type, content) of each part."""
    raw = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode() + content
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw)
    parts: list[tuple[str, str | None, str, bytes]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        parts.append((str(name), part.get_filename(), part.get_content_type(), payload))
    return parts


plain_name = st.text("abcXYZ 09._-()&'", min_size=1, max_size=20).filter(lambda t: t.strip() == t)


@given(
    st.lists(st.tuples(plain_name, st.binary(max_size=300)), max_size=3),
    st.lists(st.tuples(plain_name, plain_name), max_size=3),
)
def test_a_form_is_as_long_as_announced_and_read_back_whole(
    files: list[tuple[str, bytes]], fields: list[tuple[str, str]]
) -> None:
    form = Multipart(tuple((f"f{n}", File(data, name)) for n, (name, data) in enumerate(files)), tuple(fields))
    sent = b"".join(form.chunks())
    assert form.length == len(sent)
    assert b"".join(form.chunks()) == sent, "a retry sends the same bytes"
    if not (files or fields):
        return
    # python-multipart is what the sandbox reads forms with; email's parser rewrites line ends inside binary parts.
    assert read_back(form) == [(n, None, v.encode()) for n, v in fields] + [
        (f"f{i}", name, data) for i, (name, data) in enumerate(files)
    ]


def read_back(form: Multipart) -> list[tuple[str, str | None, bytes]]:
    from python_multipart.multipart import FormParser, parse_options_header

    found: list[tuple[str, str | None, bytes]] = []

    def on_field(field: Any) -> None:
        found.append((field.field_name.decode(), None, field.value or b""))

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        found.append((file.field_name.decode(), file.file_name.decode(), file.file_object.read()))

    kind, options = parse_options_header(form.content_type)
    parser = FormParser(kind.decode(), on_field, on_file, boundary=options[b"boundary"])
    for piece in form.chunks():
        parser.write(piece)
    parser.finalize()
    return found


def test_a_form_as_another_mime_parser_reads_it(tmp_path: Path) -> None:
    photo = tmp_path / "lubang jalan.jpg"
    photo.write_bytes(b"\xff\xd8 photo")
    form = Multipart((("file", File(photo)),), (("kind", "ktp"),))
    assert parse_form(form.content_type, b"".join(form.chunks())) == [
        ("kind", None, "text/plain", b"ktp"),
        ("file", "lubang jalan.jpg", "image/jpeg", b"\xff\xd8 photo"),
    ]


@pytest.mark.parametrize("name", ['a"b', "a\r\nX-Evil: 1", 'x"; name="other'])
def test_names_cannot_break_out_of_their_quotes(name: str) -> None:
    form = Multipart((("file", File(b"x", name, "text/plain\r\nX-Evil: 1")),), ((name, "v"),))
    sent = b"".join(form.chunks())
    assert b"\r\nX-Evil" not in sent
    assert sent.count(b"\r\n--") == 2
    assert form.length == len(sent)


def test_equal_forms_are_equal_bytes_and_show_nothing() -> None:
    one, two = (Multipart((("file", File(b"x", "CANARY.jpg")),)) for _ in range(2))
    assert one == two
    assert one.content_type == two.content_type
    assert b"".join(one.chunks()) == b"".join(two.chunks())
    others = [
        Multipart((("file", File(b"y", "CANARY.jpg")),)),
        Multipart((("file", File(b"x", "other.jpg")),)),
        Multipart((("file", File(b"x", "CANARY.jpg")),), (("kind", "ktp"),)),
    ]
    assert len({form.content_type for form in (one, *others)}) == 4
    assert "CANARY" not in f"{one!r} {one.files[0][1]!r}"


def test_files_from_whatever_names_one(tmp_path: Path) -> None:
    path = tmp_path / "ktp.pdf"
    path.write_bytes(b"p" * 200_000)
    for source in (path, str(path), File(path)):
        file = File.of(source)
        assert (file.filename, file.media_type, file.length) == ("ktp.pdf", "application/pdf", 200_000)
        assert [len(piece) for piece in file.chunks()] == [65536, 65536, 65536, 3392]
        assert b"".join(file.chunks()) == b"".join(file.chunks())
    data = File.of(b"abc")
    assert (data.filename, data.media_type, data.length) == ("file.bin", "application/octet-stream", 3)
    assert list(data.chunks()) == [b"abc"]
    assert list(File(b"").chunks()) == []
    assert File(b"", "x.png", "image/webp").media_type == "image/webp"
    for start, kind in (
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%PDF-1.7", "application/pdf"),
    ):
        assert File(start).media_type == kind


@pytest.mark.parametrize("name", ["nothing-here.jpg", "."])
def test_a_file_that_is_not_there_is_refused_before_sending(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        File.of(tmp_path / name)
    assert caught.value.sent == "no"
    assert str(tmp_path) not in str(caught.value)


def answer(body: bytes, kind: str = "application/json", status: int = 200) -> Response:
    return Response(status, Headers([("content-type", kind)]), body)


WRONG_BODIES = [
    b"",
    b"CANARY",
    b'{"transaction_id": "CANARY"',
    b'{"transaction_id": ["CANARY"], "outcome": "CANARY"}',
    b'{"transaction_id": "t", "outcome": 5, "quota_left": "CANARY"}',
    b'{"transaction_id": "t", "outcome": "match", "results": {"CANARY": {"result": 7}}}',
    b'{"transaction_id": "t", "outcome": "match", "results": {"CANARY": "CANARY"}}',
    b'{"transaction_id": "t", "outcome": "match", "cost": {"amount": "CANARY", "currency": "CANARY"}}',
    b'{"transaction_id": "t", "outcome": "match", "checked_at": "CANARY"}',
    b'["CANARY"]',
    b"[" * 5000,
    b'{"transaction_id": "\xff CANARY"}',
]


@pytest.mark.parametrize("body", WRONG_BODIES, ids=range(len(WRONG_BODIES)))
def test_an_answer_of_another_shape_shows_nothing_of_it(body: bytes) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        Decode(Verification)(answer(body))
    assert caught.value.code == "wrong_shape"
    assert caught.value.sent == "yes"
    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None


NUMBERS = ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_number_is_no_json(number: str) -> None:
    document = f'{{"transaction_id": "t", "outcome": "match", "unknown": [{number}]}}'.encode()
    with pytest.raises(UnexpectedReply, match="not_a_number") as caught:
        Decode(Verification)(answer(document))
    assert (caught.value.code, caught.value.sent) == ("wrong_shape", "yes")
    text = document.replace(number.encode(), f'"{number}"'.encode())
    assert Decode(Verification)(answer(text)).outcome == "match"


@pytest.mark.parametrize("inner", [False, True])
def test_a_name_that_comes_twice_is_refused_where_it_counts(inner: bool) -> None:
    twice = '{"result": "match", "result": "no_match"}'
    document = f'{{"transaction_id": "t", "outcome": "match", "results": {{"sex": {twice}}}}}'
    if not inner:
        document = '{"transaction_id": "t", "outcome": "no_match", "outcome": "match"}'
    with pytest.raises(UnexpectedReply, match="name_twice") as caught:
        Decode(Verification, unique=True)(answer(document.encode()))
    assert (caught.value.code, caught.value.__context__) == ("wrong_shape", None)
    assert Decode(Verification)(answer(document.encode())).transaction_id == "t"


def test_the_fields_at_fault_are_named() -> None:
    with pytest.raises(UnexpectedReply, match=r"results/\*/result: "):
        Decode(Verification)(answer(WRONG_BODIES[5]))
    with pytest.raises(UnexpectedReply, match=r"Verification: .*cost/amount: "):
        Decode(Verification)(answer(WRONG_BODIES[7]))
    with pytest.raises(UnexpectedReply, match=r"outcome: missing"):
        Decode(Verification)(answer(b'{"transaction_id": "t"}'))


@pytest.mark.parametrize("kind", ["text/html", "", "text/plain; note=json", "application/octet-stream"])
def test_an_answer_that_is_no_json_is_refused(kind: str) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        Decode(Verification)(answer(b'{"transaction_id": "t", "outcome": "match"}', kind))
    assert caught.value.code == "not_json"


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/hal+json"])
def test_json_by_any_of_its_names(kind: str) -> None:
    found = Decode(Verification)(answer(b'{"transaction_id": "t", "outcome": "match"}', kind))
    assert found.transaction_id == "t"


def test_conditional_answers() -> None:
    decode = IfChanged(Decode(Verification))
    assert decode(Response(304, Headers())) is None
    found = decode(answer(b'{"transaction_id": "t", "outcome": "match"}'))
    assert found is not None
    assert found.transaction_id == "t"


def test_headers_know_no_case_and_join_repeated_fields() -> None:
    headers = Headers([("X-One", "1"), ("x-two", "a"), ("X-TWO", "b")])
    assert headers["x-ONE"] == "1"
    assert headers["X-Two"] == "a, b"
    assert sorted(headers) == ["x-one", "x-two"]
    assert len(headers) == 2
    assert headers.get("nothing") is None
    assert "1" not in repr(headers)
