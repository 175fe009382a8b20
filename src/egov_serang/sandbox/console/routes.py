"""`/console`: the page and its files. They hold nothing of the city, so they are open to everybody on this machine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Depends, Response

from egov_serang.sandbox.console.data import own_name
from egov_serang.sandbox.language import Language
from egov_serang.sandbox.problems import Problem

_TYPES: Final = MappingProxyType(
    {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
)
_HEADERS: Final = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
FILES: Final = MappingProxyType(
    {
        entry.name: entry.read_text("utf-8")
        for entry in files(__package__ or "").joinpath("page").iterdir()
        if PurePath(entry.name).suffix in _TYPES
    }
)
"""The files of the page, by name."""

router = APIRouter(prefix="/console", dependencies=[Depends(own_name)], include_in_schema=False)


@router.get("")
async def page(language: Language) -> Response:
    """The page, in the language the browser asks for."""
    text = FILES["index.html"].replace('lang="en"', f'lang="{language}"', 1)
    return _file("index.html", text, {"Content-Language": language, "Vary": "Accept-Language"})


@router.get("/{name}")
async def asset(name: str) -> Response:
    """Its style, its scripts, its icon."""
    if name not in FILES:
        raise Problem("not_found")
    return _file(name, FILES[name], {})


def _file(name: str, text: str, headers: dict[str, str]) -> Response:
    media_type = f"{_TYPES[PurePath(name).suffix]}; charset=utf-8"
    return Response(text, media_type=media_type, headers={**_HEADERS, **headers})
