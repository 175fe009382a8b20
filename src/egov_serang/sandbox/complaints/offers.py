"""The catalogue of complaint categories, in the caller's language."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from egov_serang.models.complaints import Service, ServiceDefinition
from egov_serang.sandbox.complaints.callers import Reader
from egov_serang.sandbox.complaints.catalogue import plain, spoken
from egov_serang.sandbox.complaints.checks import category
from egov_serang.sandbox.language import Language
from egov_serang.sandbox.paging import Page, Paging
from egov_serang.sandbox.platform import Here
from egov_serang.sandbox.problems import FieldError, Problem, responses
from egov_serang.sandbox.route import contract_router

router = contract_router("complaints")


@router.get("/services", operation_id="complaints.services")
def services(
    *,
    page: Paging,
    here: Here,
    language: Language,
    caller: Reader,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    long: Annotated[float | None, Query(ge=-180, le=180)] = None,
) -> Page[Service]:
    """The categories one may complain about; with a point, those on offer there: none outside the city."""
    if (lat is None) != (long is None):
        raise Problem("validation_failed", errors=[FieldError("/query/lat", "pair", "lat and long go together")])
    elsewhere = lat is not None and long is not None and not here.city.box.holds(lat, long)
    some, cursor = page.items(() if elsewhere else tuple(here.city.complaint_services.values()))
    return Page(data=[plain(spoken(one, language)) for one in some], next_cursor=cursor)


@router.get("/services/{service_code}", operation_id="complaints.service", responses=responses(404))
def service(service_code: str, here: Here, language: Language, caller: Reader) -> ServiceDefinition:
    """A category with the attributes it asks for."""
    return spoken(category(here.city, service_code), language)
