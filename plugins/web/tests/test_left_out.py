"""Who did not get a message can be called: by name on every page, by number in every file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from html import unescape
from typing import TYPE_CHECKING

import pytest

from serienpost import open_practice
from serienpost.service import Answers, Run, RunStatus

if TYPE_CHECKING:
    from running_desk import Desk

# What stands in the ledger and in the code, and means nothing to who reads a page.
CODES = re.compile(
    r"\b(?:patient|interessent|termin|table):\w|\bkontakt_\w|=ja\b"
    r"|\b(?:appointment|information|flags|register|status|suppression|column|email)\b"
)


def said(page: str) -> str:
    """What a page says, without what stands in its tags."""
    return unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("</main>")[0]))


def names_of(desk: Desk) -> dict[str, str]:
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as database:
        found = database.execute("SELECT 'patient:' || id, nachname FROM patient")
        return {key: " ".join(str(name).split()) for key, name in found}


@pytest.fixture(scope="module")
def run(desk: Desk) -> str:
    """A run that was sent and left people out."""
    with open_practice(desk.folder, actor="Ada") as practice:
        made = practice.prepare("terminerinnerung")
        assert isinstance(made, Run)
        assert isinstance(made.approve(Answers(release=True, archive="entry")), RunStatus)
        made.deliver(wait=False)
        assert made.status().counts["suppressed"] > 2
        return made.id


def left_out(desk: Desk, run: str) -> list[str]:
    with open_practice(desk.folder, actor="Ada") as practice:
        rows = practice.run(run).message_page(state="suppressed", size=100).messages
        assert {one.name for one in rows} == {None}, "the ledger keeps no name of theirs"
        return [one.row for one in rows]


def test_who_was_left_out_has_a_name_on_every_page(desk: Desk, run: str) -> None:
    client, names = desk.client("Lea"), names_of(desk)
    rows = left_out(desk, run)
    pages = [
        client.get(f"/runs/{run}/messages?state={state}").text for state in ("suppressed", "missed")
    ]
    pages.append(client.get(f"/runs/{run}/people?filter=unmarked").text)
    before = desk.contents()
    for page in pages:
        assert len(re.findall("<tr", page)) - 1 == len(rows)
        assert CODES.findall(said(page)) == []
        for row in rows:
            (own,) = re.findall(rf'row={row.replace(":", "%3A")}"><bdi>(.*?)</bdi></a></th>', page)
            assert names[row.partition("/")[0]] in unescape(own)
            person = client.get(f"/runs/{run}/person", params={"row": row}).text
            assert f'<h1><bdi class="said">{own}</bdi></h1>' in person
    assert desk.contents() == before, "nothing is stored of it"


def test_the_file_to_keep_has_numbers_and_the_page_says_why(desk: Desk, run: str) -> None:
    client, names = desk.client("Lea"), names_of(desk)
    table = client.get(f"/runs/{run}/failures.csv").content.decode("utf-8-sig")
    report = client.get(f"/runs/{run}/report.html").text
    for row in left_out(desk, run):
        person = row.partition("/")[0]
        assert row in table
        assert names[person] not in table
        assert names[person] not in report
    page = client.get(f"/runs/{run}").text
    assert f'href="/runs/{run}/messages?state=missed"' in page
    assert "keine Namen" in said(page)


def test_whoever_is_no_longer_there_is_named_by_kind_and_number(desk: Desk, run: str) -> None:
    row = left_out(desk, run)[0]
    key = row.partition("/")[0].removeprefix("patient:")
    database = desk.folder / "praxis.db"
    kept = database.read_bytes()
    with closing(sqlite3.connect(database)) as practice, practice:
        practice.execute("DELETE FROM patient WHERE id = ?", (key,))
    try:
        page = desk.client("Lea").get(f"/runs/{run}/messages?state=suppressed").text
        assert f"Patient {key}" in said(page)
        assert "lassen sich gerade nicht lesen" not in page
    finally:
        database.write_bytes(kept)


def test_where_the_database_is_away_the_pages_say_so_and_show_the_rest(
    desk: Desk, run: str
) -> None:
    rows = left_out(desk, run)
    database = desk.folder / "praxis.db"
    kept = database.read_bytes()
    database.write_bytes(b"no database" * 1000)
    try:
        for path in ("messages?state=suppressed", "people?filter=unmarked"):
            page = desk.client("Lea").get(f"/runs/{run}/{path}")
            assert page.status_code == 200
            assert "lassen sich gerade nicht lesen" in said(page.text)
            assert f"Patient {rows[0].partition('/')[0].partition(':')[2]}" in said(page.text)
        accepted = desk.client("Lea").get(f"/runs/{run}/messages?state=accepted").text
        assert "lassen sich gerade nicht lesen" not in accepted
    finally:
        database.write_bytes(kept)


@pytest.mark.parametrize("state", ["accepted", "suppressed", "failed"])
def test_the_page_of_a_person_is_in_plain_words(desk: Desk, run: str, state: str) -> None:
    client = desk.client("Lea")
    at = run if state != "failed" else desk.runs["finished"]
    with open_practice(desk.folder, actor="Ada") as practice:
        rows = [one.row for one in practice.run(at).message_page(state=state).messages]
    for row in rows[:5]:
        page = client.get(f"/runs/{at}/person", params={"row": row}).text
        assert CODES.findall(said(page)) == [], row
        assert "Zweck: " in said(page)
        links = re.findall(rf'href="(/runs/{at}/preview\?page=\d+)"', page)
        if state == "suppressed":
            assert links == []
            assert "keine Nachricht geschrieben" in said(page)
            continue
        (name,) = re.findall(r'<h1><bdi class="said">(.*?)</bdi></h1>', page)
        assert f"<h2><bdi>{name}</bdi></h2>" in client.get(links[0]).text
        if state == "failed":
            assert "Was zu tun ist" in said(page)


def test_a_run_is_called_by_its_title_and_says_only_what_is_to_be_done(
    desk: Desk, run: str
) -> None:
    page = desk.client("Lea").get(f"/runs/{run}").text
    assert "<h1><bdi>Terminerinnerung</bdi></h1>" in page
    assert "<title>Terminerinnerung – serienpost</title>" in page
    assert "Was zu tun ist" not in page, "nobody was refused"
    refused = desk.client("Lea").get(f"/runs/{desk.runs['finished']}").text
    assert re.search('data-label="Was zu tun ist">[^–<]', refused)
    assert not re.search('data-label="Was zu tun ist">–', refused)


def test_several_appointments_of_one_person_are_said_while_people_are_checked(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as database:
        twice = database.execute(
            "SELECT count(*) FROM termin WHERE patient_id IS NOT NULL GROUP BY patient_id"
            " HAVING count(*) > 1"
        )
        assert twice.fetchone()
    with open_practice(desk.folder, actor="Eva") as practice:
        made = practice.new_selection(
            [{"source": "appointments", "day": "today..+30"}],
            account="mail",
            purpose="appointment",
            due=practice.today(),
        )
        made.read()
        groups = {one.what: one for one in made.shared()}
        (row, *_others) = groups["person"].examples[0]
        (person,) = made.explain(row).recipients
    page = said(desk.client("Lea").get(f"/auswahl/{made.id}").text)
    assert f"{groups['person'].groups} markierte Person" in page
    assert re.search(rf"{re.escape(person.name or '')}\s*:\s*Termin am .*, Termin am ", page)


def test_each_no_says_what_would_change_it(desk: Desk) -> None:
    with open_practice(desk.folder, actor="Ada") as practice:
        chosen = practice.selection(desk.selection)
        (someone, *_others) = chosen.page(1, size=10, filter="marked").recipients
        made = practice.new_selection(
            [{"source": "patients"}], account="mail", purpose="information", due=practice.today()
        )
        practice.suppress([someone.address or ""], kind="email")
        try:
            made.read()
        finally:
            practice.unsuppress([someone.address or ""], kind="email")
    page = desk.client("Lea").get(f"/auswahl/{made.id}?size=1000").text
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    denied = [one for one in rows if ">NEIN<" in one or "nicht erreichbar<" in one]
    assert len(denied) > 10
    assert [
        one for one in denied if not re.search(r'class="small"><bdi class="said">\S', one)
    ] == []
    listed = [one for one in denied if "Sperrliste" in one]
    assert listed
    assert all("Das kann nur die Person ändern" in one for one in listed)
    assert "serienpost suppress" not in page
