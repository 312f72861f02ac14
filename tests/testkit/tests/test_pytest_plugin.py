"""The fixtures that every plugin's tests get, and how failures of the suites read."""

from __future__ import annotations

import logging
import sys
from subprocess import run
from typing import TYPE_CHECKING

import pytest

from serienpost.manager import load_plugins

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.canary import CanaryLog
    from serienpost_testkit.contexts import MakeContext

pytest_plugins = ["pytester"]


def test_a_context_is_a_whole_practice(context: Context, practice_folder: Path) -> None:
    assert context.folder == practice_folder
    assert context.config.practice.postal_code == "01067"
    assert context.zone.key == "Europe/Berlin"
    assert "env" in context.registry.secret_stores


def test_contexts_take_core_keys_and_are_closed(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context(tmp_path, purposes=["sport"])
    assert context.path("a") == tmp_path / "a"
    assert "sport" in context.config.purposes_known()
    closed: list[str] = []
    with make_context as make:
        make()._stack.callback(closed.append, "closed")
    assert closed == ["closed"]


def test_canaries_are_found_in_logs_tracebacks_and_output(canary_log: CanaryLog) -> None:
    canary_log.plant("Kanarie", "abc", 12345, None)
    assert canary_log.leaks() == []
    try:
        int("Kanarie")
    except ValueError:
        logging.getLogger("plugin.wire").debug("failed", exc_info=True)
    sys.stdout.write("Kanarie abc 12345")
    sys.stderr.write("Kanarie")
    assert canary_log.leaks(["plugin.wi"]) == [
        "logger plugin.wire: Kanarie",
        "stdout: Kanarie",
        "stderr: Kanarie",
    ]
    assert canary_log.leaks(["plugin"]) == []
    with pytest.raises(AssertionError):
        canary_log.check()


def test_canaries_must_be_planted(canary_log: CanaryLog) -> None:
    with pytest.raises(AssertionError, match="nothing was planted"):
        canary_log.check()


def test_failures_of_the_suites_show_the_values(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from serienpost_testkit.null.macros import NullName
        from serienpost_testkit.suites import MacroSuite

        class Broken(NullName):
            kinds = frozenset()

        class TestBroken(MacroSuite):
            @pytest.fixture
            def macro(self):
                return Broken()
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-k", "declares_its_kinds"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert*frozenset()*"])


def test_starting_pytest_does_not_load_the_core() -> None:
    script = "import sys, serienpost_testkit.pytest_plugin; print('serienpost' in sys.modules)"
    done = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_core_loads_the_null_plugins() -> None:
    registry = load_plugins(["serienpost-testkit"])
    assert {"null-email", "null-sms", "null-letter"} <= set(registry.channels)
    assert "null" in registry.sources
    assert "null-consent" in registry.consent_checks
    assert {"Null_Name", "Null_Nr"} <= set(registry.macros)
    assert "null" in registry.settings
