"""What the pages show and do, over a real practice and a real server."""

from __future__ import annotations

import re
import sqlite3
import threading
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
from running_desk import HOSTILE, PASSWORD, log_in

from serienpost import message_state, open_practice, speaking
from serienpost.fields import CATALOGUE
from serienpost.service import Run
from serienpost.service import words as known_words
from serienpost_web.field_names import field_name
from serienpost_web.pages import ROUTES
from serienpost_web.table import path_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx
    from running_desk import Desk

PAGES = [
    one.path
    for one in ROUTES
    if one.method == "GET" and not one.path.endswith((".csv", ".html", "{file}"))
]


def addresses(desk: Desk) -> list[str]:
    """Every page, for each run that there is."""
    found = ["/nothing"]
    for path in PAGES:
        for run in desk.runs.values() if "{run}" in path else ("",):
            for deed in ("pause", "continue", "retry", "cancel") if "{deed}" in path else ("",):
                for draft in desk.drafts.values() if "{draft}" in path else ("",):
                    parts = {**desk.parts(run), "deed": deed, "draft": draft}
                    found += [path_to(path, parts)]
    found += [f"/entwurf/{one}?check=1" for one in desk.drafts.values()]
    rows = "?row=patient:2&as=resend"
    tabs = ("suche", "terminliste", "patienten", "termine", "abfrage-patienten", "datei")
    found += [f"/auswahl?tab={one}" for one in tabs]
    return [one + rows if one.endswith(("/person", "/decide")) else one for one in found]


def form_key(page: str) -> str:
    (key,) = set(re.findall(r'name="form" value="([^"]+)"', page))
    return key


def plan_of(page: str) -> str:
    (plan,) = re.findall(r'name="plan" value="([^"]+)"', page)
    return plan


def state_of(desk: Desk, run: str) -> str:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.run(run).status().state


def released(client: httpx.Client, run: str, **changed: str) -> httpx.Response:
    """The form of release, filled in."""
    page = client.get(f"/runs/{run}/release").text
    form = {
        "form": form_key(page),
        "plan": plan_of(page),
        "when": "now",
        "release": "yes",
        "archive": "entry",
        "password": PASSWORD,
        **changed,
    }
    return client.post(f"/runs/{run}/release", data=form)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_is_html_without_script_or_style_in_it(desk: Desk, language: str) -> None:
    seen = set()
    for user in ("Ada", "Lea", ""):
        with desk.new_client() as client:
            client.post("/language", data={"language": language, "here": "/login"})
            if user:
                log_in(client, user)
            for address in addresses(desk):
                answer = client.get(address)
                if "html" not in answer.headers.get("content-type", ""):
                    continue
                parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
                if address.endswith(("/live", "/stand")) and answer.status_code == 200:
                    tree = parser.parseFragment(answer.text)
                else:
                    tree = parser.parse(answer.text)
                    assert f'<html lang="{language}">' in answer.text
                    assert answer.text.count("<h1>") == 1, address
                assert list(active(tree)) == [], address
                seen.add((address.partition("?")[0], answer.status_code))
    assert ("/", 200) in seen
    assert ("/login", 200) in seen
    assert ("/nothing", 404) in seen
    for name in ("release", "people", "messages", "do/cancel"):
        assert (f"/runs/{desk.runs['prepared']}/{name}", 200) in seen


def active(tree: Iterable[Any]) -> Iterator[str]:
    """What a page must not hold: code, style or addresses of elsewhere within it."""
    for one in tree.iter():  # type: ignore[attr-defined]
        if not isinstance(one.tag, str):
            continue
        if one.tag == "style" or (one.tag == "script" and (one.text or not one.get("src"))):
            yield one.tag
        for name, value in one.attrib.items():
            is_address = name in ("href", "src", "action", "formaction")
            if name.startswith("on") or name == "style":
                yield f"{one.tag} {name}"
            if is_address and not re.match(r"/(?!/)|#", value):
                yield f"{one.tag} {name}={value}"


def words(page: str) -> str:
    """What a page says."""
    return unescape(re.sub(r"<[^>]+>", " ", page))


def test_no_page_of_a_german_desk_says_english(desk: Desk) -> None:
    """Of the sentences of this package none is left in English; those of others have tests."""
    english = re.compile(
        r"\b(the|and|with|who|what|nobody|messages?|released|run)\b", re.IGNORECASE
    )
    commands = re.compile(rf"serienpost ({'|'.join(known_words.COMMANDS)})\b|--[a-z]")
    for address in addresses(desk):
        answer = desk.client("Ada").get(address)
        if "html" in answer.headers.get("content-type", ""):
            body = answer.text.replace('lang="en">English', "")
            said = words(re.sub(r"<bdi>.*?</bdi>", "", body))
            assert english.findall(said) == [], address
            assert commands.findall(said) == [], address


@pytest.mark.parametrize("page", ["people", "messages"])
def test_hostile_names_are_text(desk: Desk, page: str) -> None:
    text = desk.client("Ada").get(f"/runs/{desk.runs['prepared']}/{page}").text
    assert "<script>alert" not in text
    assert "<img" not in text
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    assert {one.tag for one in tree.iter() if isinstance(one.tag, str)}.isdisjoint({"img"})
    shown = ["".join(one.itertext()) for one in tree.iter("bdi")]
    with open_practice(desk.folder, actor="os:test") as practice:
        rows = {row.row: row.name or "" for row in practice.run(desk.runs["prepared"]).recipients()}
    for number, name in HOSTILE.items():
        whole = rows[f"patient:{number}"]
        assert whole in shown
        assert name[:40] in whole.replace("\n", " ")
    assert html_of(HOSTILE[1]) in text


def html_of(name: str) -> str:
    """A name as it must stand in a page."""
    return escape(name, quote=False)


def test_a_name_is_typed_back_as_text(desk: Desk) -> None:
    with desk.new_client() as client:
        form = {"name": '"><script>alert(1)</script>', "password": "x", "next": "/"}
        found = client.post("/login", data=form)
    assert found.status_code == 422
    assert "<script>alert" not in found.text
    assert 'aria-invalid="true"' in found.text


@pytest.mark.parametrize(
    "following",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/nothing",
     "/logout", "/session/left", "/runs/x/live", "/static/desk.css", "", "/\r\nx: y", "/login"],
)  # fmt: skip
def test_a_login_leads_nowhere_else(desk: Desk, following: str) -> None:
    with desk.new_client() as client:
        form = {"name": "Lea", "password": PASSWORD, "next": following}
        assert client.post("/login", data=form).headers["location"] == "/"


def test_after_a_login_one_is_where_one_wanted_to(desk: Desk) -> None:
    wanted = f"/runs/{desk.runs['prepared']}/people?filter=marked&sort=-name"
    with desk.new_client() as client:
        door = client.get(wanted).headers["location"]
        page = client.get(door).text
        (following,) = re.findall(r'name="next" value="([^"]*)"', page)
        form = {"name": "Lea", "password": PASSWORD, "next": unescape(following)}
        assert client.post("/login", data=form).headers["location"] == wanted


def test_a_session_ends_with_the_logout(desk: Desk) -> None:
    with desk.new_client() as client:
        log_in(client, "Lea")
        kept = dict(client.cookies)
        assert (
            client.post("/logout", data={"form": "k" * 16}).headers["location"]
            == "/login?said=logged_out"
        )
        assert [one for one in client.cookies if one.startswith("desk-")] == []
        client.cookies.update(kept)
        assert client.get("/").headers["location"].startswith("/login")


def test_a_session_that_nobody_used_is_locked_until_the_password(desk: Desk) -> None:
    here = f"/runs/{desk.runs['prepared']}/people?filter=marked"
    with desk.new_client() as client:
        log_in(client, "Eva")
        assert client.get(here).status_code == 200
        an_hour = 3600 * 1_000_000
        with sqlite3.connect(desk.folder / "versandbuch.db") as ledger:
            ledger.execute("UPDATE session SET used_at = used_at - ?", (an_hour // 2,))
        ledger.close()
        desk.close()  # they are locked, too
        assert client.get("/session/left").headers["x-desk"] == "locked"
        moved = client.get(here)
        assert moved.headers["location"].startswith("/locked?next=")
        assert moved.content == b""
        page = client.get(moved.headers["location"]).text
        assert "Patient" not in page
        (following,) = re.findall(r'name="next" value="([^"]*)"', page)
        wrong = client.post("/locked", data={"password": "wrong", "next": unescape(following)})
        assert wrong.status_code == 422
        right = client.post("/locked", data={"password": PASSWORD, "next": unescape(following)})
        assert right.headers["location"] == here
        assert client.get(here).status_code == 200


def test_what_the_script_asks_keeps_nobody_awake(desk: Desk) -> None:
    client = desk.client("Ada")

    def used_at() -> list[tuple[int]]:
        with sqlite3.connect(desk.folder / "versandbuch.db") as ledger:
            return ledger.execute("SELECT used_at FROM session ORDER BY digest").fetchall()

    with sqlite3.connect(desk.folder / "versandbuch.db") as ledger:  # use is written down seldom
        ledger.execute("UPDATE session SET used_at = used_at - ?", (60 * 1_000_000,))
    ledger.close()
    before = used_at()
    assert int(client.get("/session/left").text) > 0
    assert client.get(f"/runs/{desk.runs['paused']}/live").status_code == 200
    assert used_at() == before
    client.post("/session/stay", data={"form": "x" * 16})
    assert used_at() != before


def test_the_overview_says_what_waits(desk: Desk) -> None:
    text = desk.client("Ada").get("/").text
    assert f'href="/runs/{desk.runs["prepared"]}/release"' in text
    assert f'href="/runs/{desk.runs["finished"]}/doubts"' in text
    assert f'href="/runs/{desk.runs["paused"]}"' in text
    assert "Weiter" in text
    without = desk.client("Lea").get("/").text
    assert f'href="/runs/{desk.runs["prepared"]}/release"' not in without


def test_the_recipients_are_filtered_and_sorted(desk: Desk) -> None:
    client, at = desk.client("Lea"), f"/runs/{desk.runs['prepared']}/people"
    everybody = client.get(at).text
    with open_practice(desk.folder, actor="os:test") as practice:
        selected, reachable, allowed, marked = practice.run(desk.runs["prepared"]).counts()
    counted = re.findall(r'<span class="small">(\d+)</span></a></li>', everybody)
    not_marked, unreached = selected - marked, selected - reachable
    assert [*map(int, counted)] == [selected, marked, not_marked, reachable - allowed, unreached]
    assert everybody.count("<tr") - 1 == selected
    unreachable = client.get(at, params={"filter": "unreachable"}).text
    assert unreachable.count('<tr class="unreachable">') == selected - reachable
    assert ">JA<" not in unreachable
    assert ">NEIN<" in client.get(at, params={"filter": "not_allowed"}).text
    up, down = (
        re.findall(r"<bdi>([^<]*)</bdi></a></th>", client.get(at, params={"sort": sort}).text)
        for sort in ("number", "-number")
    )
    assert up == down[::-1]
    for broken in ({"filter": "x"}, {"sort": "x"}, {"sort": "1; DROP TABLE run"}):
        assert client.get(at, params=broken).status_code == 404
    assert client.get(at, params={"page": "99"}).status_code == 200
    assert client.get(at, params={"page": "-1"}).status_code == 200


def test_a_release_asks_everything_and_the_password(desk: Desk) -> None:
    run, client = desk.prepare(), desk.client("Ada")
    before = desk.states()
    for changed, said in (
        ({"password": "wrong"}, "Das Passwort stimmt nicht"),
        ({"release": ""}, "Bestätigen Sie"),
        ({"when": "later", "at": "irgendwann"}, "field-at"),
        ({"when": "later", "at": ""}, "Schreiben Sie, wann"),
    ):
        found = released(client, run, **changed)
        assert found.status_code == 422
        assert said in found.text
        assert PASSWORD not in found.text
    assert released(client, run, plan="other").status_code == 409
    assert released(client, run, plan="").status_code == 400
    assert desk.states() == before
    found = released(client, run)
    assert found.headers["location"] == f"/runs/{run}?said=released"
    assert state_of(desk, run) == "approved"
    with open_practice(desk.folder, actor="os:test") as practice:
        assert practice.run(run).status().approved_by == "Ada"
    assert client.get(f"/runs/{run}/release").headers["location"] == f"/runs/{run}"


def test_a_double_click_does_it_once(desk: Desk) -> None:
    run, client = desk.prepare(), desk.client("Ada")
    page = client.get(f"/runs/{run}/do/cancel").text
    form = {"form": form_key(page)}
    answers: list[httpx.Response] = []

    def click() -> None:
        with desk.new_client() as other:
            other.cookies.update(client.cookies)
            answers.append(other.post(f"/runs/{run}/do/cancel", data=form))

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.headers["location"] for one in answers} == {f"/runs/{run}?said=cancelled"}
    with sqlite3.connect(desk.folder / "versandbuch.db") as ledger:
        lines = "SELECT count(*) FROM journal WHERE run = ? AND action = 'cancel'"
        assert ledger.execute(lines, (run,)).fetchone() == (1,)
    ledger.close()


def test_a_form_without_its_key_does_nothing(desk: Desk) -> None:
    before = desk.states()
    found = desk.client("Ada").post(f"/runs/{desk.runs['prepared']}/do/cancel", data={"x": "y"})
    assert found.status_code == 400
    assert desk.states() == before


def test_pause_and_continue(desk: Desk) -> None:
    run, client = desk.prepare(), desk.client("Ada")
    released(client, run)
    for deed, said, state in (
        ("pause", "paused", "paused"),
        ("continue", "going_on", "sending"),
        ("pause", "paused", "paused"),
        ("cancel", "cancelled", "cancelled"),
    ):
        page = client.get(f"/runs/{run}/do/{deed}").text
        found = client.post(f"/runs/{run}/do/{deed}", data={"form": form_key(page)})
        assert found.headers["location"] == f"/runs/{run}?said={said}"
        assert state_of(desk, run) == state
    assert client.get(f"/runs/{run}/do/pause").headers["location"] == f"/runs/{run}"
    late = client.post(f"/runs/{run}/do/pause", data={"form": "k" * 16})
    assert late.status_code == 409
    assert state_of(desk, run) == "cancelled"


def test_doubts_are_decided_and_failures_tried_again(desk: Desk) -> None:
    run, client = desk.runs["finished"], desk.client("Ada")
    page = client.get(f"/runs/{run}/doubts").text
    rows = re.findall(r'name="row" value="([^"]+)"', page)
    assert rows
    assert client.get(f"/runs/{run}/doubts/decide", params={"as": "accepted"}).status_code == 422
    step = client.get(f"/runs/{run}/doubts/decide", params={"row": rows[0], "as": "accepted"}).text
    form = {"form": form_key(step), "row": rows[0], "as": "accepted"}
    before = desk.states()
    nobody = {**form, "form": "z" * 16, "row": "patient:404"}
    other = client.post(f"/runs/{run}/doubts", data=nobody)
    assert other.status_code == 409
    assert desk.states() == before
    found = client.post(f"/runs/{run}/doubts", data=form)
    assert found.headers["location"] == f"/runs/{run}?said=resolved"
    with open_practice(desk.folder, actor="os:test") as practice:
        decided = practice.run(run)
        assert [one.state for one in decided.story(rows[0])] == ["accepted"]
        assert decided.status().counts["failed"]
    story = client.get(f"/runs/{run}/person", params={"row": rows[0]}).text
    assert "Ada" in words(story)
    key = form_key(client.get(f"/runs/{run}/do/retry").text)
    again = client.post(f"/runs/{run}/do/retry", data={"form": key})
    assert again.headers["location"] == f"/runs/{run}?said=retried"
    assert state_of(desk, run) == "sending"


def test_what_is_to_be_kept(desk: Desk) -> None:
    run = desk.runs["finished"]
    table = desk.client("Lea").get(f"/runs/{run}/failures.csv")
    assert table.headers["content-disposition"] == f'attachment; filename="{run}.csv"'
    assert table.content.startswith(b"\xef\xbb\xbf")
    page = desk.client("Lea").get(f"/runs/{run}/report.html")
    assert page.headers["content-disposition"].startswith("attachment")


def shown_parts(page: str) -> list[str]:
    """What a page says of a run: facts, how it stands, tables, the chart."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    kinds = ("dl", "table", "figure", "p")
    said = [one for one in tree.iter() if one.tag in kinds and one.get("class") != "crumbs"]
    wanted = (one for one in said if one.tag != "p" or one.get("class") == "standing")
    return [" ".join(" ".join(one.itertext()).split()) for one in wanted]


def test_the_page_the_file_and_the_document_of_a_run_say_the_same(desk: Desk) -> None:
    for name, run in desk.runs.items():
        whole = desk.client("Lea").get(f"/runs/{run}").text
        page = shown_parts(whole)
        file = shown_parts(desk.client("Lea").get(f"/runs/{run}/report.html").text)
        assert page == file, name
        with open_practice(desk.folder, actor="os:test") as practice, speaking("de"):
            document = practice.run(run).report().document()
            states = {state: str(message_state(state)) for state in document["counts"]}
            counts = {str(message_state(state)): n for state, n in document["counts"].items() if n}
        said = " ".join(page)
        for state, number in counts.items():
            assert f"{state} {number}" in said
        for reason in document["reasons"]:
            assert f"{reason['messages']}" in said
            assert " ".join((reason["text"] or states[reason["state"]]).split()) in said
        sent = [bar for bar in document["course"] if bar["messages"]]
        assert ("Die erste Nachricht ging am" in whole) is (0 < len(sent) < 3)
        for bar in sent if len(sent) >= 3 else ():
            moment = bar["at"].partition("T")[2][:8]
            assert f"{moment} {bar['messages']}" in said
    assert sum(bar["messages"] for bar in report_of(desk, "finished")["course"]) > 10


def report_of(desk: Desk, name: str) -> dict[str, Any]:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.run(desk.runs[name]).report().document()


def test_a_bug_is_a_page_without_data(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Martin Vogel")

    monkeypatch.setattr("serienpost.service.run.Run.counts", broken)
    found = desk.client("Ada").get(f"/runs/{desk.runs['prepared']}/people")
    assert found.status_code == 500
    assert "Martin" not in found.text
    assert "Martin" not in caplog.text
    assert "/runs/{run}/people" in caplog.text
    (number,) = re.findall(r"\b[0-9a-f]{8}\b", words(found.text))
    assert number in caplog.text
    assert found.headers["content-security-policy"]


def test_nothing_that_was_asked_for_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    desk.client("Ada").get(f"/runs/{desk.runs['prepared']}/person", params={"row": "patient:2"})
    logged = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    assert [one for one in logged if "patient:2" in one.getMessage()] == []


def test_every_field_has_a_name_in_both_languages() -> None:
    """The fault: the names of files, without umlauts, some of them three times."""
    for language in ("de", "en"):
        with speaking(language):
            named = {one: field_name(one) for one in CATALOGUE}
        assert [one for one, said in named.items() if "_" in said or said == one] == []
        assert len(set(named.values())) == len(named)
    with speaking("de"):
        assert field_name("minderjaehrig") == "Ob minderjährig"
        assert field_name("lieblingstier") == "Lieblingstier"


def test_the_release_names_each_datum_once(desk: Desk) -> None:
    with open_practice(desk.folder, actor="Ada") as practice:
        run = practice.prepare("terminerinnerung")
        assert isinstance(run, Run)
        page = desk.client("Ada").get(f"/runs/{run.id}/release").text
        run.discard()
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (table,) = [
        one
        for one in tree.iter("table")
        if "Welche Angaben" in "".join(one.find("caption").itertext())
    ]
    names = ["".join(one.itertext()) for one in table.iter("th") if one.get("scope") == "row"]
    assert "Tag und Uhrzeit des Termins" in names
    assert len(names) == len(set(names))
