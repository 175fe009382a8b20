"""What `egov doctor` checks, from the profile file to a signed call, and what to do about each failure."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from egov_serang import Config, ConnectionFailed, DeadlineExceeded, EgovError
from egov_serang.cli.errors import masked
from egov_serang.cli.findings import Finding, certificate, failed, places, session
from egov_serang.cli.probe import Probe
from egov_serang.config import Settings
from egov_serang.core.clock import FARTHEST

_SKEW: Final = 30.0  # contract-v1 section 1: what the verifier of signatures tolerates
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def examine(profile: str | None, explicit: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check one thing after another; a finding comes when it is known.

    Args:
        profile: as the command line named it.
        explicit: settings of the command line.
        environment: the process's variables.
    """
    try:
        settings = Settings.find(profile, environment=environment, **explicit)
        yield _file(settings)
        yield _sources(settings)
        config = Config.load(profile, environment=environment, **explicit)
        yield Finding("configuration", "ok", f"gateway {config.gateway}, auth {config.auth}, {config.signature}")
        yield from places(config)
        yield from certificate(config)
        yield from session(config, settings.profile)
    except EgovError as error:
        yield failed("configuration", error)
        return
    yield _trust(config, environment)
    yield _proxy(environment)
    try:
        probe = Probe(config)
    except EgovError as error:
        yield failed("keys", error)
        return
    with probe:
        yield from _network(config, probe)


def _file(settings: Settings) -> Finding:
    where = f"{settings.file} [profile.{settings.profile}]"
    if not settings.file.exists():
        return Finding("profile", "note", f"no file {settings.file}; environment and arguments alone")
    if "profile" not in settings.sources.values():
        return Finding("profile", "note", f"{where} says nothing", "Choose another with --profile")
    return Finding("profile", "ok", where)


def _sources(settings: Settings) -> Finding:
    came = ", ".join(f"{name} ({source})" for name, source in sorted(settings.sources.items()))
    return Finding("settings", "ok", came or "defaults alone", "")


def _trust(config: Config, environment: Mapping[str, str]) -> Finding:
    plain = urlsplit(config.gateway).scheme == "http"
    if plain:
        return Finding("CA store", "ok", "not needed: http to this machine")
    paths = ssl.get_default_verify_paths()
    named = next((environment[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in environment), None)
    source = str(config.ca_file or named or paths.cafile or paths.capath or "certifi")
    try:
        ssl.create_default_context(cafile=str(Path(config.ca_file).expanduser()) if config.ca_file else None)
    except OSError:
        remedy = "Check ca_file: it must be a PEM file of the authorities to trust"
        return Finding("CA store", "wrong", f"{source} cannot be used", remedy)
    return Finding("CA store", "ok", source)


def _proxy(environment: Mapping[str, str]) -> Finding:
    named = [name for name in _PROXIES if environment.get(name)]
    if not named:
        return Finding("proxy", "ok", "none in the environment")
    hosts = ", ".join(f"{name} names {_host(environment[name])}" for name in named)
    remedy = "Connections are direct. Where only the proxy gets out, use Client(http_client=httpx.Client(...)) in code"
    return Finding("proxy", "note", f"{hosts}: not used", remedy)


def _host(url: str) -> str:
    """Only the host of a proxy: its address often holds a password."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or "something unreadable"
    except ValueError:
        return "something unreadable"


def _network(config: Config, probe: Probe) -> Iterator[Finding]:
    silent = False
    try:
        found = probe.discovery()
        cities = ", ".join(f"{city.name} ({city.id})" for city in found.jurisdictions)
        sandbox = ", a sandbox" if found.sandbox else ""
        yield Finding("discovery", "ok", masked(f"contract {found.contract}{sandbox}: {cities}"))
        yield from _city(config.city, [city.id for city in found.jurisdictions])
    except EgovError as error:
        silent = isinstance(error, ConnectionFailed | DeadlineExceeded)
        yield failed("discovery", error)
    yield _clock(probe.offset)
    if silent and config.issuer == config.gateway:
        yield Finding("token", "skipped", "the gateway does not answer")
        yield Finding("signed call", "skipped", "the gateway does not answer")
        return
    yield from accepted(config, probe)


def accepted(config: Config, probe: Probe) -> Iterator[Finding]:
    """Whether the gateway knows the keys: a token, and a signed call."""
    if not probe.wants_token:
        yield Finding("token", "ok", f"none wanted: auth = {config.auth!r}")
    else:
        try:
            said = f"obtained from {config.issuer}, valid for {probe.token():.0f} s"
            bound = "" if probe.bound_to is None else f", bound to the DPoP key {probe.bound_to}"
            yield Finding("token", "ok", said + bound)
        except EgovError as error:
            yield failed("token", error)
            yield Finding("signed call", "skipped", "there is no token")
            return
    if probe.applied_at_issuer and config.issuer != config.gateway:
        said = f"{probe.applied_at_issuer:+.1f} s are added to this machine's clock in what {config.issuer} reads"
        yield Finding("clock at the issuer", "note", said, "Set this machine's clock (NTP)")
    try:
        allowed = probe.signed_call()
    except EgovError as error:
        yield failed("signed call", error)
        return
    if probe.applied:
        said = f"{probe.applied:+.1f} s are added to this machine's clock in what is signed for the gateway"
        yield Finding("clock applied", "note", said, "Set this machine's clock (NTP)")
    said = "accepted" if allowed else "signature accepted; this client lacks the scope complaints:read"
    yield Finding("signed call", "ok" if allowed else "note", said)


def _city(wanted: str | None, served: list[str]) -> Iterator[Finding]:
    if wanted is None:
        return
    if wanted in served or not served:
        yield Finding("city", "ok", wanted)
    else:
        remedy = "Set city, or choose the profile of that city's gateway"
        yield Finding(
            "city", "wrong", masked(f"the profile is for {wanted}, the gateway for {', '.join(served)}"), remedy
        )


def _clock(offset: float | None) -> Finding:
    if offset is None:
        return Finding("clock", "skipped", "the gateway did not say its time")
    said = f"the gateway's clock is {offset:+.1f} s from this machine's (to half a second)"
    if abs(offset) > FARTHEST:
        remedy = f"Set this machine's clock (NTP); more than {FARTHEST / 60:.0f} minutes are not corrected"
        return Finding("clock", "wrong", said, remedy)
    if abs(offset) > _SKEW:
        return Finding("clock", "note", said, "Set this machine's clock (NTP); it is corrected for the gateway alone")
    return Finding("clock", "ok", said)
