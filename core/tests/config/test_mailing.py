from __future__ import annotations

import textwrap
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from serienpost import ConfigError
from serienpost.config.loading import load_mailing, mailing_names
from serienpost.config.mailing import MAILING_KEYS, Mailing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Problem

PRACTICE = """\
practice: {name: x}
accounts:
  mail: {channel: pigeon, host: h}
  sms: {channel: beep}
signatures: {sonnenschein: {name: Dr. S}}
purposes: [newsletter]
"""
GOOD = """\
source: people
select: {day: tomorrow, status: [geplant, bestaetigt]}
account: mail
purpose: appointment
template: terminerinnerung
signature: sonnenschein
"""


@pytest.fixture
def context(opened: Callable[[str], Context]) -> Context:
    return opened(PRACTICE)


@pytest.fixture
def load(context: Context) -> Callable[[str], Mailing]:
    def write_and_load(text: str, name: str = "m") -> Mailing:
        folder = context.path("mailings")
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_mailing(context, name)

    return write_and_load


@pytest.fixture
def wrong(load: Callable[[str], Mailing]) -> Callable[[str], list[Problem]]:
    def problems(text: str) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return list(caught.value.problems)

    return problems


def test_a_mailing(load: Callable[..., Mailing], context: Context) -> None:
    mailing = load(GOOD, "terminerinnerung")
    assert mailing.id == mailing.title == "terminerinnerung"
    assert mailing.source_path == context.path("mailings/terminerinnerung.yaml")
    (block,) = mailing.blocks
    assert block.source == "people"
    assert block.selection.model_dump() == {"day": "tomorrow", "status": ["geplant", "bestaetigt"]}
    assert mailing.stale_after == timedelta(hours=6)
    assert (mailing.row_ids, mailing.row_limit, mailing.order) == (None, None, ())
    assert (mailing.once_per, mailing.on_doubt, mailing.max_attempts) == ("occasion", "hold", 8)
    assert (mailing.transliterate, mailing.archive) == ("ask", "entry")
    assert mailing.line("purpose") == 4
    assert mailing.line("select.status.1") == 2
    assert mailing_names(context) == ("terminerinnerung",)


def test_every_key(load: Callable[..., Mailing]) -> None:
    mailing = load(
        """\
        id: einladung-2026
        title: Einladung
        source: people
        select:
          - {day: today}
          - {source: towns, town: Pirna}
        account: mail
        purpose: newsletter
        subject: Einladung
        text: |
          Liebe Leute
        rows: [patient:1, "patient:2/termin:9"]
        include: [patient:3]
        exclude: [patient:4]
        limit: 50
        order_by: -nachname
        exclude_recipients_of: einladung-2025
        once_per: recipient
        same_address: one
        on_doubt: resend
        stale_after: 2 h
        max_attempts: 3
        attachments: [plan.pdf]
        transliterate: never
        hand_over: due
        archive: pdf
        """
    )
    assert [(b.source, b.selection.model_dump(exclude_unset=True)) for b in mailing.blocks] == [
        ("people", {"day": "today"}),
        ("towns", {"town": "Pirna"}),
    ]
    assert mailing.row_ids == ("patient:1", "patient:2/termin:9")
    assert (mailing.row_limit, mailing.order) == (50, ("-nachname",))
    assert mailing.exclude_recipients_of == ["einladung-2025"]
    assert mailing.id == "einladung-2026"


def test_small_forms(load: Callable[..., Mailing]) -> None:
    base = "source: people\naccount: mail\npurpose: recall\n"
    assert load(base + "template: t\nlimit: all\nrows: all\n").row_limit is None
    assert load(base + "template: t\norder_by: [a, -b]\n").order == ("a", "-b")
    assert load(base + "sendgrid_template: d-1\n").sendgrid_template == "d-1"
    sms = load(base.replace("mail", "sms") + "text: Hallo\n")
    assert sms.blocks[0].selection.model_dump() == {"day": None, "status": []}


def test_a_path_is_a_mailing_too(
    load: Callable[..., Mailing],
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(GOOD)
    other = tmp_path / "elsewhere" / "x.yaml"
    other.parent.mkdir()
    other.write_text(GOOD)
    assert load_mailing(context, str(other)).id == "x"
    assert load_mailing(context, "mailings/m.yaml").id == "m"
    monkeypatch.chdir(other.parent)
    assert load_mailing(context, "x.yaml").id == "x"


def test_no_such_mailing(load: Callable[..., Mailing], context: Context) -> None:
    with pytest.raises(ConfigError, match="mailings/ is empty"):
        load_mailing(context, "terminerinerung")
    load(GOOD, "terminerinnerung")
    with pytest.raises(ConfigError, match="did you mean 'terminerinnerung'"):
        load_mailing(context, "terminerinerung")
    with pytest.raises(ConfigError, match="there is no such file"):
        load_mailing(context, "none.yaml")


def test_every_key_is_described() -> None:
    assert [n for n, f in Mailing.model_fields.items() if not f.description] == []
    assert {"blocks", "source_path"}.isdisjoint(MAILING_KEYS)


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message", "hint"),
    [
        ("source: people", "source: peple", 1, "source", "no source 'peple'", "'people'?"),
        ("source: people", "source: 5", 1, "source", "must be text", "quotes"),
        ("source: people", "title: x", None, "source", "is missing", "there is: people, towns"),
        ("source: people", "source: query", 1, "source", "no source", "serienpost-source-query"),
        ("day: tomorrow", "dya: tomorrow", 2, "select.dya", "unknown key", "'day'?"),
        ("status: [geplant, bestaetigt]", "status: x", 2, "select.status", "must be a list", ""),
        ("day: tomorrow", "source: towns", 2, "select.status", "unknown key", ""),
        ("day: tomorrow", "source: 5", 2, "select.source", "must be text", ""),
        ("{day: tomorrow, status: [geplant, bestaetigt]}", "x", 2, "select", "a map of", ""),
        ("{day: tomorrow, status: [geplant, bestaetigt]}", "", 2, "select", "a map of", ""),
        ("{day: tomorrow, status: [geplant, bestaetigt]}", "[]", 2, "select", "a map of", ""),
        ("account: mail", "account: mai", 3, "account", "there is no account 'mai'", "'mail'?"),
        ("account: mail", "account:", 3, "account", "must be text", ""),
        ("account: mail\n", "", None, "account", "is missing", ""),
        ("appointment", "apointment", 4, "purpose", "no purpose", "'appointment'?"),
        ("sonnenschein", "sonenschein", 6, "signature", "no signature", "'sonnenschein'?"),
        ("template:", "templat:", 5, "templat", "unknown key", "'template'?"),
        ("template: terminerinnerung", "title: x", None, "template", "there is no text", "text:"),
        ("signature:", "subject: x\nsignature:", 6, "subject", "stands beside template", ""),
        ("signature:", "text: x\nsignature:", 6, "text", "stands beside template", "keep one"),
        ("template: terminerinnerung", "text: x", None, "subject", "is missing", "e-mail"),
        ("signature:", "limit: 0\nsignature:", 6, "limit", "must be at least 1", ""),
        ("signature:", "limit: alle\nsignature:", 6, "limit", "whole number", "'all'?"),
        ("signature:", "rows: [5]\nsignature:", 6, "rows.0", "must be text", "quotes"),
        ("signature:", "on_doubt: resent\nsignature:", 6, "on_doubt", "must be", "'resend'?"),
        ("signature:", "stale_after: 6\nsignature:", 6, "stale_after", "6 h", ""),
        ("signature:", "max_attempts: 0\nsignature:", 6, "max_attempts", "between 1 and 100", ""),
        ("signature:", "id: A b\nsignature:", 6, "id", "use only a-z, 0-9, _ and -", ""),
        ("signature:", "blocks: []\nsignature:", 6, "blocks", "unknown key", ""),
        ("signature:", "source_path: x\nsignature:", 6, "source_path", "unknown key", ""),
        ("signature:", "limit: 010\nsignature:", 6, "limit", "cannot start with 0", "quotes"),
    ],
)
def test_one_mistake(
    wrong: Callable[[str], list[Problem]],
    context: Context,
    old: str,
    new: str,
    line: int | None,
    key: str,
    message: str,
    hint: str,
) -> None:
    assert old in GOOD
    problems = wrong(GOOD.replace(old, new, 1))
    first = next(problem for problem in problems if problem.key == key)
    assert first.file == str(context.path("mailings/m.yaml"))
    assert first.line == line
    assert message in first.message
    assert hint in (first.hint or "")


def test_a_lax_model_does_not_select_everybody(wrong: Callable[[str], list[Problem]]) -> None:
    problems = wrong(
        "source: towns\nselect:\n  twon: Pirna\naccount: mail\npurpose: recall\ntemplate: t\n"
    )
    assert [(p.line, p.key, p.hint) for p in problems] == [
        (3, "select.twon", "did you mean 'town'?")
    ]


def test_what_the_channel_has_not(wrong: Callable[[str], list[Problem]]) -> None:
    problems = wrong("source: people\naccount: sms\npurpose: recall\nsubject: a\ntext: b\n")
    assert [(p.line, p.message) for p in problems] == [(4, "the channel beep has no subject")]


def test_all_mistakes_at_once(wrong: Callable[[str], list[Problem]]) -> None:
    problems = wrong(
        """\
        source: peple
        select:
          - {source: people, dya: x}
          - {day: 5, source: people}
        account: nobody
        purpose: 5
        purpose: x
        template: a
        text: b
        archiv: pdf
        """
    )
    assert [(p.line, p.key) for p in problems] == [
        (3, "select.0.dya"),
        (4, "select.1.day"),
        (5, "account"),
        (6, "purpose"),
        (7, "purpose"),
        (9, "text"),
        (10, "archiv"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rows: [5]", [("rows.0", "must be text")]),
        ("rows: alle", [("rows", "must be 'all' or must be a list")]),
        ("limit: alle", [("limit", "must be 'all' or must be a whole number")]),
        ("order_by: 5", [("order_by", "must be a list")]),
    ],
)
def test_a_choice_of_forms_is_one_problem(
    wrong: Callable[[str], list[Problem]], text: str, expected: list[tuple[str, str]]
) -> None:
    assert [(p.key, p.message) for p in wrong(GOOD + text)] == expected
