"""The README's quick start in an empty folder: `egov sandbox --write-profile`, at most five lines of Python.

Run by the interpreter of an environment that has the wheel with [cli,sandbox]. Usage: quick_start.py README
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_LINES = 5


def block(readme: Path) -> str:
    """The first Python block of the README.

    Raises:
        SystemExit: it has grown beyond five lines of code.
    """
    found = re.search(r"^```python\n(.*?)^```$", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    code = found[1] if found else ""
    lines = [line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not 0 < len(lines) <= MOST_LINES:
        sys.exit(f"the quick start of {readme.name} has {len(lines)} lines of code, not 1 to {MOST_LINES}")
    print(f"  {len(lines)} lines of code")
    return code


def ready(sandbox: subprocess.Popen[str]) -> None:
    """Wait until `egov sandbox` has said all it says at its start."""
    if sandbox.stdout is None:
        sys.exit("egov sandbox has no output")
    said: list[str] = []
    for line in sandbox.stdout:
        said.append(line)
        if line.startswith("Ctrl-C"):
            return
    sys.exit("egov sandbox ended: " + "".join(said))


def run(command: list[str], home: Path, environment: dict[str, str]) -> str:
    """What a command prints.

    Raises:
        SystemExit: it failed, or complained.
    """
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        sys.exit(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    code = block(Path(sys.argv[1]))
    egov = str(Path(sys.executable).with_name("egov"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EGOV_SERANG_")}
        environment = {**inherited, "HOME": folder, "EGOV_SERANG_PROFILE": "sandbox"}
        command = [egov, "sandbox", "--port", "0", "--write-profile"]
        sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=home, env=environment)
        try:
            ready(sandbox)
            (home / "quick.py").write_text(code, "utf-8")
            told = run([sys.executable, "-W", "error", "quick.py"], home, environment)
            listed = run([egov, "complaints", "list", "--json"], home, environment)
        finally:
            sandbox.terminate()
            ended = sandbox.wait(30)
    filed = [json.loads(line) for line in listed.splitlines()]
    if len(filed) != 1 or filed[0]["reference"] not in told:
        sys.exit(f"the complaint it told of should be the only one: {told}{listed}")
    if ended:
        sys.exit(f"egov sandbox ended with {ended}")
    print(f"  filed {filed[0]['reference']}")


if __name__ == "__main__":
    main()
