"""The authorization server: who a client is, what it is granted, and what the server says of itself.

A new grant is a file of its own and a line in `grants.GRANTS`; a new endpoint a router of its own and a line here.
"""

from __future__ import annotations

from fastapi import APIRouter

from egov_serang.sandbox.oauth import authorize, discovery, logout, par, token, userinfo

ROUTERS: tuple[APIRouter, ...] = (
    discovery.router,
    token.router,
    par.router,
    authorize.router,
    userinfo.router,
    logout.router,
)
