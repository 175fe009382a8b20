"""The pytest plugin as users meet it: their test files, their settings, a run of their own (all in this process)."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

# Loaded here, because pytester forgets what a run inside this process imported, and compiled modules load only once.
import egov_serang.client
import egov_serang.sandbox.server
from egov_serang.testing.plugin import missing_extra

pytest_plugins = ["pytester"]

LOADED_BEFORE = (egov_serang.client, egov_serang.sandbox.server)
STRICT = ("-W", "error", "-p", "no:cacheprovider", "-p", "no:asyncio")

USERS_TESTS = """\
    from __future__ import annotations

    import asyncio

    import pytest

    from egov_serang import Client, Config, NotFound, ServerFault
    from egov_serang.models.complaints import Location
    from egov_serang.testing.faults import lose_answer

    SOMEWHERE = Location(area_code="36.73.06.1008")
    SEEN = []


    def test_a_call(egov_client, egov_sandbox):
        egov_client.complaints.submit("sampah", "Sampah belum diangkut.", location=SOMEWHERE)
        assert egov_sandbox.counts()["complaints"] == 1
        SEEN.append(egov_sandbox.url)


    def test_a_fresh_city_on_the_same_sandbox(egov_client, egov_sandbox):
        assert egov_sandbox.counts()["complaints"] == 0
        assert SEEN == [egov_sandbox.url]


    def test_tasks(egov_async_client, egov_sandbox):
        async def submit():
            return await egov_async_client.complaints.submit("sampah", "Menumpuk.", location=SOMEWHERE)

        assert asyncio.run(submit()).version == 1
        assert egov_sandbox.counts()["complaints"] == 1


    def test_the_clock(egov_client, egov_sandbox):
        due = egov_client.complaints.submit("sampah", "Menumpuk.", location=SOMEWHERE)
        egov_sandbox.advance(90 * 86_400)
        late = egov_client.complaints.get(due.complaint_id)
        assert (due.due.breached, late.due.breached) == (False, True)


    def test_a_lost_answer(egov_client, egov_faults):
        egov_faults.lose_answer("complaints.submit")
        reply = egov_client.raw.complaints.submit("sampah", "Menumpuk.", location=SOMEWHERE)
        assert (reply.attempts, reply.replayed) == (2, True)


    def test_a_refusal(egov_client, egov_faults):
        egov_faults.refuse("complaints.get", code="internal", times=9)
        with pytest.raises(ServerFault) as refused:
            egov_client.with_options(retries=0).complaints.get("c1")
        assert refused.value.code == "internal"


    def test_faults_that_were_not_met_are_forgotten(egov_sandbox, tmp_path):
        profile = egov_sandbox.credentials("other", ["complaints:read"], tmp_path)
        keys = {"key_file": profile.key_file, "signing_key_file": profile.signing_key_file}
        with Client(Config(gateway=profile.gateway, client_id="other", **keys)) as client:
            with pytest.raises(NotFound):
                client.with_options(retries=0).complaints.get("c1")


    def test_a_late_answer(egov_client, egov_faults, egov_sandbox):
        egov_faults.delay("complaints.submit", 0.01)
        egov_client.complaints.submit("sampah", "Menumpuk.", location=SOMEWHERE)
        (submitted,) = [seen for seen in egov_sandbox.requests() if seen["operation"] == "complaints.submit"]
        assert submitted["ms"] >= 10


    def test_a_broken_line(egov_fault_gateway):
        egov_fault_gateway.then(lose_answer())
        with Client(Config(**egov_fault_gateway.settings)) as client:
            reply = client.raw.complaints.submit("sampah", "Menumpuk.", location=SOMEWHERE)
        assert (reply.attempts, reply.replayed, egov_fault_gateway.effects) == (2, True, 1)
    """


def test_every_fixture_works_in_a_users_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USERS_TESTS)
    pytester.runpytest_inprocess(*STRICT).assert_outcomes(passed=9)


def test_a_conftest_chooses_the_city(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest


        @pytest.fixture(scope="session")
        def egov_city():
            return "cilegon"
        """
    )
    pytester.makepyfile(
        """
        def test_another_city(egov_client, egov_sandbox):
            assert (egov_client.config.city, egov_sandbox.city.name) == ("36.72", "Kota Cilegon")
            codes = [service.service_code for service in egov_client.complaints.services()]
            assert "debu_industri" in codes
        """
    )
    pytester.runpytest_inprocess(*STRICT).assert_outcomes(passed=1)


def test_each_xdist_worker_has_a_sandbox_of_its_own(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(
        """
        import os
        from pathlib import Path

        import pytest

        from egov_serang.models.complaints import Location


        @pytest.mark.parametrize("number", range(3))
        def test_alone(number, egov_client, egov_sandbox):
            assert egov_sandbox.counts()["complaints"] == 0
            egov_client.complaints.submit("sampah", "Menumpuk.", location=Location(area_code="36.73.06.1008"))
            Path(os.environ["EGOV_SEEN"], os.environ["PYTEST_XDIST_WORKER"]).write_text(egov_sandbox.url)
        """
    )
    seen = pytester.mkdir("seen")
    monkeypatch.setenv("EGOV_SEEN", str(seen))  # pytester's own way to hand something to a run's workers
    pytester.runpytest_inprocess(*STRICT, "--dist", "each", "-n", "2").assert_outcomes(passed=6)
    assert {path.name for path in seen.iterdir()} == {"gw0", "gw1"}
    assert len({path.read_text() for path in seen.iterdir()}) == 2


def test_without_the_extra_the_error_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys\n\nsys.modules['fastapi'] = None\n")  # as where it is not installed
    pytester.makepyfile("def test_nothing(egov_client): ...\n\ndef test_other(): ...")
    outcome = pytester.runpytest_inprocess(*STRICT)
    outcome.assert_outcomes(errors=1, passed=1)
    outcome.stdout.fnmatch_lines(
        ["*the fixtures of egov-serang need fastapi: pip install 'egov-serang?sandbox,testing?'"]
    )
    outcome.stdout.no_fnmatch_line("*Traceback*")


def test_all_packages_missing_are_named() -> None:
    assert missing_extra() is None
    assert "need no_such_one, no_such_two:" in str(missing_extra(("pytest", "no_such_one", "no_such_two")))


def test_the_plugin_is_found_by_name_and_costs_nothing() -> None:
    (point,) = [point for point in entry_points(group="pytest11") if point.name == "egov_serang"]
    script = (
        "import sys, pytest; before = set(sys.modules); import importlib; "
        "importlib.import_module(sys.argv[1]); "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    command = [sys.executable, "-W", "error", "-c", script, point.value]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "egov_serang" in loaded
    heavy = {"httpx", "httpcore", "pydantic", "fastapi", "uvicorn", "sqlalchemy", "cryptography", "asyncio", "ssl"}
    assert loaded & heavy == set()


def test_a_run_that_asks_for_nothing_keeps_its_settings(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_no_hook_and_no_marker_of_ours(pytestconfig):
            plugin = pytestconfig.pluginmanager.get_plugin("egov_serang")
            assert [name for name in vars(plugin) if name.startswith("pytest_")] == []
            assert [line for line in pytestconfig.getini("markers") if "egov" in line] == []
        """
    )
    pytester.runpytest_inprocess(*STRICT).assert_outcomes(passed=1)
