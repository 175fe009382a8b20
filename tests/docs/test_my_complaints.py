"""The example of a script that acts for a logged-in person: before, during and after their session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.machine import DRIVEN

from egov_serang import Config
from egov_serang.sandbox.server import Sandbox

SCRIPT = Path(__file__).parents[2] / "examples" / "my_complaints.py"


def test_it_acts_for_who_is_logged_in_and_asks_for_a_login_otherwise(
    sandbox: Sandbox, city: Config, tmp_path: Path
) -> None:
    mine = sandbox.credentials("script-app", ["complaints:read"], tmp_path / "keys", people=True)
    assert mine.gateway == city.gateway
    (tmp_path / "config.toml").write_text(f'{mine.profile_toml("me")}session_folder = "sessions"\n', "utf-8")
    environment = {**os.environ, "EGOV_SERANG_CONFIG": str(tmp_path / "config.toml"), "EGOV_SERANG_PROFILE": "me"}
    environment |= {"BROWSER": f"{DRIVEN} allow %s"}

    def run(*command: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout, done.stderr

    egov = ("-m", "egov_serang")
    assert run(str(SCRIPT)) == (1, "", "Nobody is logged in. Run: egov login\n")
    assert run(*egov, "login", "--browser", "--token-file")[0] == 0
    assert run(str(SCRIPT)) == (0, "0 complaints\n", "")
    assert run(*egov, "logout")[0] == 0
    assert run(str(SCRIPT))[0] == 1
