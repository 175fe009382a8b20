"""Logging in on another device: the authorization endpoint for devices, the page, and the grant (RFC 8628)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import closing
from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from egov_serang.sandbox.console.data import own_name
from egov_serang.sandbox.language import Bilingual, Language, Word, said
from egov_serang.sandbox.oauth.clients import Brought, proven
from egov_serang.sandbox.oauth.devices import LIFE_S, Waiting
from egov_serang.sandbox.oauth.families import Login
from egov_serang.sandbox.oauth.grants import Asked, granted_scopes, personal
from egov_serang.sandbox.oauth.pages import page
from egov_serang.sandbox.oauth.refusal import OAuthError, Refused
from egov_serang.sandbox.oauth.residents import Resident, residents
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.problems import responses
from egov_serang.sandbox.route import ContractRoute

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_S: Final = 5

_TITLE: Final[Bilingual] = ("Masuk di perangkat lain", "Log in on another device")
_ASK: Final[Bilingual] = ("Kode di perangkat", "Code on the device")
_GO: Final[Bilingual] = ("Lanjut", "Continue")
_WRONG: Final[Bilingual] = ("Kode ini tidak menunggu.", "No device waits with this code.")
_WANTS: Final[Bilingual] = ("ingin bertindak atas nama Anda:", "wants to act for you:")
_WHO: Final[Bilingual] = ("Masuk sebagai", "Log in as")
_YES: Final[Bilingual] = ("Izinkan", "Allow")
_NO: Final[Bilingual] = ("Tolak", "Deny")
_DONE: Final[Bilingual] = ("Selesai. Kembali ke perangkat.", "Done. Go back to the device.")
_DENIED: Final[Bilingual] = ("Ditolak. Perangkat tidak masuk.", "Denied. The device is not logged in.")
_NOBODY: Final[Bilingual] = ("Pilih seseorang.", "Choose somebody.")

router = APIRouter(route_class=ContractRoute, tags=["authorization"])
pages = APIRouter(prefix="/device", dependencies=[Depends(own_name)], include_in_schema=False)


class DeviceAuthorization(BaseModel):
    """What a device shows and polls with (RFC 8628 section 3.2); times in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


@router.post(
    "/oauth2/device_authorization",
    operation_id="oauth.device_authorization",
    response_model=DeviceAuthorization,
    responses={
        **{status: {"model": OAuthError, "description": "Refused"} for status in (400, 401)},
        **responses(413, 415),
    },
)
async def authorize(
    *,
    here: Here,
    proof: Brought,
    scope: Annotated[str | None, Form()] = None,
) -> JSONResponse:
    """Begin a login on another device (RFC 8628 section 3.1)."""
    try:
        client = proven(here, proof, people=True)
        scopes = granted_scopes(client, scope)
    except Refused as refused:
        return refused.response()
    code, waiting = here.devices.begin(client.client_id, scopes, here.clock.timestamp())
    where = f"{here.settings.base_url}/device"
    answer = DeviceAuthorization(
        device_code=code,
        user_code=waiting.user_code,
        verification_uri=where,
        verification_uri_complete=f"{where}?user_code={waiting.user_code}",
        expires_in=LIFE_S,
        interval=waiting.interval,
    )
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})


def device_code(here: Platform, asked: Asked) -> Mapping[str, str | int]:
    """The grant (RFC 8628 section 3.4)."""
    code, now = asked.form.get("device_code", ""), here.clock.timestamp()
    waiting = here.devices.asking(code)
    if waiting is None or waiting.client_id != asked.client.client_id:
        raise Refused("invalid_grant", "The device code is unknown or was used.")
    if now >= waiting.expires_at:
        here.devices.end(code)
        raise Refused("expired_token", "Nobody came in time; begin again.")
    if waiting.asked_at is not None and now - waiting.asked_at < waiting.interval:
        waiting.interval += _SLOWER_S
        waiting.asked_at = now
        raise Refused("slow_down", f"Ask every {waiting.interval} s.")
    waiting.asked_at = now
    if waiting.state == "pending":
        raise Refused("authorization_pending", "The person has not answered yet.")
    here.devices.end(code)
    if waiting.state == "denied":
        raise Refused("access_denied", "The person said no.")
    return personal(here, asked, Login(asked.client.client_id, waiting.subject, waiting.scopes, asked.jkt))


@pages.get("")
async def show(here: Here, language: Language, user_code: str = "") -> Response:
    """Ask for the code, or, with one, who it is and whether they allow it."""
    if not user_code:
        return _code_page(language)
    waiting = here.devices.typed(user_code, here.clock.timestamp())
    if waiting is None:
        return _code_page(language, _WRONG)
    return _consent_page(here, language, waiting)


@pages.post("")
async def answer(
    *,
    here: Here,
    language: Language,
    user_code: Annotated[str, Form()] = "",
    ticket: Annotated[str, Form()] = "",
    resident: Annotated[str, Form()] = "",
    decision: Annotated[str, Form()] = "",
) -> Response:
    """What the person decided."""
    waiting = here.devices.typed(user_code, here.clock.timestamp())
    if waiting is None or not hmac.compare_digest(waiting.ticket.encode(), ticket.encode()):
        return _code_page(language, _WRONG)
    if decision != "allow":
        waiting.state = "denied"
        return page(language, _TITLE, f"<p>{escape(said(_DENIED, language))}</p>")
    person = next((one for one in _residents(here) if one.mark == resident), None)
    if person is None:
        return _consent_page(here, language, waiting, _NOBODY)
    waiting.subject, waiting.state = person.subject(here.keys, waiting.client_id), "approved"
    return page(language, _TITLE, f"<p>{escape(said(_DONE, language))}</p>")


def _residents(here: Platform) -> list[Resident]:
    with closing(here.database.reading()) as session:
        return residents(session, here.keys)


def _code_page(language: Word, fault: Bilingual | None = None) -> Response:
    told = "" if fault is None else f'<p role="alert" class="late">{escape(said(fault, language))}</p>'
    return page(
        language,
        _TITLE,
        f'{told}<form method="get" action="/device"><label for="code">{escape(said(_ASK, language))}</label> '
        '<input id="code" name="user_code" autocomplete="off" autocapitalize="characters" required> '
        f'<button class="main">{escape(said(_GO, language))}</button></form>',
        200 if fault is None else 400,
    )


def _consent_page(here: Platform, language: Word, waiting: Waiting, fault: Bilingual | None = None) -> Response:
    told = "" if fault is None else f'<p role="alert" class="late">{escape(said(fault, language))}</p>'
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in waiting.scopes)
    people = "".join(
        f'<p><label><input type="radio" name="resident" value="{one.mark}"> {escape(one.name)}</label></p>'
        for one in _residents(here)
    )
    return page(
        language,
        _TITLE,
        f"{told}<p><strong>{escape(waiting.client_id)}</strong> {escape(said(_WANTS, language))}</p><ul>{scopes}</ul>"
        f'<form method="post" action="/device"><fieldset><legend>{escape(said(_WHO, language))}</legend>{people}'
        f'</fieldset><input type="hidden" name="user_code" value="{waiting.user_code}">'
        f'<input type="hidden" name="ticket" value="{waiting.ticket}">'
        f'<button class="main" name="decision" value="allow">{escape(said(_YES, language))}</button> '
        f'<button class="danger" name="decision" value="deny">{escape(said(_NO, language))}</button></form>',
        200 if fault is None else 400,
    )
