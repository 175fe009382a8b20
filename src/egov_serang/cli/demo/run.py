"""Setting the stage in a sandbox: two registered clients, a transport that counts, a view."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from egov_serang import Client, Config
from egov_serang.cli.demo.meter import Meter
from egov_serang.cli.demo.story import Story
from egov_serang.cli.demo.view import LiveView, PlainView, closing_table
from egov_serang.sandbox.server import Sandbox
from egov_serang.transport.lanes import Lanes

_CITIZEN = (
    "complaints:read complaints:write permits:read permits:apply identity:verify identity:apply notify:read notify:send"
)
_OFFICER = "complaints:read complaints:manage permits:read permits:review permits:decide permits:issue identity:process"


def run_demo(console: Console, sandbox: Sandbox, *, plain: bool = False) -> bool:
    """Tell the story once.

    Args:
        console: where to.
        sandbox: a sandbox that runs, of whichever city.
        plain: lines instead of a live view, as without a terminal.

    Returns:
        Whether every step held.
    """
    lines = plain or not console.is_terminal
    view = PlainView(console) if lines else LiveView(console)
    with tempfile.TemporaryDirectory() as folder:
        city = sandbox.city
        console.print(f"Sandbox of {city.name} ({city.code}) at {sandbox.url}, for this demo only.", highlight=False)
        meter = Meter(Lanes())
        keys = Path(folder)
        citizen = Client(_register(sandbox, "citizen-app", _CITIZEN, keys), transport=meter)
        officer = Client(_register(sandbox, "officer-desk", _OFFICER, keys), transport=meter)
        try:
            with view:
                rows = Story(sandbox, citizen, officer, meter, view).tell()
        finally:
            meter.close()
    console.print()
    console.print(closing_table(rows))
    held = all(row.state == "held" for row in rows)
    console.print("Every step held." if held else "A step did not hold; see above.", highlight=False)
    return held


def _register(sandbox: Sandbox, client_id: str, scopes: str, folder: Path) -> Config:
    profile = sandbox.credentials(client_id, scopes.split(), folder)
    return Config(**profile.settings, scope=scopes)
