"""`/oauth2/end_session` (OpenID Connect RP-Initiated Logout 1.0): a person is asked, and logged out."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from egov_serang.sandbox.console.data import own_name
from egov_serang.sandbox.jose import verified_claims
from egov_serang.sandbox.keys import ALGORITHM
from egov_serang.sandbox.language import Language
from egov_serang.sandbox.logins import Leaving
from egov_serang.sandbox.oauth.authorize import COOKIE
from egov_serang.sandbox.oauth.login_pages import error_page, left_page, logout_page
from egov_serang.sandbox.oauth.wishes import Unanswerable
from egov_serang.sandbox.platform import Here, Platform
from egov_serang.sandbox.route import ContractRoute

router = APIRouter(route_class=ContractRoute, dependencies=[Depends(own_name)], include_in_schema=False)


@router.get("/oauth2/end_session", operation_id="oauth.end_session")
async def ask(request: Request, here: Here, language: Language) -> Response:
    """Ask: a link on any page could lead here."""
    try:
        target = _target(here, dict(request.query_params))
    except Unanswerable as error:
        return error_page(language, error.reason)
    browser = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    name = here.logins.leavings.put(Leaving(browser, target), here.clock.timestamp())
    response = logout_page(language, name, target)
    response.set_cookie(COOKIE, browser, path="/oauth2", httponly=True, samesite="lax")
    return response


@router.post("/oauth2/end_session", operation_id="oauth.end_session_step")
async def leave(request: Request, here: Here, language: Language, page: Annotated[str, Form()] = "") -> Response:
    """Log out."""
    now, browser = here.clock.timestamp(), request.cookies.get(COOKIE, "")
    leaving = here.logins.leavings.take(page, now)
    if leaving is None or not secrets.compare_digest(leaving.browser, browser):
        return error_page(language, "The page is too old, was answered before, or is another browser's.")
    here.logins.sessions.take(browser, now)
    response: Response = left_page(language)
    if leaving.target is not None:
        response = RedirectResponse(leaving.target, 303, {"Cache-Control": "no-store"})
    response.delete_cookie(COOKIE, path="/oauth2")
    return response


def _target(here: Platform, fields: dict[str, str]) -> str | None:
    client_id, hint = fields.get("client_id"), fields.get("id_token_hint")
    if hint is not None:
        claims = verified_claims(hint, here.keys.signing_key, [ALGORITHM]) or {}
        if claims.get("iss") != here.settings.base_url or claims.get("aud") != (client_id or claims.get("aud")):
            raise Unanswerable("id_token_hint is not an identity token of this sandbox for this client.")
        client_id = claims["aud"]
    target = fields.get("post_logout_redirect_uri")
    if target is None:
        return None
    app = here.webapps.get(client_id or "")
    if app is None or target not in app.post_logout_redirect_uris:
        raise Unanswerable("post_logout_redirect_uri is not registered for this client, exactly as it was sent.")
    state = fields.get("state")
    return target if state is None else f"{target}{'&' if '?' in target else '?'}{urlencode({'state': state})}"
