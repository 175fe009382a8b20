"""Names in two languages, and which one a caller reads."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Request, Response

Word = Literal["id", "en"]
Bilingual = tuple[str, str]
"""Indonesian, English."""


def said(text: Bilingual, language: Word) -> str:
    """The text in one language."""
    return text[1 if language == "en" else 0]


async def _language(request: Request, response: Response) -> Word:
    """The first of Indonesian and English the caller asks for; Indonesian when neither."""
    asked = [part.split(";")[0].strip().lower()[:2] for part in request.headers.get("accept-language", "").split(",")]
    first = next((part for part in asked if part in ("id", "en")), "id")
    language: Word = "en" if first == "en" else "id"
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return language


Language = Annotated[Word, Depends(_language)]
"""The caller's language, in a handler's signature."""
