"""Rows 1.1 to 1.23 of the manual in a real browser: what is chosen, what is shown, what is kept.

Each test is named by its row and really acts; what a page says is compared with what the practice's
database and the ledger hold.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from chromium import log_in, look

from serienpost import open_practice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page
    from running_desk import Desk

    from serienpost.service import SelectionStatus

TABS = (
    "suche", "terminliste", "patienten", "interessenten", "termine", "abfrage-patienten",
    "abfrage-interessenten", "datei",
)  # fmt: skip
KINDS = {"email": "mail", "sms": "sms", "letter": "brief"}
TICKED = "tbody input[name=row]:checked"


@pytest.fixture
def page(desk: Desk, browser: Browser) -> Iterator[Page]:
    """Eva, who prepares, at the first page."""
    with browser.new_context() as context:
        found = context.new_page()
        log_in(found, desk, "Eva")
        yield found


def rows(desk: Desk, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What the practice's own database holds."""
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as database:
        return database.execute(sql, values).fetchall()


def change(desk: Desk, sql: str, *values: object) -> None:
    """What somebody enters in the practice program."""
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as database, database:
        database.execute(sql, values)


def of_page(page: Page) -> str:
    """The id of the selection that a page is about."""
    (found,) = re.findall(r"/auswahl/(s[0-9a-z-]+)", page.url)
    return str(found)


def status(desk: Desk, page: Page) -> SelectionStatus:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.selection(of_page(page)).status()


def ids(desk: Desk, page: Page, only: Any = None) -> set[str]:  # noqa: ANN401  # a filter
    """The rows that are stored."""
    with open_practice(desk.folder, actor="os:test") as practice:
        found = practice.selection(of_page(page)).page(size=1000, filter=only)
        return {one.row for one in found.recipients}


def shown(page: Page) -> set[str]:
    """The rows that stand on the page."""
    boxes = page.locator("tbody input[name=row]")
    return set(boxes.evaluate_all("all => all.map(one => one.value)"))


def search(page: Page, desk: Desk, tab: str, **typed: str) -> None:
    """Look for people and come to the hits."""
    page.goto(f"{desk.url}/auswahl?tab={tab}")
    for name, value in typed.items():
        field = page.locator(f"[name={name}]")
        if not field.is_visible():
            page.click("main form summary")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.click("main button.main")
    page.wait_for_selector("main .badge.busy")
    desk.work()
    page.wait_for_url("**/treffer*")


def act(page: Page, desk: Desk, kind: str = "email", purpose: str = "information") -> None:
    """Press *Aktion*, choose, and come to the check."""
    page.click("button[value=action]")
    page.wait_for_url("**/aktion")
    page.select_option("#field-account", KINDS[kind])
    page.select_option("#field-purpose", purpose)
    page.click("main button.main")
    page.wait_for_selector("main .badge.busy")
    desk.work()
    page.wait_for_selector("table.checked")


def check_all(page: Page, desk: Desk, kind: str = "email", **how: str) -> None:
    """The check of all patients."""
    search(page, desk, "patienten")
    page.click("button[value=all]")
    act(page, desk, kind, **how)


def fit(desk: Desk, count: int) -> list[int]:
    """Patients who can be reached by e-mail and have agreed to it."""
    with open_practice(desk.folder, actor="os:test") as practice:
        found = practice.selection(desk.selection).page(filter="marked", sort="row")
        return [int(one.id.rpartition(":")[2]) for one in found.recipients][2 : 2 + count]


def colour(page: Page, of: str) -> str:
    """The colour that a name of the stylesheet means now."""
    return str(
        page.evaluate(
            "name => { const one = document.createElement('i'); one.style.color = `var(${name})`;"
            " document.body.append(one); const found = getComputedStyle(one).color; one.remove();"
            " return found; }",
            of,
        )
    )


# Where people are looked for


@pytest.mark.parametrize("kind", list(KINDS))
def test_row_1_1_letters_sms_and_emails_go_to_several(desk: Desk, page: Page, kind: str) -> None:
    check_all(page, desk, kind)
    found = status(desk, page)
    assert (found.kind, found.account) == (kind, KINDS[kind])
    assert found.counts.marked > 1
    page.click("button[value=take]")
    page.wait_for_url("**/entwurf/*")
    with open_practice(desk.folder, actor="os:test") as practice:
        draft = practice.draft(page.url.rpartition("/")[2].partition("?")[0])
        assert draft.selection == found.selection


def test_row_1_2_a_reminder_a_day_before_and_the_other_uses(desk: Desk, page: Page) -> None:
    search(page, desk, "terminliste")
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011  # the practice's own clock
    cells = page.locator("td[data-label=Anlass]").all_inner_texts()
    assert cells
    for one in cells:
        assert one.startswith(f"Termin am {tomorrow:%d.%m.%Y} ")
    page.click("button[value=all]")
    page.click("button[value=action]")
    offered = page.locator("#field-purpose option").all_inner_texts()
    assert {"Termin", "Geburtstag", "Veranstaltung", "Recall"} <= set(offered)
    page.goto(f"{desk.url}/auswahl?tab=patienten")
    words = page.locator("[name=birthday] option").all_inner_texts()
    assert {"heute", "morgen", "in diesem Monat"} <= set(words)


def test_row_1_3_the_warning_stands_before_the_choice(desk: Desk, page: Page) -> None:
    for tab in TABS:
        page.goto(f"{desk.url}/auswahl?tab={tab}")
        warning = page.locator("main .note", has_text="schriftlich zugestimmt")
        assert warning.is_visible()
        above, form = warning.bounding_box(), page.locator("main form").bounding_box()
        assert above is not None
        assert form is not None
        assert above["y"] + above["height"] <= form["y"]


def test_row_1_4_accounts_are_set_up_beforehand_and_only_named_here(desk: Desk, page: Page) -> None:
    search(page, desk, "patienten")
    page.click("button[value=all]")
    page.click("button[value=action]")
    offered = page.locator("#field-account option").evaluate_all("all => all.map(o => o.value)")
    with open_practice(desk.folder, actor="os:test") as practice:
        assert {*offered} - {""} == set(practice.context.config.accounts)
    assert page.locator("input[type=password], input[name*=key]").count() == 0
    assert "SG." not in page.content()


def test_row_1_5_patients_by_a_search_term(desk: Desk, page: Page) -> None:
    search(page, desk, "suche", search="dresden")
    known = rows(desk, "SELECT id FROM patient WHERE ort = 'Dresden'")
    known_too = rows(desk, "SELECT id FROM interessent WHERE ort = 'Dresden'")
    expected = {f"patient:{one}" for (one,) in known}
    assert {one for one in shown(page) if one.startswith("patient:")} == expected
    assert {one for one in shown(page) if one.startswith("interessent:")} == {
        f"interessent:{one}" for (one,) in known_too
    }
    assert shown(page) == ids(desk, page)


def test_row_1_6_patients_by_the_appointments_of_a_day(desk: Desk, page: Page) -> None:
    day = (date.today() + timedelta(days=1)).isoformat()  # noqa: DTZ011
    search(page, desk, "terminliste", day_first=day)
    expected = rows(
        desk,
        "SELECT id FROM termin WHERE date(beginn) = ? AND status IN ('geplant', 'bestaetigt')"
        " AND (patient_id IS NOT NULL OR interessent_id IS NOT NULL)",
        day,
    )
    assert {one.rpartition(":")[2] for one in shown(page)} == {str(one) for (one,) in expected}


def test_row_1_7_the_table_of_patients(desk: Desk, page: Page) -> None:
    search(page, desk, "patienten", last_name="S")
    known = rows(desk, "SELECT id FROM patient WHERE nachname LIKE 'S%'")
    assert {f"patient:{one}" for (one,) in known} >= shown(page) == ids(desk, page)
    assert shown(page)
    number = page.locator("td[data-label=Nummer]").first.inner_text()
    assert re.fullmatch(r"P\d{7}", number)


def test_row_1_8_the_table_of_interessenten(desk: Desk, page: Page) -> None:
    search(page, desk, "interessenten")
    known = {f"interessent:{one}" for (one,) in rows(desk, "SELECT id FROM interessent")}
    assert shown(page) == known
    assert known


def test_row_1_9_the_list_of_appointments(desk: Desk, page: Page) -> None:
    first = date.today() + timedelta(days=1)  # noqa: DTZ011
    last = first + timedelta(days=9)
    kind = rows(desk, "SELECT terminart FROM termin WHERE date(beginn) = ?", first.isoformat())
    wanted = str(kind[0][0])
    search(
        page, desk, "termine",
        day_first=first.isoformat(), day_last=last.isoformat(), type=wanted,
    )  # fmt: skip
    expected = rows(
        desk,
        "SELECT id FROM termin WHERE date(beginn) BETWEEN ? AND ? AND terminart = ?"
        " AND status IN ('geplant', 'bestaetigt')",
        first.isoformat(),
        last.isoformat(),
        wanted,
    )
    assert {one.rpartition(":")[2] for one in shown(page)} == {str(one) for (one,) in expected}
    assert expected


@pytest.mark.parametrize("kind", ["patient", "interessent"])
def test_row_1_10_and_1_11_a_saved_query(desk: Desk, page: Page, kind: str) -> None:
    folder = desk.folder / "abfragen"
    folder.mkdir(exist_ok=True)
    (folder / f"{kind}.sql").write_text(f"SELECT id FROM {kind} WHERE id <= 4")
    tab = {"patient": "abfrage-patienten", "interessent": "abfrage-interessenten"}[kind]
    page.goto(f"{desk.url}/auswahl?tab={tab}")
    assert page.locator("[name=sql]").count() == 0
    search(page, desk, tab, query=f"abfragen/{kind}.sql")
    assert shown(page) == {f"{kind}:{one}" for one in range(1, 5)}


def test_a_list_that_is_given_is_read_and_gone_with_the_choice(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/auswahl?tab=datei")
    content = b"Nachname;E-Mail\nM\x9fller;m@example.org\nK\x9aln;k@example.org\n"
    page.set_input_files(
        "#field-list", {"name": "gäste.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.fill("[name=columns]", "Nachname = nachname\nE-Mail = email")
    page.click("main button.main")
    assert "mac-roman" in page.inner_text("main [role=alert]")
    assert page.locator("main bdi", has_text="gäste.csv").is_visible()
    look(page, "list-asked")
    page.click("main form summary")
    page.fill("[name=encoding]", "mac-roman")
    page.click("main button.main")
    page.wait_for_selector("main .badge.busy")
    desk.work()
    page.wait_for_url("**/treffer*")
    assert page.locator("tbody th").all_inner_texts() == ["Müller", "Köln"]
    kept = set((desk.folder / "eingang").iterdir())
    page.click("button[value=discard]")
    page.wait_for_url("**said=selection_discarded")
    assert len(kept - set((desk.folder / "eingang").iterdir())) == 1


# Hits


def test_row_1_12_so_many_on_a_page_and_a_warning_while_hits_are_hidden(
    desk: Desk, page: Page
) -> None:
    search(page, desk, "patienten")
    total = status(desk, page).counts.selected
    page.click("fieldset.filters >> button:text-is('25')")
    assert page.locator("tbody tr").count() == 25
    warning = page.locator("main .note.ask", has_text="verborgen")
    assert f"{total - 25} Treffer sind auf anderen Seiten verborgen" in warning.inner_text()
    look(page, "hits-hidden")
    page.click("fieldset.filters >> button:text-is('alle')")
    assert page.locator("tbody tr").count() == total
    assert warning.count() == 0


def test_row_1_13_wanted_rows_or_all_are_marked(desk: Desk, page: Page) -> None:
    search(page, desk, "patienten")
    total = status(desk, page).counts.selected
    page.click("fieldset.filters >> button:text-is('25')")
    assert page.locator(TICKED).count() == 0
    said = page.locator("[data-count]")
    boxes = page.locator("tbody input[name=row]")
    boxes.nth(2).check()
    boxes.nth(4).check()
    assert said.inner_text() == f"2 von {total} markiert"
    wanted = {boxes.nth(2).input_value(), boxes.nth(4).input_value()}
    page.click("button[value=save]")
    page.wait_for_url("**said=marks_kept")
    assert ids(desk, page, "marked") == wanted
    page.locator("tbody th").first.click()
    page.keyboard.press("Control+a")
    page.wait_for_url("**said=hits_marked")
    assert said.inner_text() == f"{total} von {total} markiert"
    assert len(ids(desk, page, "marked")) == total
    page.click("button[value=none]")
    page.wait_for_url("**said=none_marked")
    assert ids(desk, page, "marked") == set()
    page.click("button[value=all]")
    page.wait_for_url("**said=hits_marked")
    assert len(ids(desk, page, "marked")) == total


def test_row_1_14_action_opens_the_kinds(desk: Desk, page: Page) -> None:
    search(page, desk, "patienten", city="Dresden")
    page.click("button[value=action]")
    assert "niemand markiert" in page.inner_text("main [role=alert]")
    page.locator("tbody input[name=row]").first.check()
    page.click("button[value=action]")
    page.wait_for_url("**/aktion")
    groups = page.locator("#field-account optgroup").evaluate_all("all => all.map(o => o.label)")
    assert groups == ["Mail senden", "SMS senden", "Brief"]
    page.click("main button.main")
    assert page.get_attribute("#field-account", "aria-invalid") == "true"
    assert page.get_attribute("#field-purpose", "aria-invalid") == "true"
    look(page, "action-missing")
    assert status(desk, page).state == "found"


# Check


@pytest.mark.parametrize("kind", list(KINDS))
def test_row_1_15_and_1_23_the_check_shows_what_matters_for_this_kind(
    desk: Desk, page: Page, kind: str
) -> None:
    numbers = fit(desk, 5)
    search(page, desk, "patienten", ids=", ".join(map(str, numbers)))
    page.click("button[value=all]")
    act(page, desk, kind)
    columns = {"email": "E-Mail-Adresse", "sms": "Mobilnummer", "letter": "Anschrift"}
    headings = page.locator("thead th").all_inner_texts()
    assert len(headings) == 7
    assert columns[kind] in [one.strip() for one in headings]
    text = page.inner_text("table.checked")
    found = "mobil, email, strasse, telefon"
    known = rows(desk, f"SELECT {found} FROM patient WHERE id IN {tuple(numbers)}")
    for mobile, email, street, telephone in known:
        others = {"sms": mobile, "email": email, "letter": street}
        own = others.pop(kind)
        for foreign in (*others.values(), telephone):
            assert foreign is None or foreign not in text
        if kind == "letter" and own:
            assert own in text
    with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger:
        kept = ledger.execute(
            "SELECT address FROM selected WHERE selection LIKE ?", (f"{of_page(page)}%",)
        )
        stored = json.dumps(kept.fetchall(), ensure_ascii=False)
    assert ("@" in stored) is (kind == "email")
    assert ("+49" in stored) is (kind == "sms")


def test_row_1_16_who_cannot_get_this_kind_is_red(desk: Desk, page: Page) -> None:
    check_all(page, desk)
    lacking = rows(desk, "SELECT id FROM patient WHERE email IS NULL AND NOT verstorben")
    red = page.locator("tbody tr.unreachable")
    assert {f"patient:{one}" for (one,) in lacking} <= set(
        red.locator("input").evaluate_all("all => all.map(one => one.value)")
    )
    stop = colour(page, "--stop")
    for one in red.all():
        assert one.locator("th").evaluate("it => getComputedStyle(it).color") == stop
        assert one.locator("input").is_disabled()
        assert "nicht erreichbar" in one.inner_text()
    look(page, "check-all")


def test_row_1_17_column_x_marks_and_unmarks(desk: Desk, page: Page) -> None:
    check_all(page, desk)
    before = ids(desk, page, "marked")
    box = page.locator(TICKED).first
    row = box.input_value()
    box.uncheck()
    page.click("button[value=save]")
    page.wait_for_url("**said=marks_kept")
    assert ids(desk, page, "marked") == before - {row}
    page.check(f"input[value='{row}']")
    page.click("button[value=save]")
    page.wait_for_load_state()
    assert ids(desk, page, "marked") == before
    assert page.is_checked(f"input[value='{row}']")


def test_row_1_18_allowed_is_a_red_no_or_a_green_yes_from_the_master_data(
    desk: Desk, page: Page
) -> None:
    no, yes = fit(desk, 2)
    change(desk, "UPDATE patient SET kontakt_email = 'nein' WHERE id = ?", no)
    check_all(page, desk)
    looks = {"NEIN": colour(page, "--stop"), "JA": colour(page, "--good")}
    for row, word in ((no, "NEIN"), (yes, "JA")):
        badge = page.locator(f"tr:has(input[value='patient:{row}']) td[data-label=erlaubt] span")
        assert badge.inner_text() == word
        assert badge.evaluate("it => getComputedStyle(it).color") == looks[word]
    change(desk, "UPDATE patient SET kontakt_email = 'ja' WHERE id = ?", no)


def test_row_1_19_who_gives_permission_meanwhile_is_allowed_after_another_check(
    desk: Desk, page: Page
) -> None:
    one, other, third = fit(desk, 3)
    for each in (one, other):
        change(desk, "UPDATE patient SET kontakt_email = 'nein' WHERE id = ?", each)
    search(page, desk, "patienten", ids=f"{one}, {other}, {third}")
    page.click("button[value=all]")
    act(page, desk)
    assert page.is_disabled(f"input[value='patient:{one}']")
    change(desk, "UPDATE patient SET kontakt_email = 'ja' WHERE id = ?", one)
    page.click("button[value=again]")
    page.wait_for_selector("main .badge.busy")
    desk.work()
    page.wait_for_selector("table.checked")
    assert page.is_checked(f"input[value='patient:{one}']")
    page.click("button[value=discard]")
    page.wait_for_url("**/treffer?said=check_left")
    assert page.locator(TICKED).count() == 3
    change(desk, "UPDATE patient SET kontakt_email = 'ja' WHERE id = ?", other)
    act(page, desk)
    assert page.is_checked(f"input[value='patient:{other}']")
    assert ids(desk, page, "marked") == {f"patient:{each}" for each in (one, other, third)}


def test_row_1_20_a_click_on_allowed_takes_away_the_marks_without_permission(
    desk: Desk, page: Page
) -> None:
    check_all(page, desk)
    denied = ids(desk, page, "not_allowed")
    assert denied
    page.click("thead button[value=drop]")
    page.wait_for_url("**dropped=1")
    assert f"{len(denied)} Personen oder Termine gehen leer aus" in page.inner_text("main")
    assert not ids(desk, page, "marked") & denied
    assert not set(page.locator(TICKED).evaluate_all("all => all.map(o => o.value)")) & denied


def test_row_1_21_the_hand_over_goes_on_to_the_window_of_the_kind_and_back(
    desk: Desk, page: Page
) -> None:
    numbers = fit(desk, 3)
    search(page, desk, "patienten", ids=", ".join(map(str, numbers)))
    page.click("button[value=all]")
    act(page, desk)
    selection = of_page(page)
    page.click("button[value=take]")
    page.wait_for_url("**/entwurf/*")
    assert "3 von 3 markiert" in page.inner_text("main")
    page.locator("main").get_by_role("link", name="Empfänger", exact=True).click()
    page.wait_for_url(f"**/auswahl/{selection}")
    page.uncheck(f"input[value='patient:{numbers[1]}']")
    page.click("button[value=take]")
    page.wait_for_url("**/entwurf/*")
    assert "2 von 3 markiert" in page.inner_text("main")
    look(page, "draft-people")


def test_row_1_22_only_a_part_of_the_macros_may_be_used(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/entwurf/{desk.begin()}")
    may = set(page.locator("main details table").first.locator("code").all_text_contents())
    never = ("Anamnese", "Therapie", "Diagnose", "Behandlung")
    protected = ("Geburtsdatum", "Beruf", "Versicherungsnummer")
    assert "{{Briefanrede}}" in may
    page.fill("#field-subject", "Probe")
    for one in (*never, *protected):
        assert f"{{{{{one}}}}}" not in may
        page.fill("#field-text", f"Guten Tag, {{{{{one}}}}}")
        page.click("button[value=look]")
        page.locator("#text-wrong", has_text=one).wait_for()
        assert page.get_attribute("#field-text", "aria-invalid") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_of_the_choice_look_right(
    desk: Desk, browser: Browser, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    hits = desk.find({"source": "appointments", "day": "+1..+3"})
    with browser.new_context(color_scheme=scheme, viewport=size) as context:  # type: ignore[arg-type]
        page = context.new_page()
        log_in(page, desk, "Eva")
        addresses = {
            "choose": "/auswahl",
            "choose-day": "/auswahl?tab=terminliste",
            "choose-file": "/auswahl?tab=datei",
            "hits": f"/auswahl/{hits}/treffer?size=25",
            "action": f"/auswahl/{hits}/aktion",
            "check": f"/auswahl/{desk.selection}?size=25",
        }
        for name, address in addresses.items():
            page.goto(desk.url + address)
            look(page, f"rows-{name}-{scheme}-{width}")
