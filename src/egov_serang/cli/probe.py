"""One look at each part of a client on its own: discovery, token, a signed call. What `egov doctor` rests on."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from egov_serang import Client, Config, Forbidden
from egov_serang.assembly import sync_transport
from egov_serang.core.clock import skew
from egov_serang.core.engine import Engine, Options
from egov_serang.core.message import Limits, Request, Response
from egov_serang.core.runtime import SyncRuntime, run_sync
from egov_serang.errors import ConfigError
from egov_serang.transport.port import Transport
from egov_serang.wires.gateway.discovery import Discovery, discover

_TIME: Final = 10.0


class _Watch:
    """Hands on to the real transport, and keeps how far the last answer's clock is from ours."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.offset: float | None = None

    def send(self, request: Request, limits: Limits) -> Response:
        before = time.time()
        response = self._transport.send(request, limits)
        ahead = skew(response.headers, before, time.time())
        self.offset = self.offset if ahead is None else ahead
        return response

    def close(self) -> None:
        self._transport.close()


class Probe:
    """Tries what a client needs, each at most ten seconds and without repetitions.

    Args:
        config: of the profile in effect.

    Raises:
        ConfigError: a key, secret or certificate file cannot be used.
    """

    def __init__(self, config: Config) -> None:
        config = config.with_(retries=0, deadline=min(config.deadline, _TIME))
        self._config = config
        self._watch = _Watch(sync_transport(config, None))
        self._client = Client(config, transport=self._watch)

    @property
    def offset(self) -> float | None:
        """Seconds the gateway's clock is ahead of ours, to half a second; None where it never said."""
        return self._watch.offset

    @property
    def applied(self) -> float:
        """Seconds the client adds to our clock when it signs, learnt in its calls."""
        return self._client.clock_offset

    @property
    def applied_at_issuer(self) -> float:
        """Seconds the client adds to our clock in what it shows the issuer, learnt in its calls."""
        return 0.0 if self._client.tokens is None else self._client.tokens.clock_offset

    @property
    def bound_to(self) -> str | None:
        """The thumbprint of the key tokens are bound to (DPoP); None where they are plain."""
        dpop = None if self._client.tokens is None else self._client.tokens.dpop
        return None if dpop is None else dpop.thumbprint

    def discovery(self) -> Discovery:
        """Read the gateway's description of itself.

        Raises:
            EgovError: it does not answer, or not as a gateway.
        """
        options = Options(deadline=self._config.deadline, connect=self._config.connect, read=self._config.read)
        engine = Engine(SyncRuntime(self._watch), (), base=self._config.gateway, headers={}, options=options)
        return run_sync(engine.perform(discover())).data

    @property
    def wants_token(self) -> bool:
        """Whether the client obtains tokens."""
        return self._client.tokens is not None

    def token(self) -> float:
        """Obtain a token.

        Returns:
            Seconds it is valid for. The token itself never leaves the token source.

        Raises:
            EgovError: the issuer refuses, or does not answer as one.
        """
        if self._client.tokens is None:
            raise ConfigError(f"auth = {self._config.auth!r}: no token is obtained", code="config_value")
        runtime = SyncRuntime(self._watch)
        token = run_sync(self._client.tokens.get(runtime, runtime.now() + self._config.deadline))
        return token.expires_at - runtime.now()

    def signed_call(self) -> bool:
        """Make one harmless signed call: read the first complaint category.

        Returns:
            False where the gateway knew who calls and refused only this service: a scope is missing, nothing else.

        Raises:
            EgovError: the call was not accepted.
        """
        try:
            next(iter(self._client.raw.complaints.services(limit=1)), None)
        except Forbidden:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._watch.close()
