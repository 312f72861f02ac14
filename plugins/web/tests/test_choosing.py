"""Choose people and check them: what the tabs ask for, what the marks do, where it leads to."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing, contextmanager
from html import unescape
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
from running_desk import PASSWORD, USERS, Desk, log_in, make_selection, serving

from serienpost import open_practice
from serienpost.ledger.transitions import move_selection
from serienpost.service import ReadSelection
from serienpost_demo.folder import write_folder
from serienpost_web import search_form
from serienpost_web.table import Field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from serienpost.service import PlanCounts

CHOSEN = {"account": "mail", "purpose": "information"}


def key_of(page: str) -> str:
    (key,) = set(re.findall(r'name="form" value="([^"]+)"', page))
    return str(key)


def choose(client: httpx.Client, tab: str, **typed: str | list[str]) -> httpx.Response:
    page = client.get("/auswahl", params={"tab": tab}).text
    form = {"form": key_of(page), "tab": tab, **typed}
    return client.post("/auswahl", data=form)


def act(client: httpx.Client, selection: str, **typed: str) -> httpx.Response:
    """Say for which kind of message, account and purpose the marked hits are checked."""
    page = client.get(f"/auswahl/{selection}/aktion").text
    form = {"form": key_of(page), **CHOSEN, **typed}
    return client.post(f"/auswahl/{selection}/aktion", data=form)


def press(
    client: httpx.Client,
    selection: str,
    do: str,
    query: str = "",
    under: str = "",
    **changed: str | list[str],
) -> httpx.Response:
    """A button of the page, with the marks that stand there unless they are changed."""
    page = client.get(f"/auswahl/{selection}{under}?{query}").text
    (told,) = re.findall(r'name="marked" value="([^"]*)"', page)
    marked = unescape(told)
    form = {"form": key_of(page), "look": query, "marked": marked, "do": do}
    form["row"] = json.loads(marked)
    return client.post(f"/auswahl/{selection}{under}", data={**form, **changed})


def read(desk: Desk, selection: str) -> None:
    """What a worker does."""
    with open_practice(desk.folder, actor="Eva") as practice:
        practice.selection(selection).read()


def counts(desk: Desk, selection: str) -> PlanCounts:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.selection(selection).status().counts


def asked_of(desk: Desk, selection: str) -> tuple[tuple[str, str], ...]:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.selection(selection).status().searched


def id_of(found: httpx.Response) -> str:
    assert found.status_code == 303, found.text
    return found.headers["location"].partition("?")[0].rpartition("/")[2]


@pytest.fixture
def selection(desk: Desk) -> str:
    return make_selection(desk.folder)


@pytest.mark.parametrize(
    ("tab", "typed", "searched"),
    [
        ("suche", {"search": "mueller", "among": "patients"}, ["patients"]),
        ("suche", {"search": "a", "among": ["patients", "interessenten"]},
         ["patients", "interessenten"]),
        ("terminliste", {"day": "tomorrow"}, ["appointments"]),
        ("patienten", {"city": "Dresden", "birthday": "this_month", "ids": "1, 2"}, ["patients"]),
        ("interessenten", {"status": "neu, beraten"}, ["interessenten"]),
        ("termine", {"day": "today", "day_first": "2026-12-01", "day_last": "2026-12-24",
                     "status": ["geplant"], "person": ["patient"]}, ["appointments"]),
    ],
)  # fmt: skip
def test_each_tab_asks_its_source(
    desk: Desk, tab: str, typed: dict[str, Any], searched: list[str]
) -> None:
    made = id_of(choose(desk.client("Eva"), tab, **typed))
    assert [source for source, _ in asked_of(desk, made)] == searched
    with open_practice(desk.folder, actor="os:test") as practice:
        task = next(one for one in practice.tasks() if one.what == "read")
        assert (task.asked_by, task.state) == ("Eva", "waiting")
        practice.selection(made).discard()


def test_what_is_typed_reaches_the_source_as_a_mailing_writes_it(desk: Desk) -> None:
    typed = {
        "postal_code": ["01067"],
        "ids": ["17, patient:23"],
        "practitioner": ["3"],
        "birthday": [""],
        "birthday_first": ["2026-12-20"],
        "birthday_last": ["2027-01-05"],
    }
    with open_practice(desk.folder, actor="os:test") as practice:
        tab = next(one for one in search_form.tabs(practice) if one.name == "patienten")
        inputs = search_form.inputs(practice, tab, may_write_sql=False)
    found = search_form.blocks(tab, search_form.filled(inputs, Field(typed)))
    assert found == [
        {
            "source": "patients",
            "postal_code": "01067",
            "ids": [17, "patient:23"],
            "practitioner": 3,
            "birthday": "12-20..01-05",
        }
    ]


def test_a_tab_is_there_where_its_plugin_is(desk: Desk) -> None:
    with open_practice(desk.folder, actor="os:test") as practice:
        sources = practice.context.registry.sources
        everything = [one.name for one in search_form.tabs(practice)]
        del sources["query"], sources["interessenten"]
        fewer = [one.name for one in search_form.tabs(practice)]
    assert everything == [
        "suche", "terminliste", "patienten", "interessenten", "termine", "abfrage-patienten",
        "abfrage-interessenten", "datei",
    ]  # fmt: skip
    assert fewer == ["suche", "terminliste", "patienten", "termine", "datei"]


def test_the_warning_stands_before_the_choice(desk: Desk) -> None:
    page = desk.client("Eva").get("/auswahl").text
    assert page.index("schriftlich zugestimmt") < page.index(
        '<form method="post" action="/auswahl"'
    )


@pytest.mark.parametrize("missing", ["due", "search"])
def test_what_is_missing_is_said_at_its_field(desk: Desk, missing: str) -> None:
    typed = {"search": "Müller", "among": "patients", "due": "2026-12-01"}
    typed |= {"search": ""} if missing == "search" else {"due": "2026-13-01"}
    before = desk.states()
    found = choose(desk.client("Eva"), "suche", **typed)
    assert found.status_code == 422
    assert f'href="#field-{missing}"' in found.text
    assert 'aria-invalid="true"' in found.text
    assert ("Müller" in found.text) is (missing != "search")
    assert desk.states() == before


@pytest.mark.parametrize("missing", ["account", "purpose"])
def test_kind_and_purpose_are_asked_after_the_hits_are_marked(desk: Desk, missing: str) -> None:
    eva = desk.client("Eva")
    made = id_of(choose(eva, "patienten", city="Dresden"))
    read(desk, made)
    assert eva.get(f"/auswahl/{made}").headers["location"] == f"/auswahl/{made}/treffer"
    moved = press(eva, made, "action", under="/treffer")
    assert moved.headers["location"] == f"/auswahl/{made}/treffer?nobody=1"
    shown = rows(eva.get(f"/auswahl/{made}/treffer").text)
    moved = press(eva, made, "action", under="/treffer", row=row_of(shown[0]))
    assert moved.headers["location"] == f"/auswahl/{made}/aktion"
    before = desk.states()
    found = act(eva, made, **{missing: ""})
    assert found.status_code == 422
    assert f'href="#field-{missing}"' in found.text
    assert desk.states() == before
    moved = act(eva, made)
    assert moved.headers["location"] == f"/auswahl/{made}"
    read(desk, made)
    (row,) = rows(eva.get(f"/auswahl/{made}").text)
    assert row_of(row) == row_of(shown[0])
    moved = press(eva, made, "discard")
    assert moved.headers["location"] == f"/auswahl/{made}/treffer?said=check_left"
    assert counts(desk, made)[::3] == (len(shown), 1)
    assert press(eva, made, "discard", under="/treffer").status_code == 303
    assert eva.get(f"/auswahl/{made}/treffer").status_code == 404


def row_of(row: Any) -> str:  # noqa: ANN401  # an element
    (box,) = row.iter("input")
    return str(box.get("value"))


def test_hits_show_nothing_that_is_known_of_a_kind(desk: Desk) -> None:
    eva = desk.client("Eva")
    made = id_of(choose(eva, "terminliste", day="+1..+14", due="2026-03-02"))
    with open_practice(desk.folder, actor="Eva") as practice:
        assert practice.selection(made).status().due == "2026-03-02"
        practice.selection(made).discard()
    made = id_of(choose(eva, "terminliste", day="+1..+14"))
    read(desk, made)
    page = eva.get(f"/auswahl/{made}/treffer").text
    assert re.search(r"Termin am \d\d\.\d\d\.\d{4} \d\d:\d\d", page)
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as database:
        known = database.execute("SELECT email, mobil, strasse FROM patient").fetchall()
    assert not [one for row in known for one in row if one and one in page]
    assert "erlaubt" not in page.partition("<table")[2]


def test_a_list_is_given_and_what_is_not_certain_is_asked(desk: Desk) -> None:
    eva = desk.client("Eva")
    page = eva.get("/auswahl?tab=datei").text
    assert 'enctype="multipart/form-data"' in page
    umlauts = b"Name;E-Mail\nM\x9fller;a@example.org\nK\x9aln;b@example.org\n"
    form = {"form": key_of(page), "tab": "datei", "columns": "Name = nachname\nE-Mail = email"}
    found = eva.post("/auswahl", data=form, files={"list": ("../liste.csv", umlauts)})
    assert found.status_code == 422
    assert "liste.csv" in found.text
    assert "eingang" not in found.text
    (given,) = re.findall(r'name="given" value="([^"]+)"', found.text)
    stored = desk.folder / "eingang" / given
    assert stored.stat().st_mode & 0o777 == 0o600
    form |= {"form": key_of(found.text), "given": given, "encoding": "mac-roman"}
    made = id_of(eva.post("/auswahl", data=form))
    read(desk, made)
    assert len(rows(eva.get(f"/auswahl/{made}/treffer").text)) == 2
    assert "eingang" not in eva.get("/auswahl?tab=datei").text
    assert choose(eva, "datei", file=f"eingang/{given}").status_code == 400
    assert 'href="#field-list"' in choose(eva, "datei").text
    assert press(eva, made, "discard", under="/treffer").status_code == 303
    assert not stored.exists()
    form["form"] = "again" * 4
    found = eva.post("/auswahl", data=form)
    assert (found.status_code, "nicht mehr da" in found.text) == (422, True)


@pytest.mark.parametrize("name", ["liste.pdf", "liste"])
def test_what_is_no_list_is_refused(desk: Desk, name: str) -> None:
    before = sorted((desk.folder / "eingang").iterdir())
    eva = desk.client("Eva")
    form = {"form": f"none-{name}", "tab": "datei"}
    assert eva.post("/auswahl", data=form, files={"list": (name, b"x")}).status_code == 422
    assert sorted((desk.folder / "eingang").iterdir()) == before


def test_a_draft_leads_to_its_people_and_they_lead_back(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    draft = press(eva, selection, "take").headers["location"]
    page = eva.get(draft).text
    found = counts(desk, selection)
    assert f"{found.marked} von {found.selected} markiert" in page
    assert f'href="/auswahl/{selection}"' in page
    assert press(eva, selection, "take").headers["location"] == draft
    assert press(eva, selection, "discard").headers["location"] == draft
    assert counts(desk, selection) == found


def test_what_a_source_refuses_is_said_and_stays(desk: Desk) -> None:
    found = choose(desk.client("Eva"), "patienten", postal_code="02000-01000")
    assert found.status_code == 422
    assert 'role="alert"' in found.text
    assert 'value="02000-01000"' in found.text


@pytest.mark.parametrize("query", ["SELECT id FROM patient", "../praxis.sql", "nothing.sql"])
def test_only_administer_writes_sql(desk: Desk, query: str) -> None:
    before = desk.states()
    eva, ada = desk.client("Eva"), desk.client("Ada")
    assert 'name="sql"' not in eva.get("/auswahl?tab=abfrage-patienten").text
    assert choose(eva, "abfrage-patienten", query=query).status_code == 400
    assert choose(eva, "abfrage-patienten", sql=query).status_code == 422
    assert desk.states() == before
    if query.startswith("SELECT"):
        made = id_of(choose(ada, "abfrage-patienten", sql=query))
        assert "SELECT id" in asked_of(desk, made)[0][1]


def test_others_choose_a_saved_query(desk: Desk) -> None:
    folder = desk.folder / "abfragen"
    folder.mkdir()
    (folder / "recall.sql").write_text("SELECT id FROM patient WHERE id < 5")
    made = id_of(choose(desk.client("Eva"), "abfrage-patienten", query="abfragen/recall.sql"))
    assert "abfragen/recall.sql" in asked_of(desk, made)[0][1]


def test_a_file_of_the_practice_and_no_other(desk: Desk) -> None:
    (desk.folder / "liste.csv").write_text("id;E-Mail\n1;a@example.org\n")
    eva = desk.client("Eva")
    assert choose(eva, "datei", file="../x.csv").status_code == 400
    assert choose(eva, "datei", file="/etc/passwd").status_code == 400
    made = id_of(choose(eva, "datei", file="liste.csv", columns="E-Mail = email"))
    assert "liste.csv" in asked_of(desk, made)[0][1]


def test_a_double_click_chooses_once(desk: Desk) -> None:
    eva = desk.client("Eva")
    form = {"form": "twicetwice", "tab": "patienten"}
    first, second = (eva.post("/auswahl", data=form) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]


def test_people_are_read_elsewhere_and_the_page_says_how_far_it_is(desk: Desk) -> None:
    eva = desk.client("Eva")
    found = choose(eva, "patienten")
    page = eva.get(found.headers["location"]).text
    live = unescape(re.findall(r'data-live="([^"]+)"', page)[0])
    assert 'class="badge busy"' in eva.get(live).text
    with open_practice(desk.folder, actor="Eva") as practice:
        practice.selection(id_of(found)).read()
    assert 'class="badge busy"' not in eva.get(live).text
    moved = eva.get(found.headers["location"])
    assert moved.headers["location"] == f"/auswahl/{id_of(found)}/treffer"
    assert "<table" in eva.get(moved.headers["location"]).text


def test_what_a_dead_worker_read_waits_for_the_next_one(desk: Desk) -> None:
    eva = desk.client("Eva")
    made = id_of(choose(eva, "patienten"))
    with open_practice(desk.folder, actor="Eva") as practice:
        with practice.ledger.begin("selection", counted=False) as tx:
            move_selection(tx, made, "reading", "failed", reason="-")
        page = eva.get(f"/auswahl/{made}/treffer", follow_redirects=True).text
        assert 'class="badge busy"' in page
        task = practice.selection(made).task()
        assert task is not None
        practice.task(task.task).cancel()
    assert 'class="note stop"' in eva.get(f"/auswahl/{made}/treffer").text


@pytest.mark.parametrize("is_asked", [False, True])
def test_what_no_worker_was_left_to_read_is_begun_again(desk: Desk, *, is_asked: bool) -> None:
    """The desk died before it asked one, or the task was cancelled."""
    eva = desk.client("Eva")
    with open_practice(desk.folder, actor="Eva") as practice:
        found = practice.find_people([{"source": "patients"}], due=practice.today())
        if is_asked:
            practice.ask(ReadSelection(found.id)).cancel()
        page = eva.get(f"/auswahl/{found.id}").text
        assert 'class="badge stop"' in page
        assert 'class="badge busy"' not in page
        moved = eva.post(f"/auswahl/{found.id}", data={"form": key_of(page), "do": "again"})
        page = eva.get(moved.headers["location"]).text
        assert 'class="badge busy"' in page
        assert 'value="again"' not in page
        task = found.task()
        assert task is not None
        assert task.is_open
        found.read()
    assert rows(eva.get(f"/auswahl/{found.id}/treffer").text)


def rows(page: str) -> list[Any]:
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [
        one for one in tree.iter("tr") if any(box.get("name") == "row" for box in one.iter("input"))
    ]


def test_who_cannot_be_reached_is_red_and_cannot_be_marked(desk: Desk, selection: str) -> None:
    shown = rows(desk.client("Eva").get(f"/auswahl/{selection}").text)
    red = [one for one in shown if one.get("class") == "unreachable"]
    assert len(red) == counts(desk, selection).selected - counts(desk, selection).reachable
    for one in shown:
        (box,) = one.iter("input")
        words = "".join(one.itertext())
        assert (box.get("disabled") is not None) is not ("JA" in words)
        assert ("nicht erreichbar" in words) is (one in red)


def test_one_kind_of_address_is_shown(desk: Desk) -> None:
    by_sms = make_selection(desk.folder, {"source": "patients"}, account="sms")
    page = desk.client("Eva").get(f"/auswahl/{by_sms}").text
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    shown = [one for one in tree.iter("td") if one.get("data-label") == "Mobilnummer"]
    assert len(shown) == 80
    for cell in shown:
        assert re.fullmatch(r"\+[0-9]+|–", "".join(cell.itertext()))


def test_marks_of_a_page_are_kept_whatever_is_pressed(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    before = counts(desk, selection).marked
    query = "size=25&sort=name"
    page = eva.get(f"/auswahl/{selection}?{query}").text
    marked = json.loads(unescape(re.findall(r'name="marked" value="([^"]*)"', page)[0]))
    found = press(eva, selection, "go page=2&size=25", query, row=marked[1:])
    assert found.headers["location"].endswith("?page=2&size=25")
    assert counts(desk, selection).marked == before - 1
    press(eva, selection, "save", query, row=marked)
    assert counts(desk, selection).marked == before


def test_two_at_once_undo_nothing_of_each_other(desk: Desk, selection: str) -> None:
    ada, eva = desk.client("Ada"), desk.client("Eva")
    page = ada.get(f"/auswahl/{selection}").text
    told = unescape(re.findall(r'name="marked" value="([^"]*)"', page)[0])
    marked = json.loads(told)
    forms = [
        {"form": f"{name}-{selection}", "marked": told, "do": "save", "row": left}
        for name, left in (("ada", marked[1:]), ("eva", marked[:-1]))
    ]
    for client, form in zip((ada, eva), forms, strict=True):
        assert client.post(f"/auswahl/{selection}", data=form).status_code == 303
    assert counts(desk, selection).marked == len(marked) - 2


def test_all_hits_are_those_of_other_pages_too(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    press(eva, selection, "none", "size=25")
    assert counts(desk, selection).marked == 0
    press(eva, selection, "all", "size=25")
    found = counts(desk, selection)
    assert found.marked == found.allowed
    page = eva.get(f"/auswahl/{selection}?size=25").text
    assert f"{found.marked} von {found.selected} markiert" in page
    assert f"{found.selected - 25} Treffer sind auf anderen Seiten verborgen" in page


def test_a_click_on_allowed_says_how_many_go_without(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    moved = press(eva, selection, "drop")
    found = counts(desk, selection)
    page = eva.get(moved.headers["location"]).text
    assert f"{found.reachable - found.allowed} Personen oder Termine gehen leer aus" in page
    assert found.marked == found.allowed


def test_who_is_not_allowed_is_marked_by_nobody(desk: Desk, selection: str) -> None:
    with open_practice(desk.folder, actor="os:test") as practice:
        rows_of = practice.selection(selection).page(filter="not_allowed").recipients
    before = desk.states()
    form = {"form": f"bold-{selection}", "marked": "[]", "do": "save", "row": rows_of[0].row}
    found = desk.client("Eva").post(f"/auswahl/{selection}", data=form)
    assert found.status_code == 409
    assert desk.states() == before


def test_rows_of_one_reason(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    with open_practice(desk.folder, actor="os:test") as practice:
        reasons = practice.selection(selection).reasons()
    assert len(reasons) > 2
    for one in reasons:
        found = eva.get(f"/auswahl/{selection}", params={"reason": one.key})
        assert len(rows(found.text)) == one.rows


def test_people_at_one_address_are_named(desk: Desk, selection: str) -> None:
    page = desk.client("Eva").get(f"/auswahl/{selection}").text
    assert re.search(r"\d+ Adressen gehören zu mehreren markierten Personen", page)


def test_who_was_unmarked_stays_so_when_checked_again(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    before = counts(desk, selection).marked
    page = eva.get(f"/auswahl/{selection}").text
    marked = json.loads(unescape(re.findall(r'name="marked" value="([^"]*)"', page)[0]))
    press(eva, selection, "save", row=marked[1:])
    moved = press(eva, selection, "again")
    assert moved.headers["location"] == f"/auswahl/{selection}"
    with open_practice(desk.folder, actor="Eva") as practice:
        practice.selection(selection).read()
    assert counts(desk, selection).marked == before - 1


def test_it_is_discarded(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    assert press(eva, selection, "discard").headers["location"].startswith("/auswahl?")
    assert eva.get(f"/auswahl/{selection}").status_code == 404


def test_it_goes_on_to_a_draft(desk: Desk, selection: str) -> None:
    eva = desk.client("Eva")
    moved = press(eva, selection, "take")
    place, _, draft = moved.headers["location"].rpartition("/")
    assert place == "/entwurf"
    with open_practice(desk.folder, actor="Eva") as practice:
        assert practice.draft(draft).selection == selection
    press(eva, selection, "none")
    assert press(eva, selection, "take").headers["location"] == f"/auswahl/{selection}?nobody=1"


def test_a_second_reminder_is_asked_about(desk: Desk) -> None:
    eva = desk.client("Eva")
    made = id_of(choose(eva, "terminliste", day="+1..+14"))
    read(desk, made)
    press(eva, made, "all", under="/treffer")
    act(eva, made, purpose="appointment")
    read(desk, made)
    before = desk.states()
    question = press(eva, made, "take")
    assert question.status_code == 422
    assert 'value="terminerinnerung"' in question.text
    assert desk.states() == before
    moved = press(eva, made, "take", continues="terminerinnerung")
    assert moved.headers["location"].startswith("/entwurf/")


def test_hostile_names_are_text(desk: Desk) -> None:
    page = desk.client("Eva").get(f"/auswahl/{desk.selection}").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "query", ["size=7", "filter=x", "sort=secret", "sort=--name", "page=999", "reason=x"]
)
def test_what_no_page_of_ours_says(desk: Desk, query: str) -> None:
    found = desk.client("Eva").get(f"/auswahl/{desk.selection}?{query}")
    assert found.status_code == {"page=999": 303, "reason=x": 200}.get(query, 404)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"do": "nothing"},
        {"do": "go size=7"},
        {"do": "save", "marked": "no JSON"},
        {"do": "save", "marked": "{}"},
        {"do": "save", "marked": "[1]"},
    ],
    ids=str,
)
def test_a_form_that_no_page_of_ours_sends(desk: Desk, form: dict[str, str]) -> None:
    before = desk.states()
    form = {"form": "f" * 16, **form}
    found = desk.client("Eva").post(f"/auswahl/{desk.selection}", data=form)
    assert found.status_code in (400, 404)
    assert desk.states() == before


@contextmanager
def large_desk(folder: Path) -> Iterator[tuple[httpx.Client, str]]:
    write_folder(folder, 10_000, 1)
    with open_practice(folder, actor="os:test") as practice:
        practice.add_user("Eva", PASSWORD, USERS["Eva"])
    selection = make_selection(folder)
    with serving(folder) as url:
        desk = Desk(url, folder, None, {}, {}, "", selection)  # type: ignore[arg-type]  # nothing is sent
        with desk.new_client() as client:
            yield log_in(client, "Eva"), selection


def test_of_ten_thousand_a_page_holds_a_hundred(tmp_path: Path) -> None:
    with large_desk(tmp_path / "praxis") as (eva, selection):
        page = eva.get(f"/auswahl/{selection}").text
        assert len(rows(page)) == 100
        assert "9.900 Treffer sind auf anderen Seiten verborgen" in page
        at_once = eva.get(f"/auswahl/{selection}?size=1000").text
        assert len(rows(at_once)) == 1000
        assert press(eva, selection, "none", "size=1000").status_code == 303
        assert press(eva, selection, "all", "size=1000").status_code == 303
    with sqlite3.connect(tmp_path / "praxis" / "versandbuch.db") as ledger:
        of = "SELECT count(*) FROM selected WHERE"
        (marked,), (allowed,) = (
            ledger.execute(f"{of} {one}").fetchone() for one in ("marked", "allowed")
        )
    ledger.close()
    assert marked == allowed > 1_000


def test_who_may_only_read_sees_it_and_changes_nothing(desk: Desk) -> None:
    page = desk.client("Lea").get(f"/auswahl/{desk.selection}?size=25").text
    shown = rows(page)
    assert len(shown) == 25
    assert all(box.get("disabled") is not None for one in shown for box in one.iter("input"))
    assert 'name="do"' not in page
    assert f'href="/auswahl/{desk.selection}?page=2&amp;size=25"' in page
