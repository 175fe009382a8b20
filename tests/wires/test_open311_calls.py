"""The Open311 wire by value and by property: what is built, and that what is read comes back as it was written."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import EgovError, Invalid, UnexpectedReply
from egov_serang.core.body import FormBody
from egov_serang.core.call import Call
from egov_serang.core.message import Headers, Response
from egov_serang.models.complaints import Complaint, ComplaintStatus, Location, Reporter
from egov_serang.wires.open311 import answers
from egov_serang.wires.open311.complaints import ComplaintsOpen311
from egov_serang.wires.open311.documents import plain
from egov_serang.wires.open311.errors import read_error
from egov_serang.wires.open311.fields import attribute, contact, moment, number
from egov_serang.wires.open311.statuses import status_of

WIRE = ComplaintsOpen311("city.example", "json")
NOTHING: dict[str, Any] = {
    "location": None,
    "attributes": None,
    "reporter": None,
    "confidential": False,
    "anonymous": False,
    "client_reference": None,
}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def answer(body: object, status: int = 200) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, Headers(), content)


def sent(call: Call[Any]) -> dict[str, str]:
    assert call.body is not None
    return dict(parse_qsl(b"".join(call.body.chunks()).decode(), keep_blank_values=True))


def test_calls_are_values() -> None:
    assert WIRE.get("4711") == Call(
        "complaints.get",
        "GET",
        "/requests/{complaint_id}.json",
        answers.One("4711"),
        read_error,
        {"complaint_id": "4711"},
        (("jurisdiction_id", "city.example"),),
        (("accept", "application/json, text/xml;q=0.5"),),
    )
    assert WIRE.token("t").target() == "/tokens/t.json?jurisdiction_id=city.example"
    assert ComplaintsOpen311().service("a b").target() == "/services/a%20b.xml"
    call = WIRE.submit("001", "A hole.", **NOTHING)
    assert call.safety == "never_repeat"
    assert call.body == FormBody(
        (("jurisdiction_id", "city.example"), ("service_code", "001"), ("description", "A hole."))
    )
    assert "hole" not in repr(call) + repr(call.body)


@pytest.mark.parametrize("dangerous", ["..", "a/b", "a%2fb", "", "a;b"])
def test_an_id_reaches_no_other_resource(dangerous: str) -> None:
    with pytest.raises(Invalid):
        WIRE.get(dangerous).target()


@given(TEXT, TEXT, TEXT)
def test_forms_carry_any_text(description: str, name: str, value: str) -> None:
    given_ = {**NOTHING, "reporter": Reporter(name=name), "attributes": {"a": value}}
    form = sent(WIRE.submit("001", description, **given_))
    assert form["description"] == description
    assert form["attribute[a]"] == value
    whole = " ".join(part for part in (form.get("first_name"), form.get("last_name")) if part)
    assert whole.split() == name.split()


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_point_is_plain_decimal_text(lat: float, long: float) -> None:
    form = sent(WIRE.submit("001", "x", **{**NOTHING, "location": Location(lat=lat, long=long)}))
    assert "e" not in form["lat"] + form["long"]
    assert abs(float(form["lat"]) - lat) < 1e-7
    assert abs(float(form["long"]) - long) < 1e-7


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.integers(-12 * 60, 14 * 60),
)
def test_times_keep_their_moment(at: datetime, minutes: int) -> None:
    exact = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert datetime.fromisoformat(moment("x", exact) or "") == exact


def test_fields_by_value() -> None:
    assert attribute("a", ["x", "y"]) == [("attribute[a][]", "x"), ("attribute[a][]", "y")]
    assert attribute("a", 3) == [("attribute[a]", "3")]
    assert attribute("a", value=True) == [("attribute[a]", "true")]
    assert attribute("a", datetime(2026, 11, 23, 8, tzinfo=UTC)) == [("attribute[a]", "2026-11-23T08:00:00Z")]
    assert attribute("a", None) == []
    assert contact(None) == []
    assert contact(Reporter(name="Siti")) == [("first_name", "Siti")]
    assert number(1e-05) == "0.00001"
    for wrong in ({"a": 1}, [[1]], datetime(2026, 11, 23)):
        with pytest.raises(Invalid):
            attribute("a", wrong)
    with pytest.raises(Invalid):
        WIRE.submit("001", "x", **{**NOTHING, "location": Location(lat=1)})


def fields() -> st.SearchStrategy[dict[str, Any]]:
    # XML keeps no blanks around a text, so neither format is asked to.
    words = TEXT.map(str.strip).map(lambda text: text or None)
    return st.fixed_dictionaries(
        {
            "service_request_id": st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True),
            "status": st.sampled_from(("open", "closed")),
            "status_notes": words,
            "service_code": st.from_regex(r"[A-Za-z0-9_]{1,20}", fullmatch=True),
            "description": words,
            "requested_datetime": st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
                lambda at: at.isoformat(timespec="seconds") + "+07:00"
            ),
            "address": words,
            "lat": st.none() | st.floats(-90, 90),
            "long": st.none() | st.floats(-180, 180),
        }
    )


@given(st.lists(fields(), max_size=4))
def test_what_is_written_in_either_format_is_read_alike(items: list[dict[str, Any]]) -> None:
    def element(name: str, value: object) -> str:
        return f"<{name}>{'' if value is None else escape(str(value))}</{name}>"

    inner = "".join(f"<request>{''.join(element(n, v) for n, v in item.items())}</request>" for item in items)
    xml = f'<?xml version="1.0" encoding="utf-8"?>\n<service_requests>{inner}</service_requests>'.encode()
    from_xml = answers.requests(answer(xml)).data
    assert from_xml == answers.requests(answer(items)).data
    assert [one.complaint_id for one in from_xml] == [item["service_request_id"] for item in items]
    for one, item in zip(from_xml, items, strict=True):
        assert (one.description, one.address_string) == (item["description"] or "", item["address"])
        assert (one.lat, one.long) == (item["lat"], item["long"])
        assert one.requested_at == datetime.fromisoformat(item["requested_datetime"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("service_request_id", "status", "errors", "error", "code", "description", "values", "token")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
READERS = (
    *(answers.services, answers.definition, answers.Submitted("001"), answers.Token("t"), answers.One("1")),
    *(answers.requests, answers.Updates("1"), answers.discovery),
)


@given(JSON, st.sampled_from(READERS), st.sampled_from((200, 400, 404, 500)))
def test_no_document_leads_to_another_exception(document: object, reader: Any, status: int) -> None:
    assert isinstance(read_error(answer(document, status)), EgovError)
    with contextlib.suppress(EgovError):
        reader(answer(document))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE a><a/>', "unsafe_xml"),
        (b'<!-- x --><?p y?>\n<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "unsafe_xml"),
        (b"<!ELEMENT a EMPTY><a/>", "unsafe_xml"),
        (b"<!doctype html><html></html>", "not_open311"),
        (b"<html><body>Hello</body></html>", "not_open311"),
        (b"<a>&undefined;</a>", "not_open311"),
        (b"<!-- never closed", "not_open311"),
        (b"<a>" * 25 + b"</a>" * 25, "not_open311"),
        (b"<a><b></a>", "not_open311"),
        ("<a>é</a>".encode("utf-16"), "not_utf8"),
        (b'{"a": NaN}', "not_open311"),
        (b"plain words", "not_open311"),
    ],
)
def test_xml_that_could_do_harm_or_is_none(body: bytes, code: str) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        plain(answer(body))
    assert caught.value.code == code
    assert caught.value.sent == "yes"


def test_a_document_type_in_somebodys_words_is_only_words() -> None:
    xml = "<service_requests><request><service_request_id>1</service_request_id>"
    xml += "<description><![CDATA[<!DOCTYPE a>]]></description></request></service_requests>"
    assert answers.requests(answer(xml.encode())).data[0].description == "<!DOCTYPE a>"


def test_what_the_server_adds_stays_under_its_name() -> None:
    found = answers.requests(
        answer([{"service_request_id": 1, "zipcode": "42111", "version": 9, "reporter": "somebody", "a b": 1}])
    ).data[0]
    assert (found.version, found.reporter) == (0, None)
    assert found.model_extra == {"zipcode": "42111"}
    assert "42111" not in repr(found)


@pytest.mark.parametrize(
    ("status", "detailed", "ours"),
    [
        ("open", None, ComplaintStatus("open")),
        ("closed", None, ComplaintStatus.CLOSED),
        ("open", "RECEIVED", ComplaintStatus.SUBMITTED),
        ("open", "In Process", ComplaintStatus.IN_PROGRESS),
        ("closed", "PROCESSED", ComplaintStatus.RESOLVED),
        ("Closed", "", ComplaintStatus.CLOSED),
        ("on_hold", None, ComplaintStatus.ON_HOLD),
    ],
)
def test_states(status: str, detailed: str | None, ours: ComplaintStatus) -> None:
    assert status_of(status, detailed) == ours


def test_a_list_of_errors_is_not_a_list_of_results() -> None:
    with pytest.raises(EgovError) as caught:
        answers.requests(answer([{"code": 404, "description": "jurisdiction_id was not found"}]))
    assert caught.value.code == "not_found"
    assert isinstance(answers.requests(answer([])).data, tuple)
    assert answers.requests(answer([{"service_request_id": "1", "description": "x"}])).data == (
        Complaint(
            complaint_id="1",
            service_code="",
            status=ComplaintStatus("open"),
            status_detail="open",
            description="x",
            version=0,
        ),
    )
