"""What is known about a person: found, given out, erased; by who administers alone."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD, Desk, serving

from serienpost import open_practice, speaking
from serienpost.service import Run
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "/verwaltung/auskunft"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose people may be erased, with a run and people who were chosen."""
    folder: Path = tmp_path_factory.mktemp("small") / "praxis"
    write_folder(folder, 20, 1, port=1)
    with open_practice(folder, actor="Ira") as practice:
        practice.add_user("Ira", PASSWORD, ["administer"])
        run = practice.prepare("information")
        assert isinstance(run, Run)
        practice.find_people([{"source": "patients"}]).read()
    with serving(folder) as url:
        yield Desk(url, folder, None, {"prepared": run.id}, {}, "", "")  # type: ignore[arg-type]  # nothing is sent


@pytest.fixture
def ira(small: Desk) -> Iterator[Browser]:
    with Browser(small.url) as browser:
        browser.log_in("Ira", PASSWORD)
        yield browser


def name_of(desk: Desk, person: str) -> str:
    with open_practice(desk.folder, actor="os:test") as practice:
        rows = practice.run(desk.runs["prepared"]).recipients()
        return next(row.name or "" for row in rows if row.id == person)


def test_a_person_is_found_by_name_and_nothing_is_kept_of_it(
    small: Desk, ira: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    name = name_of(small, "patient:3")
    before = {**small.contents(), "session": None}
    form = ira.open(PAGE).form()
    for words in (name, f"  {name.split()[-1]} ", "patient:3"):
        page = ira.send(form, words=words)
        assert page.status == 200
        assert 'href="/verwaltung/auskunft/person?person=patient%3A3"' in page.text
        assert page.path == PAGE
    assert "Niemand gefunden" in ira.send(form, words="Xyzzyx").text
    assert (ira.send(form, words=" ").status, "Xyzzyx" in caplog.text) == (422, False)
    assert name not in "".join(one.getMessage() for one in caplog.records)
    assert {**small.contents(), "session": None} == before


def test_what_is_given_out_is_what_the_command_writes(small: Desk, ira: Browser) -> None:
    name = name_of(small, "patient:4")
    page = ira.open(f"{PAGE}/person?person=patient:4")
    assert name in page.text
    assert f'href="/runs/{small.runs["prepared"]}"' in page.text
    file = ira.open(f"{PAGE}/auskunft.json?person=patient:4")
    kept = file.headers["content-disposition"]
    assert kept == 'attachment; filename="auskunft-patient-4.json"'
    with (
        open_practice(small.folder, actor="os:test") as practice,
        speaking("de", practice.context.zone),
    ):
        assert json.loads(file.text) == practice.export_person("patient:4").document()


@pytest.mark.parametrize("person", ["", "patient:0", "patient:99999999", "<b>", "../x", "x" * 199])
def test_of_whom_nothing_is_known_nothing_is_given_out(ira: Browser, person: str) -> None:
    assert ira.open(f"{PAGE}/auskunft.json?person={person}").path == PAGE
    assert ira.open(f"{PAGE}/loeschen?person={person}").path == PAGE
    page = ira.open(f"{PAGE}/person?person={person}")
    assert page.path == PAGE if not person else "ist hier nichts bekannt" in page.text


def test_a_person_is_erased_after_a_question_with_the_password(small: Desk, ira: Browser) -> None:
    person = "patient:5"
    name = name_of(small, person)
    with open_practice(small.folder, actor="os:test") as practice:
        (address,) = {one.address for one in practice.export_person(person).messages}
        practice.suppress([address] if address else [])
    question = ira.open(f"{PAGE}/loeschen?person={person}")
    for one in (name, "damit der Widerspruch der Person weiter gilt", "Sicherungskopien"):
        assert one in question.text
    page = ira.send(question.form(), password="falsch")
    assert (page.status, "Das Passwort stimmt nicht" in page.text) == (422, True)
    assert name in ira.open(f"{PAGE}/person?person={person}").text
    page = ira.send(question.form(), password=PASSWORD)
    assert page.path == f"{PAGE}?said=erased"
    assert "ist hier nichts bekannt" in ira.open(f"{PAGE}/person?person={person}").text
    assert ira.open(f"/runs/{small.runs['prepared']}").status == 200
    with open_practice(small.folder, actor="os:test") as practice:
        assert practice.suppression_page().total == (1 if address else 0)
        (entry,) = (one for one in practice.journal(kind="removals").entries)
        assert (entry.user, entry.action) == ("Ira", "erase")
    again = ira.send(question.form(), password=PASSWORD)
    assert again.path == f"{PAGE}?said=erased"


def test_nobody_else_sees_a_person(desk: Desk) -> None:
    for user in ("Lea", "Eva", "Udo"):
        with Browser(desk.url) as browser:
            browser.log_in(user, PASSWORD)
            for path in ("", "/person?person=patient:2", "/auskunft.json?person=patient:2"):
                assert browser.open(f"{PAGE}{path}").status == 403
