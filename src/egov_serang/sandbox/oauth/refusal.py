"""How the authorization server refuses (RFC 6749 section 5.2)."""

from __future__ import annotations

from fastapi.responses import JSONResponse
from pydantic import BaseModel


class OAuthError(BaseModel):
    """What it refuses with (RFC 6749 section 5.2)."""

    error: str
    error_description: str


class Refused(Exception):
    """An OAuth error (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status

    def response(self) -> JSONResponse:
        headers = {"Cache-Control": "no-store"}
        if self.status == 401:  # noqa: PLR2004
            headers["WWW-Authenticate"] = "Basic"
        return JSONResponse({"error": self.error, "error_description": self.description}, self.status, headers)
