"""Identifiers that never print themselves, open enums, small types."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from egov_serang.models.complaints import ComplaintStatus
from egov_serang.models.notifications import MessageStatus
from egov_serang.types import UNSET, Nib, Nik, NoKk, Npwp, OpenEnum, Phone, Secret, Unset

NIK = "9973010101900000"
MASKED = [(Nik, NIK), (NoKk, NIK), (Npwp, NIK), (Npwp, "997301010190000")]
EVERY_MASKED = pytest.mark.parametrize(("kind", "digits"), MASKED)

sixteen = st.text("0123456789", min_size=12, max_size=12).map(lambda tail: "9973" + tail)


class Holder(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    nik: Nik
    kk: NoKk
    npwp: Npwp
    phone: Phone
    nib: Nib


def holder() -> Holder:
    texts: dict[str, Any] = {"nik": NIK, "kk": NIK, "npwp": NIK, "phone": "08120000001", "nib": "9120000000001"}
    return Holder(**texts)


@EVERY_MASKED
def test_masked_in_every_text_form(kind: type[Any], digits: str) -> None:
    number = kind(digits)
    masked = "9973" + "•" * (len(digits) - 4)
    assert str(number) == masked
    assert repr(number) == f"{kind.__name__}('{masked}')"
    assert f"{number}" == masked
    assert f"{number!r}" == repr(number)
    assert f"{number!s:>20}" == masked.rjust(20)
    assert format(number, "<20") == masked.ljust(20)
    assert "%s %r" % (number, number) == f"{masked} {number!r}"  # noqa: UP031 - that form must be masked too
    assert "".join([str(number)]) == masked
    assert not isinstance(number, str)
    assert not hasattr(number, "__dict__")


@EVERY_MASKED
def test_reveal_equality_hash_pickle_and_copy(kind: type[Any], digits: str) -> None:
    number = kind(digits)
    assert number.reveal() == digits
    for twin in (kind(digits), kind(number), pickle.loads(pickle.dumps(number)), copy.deepcopy(number)):
        assert twin == number
        assert hash(twin) == hash(number)
        assert twin.reveal() == digits
    assert number != digits
    assert number != kind(digits[:-1] + "7")
    with pytest.raises(AttributeError):
        number._digits = "x"


def test_kinds_of_numbers_are_never_equal() -> None:
    assert len({Nik(NIK), NoKk(NIK), Npwp(NIK)}) == 3
    assert Nik(NIK) != NoKk(NIK)


def test_model_dumps_are_masked() -> None:
    made = holder()
    masked = "9973" + "•" * 12
    for shown in (made.model_dump_json(), json.dumps(made.model_dump(mode="json")), repr(made), str(made.model_dump())):
        assert NIK not in shown
    assert json.loads(made.model_dump_json()) == {
        "nik": masked,
        "kk": masked,
        "npwp": masked,
        "phone": "+628120000001",
        "nib": "9120000000001",
    }
    assert made.model_dump()["nik"] == Nik(NIK)


def test_json_schema_of_numbers() -> None:
    schema = TypeAdapter(Npwp).json_schema()
    assert schema == {"type": "string", "pattern": "^([0-9]{15}|[0-9]{16})$"}


@given(sixteen)
def test_any_sixteen_digits_are_a_nik(digits: str) -> None:
    spaced = f" {digits[:6]}.{digits[6:12]}-{digits[12:]} "
    assert Nik(spaced) == Nik(digits)
    assert Nik(digits).reveal() == digits
    assert digits[4:] not in f"{Nik(digits)} {Nik(digits)!r}"


WRONG: list[Any] = [
    "",
    NIK + "1",
    NIK[:-1],
    "997301010190000x",
    "９９７３" + NIK[4:],
    9973010101900000,
    None,
    b"9" * 16,
]


@pytest.mark.parametrize("kind", [Nik, NoKk])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_number_is_refused_without_repeating_it(kind: type[Any], wrong: Any) -> None:
    with pytest.raises(ValueError) as caught:
        kind(wrong)
    assert "16 digits" in str(caught.value)
    assert "9973" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    frame = caught.tb.tb_next
    while frame is not None:
        assert "9973" not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next


def refusal(kind: type[Any], text: str) -> str:
    try:
        kind(text)
    except ValueError as error:
        return str(error)
    return ""


@given(st.text(min_size=1))
def test_no_error_contains_its_input(text: str) -> None:
    for kind in (Nik, NoKk, Npwp, Nib, Phone):
        message = refusal(kind, text)
        # Hypothesis also finds texts such as "a" or " ", which any sentence contains.
        assert len(text) < 6 or text not in message


def test_pydantic_reports_of_wrong_numbers_hide_the_input() -> None:
    texts: dict[str, Any] = {"nik": NIK + "1", "kk": NIK, "npwp": NIK, "phone": "+0", "nib": "1"}
    with pytest.raises(ValidationError) as caught:
        Holder(**texts)
    assert NIK not in str(caught.value)
    assert NIK not in repr(caught.value)


def test_oddities_are_hints_only() -> None:
    assert Nik(NIK).check() == ("serial", "region")
    assert Nik("9973010001900001").check() == ("birth_date", "region")
    assert NoKk(NIK).check() == ()
    assert Npwp("000000001000000").check() == ("number",)


@pytest.mark.parametrize(
    "written", ["08120000001", "628120000001", "+62 812-0000-001", "(0812) 0000 001", "+62.812.0000001"]
)
def test_indonesian_telephone_numbers(written: str) -> None:
    assert Phone(written) == "+628120000001"
    assert isinstance(Phone(written), str)
    assert repr(Phone(written)) == "Phone('+62•••••••001')"


@pytest.mark.parametrize("foreign", ["+15550100001", "+6581234567"])
def test_foreign_telephone_numbers_are_kept(foreign: str) -> None:
    assert Phone(foreign) == foreign
    assert pickle.loads(pickle.dumps(Phone(foreign))) == Phone(foreign)
    assert type(copy.copy(Phone(foreign))) is Phone


@pytest.mark.parametrize(
    "wrong", ["", "0", "0062812000001", "+0812000001", "812x", "+6281", "+62" + "1" * 20, "+６２8120000001"]
)
def test_what_is_no_telephone_number(wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        Phone(wrong)
    assert caught.value.__context__ is None
    assert not wrong or wrong not in str(caught.value).split()


@given(st.integers(min_value=10**7, max_value=10**11))
def test_phone_repr_hides_the_middle(number: int) -> None:
    phone = Phone(f"+62{number}")
    assert str(number) not in repr(phone)
    assert len(repr(phone)) == len(phone) + len("Phone('')")


def test_business_numbers_print() -> None:
    assert Nib("9120 0000 00001") == "9120000000001"
    assert repr(Nib("9120000000001")) == "'9120000000001'"
    assert pickle.loads(pickle.dumps(Nib("9120000000001"))) == "9120000000001"
    for wrong in ("912000000000", "91200000000012", "x"):
        with pytest.raises(ValueError, match="13 digits"):
            Nib(wrong)


class Colour(OpenEnum):
    RED = "red"


@given(st.text())
def test_an_open_enum_keeps_what_it_does_not_know(text: str) -> None:
    value = Colour(text)
    assert value == text
    assert str(value) == text
    assert value.value == text
    assert hash(value) == hash(text)
    assert value.is_known is (text == "red")
    assert isinstance(value, Colour)
    twin = pickle.loads(pickle.dumps(value))
    assert twin == value
    assert type(twin) is Colour
    assert copy.deepcopy(value) == value
    assert {Colour(text): 1}[Colour(text)] == 1


def test_known_members_are_singletons_after_pickling() -> None:
    assert pickle.loads(pickle.dumps(Colour.RED)) is Colour.RED
    assert Colour("red") is Colour.RED
    assert list(Colour) == [Colour.RED]


def test_an_unknown_value_spelt_like_a_members_name_is_unknown() -> None:
    assert not Colour("RED").is_known
    assert not ComplaintStatus("SUBMITTED").is_known
    assert ComplaintStatus("submitted").is_known


def test_open_enums_in_models() -> None:
    adapter = TypeAdapter(ComplaintStatus)
    assert adapter.validate_python("verified") is ComplaintStatus.VERIFIED
    later = adapter.validate_json('"on_the_moon"')
    assert later == "on_the_moon"
    assert not later.is_known
    assert adapter.dump_json(later) == b'"on_the_moon"'
    with pytest.raises(ValidationError):
        adapter.validate_json("5")


def test_final_states_of_messages() -> None:
    final = {s for s in MessageStatus if s.is_final}
    assert final == {
        MessageStatus.DELIVERED,
        MessageStatus.FAILED_PERMANENT,
        MessageStatus.FAILED_TECHNICAL,
        MessageStatus.EXPIRED,
        MessageStatus.CANCELLED,
        MessageStatus.SUPPRESSED,
        MessageStatus.REJECTED,
    }
    assert not MessageStatus("later").is_final


def test_unset_is_false_and_one() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert copy.deepcopy(UNSET) is UNSET
    assert isinstance(UNSET, Unset)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("canary-secret")
    assert secret.reveal() == "canary-secret"
    assert "canary" not in f"{secret} {secret!r} {[secret]}"
    assert not hasattr(secret, "__dict__")
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secret"):
            attempt(secret)
