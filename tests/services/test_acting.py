"""`acting_as` on both clients, against the sandbox."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from egov_serang import AsyncClient, Client, Config, ConfigError, Invalid, ServerFault
from egov_serang.sandbox.server import Sandbox

NUMBER = "uji-0001-kenari"
WHO = (NUMBER, "DPUPR", "substantial")


def actors(sandbox: Sandbox) -> list[tuple[str, str, str, str]]:
    return [(entry["operation"], entry["actor"], entry["unit"], entry["loa"]) for entry in sandbox.audit()]


def test_each_call_says_for_whom_and_the_original_client_does_not(city: Config, sandbox: Sandbox) -> None:
    with Client(city) as client:
        desk = client.acting_as(*WHO)
        desk.complaints.services()
        next(iter(desk.complaints.list()), None)
        next(iter(client.complaints.list()), None)
        other = desk.with_options(retries=0).acting_as("uji-0002", "DLH", "high")
        next(iter(other.complaints.list()), None)
    mine = [entry for entry in actors(sandbox) if entry[0] == "complaints.list"]
    assert mine == [("complaints.list", *WHO), ("complaints.list", "uji-0002", "DLH", "high")]


def test_the_same_on_the_asynchronous_client(city: Config, sandbox: Sandbox) -> None:
    async def read() -> None:
        async with AsyncClient(city) as client:
            async for _ in client.acting_as(*WHO).complaints.list():
                break

    asyncio.run(read())
    assert ("complaints.list", *WHO) in actors(sandbox)


def test_a_repetition_gets_a_statement_of_its_own(city: Config, sandbox: Sandbox) -> None:
    sandbox.fault("complaints.list", kind="status", status=503, times=1)
    with Client(city) as client:
        next(iter(client.acting_as(*WHO).complaints.list()), None)
    assert len([entry for entry in actors(sandbox) if entry[0] == "complaints.list"]) == 2


def test_a_wrong_clock_is_corrected_for_statements_too(city: Config, sandbox: Sandbox) -> None:
    sandbox.skew(300)
    try:
        with Client(city) as client:
            next(iter(client.acting_as(*WHO).complaints.list()), None)
    finally:
        sandbox.skew(0)
    assert ("complaints.list", *WHO) in actors(sandbox)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("value", ["", "  ", "x" * 201, 7, None], ids=["empty", "blank", "long", "number", "none"])
def test_an_argument_that_cannot_be(client: Client, place: int, value: Any) -> None:
    given: list[Any] = list(WHO)
    given[place] = value
    with pytest.raises(Invalid) as caught:
        client.acting_as(*given)
    assert ("officer_id", "unit", "loa")[place] in str(caught.value) + repr(caught.value.errors)


def test_without_an_assertion_key_or_signature(city: Config, tmp_path: Path) -> None:
    secret = city.with_(auth="client_secret", client_secret="s3cret", key_file=None)
    with Client(secret) as client, pytest.raises(ConfigError, match="key_file"):
        client.acting_as(*WHO)
    with Client(city.with_(signature="none")) as client, pytest.raises(ConfigError, match="signature"):
        client.acting_as(*WHO)


def test_the_officers_number_is_never_shown(city: Config, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.fault("complaints.list", kind="status", status=500, times=9)
    with Client(city.with_(retries=0)) as client:
        desk = client.acting_as(*WHO)
        with pytest.raises(ServerFault) as caught:
            next(iter(desk.complaints.list()))
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        assert NUMBER not in shown + repr(vars(caught.value)) + repr(desk) + caplog.text
