"""All endpoints of the authorization server."""

from __future__ import annotations

from fastapi import APIRouter

from egov_serang.sandbox.oauth import authorize, device, discovery, logout, par, revocation, token, userinfo

ROUTERS: tuple[APIRouter, ...] = (
    discovery.router,
    token.router,
    device.router,
    device.pages,
    revocation.router,
    par.router,
    authorize.router,
    userinfo.router,
    logout.router,
)
