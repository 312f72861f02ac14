"""What all suites share: nothing of a suite can be dropped silently, and imports are cheap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from serienpost_testkit.catalogues import CORE, faults, has_texts
from serienpost_testkit.suites.sentences import package_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Packages that loading a plugin must not import; every start of the command line would pay.
HEAVY = (
    "aiosmtpd",
    "aiosmtplib",
    "alembic",
    "babel",
    "email_validator",
    "httpx",
    "jinja2",
    "markdown_it",
    "phonenumbers",
    "rich",
    "sqlalchemy",
    "weasyprint",
)

_GUARD = "test_no_standard_test_is_overridden"
_LOAD = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    module = importlib.import_module(name)
    for hook in [thing for thing in vars(module).values() if hasattr(thing, "serienpost_impl")]:
        list(hook())
print(json.dumps(sorted(set(json.loads(sys.argv[2])) & set(sys.modules))))
"""


class Suite:
    """The base of every suite.

    A fixture named `subject` gives the object under test. An author may set:

    - `plugin_module`: the module that the entry point names; found by itself for an installed
      distribution.
    - `foreign_loggers`: loggers of the test's own fakes, which may log what they received.
    """

    plugin_module: str | None = None
    foreign_loggers: tuple[str, ...] = ()

    def __init_subclass__(cls, **settings: object) -> None:
        super().__init_subclass__(**settings)
        if _GUARD in vars(cls):
            raise TypeError(f"{cls.__name__} must not replace {_GUARD}")

    def test_no_standard_test_is_overridden(self) -> None:
        """Every inherited test is still the suite's own.

        When it fails: remove the override. A gap that has to stay for now is written as an
        override marked `@pytest.mark.xfail(reason="...")` that calls the inherited test.
        """
        changed = [
            name
            for name, standard in _standard_tests(type(self)).items()
            if getattr(type(self), name, None) is not standard
            and not _is_explained(getattr(type(self), name, None))
        ]
        assert changed == [], "overridden without an xfail that gives a reason"

    def test_import_is_cheap(self, subject: object) -> None:
        """Importing the plugin and calling its hooks loads none of the heavy packages.

        When it fails: move the import into the function that needs it, or into a module that is
        itself imported there. Type hints belong under `if TYPE_CHECKING:`. If the module cannot
        be imported at all, set `plugin_module`.
        """
        modules = [self.plugin_module] if self.plugin_module else _plugin_modules(subject)
        code, loaded, said = _heavy_loaded(os.pathsep.join(filter(None, sys.path)), *modules)
        assert code == 0, said
        assert json.loads(loaded) == []

    def test_all_its_sentences_have_translations(self, subject: object) -> None:
        """What the plugin's package makes by `_` is translated and compiled, in German and in each
        further language that the package has.

        When it fails: run `python -m serienpost_testkit.catalogues` with the folder of the package,
        translate in `locale/` what it tells, and run it again.
        """
        modules = [self.plugin_module] if self.plugin_module else _plugin_modules(subject)
        packages = {module.partition(".")[0] for module in modules} - {CORE}
        assert [fault for one in sorted(packages) if has_texts(one) for fault in faults(one)] == []


@cache
def _heavy_loaded(path: str, *modules: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a process that loads these; each macro of them asks."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, json.dumps(modules), json.dumps(HEAVY)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _standard_tests(suite: type) -> dict[str, Callable[..., Any]]:
    own_modules = f"{__name__.rpartition('.')[0]}."
    return {
        name: thing
        for base in reversed(suite.__mro__)
        if base.__module__.startswith(own_modules)
        for name, thing in vars(base).items()
        if name.startswith("test_")
    }


def _is_explained(replacement: object) -> bool:
    marks = getattr(replacement, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)


def _plugin_modules(subject: object) -> list[str]:
    package = package_of(subject)
    named = {
        entry.module
        for entry in entry_points(group="serienpost")
        if entry.module.partition(".")[0] == package
    }
    return sorted(named) or [package]
