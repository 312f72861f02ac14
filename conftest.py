"""How hard the tests try: a fixed sample in the normal run, everything with `--sweep`.

What is shown is read in English, the language of the code; a test of another one names it.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

os.environ["SERIENPOST_LANG"] = "en"

# Examples of a property test whose settings name no number.
FEW, MANY = 60, 1000

# Pattern of a test's id -> of how many of its cases the normal run takes one; 0: none.
SAMPLED = {
    "channels/letter/tests/test_own_page.py::test_mistakes_are_told*": 2,
    "channels/letter/tests/test_pool.py::test_signals_that_are_meant*": 2,
    "channels/letter/tests/test_safety.py::test_one_poisoned_letter*": 2,
    "channels/letter/tests/test_shared_layer.py::test_what_follows_an_own_block*": 3,
    "channels/letter/tests/test_worker.py::test_what_the_machine_lacks*": 4,
    "channels/smtp/tests/test_mime_template.py::test_all_parts_and_headers_are_equal*": 4,
    "channels/smtp/tests/test_wire.py::test_garbage_before_the_message_is_definite*": 3,
    "channels/smtp/tests/test_wire.py::test_lost_before_the_message_is_definite*": 3,
    "core/tests/ledger/test_isolation.py::test_changing_one_practice*": 3,
    "core/tests/run/send/test_several.py::test_what_one_has_in_hand*": 0,
    "core/tests/service/test_login.py::test_nobody_is_told*": 2,
    "core/tests/templates/test_foreign_placeholders.py::test_each_macro_in_each_spelling*": 5,
    "plugins/demo/tests/test_practice.py::test_numbers_are_what_they_claim*": 5,
    "plugins/web/tests/test_as_by_command.py::test_a_reminder*": 0,
    "plugins/web/tests/test_hostile.py::test_it_is_text_on_every_page*": 2,
    "plugins/web/tests/test_pages.py::test_every_page_is_html*": 2,
    "plugins/web/tests/test_table.py::test_what_is_not_there*": 4,
    "tests/acceptance/test_documented_keys.py::test_no_documented_key_ends_as_a_bug*": 6,
    "tests/acceptance/test_letter_pages.py::test_the_frame_is_printed_whole*": 3,
    "tests/acceptance/test_review_classes.py::test_class*": 3,
    "tests/acceptance/test_several_processes.py::*": 2,
    "tests/acceptance/test_simulated_month.py::test_spring": 0,
    "tests/acceptance/test_smscreator.py::test_trouble_leads_to_its_state*": 3,
    "tests/acceptance/test_terminal.py::test_the_review_fits*": 2,
    "tests/acceptance/test_third_parties.py::test_a_channel_over_a_foreign_library*": 0,
    "tests/acceptance/test_trials.py::test_what_is_forbidden_while*": 2,
    "tests/acceptance/test_unreachable.py::test_the_first_line_says*": 3,
    "tests/acceptance/test_worker.py::test_a_changed_configuration_is_heeded": 0,
    "tests/acceptance/test_worker.py::test_a_worker_that_does_not_move_does_not_serve": 0,
    "tests/broken_plugins/test_broken_plugins.py::test_a_broken_method_is*": 12,
    "tests/broken_plugins/test_broken_plugins.py::test_a_broken_method_that*": 12,
    "tests/broken_plugins/test_broken_plugins.py::test_a_plugin_that_blocks*": 2,
    "tests/faults/test_desk.py::test_*]": 3,
    "tests/faults/test_drafts.py::test_*]": 3,
    "tests/faults/test_last_look.py::*": 3,
    "tests/faults/test_points.py::test_killed_at*": 3,
    "tests/faults/test_selections.py::test_*]": 3,
    "tests/faults/test_two_practices.py::*": 2,
    "tests/upgrade/test_versions.py::*0005*": 3,
    "tests/upgrade/test_versions.py::*postgresql*": 2,
    "tests/privacy/test_attacks.py::test_a_value_is_refused_or_plain_text*": 4,
    "tests/privacy/test_attacks_sent.py::test_values_leave_as_text_or_not_at_all*-False]": 0,
    "tests/sources/test_bad_input.py::test_bad_input*": 3,
    "tests/sources/test_same_rows.py::test_same_*]": 4,
    "tests/sources/test_url_options.py::test_no_option_lifts*": 2,
    "tests/sources/test_without_views.py::test_a_field_that_leads_to_nobody*": 4,
    "tests/sources/test_without_views.py::test_an_appointment_begins*": 3,
    "tests/sources/test_without_views.py::test_what_leaves_after*": 3,
    "tests/testkit/tests/test_contract.py::*_a_killed_run_*": 2,
    "tests/testkit/tests/test_contract.py::*_run_*null-sms]": 0,
    "tests/testkit/tests/test_last_look_mutants.py::test_a_broken_plugin_is_caught*": 8,
    "tests/testkit/tests/test_mutants.py::test_a_broken_plugin_is_caught*": 8,
    "tests/testkit/tests/test_mutants.py::test_a_good_plugin_passes*": 2,
    "tests/testkit/tests/test_service_mutants.py::test_a_broken_plugin_is_caught*": 8,
    "tests/testkit/tests/test_service_contracts.py::*test_a_failing_run*": 0,
    "tests/testkit/tests/test_service_mutants.py::test_a_good_plugin_passes*": 2,
}

# Whole runs of several seconds, which say nothing about whether a member stands alone.
ALREADY_RUN = (
    "*::test_a_killed_run_is_resumed*",
    "*::test_a_run_tells_nothing_personal*",
    "channels/letter/tests/test_pool.py::*",
    "plugins/demo/tests/test_demo.py::test_everything_arrives*",
    "tests/testkit/tests/*::test_a_good_plugin_passes_everything*",
)


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
        help="one test in ten and one of each file: whether a member stands alone",
    )
    parser.addoption("--reading", metavar="LANGUAGE", help="what commands speak: de, qps")


def pytest_configure(config: pytest.Config) -> None:
    """Set how property tests look for examples; load on the machine fails none of them."""
    if language := config.getoption("reading"):
        os.environ["READING"] = language
    if config.getoption("sweep") or config.getoption("thorough", default=False):
        os.environ["FRESH_PROCESSES"] = "yes"
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
    kept = _sampled(items)
    if config.getoption("sample"):
        kept = [item for item in kept if not _matches(item, ALREADY_RUN)]
        first = {item.path: item for item in reversed(kept)}
        kept = [one for one in kept if first[one.path] is one or _is_drawn(one.nodeid, 10)]
    left_out = set(items).difference(kept)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = kept
    if hasattr(config, "workeroutput"):
        config.workeroutput["left out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401
    """Of what is left out each process of pytest-xdist knows, and only the first one's is told."""
    if node.gateway.id == "gw0":
        left_out = node.workeroutput.get("left out", 0) if hasattr(node, "workeroutput") else 0
        node.config.hook.pytest_deselected(items=[node] * left_out)


def _sampled(items: list[pytest.Item]) -> list[pytest.Item]:
    """The cases that a normal run takes; one at least of each test that has some."""
    drawn = {item: _one_in(item) for item in items}
    kept = {item for item, one_in in drawn.items() if _is_drawn(item.nodeid, one_in)}
    has_some = {_test(item) for item in kept}
    for item, one_in in drawn.items():
        if one_in and _test(item) not in has_some and _test(item) != item.nodeid:
            has_some.add(_test(item))
            kept.add(item)
    return [item for item in items if item in kept]


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _one_in(item: pytest.Item) -> int:
    return next((n for one, n in SAMPLED.items() if fnmatchcase(item.nodeid, one)), 1)


def _matches(item: pytest.Item, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(item.nodeid, one) for one in patterns)


def _is_drawn(node: str, one_in: int) -> bool:
    return one_in > 0 and int(sha256(node.encode()).hexdigest(), 16) % one_in == 0
