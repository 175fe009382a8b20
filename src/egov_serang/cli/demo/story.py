"""The story: a resident, a pothole, a trader, and four accidents on the way. Every step checks what it claims.

Nothing in it is of one city: which city it is the profile says, and categories, permit types and forms are looked up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Final

from egov_serang import Client, EgovError, File, Nik, Phone, SignatureRefused
from egov_serang.cli.demo.forms import filled
from egov_serang.cli.demo.meter import Meter
from egov_serang.cli.demo.photo import photo
from egov_serang.cli.demo.view import Row, View
from egov_serang.cli.demo.webhook import Inbox, status_changed
from egov_serang.models.civil import CivilApplicant, CivilStatus, CivilSubject
from egov_serang.models.complaints import Complaint, ComplaintStatus, Location, Service
from egov_serang.models.identity import Attributes, Purpose, Verification, VerificationOutcome
from egov_serang.models.notifications import MessageStatus, Recipient
from egov_serang.models.permits import Applicant, Application, ApplicationStatus, LicenceStatus
from egov_serang.models.regions import CITIES, City
from egov_serang.sandbox.server import Sandbox

RESIDENT = "9973010101900000"
"""A number of the sandbox's: province 99 does not exist, so it is nobody's."""

STREET_TRADE: Final = "47814"
"""The nation's own number (KBLI) of what a street trader does; each city has a permit type of its own for it."""


class Broken(Exception):
    """A step did not hold."""


def hold(condition: bool, what: str) -> None:
    """The step holds only if this is so."""
    if not condition:
        raise Broken(f"expected {what}")


@dataclass(slots=True)
class Story:
    """Who takes part.

    Args:
        sandbox: the city.
        citizen: the citizens' app.
        officer: the agencies' desk.
        meter: the transport of both.
        view: where it is told.
    """

    sandbox: Sandbox
    citizen: Client
    officer: Client
    meter: Meter
    view: View
    _categories: list[Service] = field(init=False)
    _resident: Verification = field(init=False)
    _complaint: Complaint = field(init=False)
    _application: Application = field(init=False)

    @property
    def city(self) -> City:
        """The city of the profile."""
        return CITIES[self.citizen.config.city or ""]

    @property
    def area(self) -> str:
        """Where the resident lives."""
        return self.city.villages[0].code

    def tell(self) -> list[Row]:
        """Tell it to the end, or to the first step that does not hold."""
        rows: list[Row] = []
        steps: tuple[tuple[str, Callable[[Row], None]], ...] = (
            ("A resident's identity is verified", self._verify),
            ("Categories are read while the gateway is briefly down (503)", self._retried),
            ("A pothole is reported with a photo and a map point", self._report),
            ("The agency's officer handles it", self._handle),
            ("A report's answer is lost on the way; the repetition has no second effect", self._lost_answer),
            ("An access token expires and is renewed", self._expired_token),
            ("A request changed on its way is refused", self._tampered),
            ("A street trader applies for a permit", self._apply),
            ("The officer returns it, the trader completes it", self._complete),
            ("The permit is decided and issued", self._issue),
            ("A parent applies for a birth certificate; the registry reviews and issues it", self._birth),
            ("The resident is told", self._notify),
            ("An announcement for the resident's area is read", self._announcement),
            ("A webhook tells the app; one changed on its way is refused and explained", self._webhook),
        )
        for title, step in steps:
            row = Row(title)
            rows.append(row)
            with self._watched(row):
                step(row)
            if row.state == "failed":
                break
        return rows

    @contextmanager
    def _watched(self, row: Row) -> Generator[None]:
        self.meter.take()
        self.view.begin(row)
        start = time.monotonic()
        try:
            yield
            row.state = "held"
        except (EgovError, Broken) as error:
            row.state = "failed"
            self._say(row, f"{type(error).__name__}: {error}")
        row.milliseconds = (time.monotonic() - start) * 1000
        count = self.meter.take()
        row.calls, row.attempts = count.calls, count.attempts
        self.view.end(row)

    def _about(self, word: str) -> str:
        """The category of the city's that has this keyword."""
        found = [category for category in self._categories if word in category.keywords]
        hold(bool(found), f"a category with the keyword {word}")
        return found[0].service_code

    def _say(self, row: Row, text: str) -> None:
        row.notes.append(text)
        self.view.note(row, text)

    def _verify(self, row: Row) -> None:
        verification = self.citizen.identity.verify(
            Nik(RESIDENT),
            Attributes(full_name="Warga Contoh", birth_date=date(1990, 1, 1)),
            purpose=Purpose(purpose_code="complaint", legal_basis="public_task"),
        )
        hold(verification.outcome is VerificationOutcome.MATCH, "the outcome match")
        self._resident = verification
        self._say(row, f"NIK {Nik(RESIDENT)}: {verification.outcome}; no data came back, only the verdict")

    def _retried(self, row: Row) -> None:
        self.sandbox.fault("complaints.services", kind="status", status=503, times=1)
        self._categories = list(self.citizen.complaints.services(limit=100))
        count = self.meter.count()
        hold(count.attempts == count.calls + 1, "exactly one repetition")
        found = f"{len(self._categories)} categories, potholes are {self._about('lubang')}"
        self._say(row, f"{found}; 503 once, repeated by the SDK after a pause")

    def _report(self, row: Row) -> None:
        complaint = self.citizen.complaints.submit(
            self._about("lubang"),
            "Jalan berlubang di depan pasar, dalam sekitar 20 cm.",
            location=Location(lat=self.city.centre[0], long=self.city.centre[1], area_code=self.area),
            photos=[File(photo(), "lubang.png")],
            client_reference="demo-0001",
        )
        hold(len(complaint.media) == 1, "one photo on the complaint")
        with self.citizen.complaints.download(complaint.complaint_id, complaint.media[0].media_id) as back:
            hold(back.read() == photo(), "the photo to come back byte for byte")
        self._say(row, f"{complaint.reference}: {complaint.status}, photo sha256 {complaint.media[0].sha256[:12]}...")
        self._complaint = complaint

    def _handle(self, row: Row) -> None:
        complaint = self.officer.complaints.get(self._complaint.complaint_id)
        path = [complaint.status.value]
        for action, assignee in (("verify", None), ("assign", "regu-jalan-1"), ("start", None), ("resolve", None)):
            complaint = self.officer.complaints.transition(complaint, action, assignee=assignee)
            path.append(complaint.status.value)
        hold(complaint.status is ComplaintStatus.RESOLVED, "the complaint to be resolved")
        self._say(row, " -> ".join(path))

    def _lost_answer(self, row: Row) -> None:
        before = self.sandbox.counts()["complaints"]
        self.sandbox.fault("complaints.submit", kind="lost_answer", times=1)
        reply = self.citizen.raw.complaints.submit(
            self._about("sampah"),
            "Sampah belum diangkut sejak Senin.",
            location=Location(area_code=self.city.villages[-1].code),
        )
        added = self.sandbox.counts()["complaints"] - before
        hold(reply.attempts == 2, "two attempts")  # noqa: PLR2004
        hold(reply.replayed, "the second answer to come from the idempotency store")
        hold(added == 1, "exactly one new complaint")
        self._say(row, f"connection cut after the commit; 2 attempts with one key, {added} complaint, answer replayed")

    def _expired_token(self, row: Row) -> None:
        self.sandbox.advance(24 * 3600)  # longer than any token lives
        complaint = self.citizen.complaints.get(self._complaint.complaint_id)
        count = self.meter.count()
        hold(count.tokens == 1 and count.attempts == count.calls + 1, "one refusal, one new token, one repetition")
        self._say(row, f"the gateway's clock went on; 401, new token, {complaint.reference} read at the second attempt")

    def _tampered(self, row: Row) -> None:
        before = self.sandbox.counts()["complaints"]
        self.meter.spoil_next = True
        try:
            self.citizen.complaints.submit(
                self._about("lampu"), "lampu jalan padam", location=Location(area_code=self.area)
            )
        except SignatureRefused as refusal:
            hold(self.sandbox.counts()["complaints"] == before, "no new complaint")
            self._say(row, f"one byte changed after signing: {refusal.code}, nothing was filed")
        else:
            raise Broken("a changed request was accepted")

    def _apply(self, row: Row) -> None:
        kind = next((kind for kind in self.citizen.permits.types() if STREET_TRADE in kind.kbli), None)
        if kind is None:
            raise Broken("expected a permit type for street traders")
        draft = self.citizen.permits.applications.start(
            kind.permit_type_code,
            applicant=Applicant(subject_ref=self._resident.subject_ref, name="Pedagang Contoh"),
            form=filled(kind.form_schema, {"business_name": "Sate Bandeng Contoh", "trading_place": "Pasar Lama"}),
            location=Location(lat=self.city.centre[0], long=self.city.centre[1]),
            client_reference="demo-0002",
        )
        for document in kind.required_documents:
            if document.required:
                self.citizen.permits.applications.attach(
                    draft.application_id, document.kind, File(photo(), f"{document.kind}.png")
                )
        submitted = self.citizen.permits.applications.submit(draft.application_id)
        hold(submitted.status is ApplicationStatus.UNDETERMINED, "the application to wait for the authority")
        self._say(row, f"{submitted.reference}: {kind.name}, with {len(submitted.documents)} documents")
        self._application = submitted

    def _complete(self, row: Row) -> None:
        number = self._application.application_id
        seen = self.officer.permits.applications.get(number)
        self.officer.permits.applications.transition(seen, "return", comment="Foto KTP tidak terbaca.")
        returned = self.citizen.permits.applications.wait_for(number, timeout=10)
        hold(returned.status is ApplicationStatus.RETURNED, "the application to be returned")
        self.citizen.permits.applications.attach(number, "ktp", File(photo(), "ktp-jelas.png"))
        again = self.citizen.permits.applications.submit(number)
        hold(again.status is ApplicationStatus.UNDETERMINED, "the application to be handed in again")
        self._say(row, f'returned: "{returned.status_notes}", completed and handed in again')

    def _issue(self, row: Row) -> None:
        desk = self.officer.permits.applications
        application = desk.get(self._application.application_id)
        while application.stage != "decision":
            application = desk.transition(application, "advance")
        application = desk.transition(application, "decide", data={"outcome": "granted"})
        application = desk.transition(application, "issue")
        told = self.citizen.permits.applications.wait_for(application, timeout=10)
        hold(told.licence_id is not None, "a licence")
        licence = self.citizen.permits.licences.get(told.licence_id or "")
        hold(licence.status is LicenceStatus.ACTIVE, "an active licence")
        self._say(row, f"licence {licence.licence_number}, {licence.status}, until {licence.valid_until:%d-%m-%Y}")

    def _birth(self, row: Row) -> None:
        services = {service.service_code: service for service in self.citizen.identity.civil_services()}
        service = services["akta_kelahiran"]
        parent = CivilApplicant(subject_ref=self._resident.subject_ref or "", relation="parent")
        mine, desk = self.citizen.identity.applications, self.officer.identity.applications
        draft = mine.start(
            service.service_code,
            applicant=parent,
            subjects=[CivilSubject(role="child", name="Bayi Contoh")],
            form=filled(
                service.form_schema,
                {
                    "child_name": "Bayi Contoh",
                    "sex": "female",
                    "birth_date": "2026-11-20",
                    "birth_place": self.city.name,
                    "mother_name": "Warga Contoh",
                },
            ),
            client_reference="demo-0003",
        )
        for document in service.required_documents:
            if document.required:
                mine.attach(draft.application_id, document.kind, File(photo(), f"{document.kind}.png"))
        application = mine.submit(draft)
        path = [application.status.value]
        application = desk.get(application.application_id)
        for action in ("start_review", "approve", "issue"):
            application = desk.transition(application, action)
            path.append(application.status.value)
        issued = mine.wait_for(draft, timeout=10)
        hold(issued.status is CivilStatus.ISSUED and issued.result is not None, "the certificate to be issued")
        number = issued.result.number if issued.result else ""
        self._say(row, f"{service.name} {number}: " + " -> ".join(path))

    def _announcement(self, row: Row) -> None:
        public = self.citizen.notifications.announcements
        found = list(public.list(area=self.area, active_at=datetime.now(UTC)))
        hold(any(self.area in one.areas for one in found), "an announcement for the resident's own kelurahan")
        local = public.get(next(one.announcement_id for one in found if self.area in one.areas))
        hold(self.meter.count().tokens == 0, "no token to be asked for")
        self._say(row, f"{len(found)} in force, read without a login; {local.category}: {local.title}")

    def _notify(self, row: Row) -> None:
        templates = {template.template_id: template for template in self.citizen.notifications.templates.list()}
        template = templates["complaint-resolved-sms"]
        message = self.citizen.notifications.send(
            template.template_id,
            Recipient(phone=Phone("0812 0000 0001")),
            personalisation={"reference": self._complaint.reference},
        )
        self.sandbox.advance(5)
        message = self.citizen.notifications.get(message.message_id)
        hold(message.status is MessageStatus.DELIVERED, "the message to be delivered")
        self._say(row, f"{template.name}: {message.status}")

    def _webhook(self, row: Row) -> None:
        with Inbox() as inbox:
            seen = self.officer.complaints.get(self._complaint.complaint_id)
            event = status_changed(self.city.code, seen.complaint_id, seen.model_dump(mode="json"))
            hold(inbox.deliver(event) == HTTPStatus.NO_CONTENT, "the event to be acknowledged")
            hold(inbox.deliver(event) == HTTPStatus.NO_CONTENT, "its repetition to be acknowledged")
            hold(len(inbox.events) == 1, "the app to be told once")
            told = inbox.events[0].data
            hold(isinstance(told, Complaint) and told.status is seen.status, "the complaint in the event")
            self._say(row, f"{seen.reference} is {seen.status}; delivered twice, told once")
            forged = event.replace(seen.status.encode(), b"rejected")
            hold(inbox.deliver(forged, signed_for=event) == HTTPStatus.UNAUTHORIZED, "the changed event to be refused")
            hold(len(inbox.events) == 1 and len(inbox.refusals) == 1, "the app to be told nothing")
            for line in inbox.refusals[0].splitlines():
                self._say(row, line)
