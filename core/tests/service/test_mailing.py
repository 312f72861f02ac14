"""From a mailing to a run: its text changed for once, its signs rewritten or not."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from opened_practice import ROWS, prepared

from serienpost import ConfigError, SerienpostError
from serienpost.service import Answers, Run, Transliteration

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice

SMS = """\
source: "null"
select: {count: 2}
account: kurz
purpose: event
text: „Guten Tag“ aus der {{Null_Name}}, die ab Montag wieder von acht bis zwölf Uhr für Sie da ist
"""


def first_text(run: Run) -> str:
    ((_, files),) = run.preview()
    return files[".txt"].decode()


def test_a_mailing_that_nothing_is_wrong_with(practice: Practice) -> None:
    checked = practice.check("einladung")
    assert checked.document() == {
        "mailing": "einladung",
        "kind": "email",
        "account": "mail",
        "macros": ["Null_Name", "Null_Nr"],
        "fields": [
            "email",
            "nachname",
            "namenszusatz",
            "nummer",
            "titel",
            "vorname",
            "vorsatzwort",
        ],
        "notes": [],
        "languages": ["de"],
    }
    assert checked.kind_title == "e-mail"


def test_all_that_is_wrong_is_told_with_its_line(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", "{{Null_Nr}}", "{{Null_Nummer}}")
    with pytest.raises(SerienpostError) as refused:
        practice.check("einladung")
    (problem,) = refused.value.problems
    assert "Null_Nummer" in problem.message
    assert (problem.line, str(problem.file).endswith("einladung.yaml")) == (7, True)


def test_a_run_is_made_for_its_due_date(practice: Practice) -> None:
    prepared(practice, due=date(2026, 3, 7))
    prepared(practice)
    assert {line.due for line in practice.runs()} == {"2026-03-07", practice.today().isoformat()}


def test_rows_are_counted_while_they_are_read(practice: Practice) -> None:
    counted: list[int] = []
    prepared(practice, progress=counted.append)
    assert counted[-1] == ROWS


def test_who_had_the_mailing_before_is_left_out_on_wish(practice: Practice) -> None:
    first = prepared(practice)
    first.mark(exclude=["patient:2"])
    first.approve(Answers(release=True))
    first.deliver()
    again = prepared(practice, exclude_already_sent=True)
    assert [row.row for row in again.recipients() if row.marked] == ["patient:2"]


# Instead of the mailing's own


def test_another_account_sends(practices: Practices, practice: Practice) -> None:
    practices.write("templates/kurz/sms.txt", "Hallo {{Null_Name}}")
    run = prepared(practice, instead={"account": "kurz", "template": "kurz"})
    assert (run.summary().account, run.summary().kind) == ("kurz", "sms")
    assert "Hallo Bülent Böhm" in first_text(run)


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        ({"account": "mial"}, "there is no account mial"),
        ({"signature": "niemand"}, "there is no signature niemand"),
    ],
)
def test_what_is_not_there_cannot_be_used_instead(
    practice: Practice, instead: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        practice.prepare("einladung", instead=instead)  # type: ignore[arg-type]
    assert practice.runs() == []


# A text that is changed for one run


def test_the_changed_text_leaves_and_the_mailing_stays(
    practices: Practices, practice: Practice
) -> None:
    before = (practices.folder / "mailings/einladung.yaml").read_bytes()
    text = practice.text_of("einladung")
    assert text.text == "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."
    changed = text.changed(text.text.replace("Nummer", "Platznummer"))
    assert "Ihre Platznummer ist 1." in first_text(prepared(practice, text=changed))
    assert "Einladung" in first_text(prepared(practice, text=changed)), "the subject stays"
    assert "Ihre Nummer ist 1." in first_text(prepared(practice))
    assert (practices.folder / "mailings/einladung.yaml").read_bytes() == before


def test_an_unchanged_text_makes_the_same_plan(practice: Practice) -> None:
    text = practice.text_of("einladung")
    contents = [
        first_text(prepared(practice, text=given)) for given in (None, text.changed(text.text))
    ]
    assert contents[0] == contents[1]


def test_a_mistake_in_the_changed_text_is_told_with_its_line(practice: Practice) -> None:
    text = practice.text_of("einladung")
    with pytest.raises(SerienpostError) as refused:
        practice.prepare("einladung", text=text.changed("Guten Tag\n\n{{Null_Nummer}}"))
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("edited text", 3)
    assert practice.runs() == []


def test_a_template_with_a_page_of_its_own_is_no_text_to_change(
    practices: Practices, practice: Practice
) -> None:
    practices.write("templates/eigen/email.md", "---\nsubject: Neues\n---\nGuten Tag")
    practices.write("templates/eigen/email.html", "<p>Guten Tag {{Null_Name}}</p>")
    with pytest.raises(SerienpostError, match=r"page of its own, email\.html"):
        practice.text_of("einladung", {"template": "eigen"})


# Signs that make an SMS longer


@pytest.fixture
def sms(practices: Practices) -> None:
    practices.write("mailings/kurz.yaml", SMS)


@pytest.mark.usefixtures("sms")
def test_signs_that_make_an_sms_longer_are_a_question(practice: Practice) -> None:
    question = practice.prepare("kurz")
    assert isinstance(question, Transliteration)
    assert question.mailing == "kurz"
    assert question.changes == '„ -> " (1), “ -> " (1)'
    assert practice.runs() == []


@pytest.mark.usefixtures("sms")
@pytest.mark.parametrize(
    ("rewrite", "text"), [(True, '"Guten Tag" aus'), (False, "„Guten Tag“ aus")]
)
def test_the_answer_decides_how_they_are_written(
    practice: Practice, rewrite: bool, text: str
) -> None:
    run = practice.prepare("kurz", rewrite_signs=rewrite)
    assert isinstance(run, Run)
    assert text in first_text(run)


@pytest.mark.parametrize(("setting", "text"), [("always", '"Guten'), ("never", "„Guten")])
def test_a_mailing_that_decides_asks_nothing(
    practices: Practices, practice: Practice, setting: str, text: str
) -> None:
    practices.write("mailings/kurz.yaml", f"{SMS}transliterate: {setting}\n")
    assert text in first_text(prepared(practice, "kurz"))


def test_nothing_is_rewritten_where_that_saves_no_sms(
    practices: Practices, practice: Practice
) -> None:
    short = SMS.replace(", die ab Montag wieder von acht bis zwölf Uhr für Sie da ist", "")
    practices.write("mailings/kurz.yaml", f"{short}transliterate: always\n")
    assert "„Guten Tag“" in first_text(prepared(practice, "kurz"))


@pytest.mark.usefixtures("sms")
def test_a_text_without_such_signs_is_no_question(practice: Practice) -> None:
    plain = practice.text_of("kurz").changed("Guten Tag {{Null_Name}}")
    assert "Guten Tag" in first_text(prepared(practice, "kurz", text=plain))
