"""Forms: every error has its pointer, and nothing a resident typed comes back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from egov_serang.sandbox.cities.serang.permits import CATALOGUE
from egov_serang.sandbox.forms import form_errors

TRADER = next(entry for entry in CATALOGUE if entry.code == "TDU-PKL").form_schema
EVENT = next(entry for entry in CATALOGUE if entry.code == "ACARA").form_schema
GOOD = {"business_name": "Nasi Uduk", "goods": "makanan", "trading_place": "Alun-alun"}


def _found(schema: Any, form: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in form_errors(schema, form)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"goods": "senjata"}, [("/form/goods", "enum")]),
        ({"area_code": "36.04.01.1001"}, [("/form/area_code", "pattern")]),
        ({"stall_area_m2": "dua"}, [("/form/stall_area_m2", "type")]),
        ({"secret/field": 1}, [("/form", "additionalProperties")]),
    ],
)
def test_one_error_each(change: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert _found(TRADER, {**GOOD, **change}) == found


def test_every_missing_field_is_named() -> None:
    names = ("business_name", "goods", "trading_place")
    assert _found(TRADER, {}) == [(f"/form/{name}", "required") for name in names]
    assert _found(TRADER, {"goods": "makanan", "trading_place": "x"}) == [("/form/business_name", "required")]


def test_dates_are_checked_as_dates() -> None:
    event = {"event_name": "Festival", "date": "2026-13-40", "visitors": 10}
    assert _found(EVENT, event) == [("/form/date", "format")]


@given(value=st.text(min_size=12).map(lambda text: "CANARY" + text), field=st.sampled_from([*GOOD, "area_code", "x"]))
def test_no_error_repeats_what_was_typed(value: str, field: str) -> None:
    assert "CANARY" not in json.dumps([asdict(error) for error in form_errors(TRADER, {**GOOD, field: value})])


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry.code}-{entry.version}")
def test_every_seeded_schema_is_a_2020_12_schema(entry: Any) -> None:
    Draft202012Validator.check_schema(entry.form_schema)
    assert entry.form_schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert entry.names[0] != entry.names[1]
