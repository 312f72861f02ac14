"""A draft that changes its template's text: what the template brings besides stays."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from opened_practice import ROWS
from written_drafts import begun, run_of, saved

from serienpost import ConfigError
from serienpost.errors import TemplateError
from serienpost.ledger.schema import run as run_table
from serienpost.service import template_text

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.service import Draft

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OWN = "Guten Tag {{Null_Name}}\n\n![Plan](plan.png)\n"


@pytest.fixture
def draft(practices: Practices, practice: Practice) -> Draft:
    practices.write("templates/fest/email.md", f"---\nsubject: Fest\n---\n{OWN}")
    practices.write("templates/fest/email.en.md", "---\nsubject: Party\n---\nHello {{Null_Name}}\n")
    practices.write("templates/fest/email.css", "p { color: #123456 }\n")
    (practices.folder / "templates/fest/plan.png").write_bytes(PICTURE)
    draft = begun(practice)
    keys = {key: value for key, value in draft.keys.items() if key not in ("subject", "text")}
    made = draft.save({**keys, "template": "fest"}, draft.version)
    assert not hasattr(made, "theirs")
    return made  # type: ignore[return-value]


def frozen(practice: Practice, run_id: str) -> dict[str, Any]:
    with practice.ledger.read() as tx:
        header: dict[str, Any] = tx.scalar(
            tx.select(run_table, run_table.c.header).where(run_table.c.id == run_id)
        )
    return header


def test_the_text_of_a_template_is_told_in_all_its_languages(
    practice: Practice, draft: Draft
) -> None:
    assert draft.keys["template"] == "fest"
    found = template_text(practice, "fest", "email")
    assert (found.subject, found.text, found.images) == ("Fest", OWN, ("plan.png",))
    assert found.others == {"en": ("Party", "Hello {{Null_Name}}\n")}


def test_a_changed_text_keeps_pictures_and_style(practice: Practice, draft: Draft) -> None:
    """The fault: with another text the template's pictures are gone."""
    changed = saved(draft, subject="Das Fest", text=f"{OWN}\nBis bald!\n")
    run = run_of(changed)
    header = frozen(practice, run.id)
    assert header["template"] == "fest"
    assert {"plan.png", "email.css"} <= header["assets"].keys()
    assert run.counts().marked == ROWS
    assert any("changed for this run" in note for note in changed.check().notes)


def test_a_language_that_the_template_has_not_is_told(practice: Practice, draft: Draft) -> None:
    strange = {"fr": {"subject": "La fête", "text": "Bonjour\n"}}
    with pytest.raises(ConfigError, match="no text in the language fr") as refused:
        saved(draft, subject="F", text=OWN, other_languages=strange).check()
    assert refused.value.problems[0].key == "other_languages.fr.text"


def test_the_plan_is_that_of_the_text_changed_on_the_command_line(
    practices: Practices, practice: Practice, draft: Draft
) -> None:
    (practices.folder / "templates/fest/email.en.md").unlink()
    text = f"{OWN}\nBis bald!\n"
    own = run_of(saved(draft, subject="Fest", text=text))
    practices.edit("mailings/einladung.yaml", "subject: Einladung\n", "template: fest\n")
    begin = (practices.folder / "mailings/einladung.yaml").read_text("utf-8")
    practices.write("mailings/einladung.yaml", begin[: begin.index("text:")])
    edited = practice.text_of("einladung").changed(text)
    other = practice.prepare("einladung", text=edited)
    assert own.summary().plan_hash == other.summary().plan_hash  # type: ignore[union-attr]


def test_a_page_of_its_own_is_not_changed(practices: Practices, draft: Draft) -> None:
    practices.write("templates/fest/email.html", "<html><body>{{ text }}</body></html>")
    with pytest.raises(TemplateError, match="page of its own") as refused:
        saved(draft, subject="Fest", text=OWN).check()
    assert refused.value.problems[0].key == "template"


def test_a_file_has_no_text_beside_its_template(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", "subject: Einladung\n", "template: fest\n")
    with pytest.raises(ConfigError, match="stands beside template"):
        practice.check("einladung")
    practices.edit("mailings/einladung.yaml", "template: fest\n", "other_languages: {}\n")
    with pytest.raises(ConfigError, match="unknown key"):
        practice.check("einladung")


def test_a_draft_for_chosen_people_begins_with_what_is_certain(practice: Practice) -> None:
    people = practice.new_selection(
        [{"source": "null", "count": ROWS}], account="mail", purpose="event", due=practice.today()
    )
    new = practice.new_draft(about="other", selection=people.id)
    assert new.keys == {"account": "mail", "purpose": "event"}  # type: ignore[union-attr]
    same = practice.new_draft(about="appointments", continues="einladung", selection=people.id)
    assert same.keys == {  # type: ignore[union-attr]
        "account": "mail",
        "purpose": "event",
        "once_per": "none",
        "subject": "Einladung",
        "text": "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}.",
    }
