"""Drafts at the desk: begun, written by two, checked, with files; prepared, looked at, tried."""

from __future__ import annotations

import html
import re
import socket
import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import html5lib
import pytest
from browsing import Browser
from draft_forms import fields, keys, send, written
from running_desk import HOSTILE, PASSWORD, begun

from serienpost import open_practice
from serienpost.service import Answers, Run, macros
from serienpost_web import doors

if TYPE_CHECKING:
    from pathlib import Path

    from running_desk import Desk


def lying(folder: Path) -> set[str]:
    return {one.name for one in (folder / "eingang").iterdir()}


def test_a_draft_begins_with_one_click(desk: Desk) -> None:
    client = desk.client("Eva")
    page = client.get("/").text
    (form,) = re.findall(r'<form method="post" action="/entwurf".*?</form>', page, re.DOTALL)
    (key,) = re.findall(r'name="form" value="([^"]+)"', form)
    sent = {"form": key, "mailing": "terminerinnerung"}
    moved = [client.post("/entwurf", data=sent).headers["location"] for _ in range(2)]
    assert moved[0] == moved[1]
    draft = moved[0].removeprefix("/entwurf/").partition("?")[0]
    assert keys(desk, draft)["template"] == "terminerinnerung"
    assert f'href="/entwurf/{draft}"' in client.get("/").text
    assert f'href="/entwurf/{draft}"' not in desk.client("Lea").get("/").text


def test_what_is_written_is_saved_also_where_it_is_not_right(desk: Desk) -> None:
    draft, client = desk.begin(), desk.client("Eva")
    text = "Guten Tag\n\n{{Nachname}}, {{Nachnahme}}\n"
    form = written(client, draft) | {"template": "", "subject": "Neues", "text": text}
    found = send(client, draft, form, then="check")
    assert found.headers["location"] == f"/entwurf/{draft}?check=1"
    saved = keys(desk, draft)
    assert (saved["subject"], saved["text"]) == ("Neues", text)
    assert "template" not in saved
    page = client.get(f"/entwurf/{draft}?check=1").text
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (field,) = tree.iter("textarea")
    assert field.get("aria-invalid") == "true"
    (place,) = [one for one in tree.iter() if one.get("id") == field.get("aria-describedby")]
    assert "Nachnahme" in "".join(place.itertext())
    assert "".join(field.itertext()) == text
    mended = written(client, draft) | {"text": text.replace("Nachnahme", "Vorname")}
    send(client, draft, mended)
    assert "Alles in Ordnung" in client.get(f"/entwurf/{draft}?check=1").text


def test_what_has_no_field_stays(desk: Desk) -> None:
    draft, client = desk.begin("terminerinnerung", limit=5), desk.client("Eva")
    before = keys(desk, draft)
    send(client, draft, written(client, draft), title="Anders")
    assert keys(desk, draft) == {**before, "title": "Anders"}


def test_the_text_of_a_template_is_changed_for_this_time(desk: Desk) -> None:
    """The fault: with the text the template goes, and what it brings besides."""
    draft, client = desk.begin(), desk.client("Eva")
    found = written(client, draft)
    assert "{{" in found["text"]
    assert found["subject"]
    before = keys(desk, draft)
    send(client, draft, found, title=str(before["title"]))
    assert keys(desk, draft) == before
    send(client, draft, written(client, draft), text=found["text"] + "\nBis bald!\n")
    changed = keys(desk, draft)
    assert changed["template"] == before["template"]
    assert changed["text"] == f"{found['text']}\nBis bald!\n"
    (other,) = changed["other_languages"].values()  # type: ignore[attr-defined]
    assert other == {"subject": found["subject-en"], "text": found["text-en"]}
    page = client.get(f"/entwurf/{draft}?check=1").text
    assert "Alles in Ordnung" in page
    assert "darin: en" in html.unescape(page)
    # Another template keeps what was written; its text is taken only when somebody says so.
    other = written(client, draft) | {"template": "einladung"}
    asked = send(client, draft, other, then="take")
    assert asked.status_code == 422
    assert 'value="drop"' in asked.text
    assert fields(asked.text)["text"] == changed["text"]
    assert keys(desk, draft) == changed
    send(client, draft, other, then="drop")
    assert keys(desk, draft) == {**before, "template": "einladung"}
    send(client, draft, written(client, draft), template=str(before["template"]))
    assert keys(desk, draft) == before


def test_the_text_in_other_languages_is_changed_as_well(desk: Desk) -> None:
    draft, client = desk.begin(), desk.client("Eva")
    found = written(client, draft)
    wrong = {"text-en": found["text-en"] + "{{Nachnahme}}"}
    send(client, draft, found, text=found["text"] + "Neu.\n", **wrong)
    page = client.get(f"/entwurf/{draft}?check=1").text
    assert 'aria-describedby="text-en-wrong"' in page
    assert 'href="#field-text-en"' in page
    send(client, draft, written(client, draft), **{"text-en": "", "subject-en": ""})
    assert "other_languages" not in keys(desk, draft)
    assert "alle bekommen den Text oben" in client.get(f"/entwurf/{draft}").text


def test_no_form_of_a_draft_writes_whom_it_is_for(desk: Desk) -> None:
    """The fault: SQL comes from somebody without the right, by a form that is no page's."""
    people = {"source": "query", "select": {"query": "SELECT id FROM patient"}}
    draft, client = desk.begin(**people), desk.client("Eva")
    before = keys(desk, draft)
    said = dict.fromkeys(
        ("select", "query", "sql", "select.query", "f-query", "include", "order_by"),
        "SELECT * FROM behandlung",
    )
    found = send(client, draft, written(client, draft), **said, source="query", selection="s1")
    assert found.status_code == 303
    assert keys(desk, draft) == before
    assert "FROM patient" not in client.get(f"/entwurf/{draft}").text
    form = {"form": "s" * 20, "mailing": "information", **said}
    begun = client.post("/entwurf", data=form).headers["location"]
    assert "behandlung" not in str(keys(desk, begun.split("/")[2].partition("?")[0]))


def test_two_people_write_and_nothing_is_lost(desk: Desk) -> None:
    draft, ada, eva = desk.begin(), desk.client("Ada"), desk.client("Eva")
    mine = written(ada, draft) | {"template": "", "subject": "Von Ada", "text": "Text von Ada"}
    theirs = written(eva, draft) | {"template": "", "subject": "Von Eva", "text": "<b>Von Eva</b>"}
    assert send(eva, draft, theirs).status_code == 303
    refused = send(ada, draft, mine)
    assert refused.status_code == 409
    assert "<b>Von Eva" not in refused.text
    assert html.escape("<b>Von Eva</b>", quote=False) in refused.text
    assert keys(desk, draft)["subject"] == "Von Eva"
    again = fields(refused.text)
    assert (again["subject"], again["text"]) == ("Von Ada", "Text von Ada")
    assert send(ada, draft, again).status_code == 303
    assert keys(desk, draft)["subject"] == "Von Ada"


def test_who_goes_back_and_changes_something_is_heard(desk: Desk) -> None:
    """The fault: the same form, sent again with another text, is taken for a double click."""
    draft, client = desk.begin(), desk.client("Eva")
    form = written(client, draft) | {"template": "", "subject": "Eins", "text": "Eins"}
    assert send(client, draft, form).status_code == 303
    assert send(client, draft, form).status_code == 303
    assert keys(desk, draft)["subject"] == "Eins"
    assert send(client, draft, form, text="Zwei").status_code == 409


def test_a_file_comes_and_goes(desk: Desk) -> None:
    draft, client = desk.begin(), desk.client("Eva")
    before = lying(desk.folder)
    name = '../<img src=x>";.pdf'
    form = written(client, draft)
    file = {"file": (name, b"%PDF-" + b"x" * 5_000_000)}
    found = [client.post(f"/entwurf/{draft}", data=form, files=file) for _ in range(2)]
    assert [one.status_code for one in found] == [303, 303]
    (stored,) = lying(desk.folder) - before
    assert (desk.folder / "eingang" / stored).stat().st_mode & 0o777 == 0o600
    page = client.get(f"/entwurf/{draft}").text
    assert "<img" not in page
    (reference,) = keys(desk, draft)["attachments"]  # type: ignore[misc]
    send(client, draft, written(client, draft), remove=str(reference))
    assert "attachments" not in keys(desk, draft)
    assert lying(desk.folder) == before


@pytest.mark.parametrize("size", [20_000_001, 25_000_000])
def test_a_file_that_is_too_large(desk: Desk, size: int) -> None:
    draft, client = desk.begin(), desk.client("Eva")
    before = desk.states(), lying(desk.folder)
    form = written(client, draft) | {"title": "Bleibt"}
    found = client.post(f"/entwurf/{draft}", data=form, files={"file": ("a.pdf", b"x" * size)})
    assert found.status_code in (413, 422)
    assert "20 MB" in found.text
    assert (desk.states(), lying(desk.folder)) == before


def test_nobody_else_sends_a_large_body(desk: Desk) -> None:
    draft = desk.begin()
    before = desk.states()
    with desk.new_client() as nobody:
        file = {"file": ("a.pdf", b"x" * 1_000_000)}
        found = nobody.post(f"/entwurf/{draft}", data={"form": "k" * 16}, files=file)
    assert found.headers["location"].startswith("/login")
    name, _, port = desk.url.removeprefix("http://").partition(":")
    head = (
        f"POST /entwurf/{draft} HTTP/1.1\r\nHost: {name}:{port}\r\nSec-Fetch-Site: same-origin\r\n"
    )
    with socket.create_connection((name, int(port)), 60) as connection:
        connection.sendall(f"{head}Content-Length: {doors.MOST_THROWN + 1}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert desk.states() == before


def test_macros_are_shown_with_an_example_or_with_why_not(desk: Desk) -> None:
    page = desk.client("Eva").get(f"/entwurf/{desk.drafts['mail']}").text
    allowed, blocked = (part for part in re.findall(r"<details>.*?</details>", page, re.DOTALL))
    named = [set(re.findall(r"<code>(\{\{\w+\}\})</code>", part)) for part in (allowed, blocked)]
    assert "{{Briefanrede}}" in named[0]
    assert named[1]
    assert named[0].isdisjoint(named[1])
    with open_practice(desk.folder, actor="os:test") as practice:
        known = {f"{{{{{one.name}}}}}" for one in macros(practice, kind="email").macros}
    assert named[0] | named[1] == known


def test_hostile_drafts_are_text(desk: Desk) -> None:
    client = desk.client("Ada")
    for address in ("/", f"/entwurf/{desk.drafts['mail']}"):
        text = client.get(address).text
        for tag in ("<script>alert", "<img", "<b onload"):
            assert tag not in text, address


def test_a_draft_is_discarded_once_somebody_says_so(desk: Desk) -> None:
    draft, client = desk.begin(), desk.client("Eva")
    page = client.get(f"/entwurf/{draft}/verwerfen").text
    form = dict(re.findall(r'name="(form|version)" value="([^"]+)"', page))
    send(client, draft, written(client, draft), title="Neu")
    assert client.post(f"/entwurf/{draft}/verwerfen", data=form).status_code == 409
    page = client.get(f"/entwurf/{draft}/verwerfen").text
    form = dict(re.findall(r'name="(form|version)" value="([^"]+)"', page))
    moved = client.post(f"/entwurf/{draft}/verwerfen", data=form)
    assert moved.headers["location"] == "/?said=discarded"
    assert client.get(f"/entwurf/{draft}").status_code == 404


def asked(desk: Desk, draft: str, **said: str) -> list[str]:
    """The addresses to which a click that comes twice leads."""
    client = desk.client("Eva")
    form = written(client, draft) | {"then": "look"} | said
    found: list[str] = []

    def click() -> None:
        found.append(send(client, draft, form).headers["location"])

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_draft_is_prepared_by_a_worker_and_looked_at(desk: Desk) -> None:
    draft, client = desk.begin("information", limit=9), desk.client("Eva")
    one, other = asked(desk, draft)
    assert one == other
    assert 'class="badge busy"' in client.get(one).text
    assert 'class="badge busy"' in client.get(one.partition("?")[0] + "/live").text
    desk.work()
    moved = client.get(one).headers["location"]
    run = moved.split("/")[2]
    assert moved == f"/runs/{run}/preview?said=prepared"
    seen = []
    (most,) = re.findall(r"Nachricht 1 von (\d+)", client.get(f"/runs/{run}/preview").text)
    for number in (*range(1, int(most) + 1), 99):
        page = client.get(f"/runs/{run}/preview", params={"page": str(number)}).text
        seen += re.findall(r'src="([^"]+)"></iframe>', page)
        assert f"Nachricht {min(number, int(most))} von {most}" in page
        assert "Betreff" in page
    assert len({*seen}) == int(most) > 1
    frame = client.get(html.unescape(seen[0]))
    assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert client.get(f"/runs/{run}/preview/message.html?row=patient:404").status_code == 404
    # A newer text makes another run, in the place of this one.
    send(client, draft, written(client, draft), title="Neuer")
    assert "seit dem Vorbereiten" in client.get("/").text


def test_a_day_that_is_none(desk: Desk) -> None:
    client, draft = desk.client("Eva"), desk.begin()
    form = {"form": "k" * 20, "version": "1", "due": "irgendwann"}
    found = client.post(f"/entwurf/{draft}/vorbereiten", data=form)
    assert found.status_code == 422
    assert 'aria-invalid="true"' in found.text


def test_a_draft_that_is_not_right_says_so(desk: Desk) -> None:
    client, draft = desk.client("Eva"), desk.begin(account="niemand")
    before = len(desk.tasks())
    found = send(client, draft, written(client, draft), then="send")
    assert found.status_code == 422
    assert "niemand" in found.text
    assert 'href="#field-account"' in found.text
    assert len(desk.tasks()) == before


def test_a_question_is_answered(desk: Desk) -> None:
    client = desk.client("Eva")
    draft = desk.begin(
        "kurznachricht",
        template=None,
        text="{{Praxis}}: „Neue Zeiten“ ab Montag, wir sind von acht bis zwölf Uhr da",
        limit=2,
    )
    page = client.get(f"/entwurf/{draft}/vorbereiten").text
    form = dict(re.findall(r'name="(form|version|due)" value="([^"]+)"', page))
    address = client.post(f"/entwurf/{draft}/vorbereiten", data=form).headers["location"]
    desk.work()
    page = client.get(address).text
    task = address.partition("?")[0]
    form = dict(re.findall(r'name="(form|due|again)" value="([^"]*)"', page))
    assert 'value="yes"' in page
    again = client.post(task, data=form | {"answer": "yes"}).headers["location"]
    assert again.partition("?")[0] != task
    desk.work()
    assert client.get(again).headers["location"].endswith("/preview?said=prepared")


def test_a_task_is_stopped(desk: Desk) -> None:
    client, draft = desk.client("Eva"), desk.begin()
    address, _same = asked(desk, draft)
    task = address.partition("?")[0]
    client.post(task, data={"form": "q" * 20, "answer": "cancel"})
    desk.work()
    assert "abgebrochen" in client.get(address).text
    assert client.post(task, data={"form": "r" * 20, "answer": "x"}).status_code == 400


def test_a_test_goes_to_an_own_address_once(desk: Desk) -> None:
    run, client = desk.prepare(), desk.client("Ada")
    before = len(desk.catcher.messages)
    page = client.get(f"/runs/{run}/test?row=patient:3").text
    (key,) = {*re.findall(r'name="form" value="([^"]+)"', page)}
    form = {"form": key, "row": "", "whose": "made_up", "to": "praxis@example.org"}
    one, other = (client.post(f"/runs/{run}/test", data=form).headers["location"] for _ in "12")
    assert one == other
    assert len(desk.catcher.messages) == before
    assert 'class="badge busy"' in client.get(one).text
    assert 'class="badge busy"' in client.get(f"{one}/live").text
    desk.work()
    desk.work()
    assert "angenommen" in client.get(one).text
    assert len(desk.catcher.messages) == before + 1
    assert client.get(one.replace(run, desk.runs["prepared"])).status_code == 404
    moved = client.get(f"/aufgabe/{one.rpartition('/')[2]}").headers["location"]
    assert moved == one
    wrong = client.post(f"/runs/{run}/test", data=form | {"to": '"><b>'})
    assert wrong.status_code == 422
    assert "<b>" not in wrong.text
    (said,) = re.findall(r'id="to-wrong">([^<]+)<', wrong.text)
    assert "--" not in said


def test_a_test_that_is_refused_says_why(desk: Desk) -> None:
    run, client = desk.prepare(), desk.client("Ada")
    desk.catcher.script.refuse("praxis@*", "550 5.1.1 <praxis@example.org> unknown", times=1)
    form = {"form": "t" * 20, "row": "", "whose": "made_up", "to": "praxis@example.org"}
    moved = client.post(f"/runs/{run}/test", data=form).headers["location"]
    desk.work()
    desk.catcher.script.clear()
    page = client.get(moved).text
    assert "nicht hinaus" in page
    assert "unknown" in page
    assert "praxis@" not in page


def test_whose_data_go_to_a_test_is_for_who_may_release(desk: Desk) -> None:
    run, before = desk.prepare(), len(desk.catcher.messages)
    form = {"form": "k" * 20, "whose": "real", "to": "praxis@example.org", "row": "patient:3"}
    assert desk.client("Eva").post(f"/runs/{run}/test", data=form).status_code == 422
    assert len(desk.catcher.messages) == before


def test_a_hostile_name_in_a_preview_is_text(desk: Desk) -> None:
    run = desk.runs["prepared"]
    with open_practice(desk.folder, actor="os:test") as practice:
        found = practice.run(run)
        assert isinstance(found, Run)
        rows = [one.row for one in found.review(1, None, "marked", size=100).recipients]
    shown = [row for row in rows if row in {f"patient:{number}" for number in HOSTILE}]
    assert shown
    for row in shown:
        page = desk.client("Lea").get(
            f"/runs/{run}/preview", params={"page": str(rows.index(row) + 1)}
        )
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


def test_a_draft_whose_messages_were_released_is_no_more_among_the_others(desk: Desk) -> None:
    """The fault: what is done stays among what is to be done, for weeks."""
    client = desk.client("Ada")
    with open_practice(desk.folder, actor="Ada") as practice:
        draft = begun(practice, "information", title="Fertiges")
        run = draft.prepare()
        assert isinstance(run, Run)
        assert f'href="/entwurf/{draft.id}"' in client.get("/").text
        run.approve(Answers(release=True, archive="entry"))
        assert f'href="/entwurf/{draft.id}"' not in client.get("/").text
        assert f'href="/entwurf/{draft.id}"' in client.get(f"/runs/{run.id}").text
        assert f'href="/entwurf/{draft.id}"' not in desk.client("Udo").get(f"/runs/{run.id}").text
        # Whoever goes on with it has it among them again.
        draft.save({**draft.keys, "title": "Noch einmal"}, draft.version)
        assert f'href="/entwurf/{draft.id}"' in client.get("/").text
        run.cancel()


def test_the_head_of_a_message_says_when_it_left(desk: Desk) -> None:
    """The fault: the date was the time of looking."""
    client = desk.client("Ada")
    assert "Datum" not in html_head(client.get(f"/runs/{desk.runs['prepared']}/preview").text)
    with sqlite3.connect(desk.folder / "versandbuch.db") as ledger:
        ((earlier,),) = ledger.execute(
            "SELECT max(started_at) - 86400000000 FROM attempt WHERE run = ? AND no = 1",
            (desk.runs["finished"],),
        )
        ledger.execute(
            "UPDATE attempt SET started_at = ? WHERE run = ? AND no = 1",
            (earlier, desk.runs["finished"]),
        )
    ledger.close()
    with open_practice(desk.folder, actor="os:test") as practice:
        when = datetime.fromtimestamp(earlier // 1_000_000, practice.context.zone)
    head = html_head(client.get(f"/runs/{desk.runs['finished']}/preview").text)
    assert head["Datum"] == f"{when:%d.%m.%Y %H:%M}"


def html_head(page: str) -> dict[str, str]:
    """The head of the message that a page shows."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (head,) = [one for one in tree.iter("table") if one.get("class") == "head"]
    rows = [["".join(each.itertext()) for each in row] for row in head.iter("tr")]
    return dict(rows)


def test_a_template_that_is_gone_is_named_without_its_folder(desk: Desk) -> None:
    """The fault: the page showed where the practice lies on its computer."""
    draft, client = desk.begin(template="gibtesnicht"), desk.client("Eva")
    for address in (f"/entwurf/{draft}", f"/entwurf/{draft}?check=1"):
        page = html.unescape(client.get(address).text)
        assert "gibt keine Vorlage gibtesnicht" in page
        assert str(desk.folder) not in page


def test_accounts_of_one_sender_are_told_apart_at_their_beginning(desk: Desk) -> None:
    """The fault: the end, where the account stood, is cut off on a telephone."""
    page = desk.client("Eva").get(f"/entwurf/{desk.begin()}").text
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (field,) = [one for one in tree.iter("select") if one.get("name") == "account"]
    named = {one.get("value"): "".join(one.itertext()) for one in field.iter("option")}
    assert len(named) > 1
    assert all(said.startswith(f"{name} – ") for name, said in named.items())


def test_what_is_sent_to_a_locked_desk_is_not_lost(desk: Desk) -> None:
    """Without JavaScript. The fault: the text was gone, with one click."""
    draft = desk.begin()
    with Browser(desk.url) as browser:
        browser.send(browser.open("/login").form(), name="Eva", password=PASSWORD)
        form = browser.open(f"/entwurf/{draft}").form()
        with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger, ledger:
            ledger.execute("UPDATE session SET used_at = used_at - ?", (1800 * 1_000_000,))
        desk.close()  # they are locked, too
        text = 'Grüße\n"an" <alle> & jeden\n'
        said = {"subject": "Neues", "text": text, "then": "save"}
        locked = browser.send(form, ("brief.txt", b"x"), **said)
        assert "nicht verloren" in locked.text
        before = keys(desk, draft)
        assert before.get("text") != text
        # One who does not know the password gets no further with it.
        wrong = browser.send(locked.form("/locked"), password="falsch")
        assert "nicht verloren" in wrong.text
        kept = browser.send(wrong.form("/locked"), password=PASSWORD)
        assert "Die Datei konnte nicht behalten werden" in kept.text
        assert keys(desk, draft) == before
        browser.send(kept.form(f"/entwurf/{draft}"))
        assert keys(desk, draft)["text"] == text
        assert keys(desk, draft)["subject"] == "Neues"
