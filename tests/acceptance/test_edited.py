"""A text that is changed for one run only, in the user's own editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Practice

PAGE = "<p>Guten Tag {{Null_Name}}</p>"


def test_the_edited_text_leaves_and_the_mailing_stays(null: Practice) -> None:
    before = (null.folder / "mailings" / "einladung.yaml").read_bytes()
    null.env["EDITOR"] = "sed -i s/Nummer/Platznummer/"
    null.run = null.json("prepare", "einladung", "--edit", "--summary")["run"]
    null.json("preview", null.run)
    texts = [path.read_text("utf-8") for path in (null.folder / "vorschau").rglob("*.txt")]
    assert texts
    assert all("Platznummer" in text for text in texts)
    assert (null.folder / "mailings" / "einladung.yaml").read_bytes() == before
    null.json("send", null.run, "--yes")
    assert null.states() == {"accepted": 40}


def test_a_mistake_in_the_edited_text_is_told_with_its_line(null: Practice) -> None:
    null.env["EDITOR"] = "sed -i s/Null_Nr/Null_Nummer/"
    (problem,) = null.refused("prepare", "einladung", "--edit")
    assert "Null_Nummer" in problem["message"]
    assert (problem["file"], problem["line"]) == ("edited text", 1)


def test_an_editor_that_fails_or_saves_nothing_prepares_nothing(null: Practice) -> None:
    before = null.json("runs")
    for editor, said in (("false", "the editor failed"), ("true", "was not saved")):
        null.env["EDITOR"] = editor
        (problem,) = null.refused("prepare", "einladung", "--edit")
        assert said in problem["message"]
    assert null.json("runs") == before


def test_a_page_that_the_editor_would_leave_as_it_is_is_no_text_to_edit(null: Practice) -> None:
    folder = null.folder / "templates" / "eigen"
    folder.mkdir(parents=True)
    (folder / "email.md").write_text("---\nsubject: Einladung\n---\nGuten Tag {{Null_Name}}")
    (folder / "email.html").write_text(PAGE)
    null.edit(
        "mailings/einladung.yaml",
        'subject: Einladung\ntext: "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."',
        "template: eigen",
    )
    null.env["EDITOR"] = "sed -i s/Tag/Morgen/"
    (problem,) = null.refused("prepare", "einladung", "--edit")
    assert "email.html, which cannot be changed for one run" in problem["message"]
