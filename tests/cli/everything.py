"""Every command once, with personal data in every place that takes any: for the tests that leave none out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.conftest import ME, NIK
from typer.main import get_command

from egov_serang import Client, Outbox
from egov_serang.cli.app import app
from egov_serang.models.civil import CivilApplicant, CivilSubject
from egov_serang.models.complaints import Location
from egov_serang.models.identity import Purpose
from egov_serang.models.notifications import Recipient
from egov_serang.models.permits import Applicant
from egov_serang.types import Phone

NAME, PHONE = "Kenari Warga Uji", "+6281200000009"
"""Shown to those who ask for the thing they belong to; in a refusal they have no business."""
MAIL, BORN, STORY = "kenari@example.invalid", "1990-03-09", f"Rumah {NAME} di tepi jalan"
WHY = ("--purpose", "permit", "--legal-basis", "public_task")
BIRTH = {"child_name": NAME, "mother_name": NAME, "birth_date": BORN, "birth_place": STORY, "sex": "female"}
STALL = {"business_name": STORY, "goods": "makanan", "trading_place": STORY}
SMS = {"reference": "SRG-1"}
PHOTO = Path(__file__).parents[2] / "examples" / "pothole.png"
LOCAL = {
    "demo",
    "sandbox",
    "config init",
    "config show",
    *(f"keys {step}" for step in ("generate", "show", "jwks", "rotate")),
    "signature explain",
    *(f"outbox {step}" for step in ("send", "retry", "discard")),
}
"""Commands that speak to no gateway of the profile, or use up what they act on: tested by themselves."""
SESSION = ("login", "whoami", "token", "logout")
"""Commands of a person's session: each needs what the one before it brought."""


class Run(NamedTuple):
    """One run of a command: what follows its name, what it reads from standard input, and its exit code."""

    arguments: tuple[str, ...] = ()
    stdin: str = ""
    code: int = 0
    asks: bool = True
    """Whether it asks a server."""


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command there is, by its words, as the application itself knows them."""
    command = get_command(app) if command is None else command
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, (*path, name))
    if path and not hasattr(command, "commands"):
        yield " ".join(path), command


def runs(client: Client, folder: Path) -> dict[str, Run]:
    """A run of every command that reaches a gateway; what it acts on is made with the client before.

    Args:
        client: of a sandbox as on its first day.
        folder: for the files that commands read.
    """

    def file(name: str, /, **fields: object) -> str:
        (folder / name).write_text(json.dumps(fields), "utf-8")
        return str(folder / name)

    person = file("person.json", name=NAME, phone=PHONE, email=MAIL)
    trader = file("trader.json", subject_ref="sub_uji_1", name=NAME)
    phone = file("phone.json", phone=PHONE)
    data = file("data.json", full_name=NAME, birth_date=BORN)
    parent = file("parent.json", subject_ref="sub_uji_1", relation="parent")
    child = file("child.json", role="child", name=NAME)
    note = file("note.json", note=STORY)
    home = folder / "address.txt"
    home.write_text(STORY, "utf-8")

    place = Location(area_code="36.73.01.1001", address_string=STORY)
    case = client.complaints.submit("jalan_rusak", STORY, location=place, photos=[PHOTO]).complaint_id
    photo = client.complaints.attach(case, PHOTO).media_id
    token = _token(client)
    paper, left = _paper(client), _paper(client)
    stall, dropped = _stall(client), _stall(client)
    message = client.notifications.send("complaint-resolved-sms", Recipient(phone=Phone(PHONE)), personalisation=SMS)
    why = Purpose(purpose_code="permit", legal_basis="public_task")
    verified = client.identity.verify(NIK, purpose=why).transaction_id
    news = next(iter(client.notifications.announcements.list())).announcement_id
    waiting = str(_outbox(client, folder, place))
    mine = ("--profile", ME)
    return {
        "login": Run((*mine, "--browser", "--token-file")),
        "whoami": Run(mine, asks=False),
        "token": Run(mine),
        "logout": Run(mine),
        "doctor": Run(),
        "keys check": Run(),
        "identity verify": Run((*WHY, "--nik", "-", "--attributes", data), NIK),
        "identity show": Run((verified,)),
        "identity civil-services": Run(),
        "identity applications list": Run(),
        "identity applications show": Run((paper,)),
        "identity applications start": Run(
            ("akta_kelahiran", "--applicant", parent, "--subject", child, "--post-to", str(home), "--form", "-"),
            json.dumps(BIRTH),
        ),
        "identity applications attach": Run((paper, "kk", str(PHOTO))),
        "identity applications submit": Run((paper,)),
        "identity applications history": Run((paper,)),
        "identity applications transition": Run((left, "withdraw", "--comment", STORY)),
        "identity applications wait": Run((paper, "--until", "draft", "--until", "submitted")),
        "complaints services": Run(),
        "complaints service": Run(("parkir_liar",)),
        "complaints list": Run(),
        "complaints comment": Run((case, "-"), f"{STORY}. NIK {NIK}"),
        "complaints updates": Run((case,)),
        "complaints change": Run((case, "--description", "-"), f"{STORY}. NIK {NIK}"),
        "complaints duplicates": Run(("jalan_rusak", "-", "--area", "36.73.01.1001"), f"{STORY}. NIK {NIK}"),
        "complaints token": Run((token,)),
        "complaints changes": Run(),
        "complaints statistics": Run(),
        "complaints show": Run((case,)),
        "complaints submit": Run(
            ("jalan_rusak", "-", "--area", "36.73.01.1001", "--address", STORY, "--reporter", person),
            f"{STORY}. NIK {NIK}",
        ),
        "complaints attach": Run((case, str(PHOTO))),
        "complaints download": Run((case, photo, "-o", str(folder / "back.png"))),
        "complaints transition": Run((case, "withdraw", "--comment", STORY, "--data", note)),
        "outbox list": Run((waiting,), asks=False),
        "outbox show": Run((waiting, "1"), asks=False),
        "conformance complaints": Run(("--only", "catalogue.listed")),
        "conformance open311": Run(("--only", "services.listed")),
        "permits types": Run(),
        "permits list": Run(),
        "permits show": Run((stall,)),
        "permits start": Run(("TDU-PKL", "--applicant", trader, "--form", "-"), json.dumps(STALL)),
        "permits attach": Run((stall, "ktp", str(PHOTO))),
        "permits submit": Run((stall,)),
        "permits transition": Run((dropped, "withdraw", "--comment", STORY)),
        "permits wait": Run((stall, "--until", "draft", "--until", "undetermined")),
        "permits licence": Run((_licence(client),)),
        "notifications templates": Run(),
        "notifications send": Run(("complaint-resolved-sms", "--recipient", phone, "--field", f"reference={NAME}")),
        "notifications list": Run(),
        "notifications show": Run((message.message_id,)),
        "notifications announcements": Run(),
        "notifications announcement": Run((news,)),
    }


def _outbox(client: Client, folder: Path, place: Location) -> Path:
    """An outbox with a call that was given up and one that waits."""
    path = folder / "outbox.db"
    with Outbox(path) as outbox:
        outbox.add(client.complaints.submit, "nothing_of_the_kind", STORY, location=place)
        outbox.send(client)
        outbox.add(client.complaints.submit, "jalan_rusak", STORY, location=place, photos=[PHOTO])
    return path


def _token(client: Client) -> str:
    """The token of a complaint that has no number yet."""
    reasons = {"reason": STORY}
    return str(client.complaints.submit("usulan_pembangunan", STORY, attributes=reasons).token)


def _paper(client: Client) -> str:
    """A draft for a birth certificate that can be handed in."""
    civil = client.identity.applications
    who = CivilApplicant(subject_ref="sub_uji_1", relation="parent")
    people = [CivilSubject(role="child", name=NAME)]
    number = civil.start("akta_kelahiran", applicant=who, subjects=people, form=BIRTH).application_id
    for kind in ("birth_statement", "kk", "ktp_parents"):
        civil.attach(number, kind, PHOTO)
    return number


def _stall(client: Client) -> str:
    """A draft for a street trader's permit that can be handed in."""
    permits = client.permits.applications
    who = Applicant(subject_ref="sub_uji_1", name=NAME)
    number = permits.start("TDU-PKL", applicant=who, form=STALL).application_id
    for kind in ("ktp", "photo"):
        permits.attach(number, kind, PHOTO)
    return number


def _licence(client: Client) -> str:
    """The licence of a permit that went all its way."""
    permits = client.permits.applications
    case = permits.submit(_stall(client))
    while case.stage != "decision":
        case = permits.transition(case, "advance")
    case = permits.transition(case, "decide", data={"outcome": "granted"})
    return str(permits.transition(case, "issue").licence_id)
