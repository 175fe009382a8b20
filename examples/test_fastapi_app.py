"""Tests of `fastapi_app.py` against a small Serang; the plugin's fixtures need no conftest.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi_app import create_app

from egov_serang import AsyncClient
from egov_serang.sandbox.server import Sandbox
from egov_serang.testing import ScriptedFaults

PHOTO = Path(__file__).with_name("pothole.png").read_bytes()
PLACE = {"description": "Jalan berlubang di depan pasar.", "lat": "-6.1153", "long": "106.1503"}
RESIDENT = {"full_name": "Warga Contoh", "birth_date": "1990-01-01", "agrees": True}

Story = Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]
Tell = Callable[[Story], None]


@pytest.fixture
def tell(egov_async_client: AsyncClient) -> Tell:
    """Runs a story with a browser in front of the app and a fresh city behind it."""

    async def run(story: Story) -> None:
        app = create_app(egov_async_client)
        server = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=server, base_url="http://app") as web:
            await story(web)

    return lambda story: asyncio.run(run(story))


def test_a_report_can_be_followed(tell: Tell) -> None:
    async def story(web: httpx.AsyncClient) -> None:
        filed = await web.post("/complaints", data=PLACE, files={"photo": PHOTO})
        assert filed.status_code == 201
        seen = (await web.get(f"/complaints/{filed.json()['id']}")).json()
        assert (seen["status"], seen["photos"]) == ("submitted", 1)

    tell(story)


def test_a_second_try_files_no_second_complaint(tell: Tell, egov_faults: ScriptedFaults, egov_sandbox: Sandbox) -> None:
    async def story(web: httpx.AsyncClient) -> None:
        egov_faults.lose_answer("complaints.submit", times=3)  # more often than the SDK repeats
        again = {"Idempotency-Key": "phone-7-report-1"}
        lost = await web.post("/complaints", data=PLACE, files={"photo": PHOTO}, headers=again)
        assert (lost.status_code, lost.json()["message"][:7]) == (502, "Layanan")
        found = await web.post("/complaints", data=PLACE, files={"photo": PHOTO}, headers=again)
        assert found.status_code == 201

    tell(story)
    assert egov_sandbox.counts()["complaints"] == 1


def test_errors_are_sentences(tell: Tell) -> None:
    async def story(web: httpx.AsyncClient) -> None:
        unknown = await web.get("/complaints/nothing")
        assert (unknown.status_code, unknown.json()["message"]) == (404, "Data tidak ditemukan.")
        abroad = await web.post("/complaints", data={**PLACE, "lat": "50"}, files={"photo": PHOTO})
        assert abroad.status_code == 422

    tell(story)


def test_a_number_is_verified_and_never_repeated(tell: Tell) -> None:
    async def story(web: httpx.AsyncClient) -> None:
        known = await web.post("/permit-applicants", json={"nik": "9973010101900000", **RESIDENT})
        assert known.json()["verified"] is True
        unknown = await web.post("/permit-applicants", json={"nik": "9973010101900002", **RESIDENT})
        assert unknown.json() == {"verified": False, "outcome": "not_found", "check": []}
        mistyped = await web.post("/permit-applicants", json={"nik": "997301010190", **RESIDENT})
        assert (mistyped.status_code, mistyped.text) == (422, '{"fields":["body.nik"]}')

    tell(story)
