"""Every descriptor in every mode, as type checkers see it. Checked by mypy and basedpyright, never executed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from egov_serang import AsyncClient, AsyncPager, Call, Client, Download, Event, Paged, Pager, Reply, SavedFile, Webhooks
from egov_serang.core.bind import Async, AsyncRaw, Dry, Sync, SyncRaw
from egov_serang.core.paging import AsyncPageReplies, Page, PageReplies
from egov_serang.models.announcements import Announcement
from egov_serang.models.civil import CivilApplicant, CivilApplication, CivilEvent, CivilService
from egov_serang.models.complaints import Complaint, Media
from egov_serang.models.complaints import Service as Category
from egov_serang.models.identity import Purpose, Verification
from egov_serang.models.notifications import Message, Recipient, Template
from egov_serang.models.permits import Applicant, Application, Document, Licence, PermitType
from egov_serang.receivers import AsgiReceiver, Delivery, WsgiReceiver
from egov_serang.services.civil import CivilApplications
from egov_serang.services.complaints import Complaints
from egov_serang.services.permits import Applications

PURPOSE = Purpose(purpose_code="permit", legal_basis="public_task")
APPLICANT = Applicant(name="Uji")
PARENT = CivilApplicant(subject_ref="sub-1", relation="parent")


def sync_results(client: Client) -> None:
    assert_type(client.complaints, Complaints[Sync])
    assert_type(client.complaints.get("c"), Complaint)
    assert_type(client.complaints.transition("c", "verify", version=1), Complaint)
    assert_type(client.complaints.attach("c", b"x"), Media)
    assert_type(client.complaints.download("c", "m"), Download)
    assert_type(client.complaints.download_to("c", "m", "f"), SavedFile)
    assert_type(client.complaints.submit("road", "a hole"), Complaint)
    assert_type(client.complaints.list(status="submitted"), Pager[Complaint])
    assert_type(client.complaints.services(), Pager[Category])
    assert_type(client.identity.verify("9973010101900000", purpose=PURPOSE), Verification)
    assert_type(client.identity.verification("t"), Verification)
    assert_type(client.identity.civil_services(), Pager[CivilService])
    assert_type(client.identity.applications, CivilApplications[Sync])
    assert_type(client.identity.applications.start("kk", applicant=PARENT), CivilApplication)
    assert_type(client.identity.applications.attach("a", "kk", b"x"), Document)
    assert_type(client.identity.applications.submit("a"), CivilApplication)
    assert_type(client.identity.applications.get("a"), CivilApplication)
    assert_type(client.identity.applications.list(), Pager[CivilApplication])
    assert_type(client.identity.applications.history("a"), Pager[CivilEvent])
    assert_type(client.identity.applications.transition("a", "approve", version=1), CivilApplication)
    assert_type(client.identity.applications.wait_for("a"), CivilApplication)
    assert_type(client.permits.types(), Pager[PermitType])
    assert_type(client.permits.applications, Applications[Sync])
    assert_type(client.permits.applications.start("stall", applicant=APPLICANT), Application)
    assert_type(client.permits.applications.attach("a", "ktp", b"x"), Document)
    assert_type(client.permits.applications.submit("a"), Application)
    assert_type(client.permits.applications.get("a"), Application)
    assert_type(client.permits.applications.list(), Pager[Application])
    assert_type(client.permits.applications.wait_for("a"), Application)
    assert_type(client.permits.licences.get("l"), Licence)
    assert_type(client.notifications.templates.list(), Pager[Template])
    assert_type(client.notifications.send("t", Recipient(device="d")), Message)
    assert_type(client.notifications.get("m"), Message)
    assert_type(client.notifications.list(), Pager[Message])
    assert_type(client.notifications.announcements.list(), Pager[Announcement])
    assert_type(client.notifications.announcements.get("n"), Announcement)
    for complaint in client.complaints.list():
        assert_type(complaint, Complaint)
    for reply in client.complaints.list().pages():
        assert_type(reply, Reply[Page[Complaint]])


async def async_results(client: AsyncClient) -> None:
    assert_type(client.complaints, Complaints[Async])
    _ = assert_type(client.complaints.get("c"), Coroutine[Any, Any, Complaint])
    assert_type(await client.complaints.get("c"), Complaint)
    _ = assert_type(client.complaints.submit("road", "a hole"), Coroutine[Any, Any, Complaint])
    assert_type(await client.complaints.submit("road", "a hole"), Complaint)
    assert_type(await client.complaints.download("c", "m"), Download)
    assert_type(await client.complaints.download_to("c", "m", "f"), SavedFile)
    assert_type(client.complaints.list(), AsyncPager[Complaint])
    assert_type(await client.identity.verify("9973010101900000", purpose=PURPOSE), Verification)
    assert_type(client.identity.civil_services(), AsyncPager[CivilService])
    assert_type(await client.identity.applications.start("kk", applicant=PARENT), CivilApplication)
    assert_type(await client.identity.applications.wait_for("a", timeout=1.0), CivilApplication)
    assert_type(client.identity.applications.list(), AsyncPager[CivilApplication])
    assert_type(client.permits.types(), AsyncPager[PermitType])
    assert_type(client.permits.applications, Applications[Async])
    assert_type(await client.permits.applications.get("a"), Application)
    assert_type(await client.permits.applications.wait_for("a", timeout=1.0), Application)
    assert_type(client.permits.applications.list(), AsyncPager[Application])
    assert_type(await client.permits.licences.get("l"), Licence)
    assert_type(client.notifications.templates.list(), AsyncPager[Template])
    assert_type(await client.notifications.send("t", Recipient(device="d")), Message)
    assert_type(client.notifications.announcements.list(), AsyncPager[Announcement])
    assert_type(await client.notifications.announcements.get("n"), Announcement)
    async for complaint in client.complaints.list():
        assert_type(complaint, Complaint)
    async for reply in client.complaints.list().pages():
        assert_type(reply, Reply[Page[Complaint]])


def sync_raw(client: Client) -> None:
    assert_type(client.raw.complaints, Complaints[SyncRaw])
    assert_type(client.raw.complaints.get("c"), Reply[Complaint])
    assert_type(client.raw.complaints.get("c").data, Complaint)
    assert_type(client.raw.complaints.get("c").attempts, int)
    assert_type(client.raw.complaints.submit("road", "a hole"), Reply[Complaint])
    assert_type(client.raw.complaints.list(), PageReplies[Complaint])
    assert_type(client.raw.permits.applications.get("a"), Reply[Application])
    assert_type(client.raw.permits.applications.wait_for("a"), Reply[Application])
    assert_type(client.raw.identity.applications.wait_for("a"), Reply[CivilApplication])
    assert_type(client.raw.notifications.announcements.list(), PageReplies[Announcement])
    assert_type(client.raw.permits.applications.list(), PageReplies[Application])
    for reply in client.raw.complaints.list():
        assert_type(reply, Reply[Page[Complaint]])


async def async_raw(client: AsyncClient) -> None:
    assert_type(client.raw.complaints, Complaints[AsyncRaw])
    _ = assert_type(client.raw.complaints.get("c"), Coroutine[Any, Any, Reply[Complaint]])
    assert_type(await client.raw.complaints.get("c"), Reply[Complaint])
    assert_type(await client.raw.complaints.submit("road", "a hole"), Reply[Complaint])
    assert_type(client.raw.complaints.list(), AsyncPageReplies[Complaint])
    assert_type(await client.raw.permits.applications.get("a"), Reply[Application])
    assert_type(client.raw.permits.applications.list(), AsyncPageReplies[Application])
    async for reply in client.raw.complaints.list():
        assert_type(reply, Reply[Page[Complaint]])


def dry_runs(client: Client, asynchronous: AsyncClient) -> None:
    assert_type(client.dry.complaints, Complaints[Dry])
    assert_type(client.dry.complaints.get("c"), Call[Complaint])
    assert_type(client.dry.complaints.list(), Paged[Complaint])
    assert_type(client.dry.permits.applications.get("a"), Call[Application])
    assert_type(client.dry.permits.applications.list(), Paged[Application])
    assert_type(client.dry.identity.applications.get("a"), Call[CivilApplication])
    assert_type(client.dry.notifications.announcements.list(), Paged[Announcement])
    assert_type(asynchronous.dry.complaints.get("c"), Call[Complaint])
    assert_type(asynchronous.dry.notifications.templates.list(), Paged[Template])


def options_keep_the_type(client: Client, asynchronous: AsyncClient) -> None:
    assert_type(client.with_options(deadline=3), Client)
    assert_type(client.with_options(deadline=3).complaints.get("c"), Complaint)
    assert_type(asynchronous.with_options(language="en"), AsyncClient)
    with client as opened:
        assert_type(opened, Client)


async def entered(client: AsyncClient) -> None:
    async with client as opened:
        assert_type(opened, AsyncClient)
    with await client.complaints.download("c", "m") as _:
        pass


def events(client: Client, asynchronous: AsyncClient, webhooks: Webhooks) -> None:
    event = client.events.receive({"webhook-id": "m"}, b"{}")
    assert_type(event, Event)
    assert_type(asynchronous.events.receive([(b"webhook-id", b"m")], b"{}"), Event)
    assert_type(webhooks.receive([("webhook-id", "m")], b"{}"), Event)
    assert_type(event.sequence, int | None)
    if isinstance(event.data, Complaint):
        assert_type(event.data, Complaint)

    async def later(event: Event) -> None: ...

    for receiving in (client.events, asynchronous.events, webhooks):
        AsgiReceiver(receiving, later)
        AsgiReceiver(receiving, print)
        WsgiReceiver(receiving, print)
        assert_type(Delivery(receiving, {}, b"").event, Event | None)
