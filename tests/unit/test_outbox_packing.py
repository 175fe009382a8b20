"""Arguments kept as JSON come back as what they were; files as readable as the originals."""

from __future__ import annotations

import base64
import inspect
import io
import json
import os
from datetime import UTC, date, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from egov_serang import Client, ConfigError, File, Invalid, Money, Nib, Nik, NoKk, Npwp, Phone
from egov_serang.batch.packing import pack, shown, unpack
from egov_serang.batch.sealing import Seal
from egov_serang.batch.store import Store
from egov_serang.core.bind import flow, operation
from egov_serang.core.modes import path_of
from egov_serang.models.complaints import Complaint, ComplaintAction, ComplaintStatus, Location, Reporter
from egov_serang.models.identity import Attributes
from egov_serang.models.notifications import Recipient
from egov_serang.testing import FakeTransport

MODELS: list[Any] = [
    Location(lat=-6.1, long=106.15),
    Reporter(name="Kenari", phone=Phone("0812 0000 0001")),
    Recipient(phone=Phone("+6281200000001")),
    Attributes(full_name="Kenari", birth_date=date(1990, 1, 31)),
    Money.rupiah(150_000),
    Complaint(complaint_id="c", service_code="x", status=ComplaintStatus("a_new_one"), version=3, colour="red"),
]
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=7))]))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from([Nik("9973010101900000"), NoKk("9973010101900000"), Npwp("9" * 15), Nib("9" * 13)])
    | st.sampled_from(MODELS)
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("$"), inner, max_size=4),
    max_leaves=12,
)


def no_file(*found: Any) -> Any:
    raise AssertionError(found)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    packed = json.loads(json.dumps(pack(value, no_file, "x")))
    back = unpack(packed, no_file)
    assert back == value
    assert type(back) is type(value)


@given(VALUES)
def test_what_is_shown_has_no_number_of_a_person(value: Any) -> None:
    text = json.dumps(shown(pack({"x": value, "nik": Nik("9973010101900000")}, no_file, "x")), ensure_ascii=False)
    assert "9973••••••••••••" in text
    assert '"9973010101900000"' not in text


def test_models_keep_what_was_set_and_what_a_newer_server_sent() -> None:
    back = unpack(pack(Location(lat=1.0, long=2.0, area_code=None), no_file, "x"), no_file)
    assert back.model_fields_set == {"lat", "long", "area_code"}
    assert unpack(pack(MODELS[-1], no_file, "x"), no_file).colour == "red"


def test_enumerations_tuples_and_forms_are_what_they_are_sent_as() -> None:
    class Form(BaseModel):
        depth: int
        seen: date | None = None

    assert pack(ComplaintAction.WITHDRAW, no_file, "x") == "withdraw"
    assert pack((1, 2), no_file, "x") == [1, 2]
    assert pack(Form(depth=3), no_file, "x") == {"depth": 3}


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, {"a": {3}}, [io.BytesIO()]])
def test_what_cannot_be_kept_is_refused_by_name(value: Any) -> None:
    with pytest.raises(Invalid, match="/attributes"):
        pack(value, no_file, "attributes")


@pytest.mark.parametrize("kind", ["os:environ", "egov_serang.model:os", "egov_serang.models.complaints:Final", "Gone"])
def test_only_our_models_are_looked_up(kind: str) -> None:
    with pytest.raises(Invalid):
        unpack({"$": kind, "v": {}}, no_file)


def test_every_parameter_that_takes_files_is_recognised_by_its_annotation() -> None:
    client = Client(transport=FakeTransport(no_file))
    places = ("complaints", "complaints.updates", "permits.applications", "identity.applications")
    found = {
        (place, name, parameter)
        for place in places
        for name, method in _methods(client, place)
        for parameter, one in inspect.signature(method.function).parameters.items()
        if "FileSource" in str(one.annotation)
    }
    assert {(place, name) for place, name, _ in found} == {
        ("complaints", "submit"),
        ("complaints", "attach"),
        ("complaints", "attach_missing"),
        ("complaints.updates", "add"),
        ("permits.applications", "attach"),
        ("identity.applications", "attach"),
    }
    client.close()


def test_every_service_says_where_a_client_has_it() -> None:
    client = Client(transport=FakeTransport(no_file))
    for place in (
        *("identity", "identity.applications", "complaints", "complaints.updates", "permits", "permits.applications"),
        *("permits.licences", "notifications", "notifications.templates", "notifications.announcements"),
        *("events", "events.subscriptions"),
    ):
        service: Any = client
        for step in place.split("."):
            service = getattr(service, step)
        assert path_of(service) == place
    client.close()


def _methods(client: Client, place: str) -> list[tuple[str, Any]]:
    service: Any = client
    for step in place.split("."):
        service = getattr(service, step)
    return [
        (name, found)
        for name in dir(type(service))
        if isinstance(found := getattr(type(service), name), operation | flow)
    ]


@pytest.fixture
def seal(monkeypatch: pytest.MonkeyPatch) -> Seal:
    monkeypatch.setenv("OUTBOX_KEY", base64.urlsafe_b64encode(os.urandom(32)).decode())
    return Seal("env:OUTBOX_KEY")


@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_003])
def test_a_kept_file_reads_like_the_original(tmp_path: Path, seal: Seal, size: int) -> None:
    content = os.urandom(size)
    store = Store(tmp_path / "o.db", seal)
    number = store.add({}, [File(content, "a.bin").chunks(), [b"another"]])
    found = store.file(number, 0, size)
    assert found.read() == content
    for at in (0, size // 2, max(0, size - 5), size):
        assert found.seek(at) == at
        assert found.read(70_000) == content[at : at + 70_000]
    assert found.seek(0, io.SEEK_END) == size
    assert store.file(number, 1, 7).read() == b"another"
    store.erase(number)
    with pytest.raises(OSError, match="gone"):
        store.file(number, 1, 7).read()
    store.close()


def test_what_is_sealed_holds_at_its_place_only(seal: Seal) -> None:
    sealed = seal.close(b"x", "1/call")
    assert seal.open(sealed, "1/call") == b"x"
    assert sealed != seal.close(b"x", "1/call")
    for moved in (lambda: seal.open(sealed, "2/call"), lambda: seal.open(sealed[:-1] + b"\0", "1/call")):
        with pytest.raises(ConfigError):
            moved()
