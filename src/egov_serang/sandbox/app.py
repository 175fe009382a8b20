"""The application: every module of the contract behind one gate.

A module is a pair `router` (made by `route.contract_router`) and `seed(session)`; see `gate` for how to write one.
Modules listed here are seeded, in this order, on an empty database and after every reset.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from fastapi import FastAPI
from sqlalchemy.orm import Session

from egov_serang.sandbox import complaints, identity

MODULES: Final[tuple[ModuleType, ...]] = (identity, complaints)
