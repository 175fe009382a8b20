"""The pages people see when they log in: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse

from egov_serang.sandbox.language import Bilingual, Word, said

_NOTICE: Final[Bilingual] = (
    "Kotak pasir: semua orang di sini rekaan. Jangan masukkan data sungguhan.",
    "A sandbox: everybody here is invented. Enter no real data.",
)
_ICON: Final = "/console/icon.svg"
_STYLE: Final = "/console/console.css"


def page(language: Word, title: Bilingual, body: str, status: int = 200, *, target: str | None = None) -> HTMLResponse:
    """A page.

    Args:
        language: of its words.
        title: also its heading.
        body: HTML, escaped where it must be.
        status: HTTP status.
        target: where a form on it may lead in the end, besides the sandbox itself.
    """
    heading, notice = escape(said(title, language)), escape(said(_NOTICE, language))
    # A browser holds the redirect after a form to `form-action` too.
    forms = "'self'" if target is None else f"'self' {urlsplit(target).scheme}://{urlsplit(target).netloc}"
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{heading}</title><link rel="icon" href="{_ICON}">'
        f'<link rel="stylesheet" href="{_STYLE}"></head><body><header><p class="invented">{notice}</p></header>'
        f'<main><section class="panel opening"><h1>{heading}</h1>{body}</section></main></body></html>'
    )
    return HTMLResponse(
        text,
        status,
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
            f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )
