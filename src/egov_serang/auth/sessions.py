"""The kept session of a person: in the keyring of the operating system, or in a file of its owner alone.

One small file per issuer and client says where: it holds the tokens only where a file was asked for. Beside it is the
lock under which several processes renew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import BaseFileLock, FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from egov_serang.auth import keyrings
from egov_serang.errors import ConfigError
from egov_serang.types import Secret

Place = Literal["keyring", "file"]


@dataclass(frozen=True, slots=True)
class Session:
    """What a person's login brought. Times in seconds since the epoch; its `repr` shows no token.

    Attributes:
        access: the access token.
        refresh: what the next one is obtained with; None where the issuer gave none.
        expires_at: when the access token does, by this machine's clock.
        lifetime: how long it was good for when it was given.
        scope: what the person allowed, as the issuer said it.
    """

    access: Secret
    refresh: Secret | None
    expires_at: float
    lifetime: float
    scope: str | None = field(default=None)


class _Written(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access: str
    refresh: str | None = None
    expires_at: float
    lifetime: float
    scope: str | None = None


class _Marker(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    kept: Place
    renewing: bool = False
    session: _Written | None = None


class Sessions:
    """Where the session of one client at one issuer is kept.

    Args:
        folder: of the files; made when it is needed, for its owner alone.
        issuer: the authorization server.
        client_id: the client that was let in.
    """

    def __init__(self, folder: Path, issuer: str, client_id: str) -> None:
        name = hashlib.sha256(f"{issuer}\n{client_id}".encode()).hexdigest()[:32]
        self._file = folder / f"{name}.json"
        self._name = name
        self._lock = folder / f"{name}.lock"

    @property
    def file(self) -> Path:
        """The file that says where the session is, and holds it where a file was asked for."""
        return self._file

    def probe(self, place: Place) -> None:
        """Find out whether a session can be kept there, before anybody logs in.

        Raises:
            ConfigError: it cannot; the remedy is in the hint.
        """
        self.prepare()
        if place == "file":
            self._replace("", probe=True)
            return
        name, word = f"{self._name}.probe", secrets.token_urlsafe(16)
        keyrings.put(name, word)
        same = keyrings.get(name) == word
        keyrings.delete(name)
        if not same:
            raise ConfigError("the keyring forgets what it is given", code="keyring", hint=keyrings.REMEDY)

    def prepare(self) -> None:
        """Make the folder."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror
        else:
            return
        raise ConfigError(f"{self._file.parent} cannot be made: {reason}", code="session_file")

    def place(self) -> Place | None:
        """Where the session is; None where nobody is logged in."""
        marker = self._marker()
        return None if marker is None else marker.kept

    def read(self) -> Session | None:
        """The session; None where nobody is logged in.

        Raises:
            ConfigError: it cannot be read, or others can read it too.
        """
        marker = self._marker()
        if marker is None:
            return None
        written = marker.session
        if marker.kept == "keyring":
            text = keyrings.get(self._name)
            if text is None:
                return None
            written = _parsed(text)
        if written is None:
            raise _damaged(self._file)
        return Session(
            access=Secret(written.access),
            refresh=None if written.refresh is None else Secret(written.refresh),
            expires_at=written.expires_at,
            lifetime=written.lifetime,
            scope=written.scope,
        )

    def write(self, session: Session, place: Place) -> None:
        """Keep it, whole or not at all.

        Raises:
            ConfigError: it cannot be kept.
        """
        self.prepare()
        if place == "keyring":
            keyrings.put(self._name, json.dumps(_document(session)))
        self.write_marker(session, place)

    def write_marker(self, session: Session, place: Place, *, renewing: bool = False) -> None:
        """Say where it is; a file holds it, too.

        Args:
            session: what is kept.
            place: where.
            renewing: whether its refresh token is about to be used. What is found so afterwards was cut off.

        Raises:
            ConfigError: it cannot be written.
        """
        inside = {"session": _document(session)} if place == "file" else {}
        self._replace(json.dumps({"kept": place, "renewing": renewing, **inside}))

    def is_renewing(self) -> bool:
        """Whether a renewal was begun and never ended, as far as is known here."""
        marker = self._marker()
        return marker is not None and marker.renewing

    def replace(self, session: Session, place: Place) -> None:
        """Keep another login's session. What was there, in whatever state, does not stand in its way.

        Raises:
            ConfigError: it cannot be kept.
        """
        before: Place | None = None
        with contextlib.suppress(ConfigError):
            before = self.place()
        self.write(session, place)
        if before == "keyring" and place == "file":
            with contextlib.suppress(ConfigError):  # a keyring that is gone must not cost the person their login
                keyrings.delete(self._name)

    def locked(self) -> BaseFileLock | None:
        """The lock of whoever renews or replaces the session, to be released; None while somebody else holds it.

        Raises:
            ConfigError: the folder knows no locks.
        """
        self.prepare()
        # Not shared between flights: a lock object that is held lets its holder in again.
        lock = FileLock(self._lock, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        except (OSError, NotImplementedError) as error:
            reason = type(error).__name__
        else:
            return lock
        raise ConfigError(
            f"{self._lock} cannot be locked ({reason})",
            code="session_file",
            hint="Set session_folder to a folder of yours on a local disk, and egov login",
        )

    def delete(self) -> None:
        """Forget it. The lock stays: another process may be waiting for it."""
        marker = self._marker()
        if marker is not None and marker.kept == "keyring":
            keyrings.delete(self._name)
        self._file.unlink(missing_ok=True)

    def _marker(self) -> _Marker | None:
        try:
            mode = self._file.stat().st_mode
            text = self._file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            text, mode = "", 0o600
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ConfigError(
                f"{self._file} can be read by others",
                code="session_file",
                hint=f"chmod 600 {self._file}, and egov login",
            )
        try:
            return _Marker.model_validate_json(text)
        except ValidationError:
            pass
        raise _damaged(self._file)

    def _replace(self, text: str, *, probe: bool = False) -> None:
        """Write beside it and rename: never half a session, and 0600 from the first byte on (mkstemp's own mode)."""
        try:
            number, name = tempfile.mkstemp(dir=self._file.parent, prefix=".session-")
            beside = Path(name)
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                if not probe:
                    beside.replace(self._file)
            finally:
                beside.unlink(missing_ok=True)  # also after Ctrl-C
        except OSError as error:
            reason = error.strerror
        else:
            return
        raise ConfigError(f"{self._file} cannot be written: {reason}", code="session_file")


def _document(session: Session) -> dict[str, object]:
    return {
        "access": session.access.reveal(),
        "refresh": None if session.refresh is None else session.refresh.reveal(),
        "expires_at": session.expires_at,
        "lifetime": session.lifetime,
        "scope": session.scope,
    }


def _parsed(text: str) -> _Written | None:
    try:
        return _Written.model_validate_json(text)
    except ValidationError:
        return None


def _damaged(file: Path) -> ConfigError:
    return ConfigError(f"{file} holds no session", code="session_file", hint="Log in again: egov login")
