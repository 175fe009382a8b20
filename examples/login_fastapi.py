"""Residents log in with FastAPI: nothing is kept on the server, the cookies are sealed.

LOGIN_SECRET=sandbox-web-secret uvicorn login_fastapi:app --port 8000      (see docs/login.md)
"""

from __future__ import annotations

import json
import os
import secrets
from html import escape

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from egov_serang import EgovError
from egov_serang.auth.login import AsyncLogin, LoginConfig, Seal

LOGIN, PERSON = "__Host-login", "__Host-person"
PAGE = '<!doctype html><html lang="id"><title>Lapor</title><link rel="icon" href="data:,">'
HOME = os.environ.get("APP_URL", "http://127.0.0.1:8000")

app = FastAPI()
seal = Seal(secrets.token_bytes(32))  # several processes need one key: Seal.from_file("cookie.key")
login = AsyncLogin(
    LoginConfig(
        issuer=os.environ.get("LOGIN_ISSUER", "http://127.0.0.1:8673"),
        client_id="sandbox-web",
        auth="client_secret",
        client_secret_file="env:LOGIN_SECRET",
        scopes=("openid", "profile"),
        redirect_uri=f"{HOME}/callback",
        post_logout_redirect_uri=f"{HOME}/",
    )
)


def keep(response: Response, name: str, text: str, seconds: int) -> None:
    sealed = seal.close(text, name, seconds)
    response.set_cookie(name, sealed, seconds, secure=True, httponly=True, samesite="lax")


@app.get("/")
async def home(request: Request) -> HTMLResponse:
    kept = seal.open(request.cookies.get(PERSON), PERSON)
    if kept is None:
        return HTMLResponse(f'{PAGE}<a href="/login">Masuk</a>')
    out = '<form method="post" action="/logout"><button>Keluar</button></form>'
    name = escape(json.loads(kept)["name"] or "warga")
    return HTMLResponse(f"{PAGE}<h1>Halo, {name}</h1>{out}")


@app.get("/login")
async def begin() -> Response:
    url, transaction = await login.begin()
    response = RedirectResponse(url, 303)
    keep(response, LOGIN, transaction.dump(), 600)
    return response


@app.get("/callback")
async def callback(request: Request) -> Response:
    person = await login.finish(request.url.query, seal.open(request.cookies.get(LOGIN), LOGIN))
    response = RedirectResponse("/", 303)
    keep(response, PERSON, person.model_dump_json(include={"subject", "name"}), 3600)
    response.delete_cookie(LOGIN, secure=True, httponly=True)
    return response


@app.post("/logout")
async def logout() -> Response:
    response = RedirectResponse(await login.logout_url(), 303)
    response.delete_cookie(PERSON, secure=True, httponly=True)
    return response


@app.exception_handler(EgovError)
async def refused(request: Request, error: EgovError) -> Response:
    text = f'<p role="alert">{error.user_message()}</p><a href="/login">Masuk</a>'
    response = HTMLResponse(PAGE + text, 403)
    response.delete_cookie(LOGIN, secure=True, httponly=True)
    return response
