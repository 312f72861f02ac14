"""The README is the authors' manual: its examples are true and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from serienpost import open_practice
from serienpost.config.mailing_file import load_mailing
from serienpost_testkit import pytest_plugin, suites
from serienpost_testkit.null.accounts import NullAccount, ScriptedOutcome
from serienpost_testkit.null.settings import NullSettings
from serienpost_testkit.null.source import NullSelection

if TYPE_CHECKING:
    from pydantic import BaseModel

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
PRACTICE = """
practice: {name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5", postal_code: "01067",
           city: Dresden, phone: "0351 1234567", email: praxis@example.org}
"""


def test_the_practice_and_the_mailing_are_accepted(practice_folder: Path) -> None:
    practice, mailing = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (practice_folder / "serienpost.yaml").write_text(PRACTICE + practice)
    (practice_folder / "mailings").mkdir()
    (practice_folder / "mailings" / "einladung.yaml").write_text(mailing)
    with open_practice(practice_folder, actor="os:test") as practice:
        context = practice.context
        settings = context.settings("null")
        assert isinstance(settings, NullSettings)
        assert settings.default == "deny"
        (block,) = load_mailing(context, "einladung").blocks
        assert block.selection == NullSelection(count=1000)


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_snippets_are_python(snippet: str) -> None:
    compile(dedent(snippet), "README.md", "exec")


def test_every_suite_and_fixture_is_named() -> None:
    fixtures = [name for name, thing in vars(pytest_plugin).items() if _is_fixture(thing)]
    assert len(fixtures) == 4
    assert [name for name in (*suites.__all__, *fixtures) if name not in README] == []


@pytest.mark.parametrize("model", [NullAccount, ScriptedOutcome, NullSettings, NullSelection])
def test_every_key_of_the_null_plugins_is_named(model: type[BaseModel]) -> None:
    own = set(model.model_fields) - {"channel", "sender", "reply_to", "rate", "spread"}
    assert {name for name in own if not re.search(rf"`[^`]*\b{name}\b[^`]*`", README)} == set()


def _is_fixture(thing: object) -> bool:
    return type(thing).__name__ == "FixtureFunctionDefinition"
