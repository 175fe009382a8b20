"""The pages of a login: plain HTML in the console's style, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse

from egov_serang.sandbox.identity.people import Invented
from egov_serang.sandbox.language import Bilingual, Word, said
from egov_serang.sandbox.oauth.scopes import SCOPES

_WORDS: Final[Mapping[str, Bilingual]] = MappingProxyType(
    {
        "title": ("Masuk (sandbox)", "Log in (sandbox)"),
        "invented": (
            "Ini sandbox untuk pengembangan dan pengujian. Semua orang di dalamnya rekaan; jangan isi data sungguhan.",
            "This is a sandbox for development and tests. Every person in it is invented; enter no real data.",
        ),
        "who": ("Masuk sebagai siapa?", "Who is logging in?"),
        "born": ("lahir", "born"),
        "login": ("Masuk", "Log in"),
        "cancel": ("Batal", "Cancel"),
        "asks": ("{} meminta persetujuan Anda", "{} asks for your consent"),
        "as": ("Anda masuk sebagai {}.", "You are logged in as {}."),
        "does": ("Aplikasi ini akan:", "This application will:"),
        "may": ("bertindak di layanan kota", "act at the city's services"),
        "allow": ("Setuju", "Allow"),
        "deny": ("Tolak", "Deny"),
        "leave": ("Keluar dari sandbox?", "Log out of the sandbox?"),
        "logout": ("Keluar", "Log out"),
        "left": ("Anda sudah keluar.", "You are logged out."),
        "cannot": ("Permintaan ini tidak dapat diproses", "This request cannot be answered"),
        "anew": ("Kembali ke aplikasi dan mulai lagi dari sana.", "Go back to the application and begin anew there."),
    }
)


def login_page(word: Word, page: str, app: str, people: Iterable[tuple[str, Invented]], target: str) -> HTMLResponse:
    """Who is it?

    Args:
        word: the language.
        page: the name under which this page may be answered.
        app: what the application is called.
        people: who can be chosen.
        target: where the browser may be sent afterwards.
    """
    choices = "".join(
        f'<p><label class="check"><input type="radio" name="person" value="{escape(key)}" required> '
        f"{escape(person.full_name)} ({_said(word, 'born')} {escape(person.birth_date)})</label></p>"
        for key, person in people
    )
    buttons = _button("login", word, "login", "main") + _button("cancel", word, "cancel", "", "formnovalidate")
    body = f"<fieldset><legend>{_said(word, 'who')}</legend>{choices}</fieldset>{buttons}"
    return _page(word, app, _form("/oauth2/authorize", page, body), target=target)


def consent_page(word: Word, page: str, app: str, *, person: str, scopes: Iterable[str], target: str) -> HTMLResponse:
    """Do you agree? Arguments as above; `person` is the name of who is logged in."""
    listed = "".join(
        f"<li>{escape(said(SCOPES.get(scope, _WORDS['may']), word))} <code>({escape(scope)})</code></li>"
        for scope in scopes
    )
    body = (
        f"<p>{_said(word, 'as').format(escape(person))}</p><p>{_said(word, 'does')}</p><ul>{listed}</ul>"
        f"{_button('allow', word, 'allow', 'main')}{_button('deny', word, 'deny')}"
    )
    title = _said(word, "asks").format(escape(app))
    return _page(word, title, _form("/oauth2/authorize", page, body), target=target, is_escaped=True)


def logout_page(word: Word, page: str, target: str | None) -> HTMLResponse:
    """Log out?"""
    body = _button("logout", word, "logout", "main")
    return _page(word, _said(word, "leave"), _form("/oauth2/end_session", page, body), target=target)


def left_page(word: Word) -> HTMLResponse:
    """Logged out, with nowhere to go."""
    return _page(word, _said(word, "left"), "")


def error_page(word: Word, reason: str) -> HTMLResponse:
    """For a request whose sender must not be answered."""
    body = f'<p class="error">{escape(reason)}</p><p>{_said(word, "anew")}</p>'
    return _page(word, _said(word, "cannot"), body, status=400)


def _said(word: Word, name: str) -> str:
    return said(_WORDS[name], word)


def _button(value: str, word: Word, text: str, kind: str = "", more: str = "") -> str:
    return f'<button type="submit" name="step" value="{value}" class="{kind}" {more}>{_said(word, text)}</button>'


def _form(action: str, page: str, body: str) -> str:
    hidden = f'<input type="hidden" name="page" value="{escape(page)}">'
    return f'<form method="post" action="{action}" autocomplete="off">{hidden}{body}</form>'


def _page(
    word: Word, title: str, body: str, *, target: str | None = None, status: int = 200, is_escaped: bool = False
) -> HTMLResponse:
    heading = title if is_escaped else escape(title)
    text = (
        f'<!doctype html><html lang="{word}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{_said(word, "title")}</title>'
        '<link rel="icon" href="/console/icon.svg"><link rel="stylesheet" href="/console/console.css"></head><body>'
        f'<header><div class="brand"><p><strong>{_said(word, "title")}</strong></p>'
        f'<p class="invented">{_said(word, "invented")}</p></div></header>'
        f'<main><section class="panel opening"><h1>{heading}</h1>{body}</section></main></body></html>'
    )
    # A browser holds the redirect after a form to `form-action` too.
    to = "'self'" if target is None else f"'self' {urlsplit(target).scheme}://{urlsplit(target).netloc}"
    policy = f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {to}; frame-ancestors 'none'"
    headers = {
        "Content-Security-Policy": f"{policy}; base-uri 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Language": word,
        "Vary": "Accept-Language",
    }
    return HTMLResponse(text, status, headers)
