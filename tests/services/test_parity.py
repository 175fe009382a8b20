"""One script, two clients: with `Client` as it stands, and with its awaits on `AsyncClient`, it gives equal models.

And it gives them over each transport.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any

from egov_serang import AsyncClient, Client, Config, File, Nib, Nik, NotFound, Phone
from egov_serang.models.civil import CivilApplicant
from egov_serang.models.complaints import Location
from egov_serang.models.identity import Attributes, Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.models.permits import Applicant


async def make(client: Any) -> list[Any]:
    """Writes. They carry fixed keys, so the second client is answered with what the first one caused."""
    seen: list[Any] = []
    verified = await client.with_options(idempotency_key="k-verify").identity.verify(
        Nik("9973010101900000"),
        Attributes(full_name="Warga Contoh"),
        purpose=Purpose(purpose_code="complaint", legal_basis="public_task"),
        client_reference="V-1",
    )
    complaint = await client.with_options(idempotency_key="k-submit").complaints.submit(
        "jalan_rusak",
        "Jalan berlubang.",
        location=Location(lat=-6.1153, long=106.1503),
        photos=[File(b"not really a picture" * 50, "lubang.jpg", "image/jpeg")],
        client_reference="C-1",
    )
    draft = await client.with_options(idempotency_key="k-start").permits.applications.start(
        "TDU-PKL",
        applicant=Applicant(nib=Nib("9120000000001"), name="Pedagang Contoh"),
        form={"business_name": "Sate", "goods": "makanan", "trading_place": "Pasar Lama"},
    )
    seen.extend((verified, complaint, draft))
    for kind in ("ktp", "photo"):
        desk = client.with_options(idempotency_key="k-" + kind).permits.applications
        seen.append(await desk.attach(draft.application_id, kind, File(b"x" * 100, f"{kind}.png", "image/png")))
    parent = CivilApplicant(subject_ref="sub_uji_1", relation="family")
    death = {"deceased_name": "Almarhum Uji", "death_date": "2026-11-01", "death_place": "Serang"}
    civil = await client.with_options(idempotency_key="k-civil").identity.applications.start(
        "akta_kematian", applicant=parent, form=death, client_reference="D-1"
    )
    seen.append(civil)
    for kind in ("death_statement", "kk"):
        desk = client.with_options(idempotency_key="k-civil-" + kind).identity.applications
        seen.append(await desk.attach(civil.application_id, kind, File(b"x" * 100, f"{kind}.png", "image/png")))
    message = await client.with_options(idempotency_key="k-send").notifications.send(
        "complaint-resolved-sms", Recipient(phone=Phone("0812 0000 0001")), personalisation={"reference": "X-1"}
    )
    seen.append(message)
    return seen


async def move(client: Any, made: list[Any]) -> list[Any]:
    """Transitions of what was made, with fixed keys too."""
    seen: list[Any] = []
    seen.append(await client.with_options(idempotency_key="k-move").complaints.transition(made[1], "verify"))
    desk = client.with_options(idempotency_key="k-hand-in").permits.applications
    seen.append(await desk.submit(made[2].application_id))
    registry = client.with_options(idempotency_key="k-hand-in-civil").identity.applications
    handed = await registry.submit(made[5].application_id)
    registry = client.with_options(idempotency_key="k-review").identity.applications
    seen.append(await registry.transition(handed, "start_review"))
    return seen


async def read(client: Any, made: list[Any]) -> list[Any]:
    """Reads of every kind: one thing, lists, pages, bytes, a wait, an error."""
    seen: list[Any] = []
    complaint, application = made[1], made[2]
    seen.append([item async for item in client.complaints.services()])
    seen.append([item async for item in client.permits.types(limit=2)])
    seen.append([page.data async for page in client.notifications.templates.list(limit=3).pages()])
    seen.append(await client.complaints.get(complaint.complaint_id))
    seen.append([item async for item in client.complaints.list(client_reference="C-1")])
    async with await client.complaints.download(complaint.complaint_id, complaint.media[0].media_id) as photo:
        seen.append(await photo.aread())
    seen.append(await client.permits.applications.wait_for(application, until=["undetermined"], timeout=5))
    seen.append([item async for item in client.permits.applications.list(status="undetermined")])
    seen.append([item async for item in client.identity.civil_services(limit=4)])
    seen.append(await client.identity.applications.wait_for(made[5], until=["in_review"], timeout=5))
    seen.append([item async for item in client.identity.applications.list(client_reference="D-1")])
    seen.append([item async for item in client.identity.applications.history(made[5].application_id)])
    seen.append([item async for item in client.notifications.announcements.list(area="36.73.01", limit=2)])
    seen.append(await client.notifications.announcements.get("ann-flood-kasemen"))
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


def test_the_same_script_gives_equal_models_on_both_clients_and_transports(city: Config) -> None:
    made: list[Any] = []
    counts: list[int] = []
    for part in (make, move, read):
        given = (made,) if made else ()
        with Client(city) as client:
            first = as_synchronous(part)(client, *given)

        with Client(city, transport="fast") as client:
            assert as_synchronous(part)(client, *given) == first

        async def awaited(transport: Any, part: Callable[..., Any] = part, given: tuple[Any, ...] = given) -> list[Any]:
            async with AsyncClient(city, transport=transport) as other:
                return await part(other, *given)

        assert asyncio.run(awaited("lanes")) == first
        assert asyncio.run(awaited("fast")) == first
        made = made or first
        counts.append(len(first))
    assert counts == [9, 3, 15]


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
