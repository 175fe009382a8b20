"""Standard Webhooks by known answer and by property; events: typed, repetitions known, silent about people."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import pickle
import sqlite3
import traceback
from collections.abc import Callable
from email import message_from_string
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from egov_serang import AsyncClient, Client, Config, ConfigError, Event, SignatureInvalid, UnexpectedReply, Webhooks
from egov_serang.models.announcements import Announcement
from egov_serang.models.civil import CivilApplication
from egov_serang.models.complaints import Complaint, ComplaintStatus
from egov_serang.models.identity import Verification
from egov_serang.models.notifications import Message
from egov_serang.models.permits import Application, Document, Licence
from egov_serang.signing.nonces import MemoryNonces, SqliteNonces
from egov_serang.signing.webhooks import REMEMBERED, WebhookSigner, WebhookVerifier, deliveries
from egov_serang.testing import FakeTransport
from egov_serang.types import Secret

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "snap_and_webhooks.json").read_text("utf-8"))
KNOWN = VECTORS["standard_webhooks"]
AT = int(KNOWN["timestamp"])
BODY = KNOWN["payload"].encode()
HEADERS = {
    "webhook-id": KNOWN["id"],
    "webhook-timestamp": KNOWN["timestamp"],
    "webhook-signature": KNOWN["signature"],
}
NOW = 1_800_000_000.0
NIK = "9973010101900000"
NAME = "Canarita Binti Kenari"


def secret(number: int = 0, length: int = 32) -> Secret:
    return Secret("whsec_" + base64.b64encode(bytes([number]) * length).decode())


SECRET = secret()
SIGNER = WebhookSigner(SECRET)


def shown_by(error: Exception) -> str:
    """All that a crash report has of an error: what it says of itself, and the locals of our frames."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    frames = [frame.locals for frame in lines if "/egov_serang/" in frame.filename]
    assert frames
    return repr((str(error), error, vars(error), frames))


def refused(headers: Any, body: bytes, now: float, *, verifier: WebhookVerifier | None = None) -> SignatureInvalid:
    with pytest.raises(SignatureInvalid) as caught:
        (verifier or WebhookVerifier(SECRET)).verify(headers, body, now=now)
    return caught.value


def test_the_known_answer_both_ways() -> None:
    known = Secret(KNOWN["secret"])
    assert WebhookSigner(known).sign(KNOWN["id"], BODY, at=AT + 0.9) == HEADERS
    assert WebhookVerifier(known).verify(HEADERS, BODY, now=AT) == KNOWN["id"]


@pytest.mark.parametrize(
    "form",
    [
        lambda h: {name.title(): value for name, value in h.items()},
        lambda h: list(h.items()),
        lambda h: [(name.upper().encode(), value.encode()) for name, value in h.items()],
        lambda h: {name.encode(): value.encode() for name, value in h.items()},
        lambda h: {**h, "content-type": "application/json", "x-other": "1"},
        lambda h: iter(h.items()),
        lambda h: message_from_string("".join(f"{name}: {value}\n" for name, value in h.items())),
        httpx.Headers,
    ],
)
def test_headers_of_every_framework(form: Callable[[dict[str, str]], Any]) -> None:
    assert WebhookVerifier(Secret(KNOWN["secret"])).verify(form(HEADERS), BODY, now=AT) == KNOWN["id"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"webhook-id": None}, "signature_missing"),
        ({"webhook-timestamp": None}, "signature_missing"),
        ({"webhook-signature": None}, "signature_missing"),
        ({"webhook-signature": ""}, "signature_missing"),
        ({"webhook-id": "msg 1"}, "signature_malformed"),
        ({"webhook-id": "a.1614265330"}, "signature_malformed"),
        ({"webhook-id": "m\u00e9"}, "signature_malformed"),
        ({"webhook-id": "m\n"}, "signature_malformed"),
        ({"webhook-id": "m" * 257}, "signature_malformed"),
        ({"webhook-timestamp": "01614265330"}, "signature_malformed"),
        ({"webhook-timestamp": "+1614265330"}, "signature_malformed"),
        ({"webhook-timestamp": "1614265330.0"}, "signature_malformed"),
        ({"webhook-timestamp": "\u0661"}, "signature_malformed"),
        ({"webhook-timestamp": "1614265330\n"}, "signature_malformed"),
        ({"webhook-timestamp": "9" * 5000}, "signature_malformed"),
        ({"webhook-signature": "v1"}, "signature_malformed"),
        ({"webhook-signature": "v1," + "A" * 43}, "signature_malformed"),
        ({"webhook-signature": "v1," + "A" * 42 + "B="}, "signature_malformed"),
        ({"webhook-signature": "v1,not-base64!"}, "signature_malformed"),
        ({"webhook-signature": f" {KNOWN['signature']}"}, "signature_malformed"),
        ({"webhook-signature": f"{KNOWN['signature']},{KNOWN['signature']}"}, "signature_malformed"),
        ({"webhook-signature": KNOWN["signature"].replace("v1,", "v9,")}, "signature_malformed"),
        ({"webhook-signature": " ".join(["v1,AAAA"] * 17)}, "signature_malformed"),
        ({"webhook-signature": "v1," + "A" * 20_000}, "signature_malformed"),
        ({"webhook-signature": "v1," + "A" * 1_000_000}, "signature_malformed"),
        ({"webhook-signature": KNOWN["signature"].replace("v1,", "v1a,")}, "signature_wrong"),
        ({"webhook-signature": "v1,AAAA"}, "signature_wrong"),
        ({"webhook-id": KNOWN["id"] + "x"}, "signature_wrong"),
        ({"webhook-timestamp": str(AT + 1)}, "signature_wrong"),
        ({"webhook-timestamp": str(AT - 301)}, "clock_skew"),
        ({"webhook-timestamp": str(AT + 301)}, "clock_skew"),
        ({"webhook-timestamp": str(AT * 1000)[:12]}, "clock_skew"),
    ],
)
def test_what_is_refused(changes: dict[str, str | None], code: str) -> None:
    headers = {name: value for name, value in (HEADERS | changes).items() if value is not None}
    verifier = WebhookVerifier(Secret(KNOWN["secret"]))
    assert refused(headers, BODY, AT, verifier=verifier).code == code
    assert refused(HEADERS, BODY + b" ", AT, verifier=verifier).code == "signature_wrong"


@pytest.mark.parametrize("name", HEADERS)
def test_a_field_that_is_there_twice(name: str) -> None:
    pairs = [*HEADERS.items(), (name.upper(), HEADERS[name])]
    assert refused(pairs, BODY, AT, verifier=WebhookVerifier(Secret(KNOWN["secret"]))).code == "signature_malformed"


def test_a_value_that_is_no_text_is_missing() -> None:
    assert refused({name: [value] for name, value in HEADERS.items()}, BODY, AT).code == "signature_missing"


def test_the_window_has_two_edges() -> None:
    headers = SIGNER.sign("m", BODY, at=NOW)
    for now in (NOW - 300, NOW, NOW + 300.9):
        WebhookVerifier(SECRET).verify(headers, BODY, now=now)
    late, early = refused(headers, BODY, NOW + 301), refused(headers, BODY, NOW - 301)
    assert (late.code, early.code) == ("clock_skew", "clock_skew")
    assert "301 s behind our clock" in late.explain()
    assert "301 s ahead of our clock" in early.explain()
    assert refused(headers, BODY, NOW + 11, verifier=WebhookVerifier(SECRET, window_s=10)).code == "clock_skew"


def test_secrets_are_rotated_without_a_refused_delivery() -> None:
    old, new = secret(1), secret(2)
    before, during, after = WebhookSigner(old), WebhookSigner([new, old]), WebhookSigner(new)
    assert during.sign("m", BODY, at=NOW)["webhook-signature"].count("v1,") == 2
    for signer, known in (
        (before, [old]),
        (before, [new, old]),
        (during, [old]),
        (during, [new]),
        (during, [new, old]),
        (after, [new, old]),
        (after, [new]),
    ):
        assert WebhookVerifier(known).verify(signer.sign("m", BODY, at=NOW), BODY, now=NOW) == "m"
    verifier = WebhookVerifier([new, secret(3)])
    wrong = refused(before.sign("m", BODY, at=NOW), BODY, NOW, verifier=verifier)
    assert "1 (v1) tried with 2 of our secrets" in wrong.explain()


def test_a_gateway_that_signs_asymmetrically() -> None:
    key = Ed25519PrivateKey.generate()
    public = Secret("whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode())
    value = base64.b64encode(key.sign(b"m.1800000000." + BODY)).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": "1800000000", "webhook-signature": f"v1,AAAA v1a,{value}"}
    assert WebhookVerifier([SECRET, public]).verify(headers, BODY, now=NOW) == "m"
    assert refused(headers, BODY + b"1", NOW, verifier=WebhookVerifier(public)).code == "signature_wrong"
    assert refused(headers | {"webhook-signature": "v1a,AAAA"}, BODY, NOW, verifier=WebhookVerifier(public)).code
    # The same bytes under the symmetric scheme's name are nothing.
    assert refused(headers | {"webhook-signature": f"v1,{value}"}, BODY, NOW, verifier=WebhookVerifier(public)).code
    with pytest.raises(ConfigError):
        WebhookSigner(public)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_not base64",
        base64.b64encode(bytes(32)).decode(),
        secret(length=23).reveal(),
        secret(length=65).reveal(),
        "whpk_" + base64.b64encode(bytes(31)).decode(),
        "whsk_" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_what_is_no_secret(text: str) -> None:
    for make in (WebhookSigner, WebhookVerifier, Webhooks):
        for given_as in (Secret(text), [Secret(text)], text):
            with pytest.raises(ConfigError) as caught:
                make(given_as)  # type: ignore[operator]
            assert caught.value.code == "key_unusable"
            assert len(text) < 10 or text[6:] not in shown_by(caught.value)


@pytest.mark.parametrize("length", [24, 64])
def test_the_shortest_and_longest_secret(length: int) -> None:
    key = secret(7, length)
    assert WebhookVerifier(key).verify(WebhookSigner(key).sign("m", b"", at=NOW), b"", now=NOW) == "m"


def test_between_one_and_sixteen_secrets() -> None:
    for number in (0, 17):
        with pytest.raises(ConfigError):
            WebhookVerifier([SECRET] * number)


@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1, max_size=256),
    st.binary(max_size=300),
    st.integers(0, 10**11),
)
def test_what_is_signed_holds_and_one_changed_byte_does_not(webhook_id: str, body: bytes, at: int) -> None:
    verifier, headers = WebhookVerifier([secret(9), SECRET]), SIGNER.sign(webhook_id, body, at=at)
    assert verifier.verify(headers, body, now=at) == webhook_id
    for place in range(0, len(body), 37):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert refused(headers, changed, at, verifier=verifier).code == "signature_wrong"


TEXTS = (
    st.text() | st.from_regex(r"v1a?,[A-Za-z0-9+/=]{0,90}( v1,[A-Za-z0-9+/=]{0,50})?") | st.from_regex(r"[0-9]{1,20}")
)
NAMED = st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "content-type"])


@given(
    st.dictionaries(NAMED, TEXTS)
    | st.lists(st.tuples(NAMED | st.text(), TEXTS))
    | st.lists(st.tuples(st.binary() | NAMED.map(str.encode), st.binary())),
    st.binary(max_size=50),
)
def test_strangers_raise_nothing_but_our_error(headers: Any, body: bytes) -> None:
    error = refused(headers, body, NOW)
    assert error.code in {"signature_missing", "signature_malformed", "clock_skew", "signature_wrong"}
    assert error.explain()


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_signed_nonsense_is_an_unexpected_reply(body: bytes) -> None:
    with contextlib.suppress(UnexpectedReply):
        Webhooks(SECRET).receive(SIGNER.sign("m", body, at=NOW), body, now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
TYPES = st.sampled_from(
    [
        "id.smartcity.complaints.complaint.created.v1",
        "id.smartcity.permits.licence.revoked.v1",
        "id.smartcity.identity.subject.moved.v1",
        "subscription.challenge",
        "something.else",
    ]
)


@given(st.fixed_dictionaries({"id": st.text(), "type": TYPES, "data": JSON}, optional={"sequence": JSON, "time": JSON}))
def test_whatever_data_is_there_it_is_an_event_or_an_unexpected_reply(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    found = outcome(Webhooks(SECRET), SIGNER.sign("m", body, at=NOW), body)
    if not isinstance(found, Event):
        assert found.code in {"wrong_shape", "not_json"}
    else:
        assert (found.webhook_id, found.duplicate, found.type) == ("m", False, document["type"])
        repr(found), found.model_dump(), found.model_dump_json()


# ---- events


COMPLAINT = {"complaint_id": "c-1", "service_code": "road", "status": "resolved", "version": 4, "new": 1}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "type": "id.smartcity.complaints.complaint.status_changed.v1",
    "source": "36.73",
    "subject": "c-1",
    "time": "2026-11-24T08:00:00+07:00",
    "sequence": "12",
    "data": COMPLAINT,
}


def receive(webhooks: Webhooks, document: object, webhook_id: str = "m", now: float = NOW) -> Event:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return webhooks.receive(SIGNER.sign(webhook_id, body, at=now), body, now=now)


def test_an_event_is_typed() -> None:
    event = receive(Webhooks(SECRET), EVENT)
    assert isinstance(event.data, Complaint)
    assert event.data.status is ComplaintStatus.RESOLVED
    assert (event.module, event.resource, event.what) == ("complaints", "complaint", "status_changed")
    assert (event.id, event.source, event.subject, event.sequence) == ("e-1", "36.73", "c-1", 12)
    assert event.time is not None
    assert event.time.isoformat() == "2026-11-24T08:00:00+07:00"
    assert event.challenge is None
    assert event.model_extra == {"specversion": "1.0"}
    assert pickle.loads(pickle.dumps(event)) == event
    assert json.loads(event.model_dump_json())["data"]["complaint_id"] == "c-1"


@pytest.mark.parametrize(
    ("name", "data", "model"),
    [
        (
            "permits.application.determined",
            {"application_id": "a", "permit_type_code": "p", "stage": "decision", "status": "determined", "version": 1},
            Application,
        ),
        (
            "permits.document.accepted",
            {"document_id": "d", "kind": "ktp", "filename": "f", "media_type": "m", "size": 1, "sha256": "0"},
            Document,
        ),
        (
            "permits.licence.issued",
            {
                "licence_id": "l",
                "licence_number": "n",
                "permit_type_code": "p",
                "holder": "h",
                "valid_from": "2026-01-01T00:00:00Z",
                "status": "active",
            },
            Licence,
        ),
        (
            "identity.application.issued",
            {"application_id": "a", "service_code": "kk", "status": "issued", "version": 1},
            CivilApplication,
        ),
        ("identity.verification.completed", {"transaction_id": "t", "outcome": "match"}, Verification),
        (
            "notifications.message.delivered",
            {"message_id": "m", "status": "delivered", "template_id": "t"},
            Message,
        ),
        (
            "notifications.announcement.published",
            {
                "announcement_id": "a",
                "title": "t",
                "body": "b",
                "category": "health",
                "status": "published",
                "version": 1,
            },
            Announcement,
        ),
        ("permits.fee.billed", {"fee_id": "f"}, dict),
        ("complaints.complaint.commented", {"update_id": "u"}, dict),
        ("complaints.complaint.created", ["no complaint"], list),
        ("complaints.complaint.created", None, type(None)),
        ("weather.flood.rising", {"cm": 40}, dict),
    ],
)
def test_data_by_type_and_never_an_exception(name: str, data: Any, model: type) -> None:
    event = receive(Webhooks(SECRET), EVENT | {"type": f"id.smartcity.{name}.v1", "data": data})
    assert isinstance(event.data, model)
    assert f"{event.module}.{event.resource}.{event.what}" == name


@pytest.mark.parametrize(
    "kind", ["com.example.thing", "id.smartcity.complaints.complaint.created.v2", "", "id.smartcity.a.b.v1"]
)
def test_types_we_do_not_know_stay_plain(kind: str) -> None:
    event = receive(Webhooks(SECRET), EVENT | {"type": kind})
    assert event.data == COMPLAINT
    assert (event.module, event.resource, event.what) == (None, None, None)


@pytest.mark.parametrize(
    ("given_as", "number"),
    [(7, 7), ("0007", 7), ("-1", None), ("x", None), (True, None), (1.5, None), (None, None), ("9" * 4000, None)],
)
def test_a_sequence_counts_or_is_none(given_as: Any, number: int | None) -> None:
    assert receive(Webhooks(SECRET), EVENT | {"sequence": given_as}).sequence == number


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"[]", "not_json"),
        (b'"text"', "not_json"),
        (b"{", "not_json"),
        (b'{"id": "e", "type": "t", "data": NaN}', "not_json"),
        (b"\xff", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (b"{}", "wrong_shape"),
        (b'{"id": 1, "type": "t"}', "wrong_shape"),
        (b'{"id": "e", "type": "t", "time": "yesterday"}', "wrong_shape"),
    ],
)
def test_signed_and_no_event(body: bytes, code: str) -> None:
    with pytest.raises(UnexpectedReply) as caught:
        receive(Webhooks(SECRET), body)
    assert caught.value.code == code


def test_a_challenge_is_for_echoing() -> None:
    event = receive(Webhooks(SECRET), {"type": "subscription.challenge", "challenge": "abc"}, "msg_1")
    assert (event.challenge, event.id, event.module) == ("abc", "msg_1", None)
    assert receive(Webhooks(SECRET), {"type": "subscription.challenge", "challenge": 1}).challenge is None


def test_a_body_that_is_not_bytes_is_a_mistake_of_the_app() -> None:
    headers = SIGNER.sign("m", b"{}", at=NOW)
    for body in ("{}", {}, None):
        with pytest.raises(TypeError, match="bytes"):
            Webhooks(SECRET).receive(headers, body, now=NOW)  # type: ignore[arg-type]


def test_a_subject_is_shown_where_it_cannot_be_a_person() -> None:
    assert "subject='c-1'" in repr(receive(Webhooks(SECRET), EVENT))
    for kind in ("id.smartcity.identity.subject.moved.v1", "id.smartcity.identity.consent.granted.v1", "com.example.x"):
        assert "c-1" not in repr(receive(Webhooks(SECRET), EVENT | {"type": kind}))


# ---- repetitions


def test_an_event_counts_as_handled_when_the_app_says_so(tmp_path: Path) -> None:
    kept = SqliteNonces(tmp_path / "events.sqlite")
    for store in (deliveries(), MemoryNonces(), kept):
        webhooks = Webhooks(SECRET, store=store)
        assert not receive(webhooks, EVENT, "a").duplicate
        first = receive(webhooks, EVENT, "a")
        assert not first.duplicate, "its handling may have failed"
        webhooks.handled(first, now=NOW)
        again = receive(webhooks, EVENT, "a", NOW + 24 * 3600)
        assert again.duplicate
        assert "duplicate=True" in repr(again)
        assert not receive(webhooks, EVENT, "b").duplicate, "another delivery of a like event"
        assert receive(webhooks, EVENT, "a", NOW + REMEMBERED - 1).duplicate
        assert not receive(webhooks, EVENT, "a", NOW + REMEMBERED + 3600).duplicate
    kept.close()


def test_what_an_event_says_of_itself_does_not_count() -> None:
    webhooks = Webhooks(SECRET)
    event = receive(webhooks, EVENT | {"duplicate": True, "webhook_id": "other"})
    assert (event.duplicate, event.webhook_id) == (False, "m")


def test_a_store_serves_several_receivers(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    one, two = SqliteNonces(path), SqliteNonces(path)
    first, second = Webhooks(SECRET, store=one), Webhooks(SECRET, store=two)
    first.handled(receive(first, EVENT), now=NOW)
    assert receive(second, EVENT).duplicate
    one.close()
    two.close()


def test_a_full_store_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    webhooks = Webhooks(SECRET, store=MemoryNonces(cap=1))
    webhooks.handled(receive(webhooks, EVENT, "a"), now=NOW)
    webhooks.handled(receive(webhooks, EVENT, "b"), now=NOW)
    assert "nonce_store_full" in caplog.text
    assert receive(webhooks, EVENT, "a").duplicate
    assert not receive(webhooks, EVENT, "b").duplicate


def test_a_store_that_fails_has_no_body_in_its_crash_report(tmp_path: Path) -> None:
    store = SqliteNonces(tmp_path / "events.sqlite")
    store.close()
    with pytest.raises(sqlite3.Error) as caught:
        receive(Webhooks(SECRET, store=store), EVENT | {"data": NAME})
    assert NAME not in shown_by(caught.value)


# ---- by configuration


def client_config(path: Path | None) -> Config:
    return Config(gateway="https://gateway.invalid", auth="none", signature="none", webhook_secret_file=path)


def nothing(request: object) -> dict[str, Any]:
    raise AssertionError("nothing may be sent")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_receives_with_the_secrets_of_its_file(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "webhook.secret"
    path.write_text(f"# current, previous\n{secret(5).reveal()}\n\n  {SECRET.reveal()}  \n", "utf-8")
    client = kind(client_config(path), transport=FakeTransport(nothing))
    body = json.dumps(EVENT).encode()
    event = client.events.receive(SIGNER.sign("m", body, at=NOW), body, now=NOW)
    assert isinstance(event.data, Complaint)
    client.events.handled(event, now=NOW)
    twin = client.with_options(deadline=5)
    assert twin.events.receive(SIGNER.sign("m", body, at=NOW), body, now=NOW).duplicate


@pytest.mark.parametrize(
    ("text", "code"), [(None, "key_file"), ("", "config_missing"), ("secret", "key_unusable"), ("\udcff", "key_file")]
)
def test_a_file_without_secrets(text: str | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "webhook.secret"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    client = Client(client_config(path), transport=FakeTransport(nothing))
    with pytest.raises(ConfigError) as caught:
        client.events.receive(HEADERS, BODY)
    assert caught.value.code == code


def test_a_client_without_a_secret_says_what_is_missing() -> None:
    client = Client(transport=FakeTransport(nothing))
    with pytest.raises(ConfigError, match="webhook_secret_file"):
        client.events.receive(HEADERS, BODY)


# ---- nothing of a person, nothing of a secret


def test_nothing_of_the_body_or_the_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"{NAME} {NIK}"
    kinds = ("complaints.complaint.created", "identity.subject.moved", "identity.application.issued", "a.b.c")
    documents: list[Any] = [
        EVENT
        | {"type": f"id.smartcity.{kind}.v1", "subject": NIK if "identity" in kind else "c-1", "extra": text}
        | {"data": COMPLAINT | {"description": text, "reporter": {"name": NAME}, "status_notes": text}}
        for kind in kinds
    ]
    webhooks = Webhooks([SECRET, secret(1)])
    shown = [repr(receive(webhooks, document)) + str(receive(webhooks, document)) for document in documents]
    bodies = [json.dumps(document).encode() for document in documents]
    bodies += [text.encode(), json.dumps({"id": [text], "type": text, "time": text, text: text}).encode()]
    for body in bodies:
        for headers, sent in (
            (SIGNER.sign("m", body, at=NOW), body),
            (SIGNER.sign("m", body, at=NOW), body + b" "),
            (SIGNER.sign("m", body, at=NOW - 999), body),
            (SIGNER.sign(NIK, body, at=NOW), body + b" "),
            ({}, body),
            ({**SIGNER.sign("m", body, at=NOW), "webhook-id": text}, body),
        ):
            error = outcome(webhooks, headers, sent)
            if isinstance(error, Event):
                continue
            assert error.__cause__ is None
            assert error.__context__ is None
            shown.append(shown_by(error))
            if isinstance(error, SignatureInvalid):
                shown.append(error.explain())
                assert pickle.loads(pickle.dumps(error)).explain() == error.explain()
    shown += [caplog.text, repr(webhooks), repr(vars(webhooks)), repr(SIGNER), repr(vars(SIGNER))]
    key = SECRET.reveal().removeprefix("whsec_")
    for canary in (NIK, NIK[4:], NAME, key, repr(bytes(32))[2:30]):
        assert [text for text in shown if canary in text] == []


def outcome(webhooks: Webhooks, headers: Any, body: bytes) -> Event | SignatureInvalid | UnexpectedReply:
    try:
        return webhooks.receive(headers, body, now=NOW)
    except (SignatureInvalid, UnexpectedReply) as error:
        return error
