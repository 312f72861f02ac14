"""Whole runs by SendGrid: templates kept there, texts rendered here, a fake as the other side."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost_demo.practice import canary, write_practice
from serienpost_demo.sendgrid import FakeSendGrid, Fault, Template, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

# Stands in the demo practice's Systemkürzel.
KEY = "SG.nur-fuer-die-vorfuehrung"

ACCOUNT = """\
accounts:
  grid: {{channel: sendgrid, api_key: "secret:MAIL_SENDGRID_API", base_url: "{url}",
         sender: "{sender} <praxis@example.org>", batch: {batch},
         disclaimer: {{accepted_by: Dr. Sonnenschein, accepted_on: "2026-11-01"}}}}
"""
# An apostrophe, {{, <b>, umlauts in the name.
HARD = {"patient:37", "patient:38", "patient:39", "patient:42"}

MAILING = """\
source: patients
account: grid
purpose: information
once_per: none
text: "{{Briefanrede}} {{Vorname}} {{Nachname}} {{Signatur}} {{Praxis_Telefon}}"
signature: sonnenschein
sendgrid_template: Neue Zeiten
"""


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    version = Version(
        "Für {{{Vorname}}} {{{Nachname}}}",
        "<p>{{Briefanrede}}</p><p>Nur für {{Vorname}} {{Nachname}}</p><p>{{{Signatur}}}</p>",
        "{{{Briefanrede}}} {{{Vorname}}} {{{Nachname}}}",
    )
    rights = frozenset({"mail.send", "templates.read", "suppression.read"})
    templates = [Template("Neue Zeiten", [version])]
    with FakeSendGrid({KEY: rights}, templates=templates, keep_requests=True) as running:
        yield running
    assert running.refused == [], "a request did not fit the schema"


@pytest.fixture
def grid(demo: Practice, fake: FakeSendGrid) -> Practice:
    """The demo practice with an account at SendGrid whose key is a Systemkürzel."""
    configure(demo, fake)
    (demo.folder / "mailings" / "zeiten.yaml").write_text(MAILING, "utf-8")
    return demo


def configure(practice: Practice, fake: FakeSendGrid) -> None:
    """The account of the demo practice, at this SendGrid and with the disclaimer accepted."""
    text = (practice.folder / "serienpost.yaml").read_text("utf-8")
    begin = text.index("  grid:")
    account = ACCOUNT.format(url=fake.url, batch=100, sender="Praxis Dr. Sonnenschein")
    end = text.index("  brief:")
    practice.edit("serienpost.yaml", text[begin:end], account.removeprefix("accounts:\n"))


def prepared(practice: Practice, mailing: str = "zeiten") -> str:
    practice.run = practice.json("prepare", mailing, "--summary")["run"]
    return practice.run


def sends(fake: FakeSendGrid) -> list[dict[str, object]]:
    return [json.loads(r.body) for r in fake.requests if r.path == "/v3/mail/send"]


def test_hard_names_are_read_literally_and_families_get_their_own(
    grid: Practice, fake: FakeSendGrid
) -> None:
    checked = grid.json("check", "zeiten")
    assert checked["macros"] == ["Briefanrede", "Nachname", "Signatur", "Vorname"]
    assert "not sent, since the template does not use it: Praxis_Telefon" in checked["notes"]
    run = prepared(grid)
    done = grid.json("send", run, "--yes")
    assert done["state"] == "finished"
    patients, messages = grid.patients(), grid.messages()
    mails = {mail.ref: mail for mail in fake.mails}
    accepted = {m["ref"]: row for row, m in messages.items() if m["state"] == "accepted"}
    assert mails.keys() == accepted.keys()
    for ref, row in accepted.items():
        mail, patient = mails[ref], patients[row]
        name = mail.subject.removeprefix("Für ")
        assert mail.text.endswith(f" {name}")
        assert f"Nur für {name}</p>" in unescape(mail.html)
        if row in HARD:
            assert name == f"{patient['vorname']} {patient['nachname']}"
        assert "<b>" not in mail.html
        assert mail.html.endswith("Grüßen<br>Dr. med. Sonja Sonnenschein<br>"
                                  "Fachärztin für Allgemeinmedizin</p>")  # fmt: skip
        assert mail.to == messages[row]["address"]
    assert set(accepted.values()) >= HARD
    assert json.loads(messages["patient:40"]["unmarked"])["code"] == "value_refused"
    family = {accepted[m.ref or ""] for m in fake.mails if m.to.startswith("familie.huebner")}
    assert {"patient:21", "patient:22"} <= family
    for document in sends(fake):
        addresses = [p["to"][0]["email"] for p in document["personalizations"]]  # type: ignore[attr-defined]
        assert len(set(addresses)) == len(addresses)
    manifest = grid.json("show", run, "--manifest")
    assert manifest["disclaimer_by"] == "Dr. Sonnenschein (2026-11-01, account grid)"
    (listed,) = grid.json("sendgrid", "templates", "grid")["templates"]
    assert (listed["name"], listed["versions"][0]["active"]) == ("Neue Zeiten", True)


def test_a_template_that_loads_an_image_for_some_only_is_refused(
    grid: Practice, fake: FakeSendGrid
) -> None:
    """The attack: whoever keeps the image learned who is called Hübner."""
    page = "<p>{{Briefanrede}} {{Vorname}} {{Nachname}} {{{Signatur}}}</p>\n"
    image = '<img src="https://cdn.example.org/a.png">'
    hidden = f"{page}{{{{#equals Nachname 'Hübner'}}}}\n{image}{{{{/equals}}}}"
    version = Version("Für {{{Vorname}}}", hidden, "{{{Nachname}}}")
    fake.templates.append(Template("Mit Bild", [version]))
    grid.edit("mailings/zeiten.yaml", "Neue Zeiten", "Mit Bild")
    (problem,) = grid.refused("check", "zeiten")
    assert "html: line 3: loads something for some only" in problem["message"]
    version.html = f"{hidden}{image}"
    assert grid("check", "zeiten").code == 0


LIST = """\
title: Per SendGrid
source: table
select:
  file: listen/patienten.csv
  columns: {Pat.-Nr.: nummer, Anrede: anrede, Titel: titel, Vorname: vorname, Nachname: nachname,
            E-Mail: email}
  consent_column: Einwilligung
account: grid
purpose: information
signature: sonnenschein
sendgrid_template: Neu
text: "{{Briefanrede}} {{Vorname}} {{Signatur}}"
"""
ROWS = """\
Pat.-Nr.;Anrede;Titel;Vorname;Nachname;E-Mail;Einwilligung
7001;Frau;;Ada;O'Neill & Söhne;ada@example.net;ja
7002;Herr;Dr.;<b>Kim</b>;Beck;kim@example.net;ja
"""


def listed(practice: Practice, page: str, text: str | None = None) -> Template:
    """A mailing from a list of its own, and the template it names."""
    (practice.folder / "listen").mkdir()
    (practice.folder / "listen" / "patienten.csv").write_text(ROWS, "utf-8")
    (practice.folder / "mailings" / "liste.yaml").write_text(LIST, "utf-8")
    return Template("Neu", [Version("Neue Zeiten", page, text)])


PAGE = "<h2>Neu</h2><p>{{Briefanrede}},</p><p>ab heute, {{{Vorname}}}.</p><p>{{{Signatur}}}</p>"


def test_a_template_whose_text_sendgrid_generates_is_sent(
    grid: Practice, fake: FakeSendGrid
) -> None:
    grid.env["SERIENPOST_LANG"] = "en"  # its data hold words of ours
    fake.templates = [listed(grid, PAGE)]
    notes = grid.json("check", "liste")["notes"]
    (text,) = [note for note in notes if note.startswith("the text part")]
    assert text.splitlines()[1:4] == ["---", "Neu", "---"]
    assert text.splitlines()[-1] == (
        "Mit freundlichen Grüßen<br>Dr. med. Sonja Sonnenschein<br>Fachärztin für Allgemeinmedizin"
    )
    assert any("lines of Signatur, Vorname as <br>" in note for note in notes)
    assert "    ab heute, Eva." in grid("check", "liste").out.splitlines()
    run = prepared(grid, "liste")
    views = grid.json("preview", run, "--all")["views"]
    assert grid.json("send", run, "--yes")["state"] == "finished"
    mails = {mail.to: mail for mail in fake.mails}
    assert mails.keys() == {"ada@example.net", "kim@example.net"}
    kim = mails["kim@example.net"]
    assert "ab heute, &lt;b&gt;Kim&lt;/b&gt;." in kim.html
    assert "ab heute, &lt;b&gt;Kim&lt;/b&gt;." in kim.text
    assert "O&#x27;Neill &amp; Söhne" in mails["ada@example.net"].text
    looked = {Path(one["file"]).suffix: Path(one["file"]).read_text() for one in views[-2:]}
    assert looked[".txt"] == kim.text
    assert kim.html.partition("<p>")[2] in looked[".html"]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("{{{Briefanrede}}} {{{Signatur}}}", False), ("{{{Briefanrede}}}\x1b[2J", True)],
)
def test_a_text_by_hand_is_judged_on_its_own(
    grid: Practice, fake: FakeSendGrid, text: str, allowed: bool
) -> None:
    fake.templates = [listed(grid, PAGE, text)]
    done = grid("check", "liste")
    assert done.code == (0 if allowed else 3)
    assert ("stands in triple braces in the HTML" in done.err) is not allowed
    assert "\x1b" not in done.out, "the terminal would obey what stands in the template"


def test_a_changed_template_pauses_until_a_person_decides(
    grid: Practice, fake: FakeSendGrid
) -> None:
    run = prepared(grid)
    (template,) = fake.templates
    template.change(html="<p>Alles neu, {{Vorname}}</p>")
    assert grid.json("send", run, "--yes", code=75)["reason"] == "template_changed"
    assert grid.json("resume", "--due", code=75)["runs"][0]["reason"] == "template_changed"
    assert fake.mails == []
    template.active = 0
    assert grid.json("resume", run)["state"] == "finished"
    assert len(fake.mails) == grid.states()["accepted"] > 0


def test_nothing_is_sent_without_the_disclaimer(grid: Practice, fake: FakeSendGrid) -> None:
    grid.edit(
        "serienpost.yaml",
        'disclaimer: {accepted_by: Dr. Sonnenschein, accepted_on: "2026-11-01"}',
        "timeout: 60",
    )
    run = prepared(grid)
    (problem,) = grid.refused("send", run, "--yes")
    assert "--accept-disclaimer" in problem["hint"]
    (problem,) = grid.refused("run", "zeiten", "--yes")
    assert "accepted_by" in problem["hint"]
    assert sends(fake) == []
    assert grid.json("send", run, "--yes", "--accept-disclaimer")["state"] == "finished"
    assert grid.json("show", run, "--manifest")["disclaimer_at"]


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        ("no key", "MAIL_SENDGRID_API is in none of the stores"),
        ("no template", "there is no template Neue Zeiten at SendGrid"),
        ("legacy", "the template Neue Zeiten is a legacy template"),
        ("marketing", "{{{unsubscribe}}} belongs to marketing mail"),
        ("not named", "uses Titel, which the text does not name"),
        ("no macro", "uses Diagnose, which the text does not name"),
        ("wrong key", "SendGrid refuses the API key"),
        ("other channel", "the channel smtp has no templates at the provider"),
    ],
)
def test_bad_input_is_named_before_anybody_is_read(
    grid: Practice, fake: FakeSendGrid, break_it: str, message: str
) -> None:
    template = fake.templates[0]
    if break_it == "no key":
        grid.change("DELETE FROM systemkuerzel WHERE kuerzel = 'MAIL_SENDGRID_API'")
    elif break_it == "wrong key":
        grid.change("UPDATE systemkuerzel SET wert = 'SG.x' WHERE kuerzel = 'MAIL_SENDGRID_API'")
    elif break_it == "no template":
        fake.templates = []
    elif break_it == "legacy":
        template.generation = "legacy"
    elif break_it == "other channel":
        grid.edit("mailings/zeiten.yaml", "account: grid", "account: mail")
    else:
        more = {
            "marketing": "{{{unsubscribe}}}",
            "not named": "{{Titel}}",
            "no macro": "{{Diagnose}}",
        }
        template.change(html=more[break_it])
    problems = grid.refused("check", "zeiten")
    assert message in " ".join(problem["message"] for problem in problems)
    assert sends(fake) == []


def test_a_sender_that_is_not_verified_pauses_and_nothing_is_sent(
    grid: Practice, fake: FakeSendGrid
) -> None:
    fake.senders = frozenset({"andere@example.org"})
    done = grid.json("send", prepared(grid), "--yes", code=75)
    assert done["reason"] == "account"
    assert set(grid.states()) == {"pending", "suppressed"}
    assert fake.mails == []


def test_failures_and_their_states(grid: Practice, fake: FakeSendGrid) -> None:
    run = prepared(grid)
    marked = [m["address"] for m in grid.messages().values() if m["marked"]]
    unique = [address for address in marked if marked.count(address) == 1]
    fake.script.refuse(unique[0])
    fake.script.add(Fault(400, "Bad Request", None, unique[5], times=None))
    fake.script.add(Fault(202, recipient=unique[-1], lost=True))
    done = grid.json("send", run, "--yes", code=5)
    assert done["state"] == "finished"
    states = {m["address"]: m["state"] for m in grid.messages().values() if m["marked"]}
    assert states[unique[0]] == states[unique[5]] == "failed"
    doubtful = [m for m in grid.messages().values() if m["state"] == "in_doubt"]
    assert 0 < len(doubtful) <= 100
    refs = Counter(mail.ref for mail in fake.mails)
    assert set(refs.values()) == {1}
    assert {m["ref"] for m in doubtful} <= set(refs)
    assert done["counts"]["failed"] == 2


def test_lists_at_sendgrid_mark_messages_and_stop_the_next_run(
    grid: Practice, fake: FakeSendGrid
) -> None:
    run = prepared(grid)
    grid.json("send", run, "--yes")
    rows = {row: m for row, m in grid.messages().items() if m["state"] == "accepted"}
    bounced, blocked, complained, left = sorted(
        row for row, m in rows.items() if not m["address"].startswith("familie")
    )[:4]
    fake.suppress(rows[bounced]["address"])
    fake.suppress(rows[blocked]["address"], on="blocks")
    fake.suppress(rows[complained]["address"], on="spam_reports")
    fake.suppress(rows[left]["address"], on="unsubscribes")
    fake.suppress("jemand@example.org")
    for new in (5, 0):
        (polled,) = [a for a in grid.json("events", "grid")["accounts"] if a["account"] == "grid"]
        assert polled["new"] == new
    states = {row: m["state"] for row, m in grid.messages().items()}
    assert [states[row] for row in (bounced, blocked, complained, left)] == [
        *("bounced", "bounced", "complained", "accepted"),
    ]
    again = grid.json("prepare", "zeiten")["recipients"]
    allowed = {row["row"]: row["allowed"] for row in again}
    assert [allowed[row] for row in (bounced, blocked, complained, left)] == [
        *(False, True, False, False),
    ]


def test_nothing_but_what_the_texts_use_leaves(grid: Practice, fake: FakeSendGrid) -> None:
    (grid.folder / "praxis.db").unlink()
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    write_practice(grid.folder / "praxis.db", 80, 7, today, canaries=True)
    grid.edit("mailings/information.yaml", "account: mail", "account: grid")
    for mailing in ("zeiten", "information"):
        assert grid.json("send", prepared(grid, mailing), "--yes")["state"] == "finished"
    assert len(fake.mails) > 100
    own = {canary("patient", "email", number).partition("@")[0] for number in range(1, 81)}
    word = re.compile(r"kanari[0-9a-f]{12}|0176 0\d{7}|\+491760\d{7}|030 23125\d{8}")
    references = {m["ref"] for run in ("zeiten", "information") for m in refs(grid, run)}
    allowed = {"to", "custom_args", "dynamic_template_data"}
    for request in fake.requests:
        text = request.body.decode() + json.dumps(dict(request.headers)) + request.path
        assert set(word.findall(text)) <= own
    for document in sends(fake):
        for one in document["personalizations"]:  # type: ignore[attr-defined]
            assert set(one) <= allowed
            assert set(one["custom_args"]) == {"ref"}
            assert one["custom_args"]["ref"] in references
            assert set(one["to"][0]) == {"email"}
            named = set(one.get("dynamic_template_data", {}))
            assert named <= {"Briefanrede", "Vorname", "Nachname", "Signatur"}


def refs(practice: Practice, mailing: str) -> list[dict[str, str]]:
    query = "SELECT m.ref FROM message m JOIN run r ON r.id = m.run WHERE r.mailing = ?"
    return [dict(row) for row in practice.ledger(query, mailing)]


@pytest.mark.parametrize(
    ("count", "template", "requests"), [(3000, "sendgrid_template: Null", 3), (2000, "", 2000)]
)
def test_full_batches_and_texts_of_their_own(
    null: Practice, fake: FakeSendGrid, count: int, template: str, requests: int
) -> None:
    version = Version("Einladung", "<p>{{Null_Name}}</p>", "{{{Null_Nr}}} {{{Null_Name}}}")
    fake.templates = [Template("Null", [version])]
    account = ACCOUNT.format(url=fake.url, batch=1000, sender="Praxis Null")
    null.edit("serienpost.yaml", "accounts:\n", account)
    null.edit(
        "serienpost.yaml",
        "[serienpost-testkit]",
        "[serienpost-testkit, serienpost-channel-sendgrid]",
    )
    null.env["MAIL_SENDGRID_API"] = KEY
    null.edit("mailings/einladung.yaml", "count: 40", f"count: {count}")
    null.edit(
        "mailings/einladung.yaml", "account: mail", f"once_per: none\naccount: grid\n{template}"
    )
    assert null.json("send", prepared(null, "einladung"), "--yes")["counts"] == {"accepted": count}
    assert len(sends(fake)) == requests
    texts = {mail.to: mail.text for mail in fake.mails}
    assert len(texts) == count
    assert all(to.partition("@")[0].removeprefix("null-") in text for to, text in texts.items())
