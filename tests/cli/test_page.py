"""What docs/cli.md shows works, line by line, in a shell."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.cli.conftest import clean, in_shell
from tests.scale import long

from egov_serang.cli.errors import ExitCode
from egov_serang.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")


@long
def test_the_commands_of_the_page_run_in_order(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "pothole.png", tmp_path)
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = in_shell("".join(blocks), tmp_path, environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stderr == ""
    clean(done.stdout)
    counts = sandbox.counts()
    assert (counts["complaints"], counts["notification_message"]) == (2, 1)


def test_the_page_names_every_exit_code() -> None:
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert named == {int(code) for code in ExitCode}
