"""Logging people in at an identity provider (OpenID Connect), from web applications of any framework."""

from __future__ import annotations

from egov_serang.auth.login.config import CLAIMS, LoginConfig
from egov_serang.auth.login.parties import AsyncLogin, Login
from egov_serang.auth.login.transaction import Seal, Transaction
from egov_serang.models.login import Person

__all__ = ["CLAIMS", "AsyncLogin", "Login", "LoginConfig", "Person", "Seal", "Transaction"]
