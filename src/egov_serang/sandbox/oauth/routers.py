"""All endpoints of the authorization server."""

from __future__ import annotations

from fastapi import APIRouter

from egov_serang.sandbox.oauth import device, discovery, revocation, token

ROUTERS: tuple[APIRouter, ...] = (
    discovery.router,
    token.router,
    device.router,
    device.pages,
    revocation.router,
)
