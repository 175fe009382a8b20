"""Models: what their `repr` shows, what they keep, money, cities."""

from __future__ import annotations

import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import egov_serang.models
from egov_serang.core.paging import Page
from egov_serang.model import Model, Money
from egov_serang.models.complaints import Complaint, Location, Reporter
from egov_serang.models.events import Event
from egov_serang.models.identity import Attributes, Verification
from egov_serang.models.permits import Applicant
from egov_serang.models.regions import CILEGON, CITIES, SERANG, City

CANARY = "CANARY-WORD"


def models() -> list[type[Model]]:
    found: list[type[Model]] = []
    for module in pkgutil.iter_modules(egov_serang.models.__path__):
        home = importlib.import_module(f"egov_serang.models.{module.name}")
        found += [
            value
            for value in vars(home).values()
            if isinstance(value, type) and issubclass(value, Model) and value.__module__ == home.__name__
        ]
    return found


@pytest.mark.parametrize("model", models(), ids=lambda m: m.__name__)
def test_repr_shows_ids_states_and_times_only(model: type[Model]) -> None:
    shown_words = {"id", "reference", "status", "outcome", "stage", "version", "action", "code"}
    shown_words |= {"allowed_actions", "valid_until"}
    if model is Event:  # a gateway's own words and counts; its subject may be a person
        shown_words |= {"type", "sequence", "time", "duplicate"}
    # model_construct skips validation: every field holds a canary that names it.
    made = model.model_construct(**{name: f"{CANARY}-{name}" for name in model.model_fields})
    for name in model.model_fields:
        allowed = name in shown_words or name.endswith(("_id", "_at", "_code"))
        assert (f"{CANARY}-{name}'" in repr(made)) is allowed, name
    if model is not Money:
        assert str(made) == repr(made)


@pytest.mark.parametrize("model", models(), ids=lambda m: m.__name__)
def test_models_are_frozen_and_open(model: type[Model]) -> None:
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == "allow"
    assert model.model_config["hide_input_in_errors"] is True


def test_the_people_in_models_stay_out_of_their_repr() -> None:
    assert repr(Reporter(name=CANARY, email=f"{CANARY}@x.invalid")) == "Reporter()"
    assert repr(Applicant(name=CANARY)) == "Applicant()"
    assert repr(Attributes(full_name=CANARY, mother_name=CANARY)) == "Attributes()"
    complaint = Complaint(
        complaint_id="c-1",
        service_code="road",
        status="submitted",
        version=3,
        reporter=Reporter(name=CANARY),
        unknown=CANARY,
    )
    assert CANARY not in repr(complaint)
    assert repr(complaint).startswith("Complaint(complaint_id='c-1', service_code='road', status=")
    assert CANARY not in repr(Page[Complaint](data=(complaint,)))


def test_new_fields_and_values_of_a_newer_server_are_kept() -> None:
    answer = b'{"transaction_id":"t","outcome":"surprising","new_field":{"a":[1]},"results":{}}'
    found = Verification.model_validate_json(answer)
    assert found.outcome == "surprising"
    assert not found.outcome.is_known
    extra: Any = found
    assert extra.new_field == {"a": [1]}
    assert "new_field" not in repr(found)


def test_models_cannot_be_changed() -> None:
    place = Location(lat=-6.1)
    with pytest.raises(ValidationError):
        place.lat = 1.0
    assert place.model_copy(update={"lat": 1.0}).lat == 1.0


@pytest.mark.parametrize("wrong", [{"lat": 91.0}, {"long": -180.5}, {"lat": float("nan")}])
def test_map_points_are_on_the_globe(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Location(**wrong)


def test_times_need_an_offset() -> None:
    common = {"complaint_id": "c", "service_code": "r", "status": "submitted", "version": 1}
    assert Complaint.model_validate({**common, "updated_at": "2026-11-23T10:00:00+07:00"}).updated_at is not None
    with pytest.raises(ValidationError):
        Complaint.model_validate({**common, "updated_at": "2026-11-23T10:00:00"})


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=2))
def test_money_is_exact_through_json(amount: Decimal) -> None:
    money = Money.rupiah(amount)
    again = Money.model_validate_json(money.model_dump_json())
    assert again == money
    assert again.amount == amount
    assert isinstance(again.amount, Decimal)


def test_money_takes_no_float() -> None:
    wrong: Any = 0.1
    with pytest.raises(TypeError, match="not float"):
        Money.rupiah(wrong)
    assert str(Money.rupiah("150000.00")) == "IDR 150000.00"
    assert Money.rupiah(150000) == Money(amount=Decimal(150000), currency="IDR")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "1.23456", "x"])
def test_money_refuses_what_is_no_amount(amount: str) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount})
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": "1", "currency": "rupiah"})


@pytest.mark.parametrize(
    ("city", "districts", "villages"),
    [
        (SERANG, ["Serang", "Kasemen", "Walantaka", "Curug", "Cipocok Jaya", "Taktakan"], [12, 10, 14, 10, 8, 13]),
        (
            CILEGON,
            ["Cibeber", "Cilegon", "Pulomerak", "Ciwandan", "Jombang", "Gerogol", "Purwakarta", "Citangkil"],
            [6, 5, 4, 6, 5, 4, 6, 7],
        ),
    ],
    ids=["serang", "cilegon"],
)
def test_a_city_and_what_it_consists_of(city: City, districts: list[str], villages: list[int]) -> None:
    assert [district.name for district in city.districts] == districts
    assert [len(city.villages_of(district.code)) for district in city.districts] == villages
    assert len(city.villages) == sum(villages)
    assert CITIES[city.code] is city
    codes = [region.code for region in (*city.districts, *city.villages)]
    assert len({*codes}) == len(codes)
    for region in (*city.districts, *city.villages):
        assert region.code.rpartition(".")[0] == region.parent
        assert region.parent in city
        assert region.name == region.name.strip()


def test_what_lies_in_a_city() -> None:
    assert SERANG.code in SERANG
    assert "36.73.03.1016" in SERANG
    assert "36.73.03.1015" not in SERANG
    assert "36.72.01.1001" not in SERANG
    assert None not in SERANG


def test_the_traps_of_serang() -> None:
    assert [v.code for v in SERANG.villages if v.name == "Sukawana"] == ["36.73.01.1008", "36.73.04.1007"]
    assert [v.code for v in SERANG.villages if v.name == "Banten"] == ["36.73.02.1007"]
    assert not {"36.73.02.1005", "36.73.03.1005", "36.73.03.1015"} & {v.code for v in SERANG.villages}
