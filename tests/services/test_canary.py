"""Nothing of a person and no secret stands in any log, the client's or the sandbox's, with everything at DEBUG."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import httpx
import pytest

from egov_serang import AsyncClient, Client, Config, EgovError, Phone
from egov_serang.models.civil import CivilApplicant, CivilDelivery, CivilSubject
from egov_serang.models.complaints import Location, Reporter
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.sandbox.cities.serang import SERANG
from egov_serang.sandbox.profile import own_keys
from egov_serang.sandbox.server import Sandbox

NIKS = [f"997301010190000{n}" for n in (0, 1, 2, 6)]
NAME, MOTHER, WORDS = "Kenari Uji Rahasia", "Ibu Kenari", "Kalimat kenari di dalam aduan"
PHONE, MAIL = "+6281200000001", "kenari@example.invalid"
CANARIES = (*NIKS, NAME, MOTHER, WORDS, PHONE, PHONE[3:], MAIL, "BEGIN PRIVATE")
TOKENS = tuple(f"eyJ{name}" for name in ("0eXA", "hbGc", "raWQ", "jdHk", "lbmM", "qd2s"))
"""How the header of a JWT begins, by the name of its first parameter. Signatures hold less by chance."""

SCRIPT = """\
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
from pathlib import Path
from egov_serang.sandbox.server import run_forever
run_forever(None, on_ready=lambda url, token: print(url, token, flush=True))
"""


def exercise(config: Config) -> None:
    """All four services, answers and refusals, on the synchronous client."""
    with Client(config) as client:
        for nik in NIKS:
            with suppress(EgovError):
                client.identity.verify(
                    nik,
                    Attributes(full_name=NAME, mother_name=MOTHER, birth_date=date(1990, 1, 1)),
                    purpose=Purpose(purpose_code="permit", legal_basis="public_task"),
                )
        client.complaints.submit(
            "jalan_rusak",
            WORDS,
            location=Location(area_code="36.73.01.1001"),
            reporter=Reporter(name=NAME, phone=Phone(PHONE), email=MAIL),
            photos=[b"\x89PNG\r\n\x1a\n" + WORDS.encode()],
        )
        applications = client.identity.applications
        civil = applications.start(
            "akta_kelahiran",
            applicant=CivilApplicant(subject_ref="sub_uji_1", relation="parent"),
            subjects=[CivilSubject(role="child", name=NAME)],
            form={"child_name": NAME, "mother_name": MOTHER},
            delivery=CivilDelivery(mode="post", address=WORDS),
        )
        applications.attach(civil.application_id, "kk", b"\x89PNG\r\n\x1a\n" + WORDS.encode())
        with suppress(EgovError):
            applications.submit(civil)
        applications.transition(applications.get(civil.application_id), "withdraw", comment=WORDS)
        for recipient in (Recipient(phone=Phone(PHONE)), Recipient(email=MAIL)):
            with suppress(EgovError):
                client.notifications.send("complaint-resolved-sms", recipient, personalisation={"reference": NAME})


async def exercise_again(config: Config) -> None:
    """A little of it on the asynchronous client, whose transport logs in other places."""
    async with AsyncClient(config) as client:
        await client.identity.verify(
            NIKS[0], Attributes(full_name=NAME), purpose=Purpose(purpose_code="permit", legal_basis="public_task")
        )


def test_no_log_of_client_or_sandbox_holds_a_canary(
    city: Config, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exercise(city)
    asyncio.run(exercise_again(city))
    told = [f"{record.name} {record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    assert any(line.startswith("egov_serang.wire") for line in told)
    assert any(line.startswith("egov_serang.sandbox") for line in told)
    assert [line for line in told if any(canary in line for canary in (*CANARIES, *TOKENS))] == []


def test_the_output_of_a_sandbox_process_holds_no_canary(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url, token = process.stdout.readline().split()
        profile, jwks = own_keys(url, SERANG, "canary-app", tmp_path)
        body = {
            "client_id": "canary-app",
            "jwks": jwks,
            "scopes": ["identity:verify", "identity:apply", "complaints:read", "complaints:write", "notify:send"],
        }
        control = {"authorization": f"Bearer {token}"}
        httpx.post(f"{url}/__sandbox/clients", json=body, headers=control, trust_env=False).raise_for_status()
        exercise(
            Config(
                gateway=url,
                client_id="canary-app",
                key_file=profile.key_file,
                signing_key_file=profile.signing_key_file,
            )
        )
    finally:
        process.terminate()
        output, errors = process.communicate(timeout=30)
    assert "/v1/identity/verifications" in errors
    assert [line for line in (output + errors).splitlines() if any(c in line for c in (*CANARIES, *TOKENS))] == []
