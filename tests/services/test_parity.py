"""One script, two clients: with `Client` as it stands, and with its awaits on `AsyncClient`, it gives equal models."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any

from egov_serang import AsyncClient, Client, Config, File, Nib, Nik, NotFound, Phone
from egov_serang.models.complaints import Location
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.models.permits import Applicant


async def script(client: Any, key: Callable[[str], str]) -> list[Any]:
    """Every principal operation. Writes carry fixed keys, so the second client's run is answered with the first's."""
    seen: list[Any] = []
    seen.append([item async for item in client.complaints.services()])
    seen.append([item async for item in client.permits.types(limit=2)])
    seen.append([item async for item in client.notifications.templates.list()])
    verified = await client.with_options(idempotency_key=key("verify")).identity.verify(
        Nik("9973010101900000"),
        Attributes(full_name="Warga Contoh"),
        purpose=Purpose(purpose_code="complaint", legal_basis="public_task"),
        client_reference="V-1",
    )
    seen.append(verified)
    complaint = await client.with_options(idempotency_key=key("submit")).complaints.submit(
        "jalan_rusak",
        "Jalan berlubang.",
        location=Location(lat=-6.1153, long=106.1503),
        photos=[File(b"not really a picture" * 50, "lubang.jpg", "image/jpeg")],
        client_reference="C-1",
    )
    seen.append(complaint)
    seen.append(await client.complaints.get(complaint.complaint_id))
    seen.append([item async for item in client.complaints.list(client_reference="C-1")])
    async with await client.complaints.download(complaint.complaint_id, complaint.media[0].media_id) as photo:
        seen.append(await photo.aread())
    seen.append(await client.with_options(idempotency_key=key("move")).complaints.transition(complaint, "verify"))
    draft = await client.with_options(idempotency_key=key("start")).permits.applications.start(
        "TDU-PKL",
        applicant=Applicant(nib=Nib("9120000000001"), name="Pedagang Contoh"),
        form={"business_name": "Sate", "goods": "makanan", "trading_place": "Pasar Lama"},
    )
    seen.append(draft)
    for kind in ("ktp", "photo"):
        seen.append(
            await client.with_options(idempotency_key=key(kind)).permits.applications.attach(
                draft.application_id, kind, File(b"x" * 100, f"{kind}.png", "image/png")
            )
        )
    seen.append(
        await client.with_options(idempotency_key=key("hand in")).permits.applications.submit(draft.application_id)
    )
    seen.append(await client.permits.applications.wait_for(draft.application_id, until=["undetermined"], timeout=5))
    seen.append([item async for item in client.permits.applications.list(status="undetermined")])
    message = await client.with_options(idempotency_key=key("send")).notifications.send(
        "complaint-resolved-sms", Recipient(phone=Phone("0812 0000 0001")), personalisation={"reference": "X-1"}
    )
    seen.append(message)
    try:
        await client.complaints.get("no-such-complaint")
    except NotFound as error:
        seen.append((type(error), error.code, error.status, error.sent, error.attempts))
    return seen


def as_synchronous(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same source without its awaits."""
    source = re.sub(r"\b(await|async) ", "", inspect.getsource(function)).replace(".aread()", ".read()")
    scope: dict[str, Any] = dict(function.__globals__)
    exec(source, scope)
    made: Callable[..., Any] = scope[function.__name__]
    return made


def test_the_same_script_gives_equal_models_on_both_clients(city: Config) -> None:
    def key(step: str) -> str:
        return f"parity-{step}"

    with Client(city) as client:
        first = as_synchronous(script)(client, key)

    async def awaited() -> list[Any]:
        async with AsyncClient(city) as other:
            return await script(other, key)

    second = asyncio.run(awaited())
    assert len(first) == len(second) == 19
    for one, two in zip(first, second, strict=True):
        assert one == two


def test_both_clients_work_inside_a_running_event_loop(city: Config) -> None:
    async def both() -> tuple[Any, Any]:
        with Client(city) as client:
            one = list(client.complaints.services())  # the synchronous client needs no loop and disturbs none
        async with AsyncClient(city) as other:
            two = [item async for item in other.complaints.services()]
        return one, two

    one, two = asyncio.run(both())
    assert one
    assert one == two
