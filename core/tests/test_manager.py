"""Distributions made of files, with every way a plugin can be broken."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from serienpost.errors import PluginError
from serienpost.manager import load_plugins, survey_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Install = Callable[..., None]

HEAD = """
from pathlib import Path
from serienpost import hookimpl

Path(__file__).with_suffix(".imported").touch()

class Thing:
    def __init__(self, name):
        self.name = name

"""
STORE = """
@hookimpl
def serienpost_secrets():
    return [Thing({name!r})]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of distributions on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.startswith("toy_")]:
        del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    def install(
        name: str, body: str = "", *, version: str = "1.0", entry: str | None = None
    ) -> None:
        module = name.replace("-", "_")
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[serienpost]\n{entry or name} = {module}\n")
        (site / f"{module}.py").write_text(HEAD + textwrap.dedent(body))

    return install


def _problem(*names: str) -> str:
    with pytest.raises(PluginError) as caught:
        load_plugins(names)
    (problem,) = caught.value.problems
    return str(problem)


def test_named_plugins_are_loaded_in_order_with_their_provider(install: Install) -> None:
    install("toy-one", STORE.format(name="one"), version="1.2")
    install("toy-two", STORE.format(name="two"))
    registry = load_plugins(["toy-two", "toy-one", "toy-two"])
    assert list(registry.secret_stores) == ["env", "credentials", "two", "one"]
    assert str(registry.providers["secret_stores", "one"]) == "toy-one 1.2"
    assert registry.versions["toy-one"] == "1.2"
    assert list(registry.versions) == ["serienpost", "toy-two", "toy-one"]


def test_what_is_not_named_is_not_even_imported(install: Install, site: Path) -> None:
    install("toy-one", STORE.format(name="one"))
    install("toy-other", "raise SystemExit('must not be imported')")
    load_plugins(["toy-one"])
    assert [path.name for path in site.glob("*.imported")] == ["toy_one.imported"]


def test_without_plugins_the_core_is_there() -> None:
    registry = load_plugins([])
    assert list(registry.consent_checks) == ["suppression"]
    assert list(registry.dispatchers) == ["local"]


def test_a_plugin_that_is_not_installed_names_the_nearest(install: Install) -> None:
    install("toy-channel")
    assert _problem("toy-chanel") == (
        "toy-chanel: plugin toy-chanel is not installed (did you mean 'toy-channel'?)"
    )
    assert _problem("quite-different-xyz").endswith(
        "is not installed (install it: pip install quite-different-xyz)"
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named"),
        ("raise RuntimeError('first line\\nsecond line')", "RuntimeError: first line"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_failing_import_names_distribution_and_version(
    install: Install, body: str, error: str
) -> None:
    install("toy-broken", body, version="3.1")
    problem = _problem("toy-broken")
    assert problem.startswith("toy-broken: plugin toy-broken 3.1 cannot be imported: ")
    assert error in problem
    assert "\n" not in problem


def test_a_misspelt_hook_names_the_nearest(install: Install) -> None:
    install("toy-typo", "@hookimpl\ndef serienpost_sauces():\n    return []")
    problem = _problem("toy-typo")
    assert "plugin toy-typo 1.0 implements an unknown hook serienpost_sauces" in problem
    assert "did you mean 'serienpost_sources'?" in problem


def test_a_hook_with_an_argument_of_its_own_is_refused(install: Install) -> None:
    install("toy-arg", "@hookimpl\ndef serienpost_sources(context):\n    return []")
    assert "plugin toy-arg 1.0 cannot be registered" in _problem("toy-arg")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("return None", "TypeError: the hook returned None, not a list"),
        ("return 'store'", "TypeError: the hook returned str, not a list"),
        ("return {'a': Thing('a')}", "TypeError: the hook returned dict, not a list"),
        ("return Thing('a')", "TypeError: the hook returned Thing, not a list"),
        ("return [object()]", "AttributeError: 'object' object has no attribute 'name'"),
        ("return [Thing(7)]", "TypeError: a name is int, not text"),
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("yield Thing('a'); raise KeyError('x')", "KeyError: 'x'"),
    ],
)
def test_a_hook_that_returns_no_list_is_refused(install: Install, body: str, error: str) -> None:
    install("toy-odd", f"@hookimpl\ndef serienpost_secrets():\n    {body}")
    assert _problem("toy-odd") == (
        f"toy-odd: plugin toy-odd 1.0 fails to register its secret_stores: {error}"
    )


@pytest.mark.parametrize(
    "body", ["return (Thing('a'), Thing('b'))", "yield Thing('a'); yield Thing('b')"]
)
def test_tuples_and_generators_will_do(install: Install, body: str) -> None:
    install("toy-other", f"@hookimpl\ndef serienpost_secrets():\n    {body}")
    assert list(load_plugins(["toy-other"]).secret_stores)[2:] == ["a", "b"]


def test_a_name_that_is_taken_names_both_distributions(install: Install) -> None:
    install("toy-one", STORE.format(name="drawer"), version="1.2")
    install("toy-two", STORE.format(name="drawer"), version="3.4")
    problem = _problem("toy-one", "toy-two")
    assert "'drawer' is provided by toy-one 1.2 and by toy-two 3.4" in problem
    assert "remove one of the two under plugins:" in problem


def test_a_name_of_the_core_is_taken(install: Install) -> None:
    install("toy-env", STORE.format(name="env"))
    assert "'env' is provided by serienpost 0.1.0 and by toy-env 1.0" in _problem("toy-env")


def test_one_plugin_may_not_use_a_name_twice(install: Install) -> None:
    install(
        "toy-twice", "@hookimpl\ndef serienpost_secrets():\n    return [Thing('a'), Thing('a')]"
    )
    assert "provided by toy-twice 1.0 and by toy-twice 1.0" in _problem("toy-twice")


def test_two_distributions_with_one_entry_point_are_refused(install: Install) -> None:
    install("toy-one", version="1.0")
    install("toy-evil", version="6.6", entry="toy-one")
    problem = _problem("toy-one")
    assert "plugin toy-one is provided by " in problem
    assert "toy-one 1.0" in problem
    assert "toy-evil 6.6" in problem


def test_an_entry_point_is_named_like_its_distribution(install: Install) -> None:
    install("toy-evil", entry="toy-good", version="6.6")
    assert _problem("toy-good") == (
        "toy-good: toy-evil 6.6 calls its entry point toy-good"
        " (an entry point is named like its distribution)"
    )


def test_all_problems_are_reported_together(install: Install) -> None:
    install("toy-broken", "1 / 0")
    with pytest.raises(PluginError) as caught:
        load_plugins(["toy-broken", "toy-absent-entirely"])
    assert [problem.key for problem in caught.value.problems] == [
        "toy-broken",
        "toy-absent-entirely",
    ]


def test_a_survey_goes_on_and_shows_the_broken_ones(install: Install) -> None:
    install("toy-broken", "1 / 0", version="3.1")
    install("toy-one", STORE.format(name="one"), version="1.2")
    install("toy-two", STORE.format(name="one"))
    registry, reports = survey_plugins(["toy-broken", "toy-one", "toy-two", "toy-gone"])
    assert [(r.name, r.version, len(r.problems), r.provides) for r in reports] == [
        ("toy-broken", "3.1", 1, []),
        ("toy-one", "1.2", 0, ["secret store one"]),
        ("toy-two", "1.0", 1, []),
        ("toy-gone", None, 1, []),
    ]
    assert str(registry.providers["secret_stores", "one"]) == "toy-one 1.2"
    assert "toy-broken" not in registry.versions
