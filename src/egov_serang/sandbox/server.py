"""Running the sandbox: in this process for tests and the demo, in the foreground for `egov sandbox`."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from egov_serang.sandbox import control
from egov_serang.sandbox.app import create_app, open_platform
from egov_serang.sandbox.cities.known import municipality
from egov_serang.sandbox.events.courier import Courier
from egov_serang.sandbox.mutual import Authority, listening
from egov_serang.sandbox.platform import Platform
from egov_serang.sandbox.profile import Profile, own_keys
from egov_serang.sandbox.working import Calendar

HOST: Final = "127.0.0.1"
RETURN: Final = f"http://{HOST}/callback"
"""Where a browser comes back to in programs on people's machines, on whatever port."""
_START_S: Final = 30

T = TypeVar("T")


class _Protocol(H11Protocol):
    """Lends each request its connection, so that a lost answer can be a connection really cut."""

    def __init__(self, config: uvicorn.Config, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, {**app_state}, _loop)
        # uvicorn's line holds the path and query as they came, and its own switch is lost on whoever adds a handler.
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent does
        super().connection_made(transport)
        self.app_state["transport"] = transport


class _Server(uvicorn.Server):
    """Says when it listens, and on which loop."""

    def __init__(self, platform: Platform, ready: Callable[[asyncio.AbstractEventLoop], None], **more: Any) -> None:
        super().__init__(_config(platform, **more))
        self._ready = ready
        self._courier = Courier(platform)
        self._delivering: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._delivering = asyncio.create_task(self._courier.run())
        self._ready(asyncio.get_running_loop())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.wait({self._delivering})


class Sandbox:
    """A sandbox in a thread of this process. Use it as a context manager.

    Args:
        database: SQLite file that outlives the sandbox; without one a throw-away database is used.
        port: port on 127.0.0.1; 0 takes a free one.
        token_ttl_s: life of an access token in seconds; the city's own by default.
        city: which city it plays, by slug or code: `serang` (36.73) or `cilegon` (36.72).
        sign_answers: False plays an older gateway, whose discovery document promises no signatures.
        dpop_nonces: True demands one of its nonces in every DPoP proof.
        tls: True speaks https with a certificate of its own authority (`ca_file`), asks clients for theirs, and binds
            the tokens of those that prove themselves by it (`auth = "mtls"`).
        calendar: when the city's offices work; by default on weekdays but public holidays and collective leave.

    Raises:
        ValueError: no such city, or the database is another city's.
        OSError: the port is taken.
        RuntimeError: the server did not start.
    """

    def __init__(
        self,
        database: Path | None = None,
        port: int = 0,
        token_ttl_s: int | None = None,
        city: str = "serang",
        *,
        sign_answers: bool = True,
        dpop_nonces: bool = False,
        tls: bool = False,
        calendar: Calendar | None = None,
    ) -> None:
        played = municipality(city)
        if calendar is not None:
            played = replace(played, calendar=calendar)
        self.city = played.region
        """The city it plays, as in the registry of cities."""
        self._folder = tempfile.TemporaryDirectory() if database is None or tls else None
        folder = Path(self._folder.name if self._folder else "")
        path = database or folder / "sandbox.sqlite"
        self._authority = Authority(folder) if tls else None
        self._socket = _bound(port)
        self.url = _url(self._socket, tls=tls)
        """Gateway and issuer."""
        try:
            self._platform = open_platform(
                path,
                self.url,
                played,
                durable=database is not None,
                token_ttl_s=token_ttl_s,
                sign_answers=sign_answers,
                dpop_nonces=dpop_nonces,
            )
        except BaseException:
            self._socket.close()
            raise
        self.sandbox_token = self._platform.settings.sandbox_token
        """Opens `/__sandbox`."""
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._server = _Server(self._platform, self._loop.set_result, authority=self._authority)
        self._thread = threading.Thread(target=self._run, name="egov-sandbox", daemon=True)

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust for it; None where it speaks http."""
        return None if self._authority is None else self._authority.ca_file

    @property
    def console(self) -> str:
        """Address of the console page. The token stands in its fragment, which no browser sends anywhere."""
        return f"{self.url}/console#token={self.sandbox_token}"

    def start(self) -> Self:
        """Start, and return when it listens."""
        self._thread.start()
        try:
            self._loop.result(_START_S)
        except BaseException:  # also Ctrl-C: a thread and a socket must not outlive a start that failed
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop, and close everything."""
        self._server.should_exit = True
        self._thread.join(_START_S)
        self._platform.close()
        self._socket.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def register(
        self,
        client_id: str,
        jwks: Mapping[str, Any],
        scopes: Sequence[str],
        secret: str | None = None,
        *,
        redirect_uris: Sequence[str] = (),
        post_logout_redirect_uris: Sequence[str] = (),
        name: str = "",
        public: bool = False,
    ) -> None:
        """Register or replace a client; see `control.ClientIn`.

        Args:
            client_id: its name.
            jwks: its keys; `use: sig` signs assertions, `use: httpsig` messages, `use: enc` is encrypted to.
            scopes: what it may do.
            secret: what it proves itself with in place of a key.
            redirect_uris: where people come back to after logging in.
            post_logout_redirect_uris: likewise after logging out.
            name: what the consent page calls it.
            public: whether it can keep no secret: people let it in, and it need not prove itself then.
        """
        body = control.ClientIn(
            client_id=client_id,
            jwks=dict(jwks),
            scopes=list(scopes),
            secret=secret,
            public=public,
            name=name,
            redirect_uris=list(redirect_uris),
            post_logout_redirect_uris=list(post_logout_redirect_uris),
        )
        self._do(control.register(body, self._platform))

    def credentials(self, client_id: str, scopes: Sequence[str], folder: Path, *, people: bool = False) -> Profile:
        """Register a client with keys of its own.

        Args:
            client_id: its name.
            scopes: what it may do.
            folder: where its assertion key (ES256) and message key (of the kind the city prefers) are written as PEM
                files, 0600. Keys of an earlier run found there are used again, so that a restart changes nothing for
                its programs. With TLS a certificate of this run and its authority are written beside them.
            people: whether it is a program that people let in (`auth = "login"`): public, without an assertion key, and
                known to come back to any port of this machine.

        Raises:
            ValueError: a file there is not such a key.
        """
        profile, jwks = own_keys(self.url, self._platform.city, client_id, folder)
        if people:
            self.register(client_id, {"keys": jwks["keys"][1:]}, scopes, public=True, redirect_uris=[RETURN])
            profile = replace(profile, auth="login", key_file=None)
        else:
            self.register(client_id, jwks, scopes)
        if self._authority is None:
            return profile
        ca_file, certificate = folder / "sandbox-ca.pem", folder / f"{client_id}-certificate.pem"
        ca_file.write_bytes(self._authority.ca_file.read_bytes())
        self._authority.issue(client_id, certificate)
        return replace(profile, ca_file=ca_file, client_cert_file=certificate)

    def reset(self) -> None:
        """Seed a fresh database; forget faults, records, nonces, clock changes. Registrations stay."""
        self._do(control.reset(self._platform))

    def fault(
        self,
        operation: str | None = None,
        *,
        kind: Literal["status", "lost_answer", "delay", "spoiled_answer", "unsigned_answer"],
        times: int = 1,
        **more: Any,
    ) -> None:
        """Let the next calls of an operation (or of `method` and `route_prefix`) go wrong; see `faults.Fault`."""
        body = control.FaultIn(operation=operation, kind=kind, times=times, **more)
        self._do(control.fault(body, self._platform))

    def advance(self, seconds: float) -> None:
        """Move the city's time forward: tokens, terms and kept answers age, the freshness of messages does not."""
        self._do(control.clock(control.ClockIn(advance_s=seconds), self._platform))

    def skew(self, seconds: float) -> None:
        """Let the server's wall clock (signature window, assertions, `Date`) be wrong by so much."""
        self._do(control.clock(control.ClockIn(skew_s=seconds), self._platform))

    def mint(self, client_id: str, scopes: Sequence[str], audience: str | None = None) -> str:
        """An access token without the token endpoint, for tests of the gate."""
        body = control.TokenIn(client_id=client_id, scopes=list(scopes), audience=audience)
        return self._do(control.mint(body, self._platform))["access_token"]

    def requests(self) -> list[dict[str, Any]]:
        """What came in, oldest first; see `records.Record`."""
        return self._do(control.requests(self._platform))

    def audit(self) -> list[dict[str, Any]]:
        """What was done for officers (`X-Acting-For`), oldest first; see `audit.Entry`."""
        return self._do(control.audit(self._platform))

    def counts(self) -> dict[str, int]:
        """Rows per table (`complaints`, `verifications`, ...) and `token_calls`."""
        return control.counts(self._platform)

    def _do(self, change: Coroutine[Any, Any, T]) -> T:
        """Run a control route's function where the server runs; the same code answers `/__sandbox` over HTTP."""
        return asyncio.run_coroutine_threadsafe(change, self._loop.result(_START_S)).result(_START_S)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
        if not self._loop.done():
            self._loop.set_exception(RuntimeError("the sandbox did not start"))


def run_forever(
    database: Path | None,
    *,
    port: int = 0,
    token_ttl_s: int | None = None,
    city: str = "serang",
    on_ready: Callable[[str, str], None] | None = None,
) -> None:
    """Run in the foreground until SIGINT or SIGTERM.

    Args:
        database: SQLite file; what it acknowledged survives a SIGKILL. Without one the database is thrown away.
        port: port on 127.0.0.1; 0 takes a free one.
        token_ttl_s: life of an access token in seconds; the city's own by default.
        city: which city it plays, by slug or code.
        on_ready: called with the URL and the sandbox token once it listens.
    """
    with tempfile.TemporaryDirectory() as folder, _bound(port) as bound:
        url = _url(bound)
        path = database or Path(folder) / "sandbox.sqlite"
        played = municipality(city)
        platform = open_platform(path, url, played, durable=database is not None, token_ttl_s=token_ttl_s)
        token = platform.settings.sandbox_token
        try:
            _Server(platform, lambda loop: on_ready(url, token) if on_ready else None).run(sockets=[bound])
        finally:
            platform.close()


def _config(platform: Platform, authority: Authority | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(platform),
        http=_Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        date_header=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=5,
        **listening(authority),
    )


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _url(bound: socket.socket, *, tls: bool = False) -> str:
    return f"{'https' if tls else 'http'}://{HOST}:{bound.getsockname()[1]}"
