"""Plugins whose sentences cannot be said in another language: each is caught by its test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    RunSuite = Callable[..., tuple[set[str], set[str]]]

pytest_plugins = ["pytester"]

SAID = "test_its_sentences_are_said_in_each_language"

# A package that has texts, and in it a sentence that is plain, as an f-string makes it.
PLAIN = '__module__ = "serienpost_testkit.null"'

MUTANTS = [
    (
        "source",
        SAID,
        f"""
class Plugin(NullSource):
    {PLAIN}
    title = "People of the club"
""",
    ),
    (
        "source",
        SAID,
        f"""
class Plugin(NullSource):
    {PLAIN}
    def current(self, context, selection, rows, request):
        return [CurrentState(gone=("left", "has left the club")) for _row in rows]
""",
    ),
    ("consent", SAID, f"class Plugin(Members): {PLAIN}"),
    (
        "consent",
        SAID,
        """
LACKING = Deny("no", Texts("no_such_package")("has said no"), "ask the person")

class Plugin(Members):
    def one(self, question):
        return Abstain(LACKING) if question.kind == "sms" else super().one(question)
""",
    ),
    (
        "consent",
        SAID,
        """
class Plugin(Members):
    def one(self, question):
        unknown = Texts("serienpost_testkit")("has left " + "the club")
        found = super().one(question)
        return found._replace(reason=unknown) if isinstance(found, Deny) else found
""",
    ),
    (
        "macro",
        "test_describes_itself",
        f"""
class Plugin(NullName):
    {PLAIN}
    description = "The name as it is."
""",
    ),
    ("archive", "test_a_person_without_record_is_told", f"class Plugin(Shelf): {PLAIN}"),
    (
        "channel",
        "test_compose_refuses_what_it_cannot_express",
        f"class Plugin(PostboxChannel): {PLAIN}",
    ),
    (
        "channel",
        "test_a_fault_is_said_in_each_language",
        """
class Sender(PostboxSender):
    def refused(self, fault, message):
        return dataclasses.replace(
            super().refused(fault, message), text=Texts("no_such_package")("is not open")
        )

class Plugin(PostboxChannel):
    sender = Sender
""",
    ),
    (
        "channel",
        "test_probe_finds_the_account_in_order",
        f"""
class Plugin(PostboxChannel):
    {PLAIN}
    async def probe(self, context, account):
        return [ProbeResult(True, "there is a folder")]
""",
    ),
]


@pytest.mark.parametrize(("kind", "name", "plugin"), MUTANTS)
def test_what_cannot_be_translated_is_found(
    run_suite: RunSuite, kind: str, name: str, plugin: str
) -> None:
    _, failed = run_suite(kind, plugin, name)
    assert failed == {name}


PACKAGE = """
from serienpost import Texts

_ = Texts(__name__)
REASON = _("has left the club")
"""


def test_a_package_without_translations_is_found(
    run_suite: RunSuite, pytester: pytest.Pytester
) -> None:
    package = pytester.mkpydir("a_club")
    (package / "__init__.py").write_text(PACKAGE, "utf-8")
    name = "test_all_its_sentences_have_translations"
    _, failed = run_suite("secret store", "class Plugin(Drawer): pass", name, "a_club")
    assert failed == {name}
