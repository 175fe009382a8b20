"""The example of a batch over a bad line does what it says: where answers are lost, every place has one complaint."""

from __future__ import annotations

import runpy
import time

import pytest
from tests.docs.pages import EXAMPLES

from egov_serang import Config
from egov_serang.sandbox.server import Sandbox


@pytest.mark.parametrize("times", [4, 14])
def test_each_place_gets_one_complaint(
    times: int,
    city: Config,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("egov_serang.Client", lambda: _client(city))
    pauses: list[float] = []
    really = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: pauses.append(seconds) or really(min(seconds, 0.01)))
    before = sandbox.counts()["complaints"]
    sandbox.fault("complaints.submit", kind="lost_answer", times=times)
    runpy.run_path(str(EXAMPLES / "resume.py"), run_name="__main__")
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4
    assert not [line for line in printed if "not filed" in line]
    assert sandbox.counts()["complaints"] == before + 4
    assert (1 in pauses) is (times > 8), (
        "the repetitions of a client reach for a third of the way, resuming does the rest"
    )


def _client(city: Config) -> object:
    from egov_serang.client import Client  # the package's own name is replaced above

    return Client(city)
