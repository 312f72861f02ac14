"""SMS at the desk: what is counted while somebody writes, the ledger and the provider count."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from draft_forms import keys, send, written
from running_desk import make_selection

from serienpost import Answers, open_practice
from serienpost.service import Run
from serienpost_demo.sms_walk import SMS_USER, new_gateway
from serienpost_demo.smscreator.server import FakeSmsCreator

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from running_desk import Desk

    from serienpost_demo.smscreator.gateway import Gateway

# What real texts hold: letters beyond the alphabet, signs that count double, long and short ones.
TEXTS = {
    "short": "{{Praxis}}: Bitte rufen Sie uns an.",
    "double": "{{Praxis}}: {{Nachname}}, der Beitrag ist 20 € [Zahlung bar] {oder} ~ später.",
    "beyond": "{{Praxis}} – liebe Grüße an {{Vorname}} {{Nachname}} ☺",
    "long": "{{Praxis}}: Guten Tag {{Vorname}} {{Nachname}}, " + "wir sind wieder da. " * 9,
    "long and beyond": "{{Praxis}}: 🎂 {{Vorname}} {{Nachname}}! " + "Alles Gute – " * 8,
}


@contextmanager
def provider(desk: Desk, credit: float = 5_000.0) -> Iterator[Gateway]:
    """smsCreator, as the practice's file names it."""
    port = int(re.findall(r"127\.0\.0\.1:(\d+)/gateway", config(desk))[0])
    gateway = new_gateway(credit)
    with FakeSmsCreator(gateway, port=port):
        yield gateway


def config(desk: Desk) -> str:
    return (desk.folder / "serienpost.yaml").read_text("utf-8")


def count(client: httpx.Client, draft: str, form: dict[str, str], **said: str) -> str:
    found = client.post(f"/entwurf/{draft}/berechnen", data={**form, **said})
    assert found.status_code == 200
    return html.unescape(re.sub(r"<[^>]+>", " ", found.text))


def costs(desk: Desk, run: str) -> tuple[int, float, int]:
    """Messages, credits and segments as the ledger keeps them."""
    with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger:
        return ledger.execute(
            "SELECT count(*), sum(json_extract(cost, '$.amount')),"
            " sum(json_extract(cost, '$.segments')) FROM message WHERE run = ? AND marked",
            (run,),
        ).fetchone()


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_counted_is_what_the_ledger_counts(desk: Desk, name: str) -> None:
    draft, client = desk.begin("kurznachricht"), desk.client("Eva")
    form = written(client, draft) | {"template": "", "text": TEXTS[name]}
    before = keys(desk, draft)
    said = count(client, draft, form)
    assert keys(desk, draft) == before  # nothing is saved
    send(client, draft, form)
    with open_practice(desk.folder, actor="Eva") as practice:
        counted = practice.draft(draft).count()
        run = practice.draft(draft).prepare(rewrite_signs=False)
        assert isinstance(run, Run)
    messages, amount, segments = costs(desk, run.id)
    assert counted.covers == "all"
    assert (counted.messages, counted.total) == (messages, amount)
    assert counted.totals == {"segments": segments}
    for number in (f"{messages} SMS", f"{segments} SMS zu bezahlen", f"{amount:g} Credits"):
        assert number in said
    forced = [one for one in counted.signs if one.forces]
    assert bool(forced) is ("nicht im üblichen Alphabet" in said)
    if "beyond" in name:
        assert forced[0].messages == messages
    if name == "double":
        assert {one.sign for one in counted.signs} >= set("€[]{}~")


def test_the_provider_charges_what_was_counted(desk: Desk) -> None:
    """At once, and at a time: then it holds the orders and charges nothing yet."""
    for wait in (None, timedelta(days=2)):
        draft = desk.begin("kurznachricht", text=TEXTS["double"], template=None)
        with provider(desk) as gateway, open_practice(desk.folder, actor="Ada") as practice:
            found = practice.draft(draft)
            counted = found.count()
            run = found.prepare(rewrite_signs=False)
            assert isinstance(run, Run)
            at = wait and (datetime.now(practice.context.zone) + wait).replace(hour=10, minute=0)
            run.approve(Answers(release=True), at=at)
            run.deliver(wait=not wait)
            if wait:
                orders = gateway.queued()
                assert gateway.balance(SMS_USER) == 5_000
                gateway.forward(timedelta(days=3))
            orders = gateway.sent()
            assert 0 < len(orders) <= counted.messages
            assert sum(map(gateway.cost, orders)) == pytest.approx(
                5_000 - gateway.balance(SMS_USER)
            )
            if not wait:
                assert len(orders) == counted.messages
                assert 5_000 - gateway.balance(SMS_USER) == pytest.approx(counted.total)


def test_of_a_choice_only_the_marked_are_counted(desk: Desk) -> None:
    selection = make_selection(desk.folder, {"source": "patients"}, account="sms")
    with open_practice(desk.folder, actor="Eva") as practice:
        people = practice.selection(selection)
        before = people.status().counts.marked
        people.unmark([next(one.row for one in people.recipients() if one.marked)])
        made = practice.new_draft(about="other", selection=selection, keys={"text": "x"})
    draft, client = made.id, desk.client("Eva")  # type: ignore[union-attr]
    assert keys(desk, draft)["account"] == "sms"
    page = client.get(f"/entwurf/{draft}").text
    assert 'name="subject"' not in page
    assert 'name="signature"' not in page
    assert 'type="file"' not in page
    said = count(client, draft, written(client, draft), text=TEXTS["short"])
    assert f"{before - 1} SMS" in said


def test_what_cannot_be_counted_yet_is_said(desk: Desk) -> None:
    draft, client = desk.begin("kurznachricht"), desk.client("Eva")
    form = written(client, draft) | {"template": "", "text": "{{Praxis}} {{Vornahme}}"}
    assert "Vornahme" in count(client, draft, form)
    assert "Vorname" in count(client, draft, form)
    nobody = desk.begin("kurznachricht", select={"city": "Nirgendwo"})
    assert "erfundenen Angaben" in count(client, nobody, written(client, nobody))


def test_many_people_are_counted_in_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serienpost.run.prepare.count.MOST_COUNTED", 10)
    draft, client = desk.begin("kurznachricht"), desk.client("Eva")
    assert "nur für die ersten" in count(client, draft, written(client, draft))


def test_without_javascript_a_button_counts(desk: Desk) -> None:
    draft, client = desk.begin("kurznachricht"), desk.client("Eva")
    moved = send(client, draft, written(client, draft), then="count", text="{{Praxis}}: Hallo.")
    assert moved.headers["location"] == f"/entwurf/{draft}?count=1#count"
    page = client.get(moved.headers["location"]).text
    assert "Alle zusammen" in page
    assert keys(desk, draft)["text"] == "{{Praxis}}: Hallo."


def test_at_a_time_leads_to_the_release_that_says_what_the_portal_shows(desk: Desk) -> None:
    draft, client = desk.begin("kurznachricht", user="Ada"), desk.client("Ada")
    moved = send(client, draft, written(client, draft), then="later")
    assert "to=later" in moved.headers["location"]
    desk.work()
    found = client.get(moved.headers["location"])
    assert found.headers["location"].endswith("/release?when=later&said=prepared")
    page = client.get(found.headers["location"]).text
    assert re.search(r'value="later" checked', page)
    assert "Portal" in page
    mail = desk.prepare()
    assert "Portal" not in client.get(f"/runs/{mail}/release").text
