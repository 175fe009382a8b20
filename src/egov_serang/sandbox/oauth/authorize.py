"""`/oauth2/authorize`: a person chooses who they are, and agrees or not (RFC 6749 section 4.1, RFC 9207)."""

from __future__ import annotations

import secrets
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from egov_serang.sandbox.console.data import own_name
from egov_serang.sandbox.language import Language, Word
from egov_serang.sandbox.logins import Consented, Page, Session, Wish
from egov_serang.sandbox.oauth.login_pages import consent_page, error_page, login_page
from egov_serang.sandbox.oauth.par import PREFIX
from egov_serang.sandbox.oauth.refusal import Refused
from egov_serang.sandbox.oauth.residents import by_mark
from egov_serang.sandbox.oauth.wishes import Unanswerable, judged, return_address
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.route import ContractRoute

COOKIE: Final = "egov_sandbox_login"

router = APIRouter(route_class=ContractRoute, dependencies=[Depends(own_name)], include_in_schema=False)


@router.get("/oauth2/authorize", operation_id="oauth.authorize")
async def authorize(request: Request, here: Here, language: Language) -> Response:
    """Show the login page, or the consent page to who is logged in already."""
    query = list(request.query_params.multi_items())
    fields = dict(query)
    if len(fields) != len(query):
        return error_page(language, "A parameter comes twice.")
    try:
        wish = _wish(here, fields)
    except Unanswerable as error:
        return error_page(language, error.reason)
    except Refused as refused:
        return _back(here, fields["redirect_uri"], fields.get("state"), error=refused.error)
    now, browser = here.clock.timestamp(), request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    session = here.logins.sessions.get(browser, now)
    if session is not None and _is_too_old(wish, session, now):
        session = None
    if "none" in wish.prompt:
        needed = "login_required" if session is None else "consent_required"
        return _back(here, wish.redirect_uri, wish.state, error=needed)
    return _shown(here, language, Page(browser, wish, session))


@router.post("/oauth2/authorize", operation_id="oauth.authorize_step")
async def answer(
    *,
    request: Request,
    here: Here,
    language: Language,
    page: Annotated[str, Form()] = "",
    step: Annotated[str, Form()] = "",
    person: Annotated[str, Form()] = "",
) -> Response:
    """What a person did on a page. The page counts once, and only in the browser it was shown in."""
    now = here.clock.timestamp()
    shown = here.logins.pages.take(page, now)
    if shown is None or not secrets.compare_digest(shown.browser, request.cookies.get(COOKIE, "")):
        return error_page(language, "The page is too old, was answered before, or is another browser's.")
    wish = shown.wish
    if step in {"cancel", "deny"}:
        return _back(here, wish.redirect_uri, wish.state, error="access_denied")
    if step == "login" and shown.session is None and person in by_mark(here):
        return _shown(here, language, here.logins.log_in(shown, person, now))
    if step == "allow" and shown.session is not None:
        code = here.logins.codes.put(Consented(wish, shown.session), now)
        return _back(here, wish.redirect_uri, wish.state, code=code)
    return error_page(language, "That is no answer to the page.")


def _wish(here: Platform, fields: dict[str, str]) -> Wish:
    if "request_uri" in fields:
        name = fields["request_uri"].removeprefix(PREFIX)
        pushed = here.logins.pushed.take(name, here.clock.timestamp())
        if pushed is None or pushed.client_id != fields.get("client_id"):
            raise Unanswerable("The pushed request is too old, was used before, or is another client's.")
        return pushed
    return_address(here, fields)
    return judged(here, fields)


def _is_too_old(wish: Wish, session: Session, now: float) -> bool:
    again = not wish.prompt.isdisjoint({"login", "select_account"})
    return again or (wish.max_age is not None and now - session.since > wish.max_age)


def _shown(here: Platform, language: Word, page: Page) -> HTMLResponse:
    wish, people = page.wish, by_mark(here)
    name = here.logins.pages.put(page, here.clock.timestamp())
    app = here.webapps.get(wish.client_id)
    called = wish.client_id if app is None else app.name
    if page.session is None:
        response = login_page(language, name, called, people.values(), wish.redirect_uri)
    else:
        who = people[page.session.person].name
        response = consent_page(language, name, called, person=who, scopes=wish.scopes, target=wish.redirect_uri)
    response.set_cookie(COOKIE, page.browser, path="/oauth2", httponly=True, samesite="lax")
    return response


def _back(here: Platform, redirect_uri: str, state: str | None, **members: str) -> RedirectResponse:
    answered = {**members, **({} if state is None else {"state": state}), "iss": here.settings.base_url}
    joined = f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answered)}"
    return RedirectResponse(joined, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
