"""The pages of a login: plain HTML in the console's style, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import Final

from fastapi.responses import HTMLResponse

from egov_serang.sandbox.language import Bilingual, Word, said
from egov_serang.sandbox.oauth.pages import page
from egov_serang.sandbox.oauth.residents import Resident
from egov_serang.sandbox.oauth.scopes import SCOPES

_WORDS: Final[Mapping[str, Bilingual]] = MappingProxyType(
    {
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


def login_page(word: Word, name: str, app: str, people: Iterable[Resident], target: str) -> HTMLResponse:
    """Who is it?

    Args:
        word: the language.
        name: the name under which this page may be answered.
        app: what the application is called.
        people: who can be chosen.
        target: where the browser may be sent afterwards.
    """
    choices = "".join(
        f'<p><label class="check"><input type="radio" name="person" value="{escape(person.mark)}" required> '
        f"{escape(person.name)} ({_said(word, 'born')} {escape(person.attributes['birth_date'])})</label></p>"
        for person in people
    )
    buttons = _button("login", word, "login", "main") + _button("cancel", word, "cancel", "", "formnovalidate")
    body = f"<fieldset><legend>{_said(word, 'who')}</legend>{choices}</fieldset>{buttons}"
    return page(word, (app, app), _form("/oauth2/authorize", name, body), target=target)


def consent_page(word: Word, name: str, app: str, *, person: str, scopes: Iterable[str], target: str) -> HTMLResponse:
    """Do you agree? Arguments as above; `person` is the name of who is logged in."""
    listed = "".join(
        f"<li>{escape(said(SCOPES.get(scope, _WORDS['may']), word))} <code>({escape(scope)})</code></li>"
        for scope in scopes
    )
    body = (
        f"<p>{_said(word, 'as').format(escape(person))}</p><p>{_said(word, 'does')}</p><ul>{listed}</ul>"
        f"{_button('allow', word, 'allow', 'main')}{_button('deny', word, 'deny')}"
    )
    title = said(_WORDS["asks"], word).format(app)
    return page(word, (title, title), _form("/oauth2/authorize", name, body), target=target)


def logout_page(word: Word, name: str, target: str | None) -> HTMLResponse:
    """Log out?"""
    body = _button("logout", word, "logout", "main")
    return page(word, _WORDS["leave"], _form("/oauth2/end_session", name, body), target=target)


def left_page(word: Word) -> HTMLResponse:
    """Logged out, with nowhere to go."""
    return page(word, _WORDS["left"], "")


def error_page(word: Word, reason: str) -> HTMLResponse:
    """For a request whose sender must not be answered."""
    body = f'<p class="error">{escape(reason)}</p><p>{_said(word, "anew")}</p>'
    return page(word, _WORDS["cannot"], body, 400)


def _said(word: Word, name: str) -> str:
    return said(_WORDS[name], word)


def _button(value: str, word: Word, text: str, kind: str = "", more: str = "") -> str:
    return f'<button type="submit" name="step" value="{value}" class="{kind}" {more}>{_said(word, text)}</button>'


def _form(action: str, name: str, body: str) -> str:
    hidden = f'<input type="hidden" name="page" value="{escape(name)}">'
    return f'<form method="post" action="{action}" autocomplete="off">{hidden}{body}</form>'
