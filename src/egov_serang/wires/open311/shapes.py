"""The shapes of GeoReport v2 as real servers write them: ids as numbers, nothing as an empty text, lists wrapped."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from egov_serang.wires.open311.documents import listed


def _text(value: object) -> object:
    """Servers write ids and codes as numbers too, and nothing as an empty text."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _keywords(value: object) -> object:
    text = _text(value)
    return tuple(word.strip() for word in text.split(",") if word.strip()) if isinstance(text, str) else text or ()


_Text = Annotated[str, BeforeValidator(_text)]
_Maybe = Annotated[str | None, BeforeValidator(_text)]
_Degrees = Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, BeforeValidator(_empty)]
_Flag = Annotated[bool, BeforeValidator(lambda value: False if _empty(value) is None else value)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class ServiceShape(_Shape):
    """A category of the catalogue."""

    service_code: _Text
    service_name: _Maybe = None
    description: _Maybe = None
    metadata: _Flag = False
    type: _Maybe = None
    keywords: Annotated[tuple[str, ...], BeforeValidator(_keywords)] = ()
    group: _Maybe = None


class ValueShape(_Shape):
    """What a list of an attribute may hold."""

    key: _Text
    name: _Maybe = None


class AttributeShape(_Shape):
    """A further field of a category."""

    code: _Text
    variable: _Flag = True
    datatype: _Maybe = None
    required: _Flag = False
    datatype_description: _Maybe = None
    order: Annotated[int | None, BeforeValidator(_empty)] = None
    description: _Maybe = None
    values: Annotated[tuple[ValueShape, ...], BeforeValidator(lambda value: listed(value, "values", "value"))] = ()


class DefinitionShape(_Shape):
    """The further fields of a category."""

    service_code: _Text
    attributes: Annotated[
        tuple[AttributeShape, ...], BeforeValidator(lambda value: listed(value, "attributes", "attribute"))
    ] = ()


class ExtendedShape(_Shape):
    """What 6Aika's servers add to a request."""

    detailed_status: _Maybe = None


class RequestShape(_Shape):
    """A request."""

    service_request_id: _Text
    status: _Text = "open"
    status_notes: _Maybe = None
    service_code: _Maybe = None
    description: _Maybe = None
    agency_responsible: _Maybe = None
    requested_datetime: _Maybe = None
    updated_datetime: _Maybe = None
    expected_datetime: _Maybe = None
    address: _Maybe = None
    address_id: _Maybe = None
    lat: _Degrees = None
    long: _Degrees = None
    extended_attributes: ExtendedShape | None = None


class ReceiptShape(_Shape):
    """What is answered to a submission, and to a token."""

    service_request_id: _Maybe = None
    token: _Maybe = None


class UpdateShape(_Shape):
    """An update of a request (mySociety)."""

    update_id: _Text
    service_request_id: _Text
    status: _Maybe = None
    description: _Maybe = None
    updated_datetime: _Text
