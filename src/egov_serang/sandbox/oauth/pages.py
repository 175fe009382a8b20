"""The pages people see when they log in: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import Response

from egov_serang.sandbox.language import Bilingual, Word, said

_NOTICE: Final[Bilingual] = (
    "Kotak pasir: semua orang di sini rekaan. Jangan masukkan data sungguhan.",
    "A sandbox: everybody here is invented. Enter no real data.",
)
_STYLE: Final = "/console/console.css"


def page(language: Word, title: Bilingual, body: str, status: int = 200) -> Response:
    """A page.

    Args:
        language: of its words.
        title: also its heading.
        body: HTML, escaped where it must be.
        status: HTTP status.
    """
    heading = escape(said(title, language))
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{heading}</title>'
        f'<link rel="stylesheet" href="{_STYLE}"></head><body><main class="login"><h1>{heading}</h1>{body}'
        f'<p class="muted">{escape(said(_NOTICE, language))}</p></main></body></html>'
    )
    return Response(
        text,
        status,
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Content-Language": language,
        },
    )
