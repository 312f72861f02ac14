"""Nothing of a suite can be dropped silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_testkit import suites

if TYPE_CHECKING:
    from collections.abc import Callable

    RunSuite = Callable[..., tuple[set[str], set[str]]]

pytest_plugins = ["pytester"]

GUARD = "test_no_standard_test_is_overridden"
HEAVY_HOOK = """
from serienpost import hookimpl

@hookimpl
def serienpost_macros():
    import jinja2
    return []
"""
PLUGIN = "class Plugin(NullName): pass\nBase = MacroSuite\n"


@pytest.mark.parametrize(
    "change",
    [
        "test_has_an_example = None",
        "def test_has_an_example(self): pass",
        "@pytest.mark.xfail\n    def test_has_an_example(self): assert False",
        "@pytest.mark.xfail(reason='')\n    def test_has_an_example(self): assert False",
        "@pytest.mark.skip(reason='later')\n    def test_has_an_example(self): pass",
    ],
)
def test_an_override_is_refused(run_suite: RunSuite, change: str) -> None:
    plugin = f"{PLUGIN}class MacroSuite(Base):\n    {change}\n"
    assert run_suite("macro", plugin, GUARD) == (set(), {GUARD})


def test_an_override_in_between_is_refused(run_suite: RunSuite) -> None:
    plugin = (
        f"{PLUGIN}class Lax(Base):\n    test_has_an_example = None\nclass MacroSuite(Lax): pass\n"
    )
    assert run_suite("macro", plugin, GUARD) == (set(), {GUARD})


def test_a_gap_with_a_reason_is_let_through(run_suite: RunSuite) -> None:
    plugin = f"""{PLUGIN}
class MacroSuite(Base):
    @pytest.mark.xfail(reason="the example comes with version 2")
    def test_has_an_example(self, macro):
        super().test_has_an_example(macro)
"""
    assert run_suite("macro", plugin, GUARD) == ({GUARD}, set())


def test_further_tests_of_the_author_are_let_through(run_suite: RunSuite) -> None:
    plugin = f"{PLUGIN}class MacroSuite(Base):\n    def test_more(self): pass\n"
    assert run_suite("macro", plugin, f"{GUARD} or test_more") == ({GUARD, "test_more"}, set())


def test_the_guard_itself_cannot_be_replaced() -> None:
    from serienpost_testkit.suites import MacroSuite

    with pytest.raises(TypeError, match="must not replace"):
        type("Lax", (MacroSuite,), {GUARD: None})


@pytest.mark.parametrize(
    "module",
    [
        "import jinja2",
        HEAVY_HOOK,
        "raise RuntimeError",
    ],
)
def test_an_import_that_is_not_cheap_is_found(
    run_suite: RunSuite, pytester: pytest.Pytester, module: str
) -> None:
    pytester.makepyfile(heavy=module)
    plugin = "class Plugin(NullName): pass"
    _, failed = run_suite("macro", plugin, "import_is_cheap", plugin_module="heavy")
    assert failed == {"test_import_is_cheap"}


def test_each_test_says_what_to_look_at_when_it_fails() -> None:
    silent = [
        f"{suite}.{name}"
        for suite in suites.__all__
        for name, test in _inherited(getattr(suites, suite))
        if name.startswith("test_") and "When it fails:" not in (test.__doc__ or "")
    ]
    assert silent == []


def _inherited(suite: type) -> set[tuple[str, object]]:
    return {item for base in suite.__mro__ for item in vars(base).items() if callable(item[1])}
