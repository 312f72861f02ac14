"""What people read is a text with a translation."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
import texts
from workspace import ROOT, Member, members

from serienpost_testkit.catalogues import misused_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MEMBERS = members()

# What says its arguments to people.
SAYS = frozenset(
    {
        "Problem",
        "Deny",
        "Unreachable",
        "Refused",
        "Rejected",
        "Deferred",
        "Unknown",
        "AccountProblem",
        "QuotaReached",
        "Finding",
        "ProbeResult",
        "StopReason",
        "Column",
        "echo",
        "secho",
        "prompt",
        "confirm",
        "ask",
        "say",
        "print_text",
        "print_table",
        "print_facts",
        "ValueError",
    }
)
# Arguments that are said to people, whoever gets them.
SAID = frozenset({"help", "short_help", "epilog", "hint", "reason", "remedy", "title"})
# Errors of whoever calls, which nobody is meant to read.
OF_PROGRAMS = frozenset(
    {
        "TypeError",
        "KeyError",
        "RuntimeError",
        "AssertionError",
        "AttributeError",
        "NotImplementedError",
        "OSError",
        "LookupError",
        "TimeoutError",
        "ConnectionError",
        "ConnectionResetError",
    }
)
# What the demo's made-up providers answer is their English, as of the real ones.
OF_PROVIDERS = frozenset({"serienpost_demo/sendgrid", "serienpost_demo/smscreator"})
SENTENCE = re.compile(r"[^\W\d_]{2,} +[^\W\d_]{2,}")

each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def said_untranslated(module: str) -> list[str]:
    """The sentences that a module says to people without `_`."""
    tree = ast.parse(module)
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                assigned.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value):
                assigned.setdefault(name, []).append(value)
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for expression in spoken_arguments(node):
                found += plain_sentences(expression, assigned)
    return list(dict.fromkeys(found))


def spoken_arguments(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that people read."""
    name = str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))
    keywords = [each.value for each in call.keywords if each.arg in SAID]
    if name in SAYS or (name.endswith("Error") and name not in OF_PROGRAMS):
        return [*call.args, *(each.value for each in call.keywords)]
    return keywords


def plain_sentences(node: ast.AST, assigned: Mapping[str, list[ast.expr]]) -> Iterator[str]:
    """The sentences in an expression that are not made by `_`, also those of names in it."""
    match node:
        case ast.Call(func=ast.Name("_") | ast.Attribute(value=ast.Name("_")), keywords=values):
            for each in values:
                yield from plain_sentences(each.value, assigned)
        case ast.Constant(str() as text) if SENTENCE.search(text):
            yield text
        case ast.JoinedStr(values=parts):
            literal = [part.value for part in parts if isinstance(part, ast.Constant)]
            text = "{}".join(map(str, literal))
            if SENTENCE.search(text.replace("{}", " ")):
                yield text
            else:
                for part in parts:
                    yield from plain_sentences(part, assigned)
        case ast.Name(name):
            for value in assigned.get(name, ()):
                yield from plain_sentences(value, {})
        case _:
            for child in ast.iter_child_nodes(node):
                yield from plain_sentences(child, assigned)


def modules() -> Iterator[Path]:
    for member in MEMBERS:
        for path in sorted(member.package.rglob("*.py")):
            if "/".join(path.parent.parts[-2:]) not in OF_PROVIDERS:
                yield path


def test_no_module_says_untranslated_sentences() -> None:
    saying = {
        str(path.relative_to(ROOT)): found
        for path in modules()
        if (found := said_untranslated(path.read_text("utf-8")))
    }
    assert saying == {}


@each_member
def test_texts_can_be_translated(member: Member) -> None:
    assert list(misused_texts(member.package)) == []


@each_member
def test_catalogues_are_complete_and_up_to_the_code(member: Member) -> None:
    """`make texts` brings them up to the code; what it tells is to be translated by hand."""
    assert texts.package_of(member.name, member.package).faults() == []


@pytest.mark.parametrize(
    "module",
    [
        "raise ConfigError('the file is missing')",
        "raise ConfigError(f'the file {name} is missing')",
        "hint = 'write it in quotes'\nProblem(_('x'), hint)",
        "SAID = {'a': 'is not there'}\nclick.echo(SAID[code])",
        "click.option('--x', help='Say why.')",
        "Deny('no', _('said {what}', what='not at all'), '')",
        "say('not ' 'here' if x else _('here'))",
    ],
)
def test_a_sentence_without_translation_is_found(module: str) -> None:
    assert len(said_untranslated(module)) == 1


@pytest.mark.parametrize(
    "module",
    [
        "raise ConfigError(_('the file {file} is missing', file=name))",
        "hint = _('write it in quotes')\nProblem(_('it is so'), hint)",
        "Problem(_.ngettext('{n} row of it', '{n} rows of it', n))",
        "raise TypeError('no value of a text')",
        "tx.execute('SELECT one FROM two')",
        "Deny('flag_no', reason, 'x')",
    ],
)
def test_a_translated_sentence_is_none(module: str) -> None:
    assert said_untranslated(module) == []
