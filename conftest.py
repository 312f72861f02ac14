"""How hard the tests try: a fixed sample in the normal run, everything with `--sweep`.

What is shown is read in English, the language of the code; a test of another one names it.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

os.environ["SERIENPOST_LANG"] = "en"

# Examples of a property test whose settings name no number.
FEW, MANY = 60, 1000

# Pattern of a test's id -> of how many of its cases the normal run takes one; 0: none.
SAMPLED = {
    "channels/smtp/tests/test_mime_template.py::test_all_parts_and_headers_are_equal*": 4,
    "channels/smtp/tests/test_wire.py::test_garbage_before_the_message_is_definite*": 3,
    "channels/smtp/tests/test_wire.py::test_lost_before_the_message_is_definite*": 3,
    "tests/acceptance/test_documented_keys.py::test_no_documented_key_ends_as_a_bug*": 3,
    "tests/acceptance/test_several_processes.py::*": 2,
    "tests/acceptance/test_simulated_month.py::test_spring": 0,
    "tests/acceptance/test_worker.py::test_a_changed_configuration_is_heeded": 0,
    "tests/acceptance/test_worker.py::test_a_worker_that_does_not_move_does_not_serve": 0,
    "tests/faults/test_desk.py::test_*]": 2,
    "tests/faults/test_drafts.py::test_*]": 2,
    "tests/faults/test_last_look.py::*": 2,
    "tests/faults/test_points.py::test_killed_at*": 2,
    "tests/faults/test_selections.py::test_*]": 2,
    "tests/faults/test_two_practices.py::*": 2,
    "tests/broken_plugins/test_broken_plugins.py::test_a_broken_method*": 6,
    "tests/privacy/test_attacks.py::test_a_value_is_refused_or_plain_text*": 4,
    "tests/privacy/test_attacks_sent.py::test_values_leave_as_text_or_not_at_all*-False]": 0,
    "tests/testkit/tests/test_contract.py::*_run_*null-sms]": 0,
    "tests/testkit/tests/test_mutants.py::test_a_broken_plugin_is_caught*": 4,
    "tests/testkit/tests/test_last_look_mutants.py::test_a_broken_plugin_is_caught*": 4,
    "tests/testkit/tests/test_service_mutants.py::test_a_broken_plugin_is_caught*": 4,
}


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    """A command that ran in this process leaves neither its language nor its zone behind."""
    yield
    from serienpost.translation import SOURCE_LANGUAGE, speak

    speak(SOURCE_LANGUAGE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sweep",
        action="store_true",
        help="all cases of long sweeps, and new examples for property tests",
    )
    parser.addoption(
        "--sample",
        action="store_true",
        help="one test in four and one of each file: whether a member stands alone",
    )
    parser.addoption("--reading", metavar="LANGUAGE", help="what commands speak: de, qps")


def pytest_configure(config: pytest.Config) -> None:
    """Set how property tests look for examples; load on the machine fails none of them."""
    if language := config.getoption("reading"):
        os.environ["READING"] = language
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:  # an environment of a member that has no property tests
        return
    calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("ci", max_examples=FEW, derandomize=True, database=None, **calm)
    settings.register_profile("sweep", max_examples=MANY, print_blob=True, **calm)
    settings.load_profile("sweep" if config.getoption("sweep") else "ci")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave most cases of long sweeps to `--sweep`, of faults to `--thorough`; the same ones stay
    in every normal run."""
    if config.getoption("sweep") or config.getoption("thorough", default=False):
        return
    kept = [item for item in items if _stays(item.nodeid)]
    if config.getoption("sample"):
        first = {item.path: item for item in reversed(kept)}
        kept = [one for one in kept if first[one.path] is one or _is_drawn(one.nodeid, 4)]
    left_out = set(items).difference(kept)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = kept


def _stays(node: str) -> bool:
    return _is_drawn(node, next((n for one, n in SAMPLED.items() if fnmatchcase(node, one)), 1))


def _is_drawn(node: str, one_in: int) -> bool:
    return one_in > 0 and int(sha256(node.encode()).hexdigest(), 16) % one_in == 0
