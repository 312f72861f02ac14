"""Every mistake is one clear line with its place; nothing is sent and nothing is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

CONFIG, MAILING = "serienpost.yaml", "mailings/information.yaml"
TEMPLATE = "templates/neue-sprechzeiten/email.md"
LAST_PLUGIN = "  - serienpost-templates "

CHANNEL = """
from serienpost import hookimpl
from serienpost_testkit.null.channels import null_email
from dataclasses import replace

@hookimpl
def serienpost_channels():
    return [replace(null_email(), name="smtp")]
"""
MISSPELT = """
from serienpost import hookimpl

@hookimpl
def serienpost_sorces():
    return []
"""
DIAGNOSIS = """
from serienpost import Macro, Sensitivity, hookimpl


class Diagnosis(Macro):
    name = "Diagnose"
    fields = frozenset({"diagnose"})


@hookimpl
def serienpost_macros():
    return [Diagnosis()]
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        pytest.param(*case[1:], id=case[0])
        for case in [
            ("unknown key", CONFIG, "secrets: [env", "secret: [env", ("unknown key", "secrets")),
            ("unknown key in a mailing", MAILING, "signature:", "signatur:", ("signature",)),
            (
                "unknown key of an account",
                CONFIG,
                "connections: 4",
                "conections: 4",
                ("connections",),
            ),
            ("duplicate key", CONFIG, "    port:", "    host: other\n    port:", ("host",)),
            ("unquoted 01067", CONFIG, '"01067"', "01067", ("quote",)),
            (
                "unknown plugin",
                CONFIG,
                "serienpost-consent-flags",
                "serienpost-consent-flgs",
                ("not installed", "serienpost-consent-flags"),
            ),
            (
                "missing template",
                MAILING,
                "template: neue-sprechzeiten",
                "template: neue-sprechzeit",
                ("template", "neue-sprechzeiten"),
            ),
            (
                "unknown macro",
                TEMPLATE,
                "{{Briefanrede}}",
                "{{Brifanrede}}",
                ("Brifanrede", "Briefanrede"),
            ),
            ("unknown channel", CONFIG, "channel: smtp", "channel: smpt", ("smpt", "smtp")),
            ("port out of range", CONFIG, "    port: ", "    port: 9", ("65535",)),
            (
                "unknown source",
                MAILING,
                "source: patients",
                "source: patient",
                ("patient", "patients"),
            ),
            ("unknown account", MAILING, "account: mail", "account: male", ("male", "mail")),
            (
                "unknown signature",
                MAILING,
                "signature: sonnenschein",
                "signature: sonne",
                ("sonne", "sonnenschein"),
            ),
            ("unknown filter", MAILING, "select: {}", "select: {town: Dresden}", ("town",)),
            ("loop in a template", TEMPLATE, "{{Briefanrede}}", "{% for x in y %}", ("for",)),
        ]
    ],
)
def test_a_mistake_in_a_file(
    demo: Practice, post: Post, file: str, old: str, new: str, words: tuple[str, ...]
) -> None:
    line = demo.edit(file, old, new)
    assert_refused(demo, post, file, words, line)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(
            "    connections: 4",
            "    password: secret:NOWHERE\n    username: praxis",
            ("NOWHERE", "environment variable"),
            id="missing secret",
        ),
        pytest.param(
            "database: sqlite:///praxis.db\n\n#",
            "database: sqlite:///nirgends.db\n\n#",
            ("nirgends.db",),
            id="unreachable database",
        ),
    ],
)
def test_what_may_answer_later_is_no_refusal_unattended(
    demo: Practice, post: Post, old: str, new: str, words: tuple[str, ...]
) -> None:
    """A person is refused; cron's due date is put off, in one line with the same place."""
    line = demo.edit(CONFIG, old, new)
    assert_refused(demo, post, CONFIG, words, line, "prepare", "information")
    before = demo.messages(), demo.ledger("SELECT * FROM run")
    done = demo("run", "information", "--yes", "--json")
    (problem,) = demo.document(done, ["run"], 75)["problems"]
    (printed,) = done.err.splitlines()
    assert f"{CONFIG}:{line}: " in printed
    assert words[0] in printed
    assert "resume --due" in problem["hint"]
    assert (demo.messages(), demo.ledger("SELECT * FROM run")) == before
    assert post.mails() == {}
    assert list(demo.folder.glob("*.log")) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("import a_module_that_is_not_there\n", ("cannot be imported",), id="import"),
        pytest.param(CHANNEL, ("smtp", "serienpost-channel-smtp 0.1.0"), id="same channel name"),
        pytest.param(MISSPELT, ("serienpost_sorces", "serienpost_sources"), id="misspelt hook"),
    ],
)
def test_a_broken_plugin(demo: Practice, post: Post, source: str, words: tuple[str, ...]) -> None:
    demo.install("broken-plugin", source)
    line = demo.edit(CONFIG, LAST_PLUGIN, f"  - broken-plugin\n{LAST_PLUGIN}")
    demo.edit(CONFIG, "  - broken-plugin\n", "")
    demo.edit(CONFIG, LAST_PLUGIN, f"{LAST_PLUGIN.rstrip()}\n  - broken-plugin # ")
    assert_refused(demo, post, CONFIG, (*words, "broken-plugin 1.2"), line + 1)

    document = demo.json("plugins", code=3)
    shown = {plugin["name"]: plugin for plugin in document["plugins"]}
    assert not shown["broken-plugin"]["ok"]
    assert shown["broken-plugin"]["version"] == "1.2"
    assert [name for name, plugin in shown.items() if not plugin["ok"]] == ["broken-plugin"]
    assert "serienpost-consent-flags" in demo("plugins").out


def test_a_forbidden_macro(demo: Practice, post: Post) -> None:
    demo.install("diagnosis-macro", DIAGNOSIS)
    demo.edit(CONFIG, LAST_PLUGIN, f"  - diagnosis-macro\n{LAST_PLUGIN}")
    line = demo.edit(TEMPLATE, "{{Briefanrede}}", "{{Briefanrede}} {{Diagnose}}")
    assert_refused(demo, post, TEMPLATE, ("Diagnose", "medical"), line)


def test_a_mistake_is_one_line_without_traceback(demo: Practice, post: Post) -> None:
    line = demo.edit(TEMPLATE, "{{Briefanrede}}", "{{Brifanrede}}")
    done = demo("run", "information", "--yes")
    (printed,) = done.err.splitlines()
    assert (done.code, done.out) == (3, "")
    assert f"email.md:{line}: " in printed
    assert "Briefanrede" in printed
    assert post.mails() == {}


def test_everything_wrong_is_said_at_once(demo: Practice, post: Post) -> None:
    lines = {
        demo.edit(CONFIG, "secrets: [env", "secret: [env"),
        demo.edit(CONFIG, '"01067"', "01067"),
        demo.edit(CONFIG, "    port: ", "    port: 9"),
    }
    problems = demo.refused("run", "information", "--yes")
    assert {problem["line"] for problem in problems} == lines
    assert post.mails() == {}


def assert_refused(
    practice: Practice,
    post: Post,
    file: str,
    words: tuple[str, ...],
    line: int,
    *command: str,
) -> None:
    before = practice.contents()
    (problem,) = practice.refused(*(command or ("run", "information", "--yes")))
    said = " ".join(filter(None, (problem["key"], problem["message"], problem["hint"])))
    assert [word for word in words if word not in said] == [], said
    assert problem["file"] is not None, said
    assert problem["file"].endswith(file.rpartition("/")[2]), said
    assert problem["line"] == line, said

    assert post.mails() == {}
    assert practice.contents() == before
    assert list(practice.folder.glob("*.log")) == []
