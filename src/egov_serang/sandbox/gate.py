"""The gate of every business route, and how to write a module behind it.

A module (`permits`, `notifications`, ...) exposes `router`, may have a `seed`, and is listed in `app.MODULES`:

    router = contract_router("permits")                    # from egov_serang.sandbox.route

    class ApplicationRow(Base):                            # from egov_serang.sandbox.db
        __tablename__ = "applications"
        seq: Mapped[int] = mapped_column(primary_key=True)
        ...

    @router.post("/applications", operation_id="permits.applications.start", status_code=201)
    def start(
        body: StartApplication, response: Response, db: Db, here: Here,
        caller: Annotated[Caller, Depends(requires("permits:apply"))],
    ) -> Application:
        row = ApplicationRow(..., created_at=here.clock.now())
        db.add(row)
        db.flush()
        response.headers["ETag"] = etag(1)
        return render(row, caller)

    def seed(session: Session, city: Municipality) -> None: ...  # called on an empty database; do not commit

Before the handler runs, the route has read the body (bounded), checked the token, the request signature, the scope,
the nonce and the idempotency key. What the handler does in `db` is committed together with the idempotency record
after it returns; a `Problem` it raises rolls back. Handlers never commit. A route without `requires(...)` is public.
`requires("a", "b")` lets a caller in who has either scope. `late(request, seconds)` answers later without holding the
database. Request bodies are pydantic models with `extra="forbid"`. Lists: see `paging`; versions: see `versions`;
state tables: see `states`; refusals: `Problem` in `problems`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from egov_serang.sandbox.access import check_token
from egov_serang.sandbox.acting import officer_of
from egov_serang.sandbox.audit import Entry
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.problems import Problem
from egov_serang.sandbox.proof import check_signature


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by the access token."""

    client_id: str
    scopes: frozenset[str]
    jurisdiction_id: str


class Requires:
    """The dependency `requires` makes; the route finds it and opens the gate before the handler's dependencies run."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> Caller:
        caller: Caller = request.state.caller
        return caller

    def admit(self, platform: Platform, request: Request, body: bytes) -> Caller:
        """Check token, signature, nonce, scope and the statement for an officer, in this order.

        Raises:
            Problem: unauthenticated, token_expired, use_dpop_nonce, signature_invalid, clock_skew, nonce_replayed,
                scope_missing or forbidden.
        """
        claims = check_token(platform, request)
        request.state.client_id = claims.client_id
        request.state.verdict = "refused"
        check_signature(platform, request, body, claims.client_id)
        request.state.verdict = "valid"
        if claims.scopes.isdisjoint(self.scopes):
            raise Problem("scope_missing", "The token lacks the scope of this operation.")
        client = platform.clients.get(claims.client_id)
        officer = None if client is None else officer_of(platform, request, client)
        if officer is not None:
            operation: str | None = getattr(request.scope.get("route"), "operation_id", None)
            at = platform.clock.now().isoformat()
            platform.audit.add(Entry(at, claims.client_id, officer.officer_id, officer.unit, officer.loa, operation))
        caller = Caller(claims.client_id, claims.scopes, claims.jurisdiction_id)
        request.state.caller = caller
        return caller


def requires(*scopes: str) -> Requires:
    """Dependency of a business route: a `Caller` whose token has one of these scopes and whose request is signed."""
    return Requires(scopes)


def late(request: Request, seconds: float) -> None:
    """Answer this request so much later, after its transaction is committed."""
    request.state.delay_s = seconds
