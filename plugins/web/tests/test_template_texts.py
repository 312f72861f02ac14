"""Templates at the desk: copied, changed word by word checked, two at once, taken back."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD

from serienpost import open_practice
from serienpost.errors import TemplateError
from serienpost.service import template_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browsing import Page
    from running_desk import Desk

LIST = "/verwaltung/vorlagen"


@pytest.fixture
def copied(desk: Desk, ada: Browser) -> Iterator[str]:
    """The address of a template that Ada has just copied into the practice."""
    page = ada.open(f"{LIST}/geburtstag")
    page = ada.send(page.form(f"{LIST}/geburtstag/kopie"))
    assert page.path == f"{LIST}/geburtstag?said=template_copied"
    yield f"{LIST}/geburtstag/email.md"
    shutil.rmtree(folder_of(desk))


def folder_of(desk: Desk) -> Path:
    return desk.folder / "templates" / "geburtstag"


def marked(page: Page) -> list[str]:
    return re.findall(r"<mark>(.*?)</mark>", page.text)


def test_a_ready_template_is_copied_once(desk: Desk, ada: Browser, copied: str) -> None:
    page = ada.open(LIST)
    assert "fertig geliefert; die Praxis hat eine eigene Kopie" in page.text
    assert not [one for one in folder_of(desk).parent.iterdir() if one.name.startswith(".")]
    again = ada.open(f"{LIST}/information").form(f"{LIST}/information/kopie")
    shutil.copytree(folder_of(desk), folder_of(desk).parent / "information")
    try:
        before = desk.contents()
        assert ada.send(again).status == 422
        assert {**desk.contents(), "session": 0} == {**before, "session": 0}
    finally:
        shutil.rmtree(folder_of(desk).parent / "information")


def test_a_text_is_changed_and_taken_back(desk: Desk, ada: Browser, copied: str) -> None:
    file = folder_of(desk) / "email.md"
    file.chmod(0o640)
    before = file.read_text("utf-8")
    page = ada.open(copied)
    subject = 'Alles "Gute": {{Praxis}}'
    page = ada.send(page.form(), subject=subject, text="Liebe Güte\r\n\r\n{{Praxis}}")
    assert page.path == f"{copied}?said=template_saved"
    assert "Liebe Güte\n\n{{Praxis}}\n</textarea>" in page.text
    now = file.read_text("utf-8")
    assert now.endswith("---\nLiebe Güte\n\n{{Praxis}}\n")
    assert "purposes:" in now
    assert file.stat().st_mode & 0o777 == 0o640
    assert not list(file.parent.glob(".*.part"))
    with open_practice(desk.folder, actor="os:test") as practice:
        found = template_file(practice, "geburtstag", "email.md")
    assert (found.subject, len(found.earlier)) == (subject, 1)
    page = ada.open(f"{copied}/frueher/{found.earlier[0].id}")
    page = ada.send(page.form())
    assert page.path == f"{copied}?said=template_restored"
    assert file.read_text("utf-8") == before
    with open_practice(desk.folder, actor="os:test") as practice:
        assert len(template_file(practice, "geburtstag", "email.md").earlier) == 2


def test_what_is_wrong_is_marked_where_it_stands(desk: Desk, ada: Browser, copied: str) -> None:
    before = folder_of(desk).joinpath("email.md").read_bytes()
    wrong = (
        "Gut\n{% if Vorname %}{{Vorname}} {{Nachnahme}}{% endif %}\n{{Diagnose}} und {{Diagnose}}\n"
    )
    page = ada.send(ada.open(copied).form(), subject="{{Versicherung}}", text=wrong)
    assert (page.status, "Nicht gespeichert" in page.text) == (422, True)
    assert marked(page) == ["Versicherung", "Nachnahme", "Diagnose", "Diagnose"]
    assert "Text, Zeile 3</a>: " in page.text
    assert "data-select" in page.text
    assert "{{Nachnahme}}{% endif %}" in page.form().fields["text"][0]
    start, length = map(int, re.findall(r'data-select="(\d+),(\d+)"', page.text)[-1])
    assert wrong[start : start + length] == "Diagnose"
    assert wrong[:start].count("\n") == 2
    page = ada.send(page.form(), subject="x", text="Gut\n{% for x in y %}\n")
    assert marked(page) == ["{% for x in y %}"]
    assert marked(ada.send(page.form(), text="Guten Tag ##Vorname##")) == ["##Vorname##"]
    assert ada.send(page.form(), text=" ").status == 422
    assert folder_of(desk).joinpath("email.md").read_bytes() == before
    assert not (folder_of(desk) / ".earlier").exists()


def test_one_looks_without_saving(desk: Desk, ada: Browser, copied: str) -> None:
    form = ada.open(copied).form()
    before = folder_of(desk).joinpath("email.md").read_bytes()
    told = {"subject": "Von {{Praxis}}", "text": "Guten Tag, **{{Vorname}}**"}
    page = ada.send(form, then="check", **told)
    assert (page.status, marked(page)) == (200, [])
    assert "Von Praxis Dr. Sonnenschein" in page.text
    assert page.form().fields["text"] == [told["text"]]
    part = ada.send_to(f"{copied}/pruefen", form, **told)
    assert part.status == 200
    assert "<html" not in part.text
    assert "Von Praxis Dr. Sonnenschein" in part.text
    assert marked(ada.send_to(f"{copied}/pruefen", form, text="{{Diagnose}}")) == ["Diagnose"]
    assert folder_of(desk).joinpath("email.md").read_bytes() == before


def test_of_two_who_save_nobody_loses_a_word(desk: Desk, ada: Browser, copied: str) -> None:
    mine, other = ada.open(copied).form(), ada.open(copied).form()
    assert ada.send(other, text="Der andere Text").path.endswith("template_saved")
    page = ada.send(mine, text="Mein Text")
    assert page.status == 409
    assert "Der andere Text" in page.text
    assert page.form().fields["text"] == ["Mein Text"]
    assert "Der andere Text" in folder_of(desk).joinpath("email.md").read_text("utf-8")
    assert ada.send(page.form()).path.endswith("template_saved")
    assert "Mein Text" in folder_of(desk).joinpath("email.md").read_text("utf-8")
    with open_practice(desk.folder, actor="os:test") as practice:
        earlier = template_file(practice, "geburtstag", "email.md").earlier
    before = ada.open(f"{copied}/frueher/{earlier[0].id}")
    ada.send(ada.open(copied).form(), text="Noch einer")
    assert ada.send(before.form()).status == 409
    assert "Noch einer" in folder_of(desk).joinpath("email.md").read_text("utf-8")


def test_only_so_many_earlier_versions_are_kept(desk: Desk, ada: Browser, copied: str) -> None:
    for number in range(22):
        ada.send(ada.open(copied).form(), text=f"Text {number}")
    kept = sorted((folder_of(desk) / ".earlier").iterdir())
    assert len(kept) == 20
    assert "Text 20" in kept[-1].read_text("utf-8")
    assert "Text 1\n" in kept[0].read_text("utf-8")
    ada.send(ada.open(copied).form(), text="Text 21")  # nothing is changed
    assert sorted((folder_of(desk) / ".earlier").iterdir()) == kept


def test_who_may_only_look_changes_nothing(desk: Desk, copied: str) -> None:
    with Browser(desk.url) as eva:
        eva.log_in("Eva", PASSWORD)
        page = eva.open(copied)
        assert (page.status, "<textarea" in page.text) == (200, False)
        assert "Mit Beispielwerten liest" in page.text
        assert "/kopie" not in eva.open(f"{LIST}/recall").text


def test_a_text_that_cannot_be_read_says_so(desk: Desk, ada: Browser, copied: str) -> None:
    file = folder_of(desk) / "email.md"
    ada.send(ada.open(copied).form(), text="Ein Text")
    file.write_text("---\nsubjekt: [\n", "utf-8")
    page = ada.open(copied)
    assert (page.status, "kann nicht gelesen werden" in page.text) == (200, True)
    (before,) = re.findall(rf'href="({copied}/frueher/\w+)"', page.text)
    assert ada.send(ada.open(before).form()).path.endswith("template_restored")
    assert "<textarea" in ada.open(copied).text


def test_a_template_is_named_as_people_name_it(desk: Desk, ada: Browser, copied: str) -> None:
    named = folder_of(desk).parent / "Grüße_zum-Fest"
    shutil.copytree(folder_of(desk), named)
    try:
        (address,) = re.findall(rf'href="({LIST}/Gr~[^"]*)"', ada.open(LIST).text)
        assert "Grüße_zum-Fest" in ada.open(address).text
        assert "<textarea" in ada.open(f"{address}/email.md").text
    finally:
        shutil.rmtree(named)


def test_a_name_that_leads_out_of_the_folder_is_no_template(desk: Desk, ada: Browser) -> None:
    folder = desk.folder / "geheim"
    folder.mkdir(exist_ok=True)
    (folder / "email.md").write_text("nichts für den Browser\n", "utf-8")
    with open_practice(desk.folder, actor="Ada") as practice:
        for name in ("..", ".", "../geheim", ".earlier"):
            with pytest.raises(TemplateError, match="there is no template"):
                template_file(practice, name, "email.md")
    for name in ("..", "%2e%2e", "..%2fgeheim"):
        page = ada.open(f"/verwaltung/vorlagen/{name}/email.md")
        assert "nichts für den Browser" not in page.text
        assert page.status in (200, 403, 404)
