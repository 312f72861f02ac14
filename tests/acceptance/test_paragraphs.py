"""Paragraphs as practices write them: every word, sign and line end arrives, by every way.

`paragraphs/as_typed.txt` holds what has no mark in it. What is marked stands here, with the lines
that are read of it in a formatted text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pytest

from serienpost_demo.sendgrid import FakeSendGrid
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Post, Practice

pytestmark = pytest.mark.timeout(600)

AS_TYPED = [
    paragraph.strip("\n")
    for paragraph in (Path(__file__).parent / "paragraphs" / "as_typed.txt")
    .read_text("utf-8")
    .split("\n\n")
    if not paragraph.startswith("== ")
]
# Typed, read in the text part, read in HTML and on paper.
MARKED = [
    ("**Ort:** Saal\n**Zeit:** 18 Uhr", "Ort: Saal\nZeit: 18 Uhr", None),
    ("Bitte _nüchtern_ kommen (_wirklich_)!", "Bitte nüchtern kommen (wirklich)!", None),
    ("# Neue Zeiten\nab 1. Mai", "Neue Zeiten\nab 1. Mai", None),
    (
        "Mitbringen:\n- Karte\n- Pass\n  (gelb)\nDanke!",
        "Mitbringen:\n- Karte\n- Pass\n  (gelb)\nDanke!",
        "Mitbringen:\nKarte\nPass\n(gelb)\nDanke!",
    ),
    (
        "| Tag | Zeit* |\n|---|---|\n| Mo | 8-12 |\n| 24. Dez. | > 60 |\n* nur kurz",
        "Tag | Zeit*\nMo | 8-12\n24. Dez. | > 60\n* nur kurz",
        "Tag\nZeit*\nMo\n8-12\n24. Dez.\n> 60\n* nur kurz",
    ),
    (
        "Termine [im Netz](https://example.org/a_b_c?x=1&y=2*3*4).",
        "Termine im Netz (https://example.org/a_b_c?x=1&y=2*3*4).",
        "Termine im Netz.",
    ),
]
# An SMS of ten parts holds the longest group.
GROUPS = [AS_TYPED[at : at + 3] for at in range(0, len(AS_TYPED), 3)]

CONFIG = """\
practice: {id: liste, name: Praxis Liste, street: Weg 1, postal_code: "01067", city: Dresden}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smtp,
          serienpost-channel-letter, serienpost-channel-smscreator, serienpost-channel-sendgrid]
accounts:
  email: {channel: smtp, host: 127.0.0.1, port: MAIL_PORT, security: none,
          sender: "P <p@example.org>"}
  letter: {channel: letter, folder: briefe, rate: []}
  sms: {channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",
        sender: "03511234567", rate: [1000/second], spread: false, base_url: "SMS_URL"}
  sendgrid: {channel: sendgrid, api_key: "secret:GRID_KEY", base_url: "GRID_URL",
             sender: "Praxis Liste <p@example.org>",
             disclaimer: {accepted_by: Dr. Liste, accepted_on: "2026-11-01"}}
"""
MAILING = """\
source: table
select:
  file: listen/gruppen.csv
  columns: {Nachname: nachname, E-Mail: email, Mobil: mobil, Strasse: strasse, PLZ: plz, Ort: ort,
            Gruppe: {field: gruppe, class: plain}}
  consent_column: Einwilligung
account: WAY
purpose: information
template: absaetze
"""
SUBJECT = "---\nsubject: 1. Brief, 5*3 > 2 & Patient*innen_\n---\n"


@pytest.fixture(scope="module")
def grid() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as running:
        yield running


@pytest.fixture(scope="module")
def gateway() -> Iterator[FakeSmsCreator]:
    account = Account("praxis", "geheim", credits=1e6)
    with FakeSmsCreator(Gateway({"praxis": account})) as running:
        yield running


@pytest.fixture
def practice(
    list_practice: Practice, post: Post, gateway: FakeSmsCreator, grid: FakeSendGrid
) -> Practice:
    """One person per group, whose text is the paragraphs of this group."""
    marked = "\n\n".join(typed for typed, _, _ in MARKED)
    groups = ["\n\n".join(group) for group in GROUPS]
    here = list_practice
    here.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim", "GRID_KEY": "SG.fake"}
    config = CONFIG.replace("MAIL_PORT", str(post.catcher.port))
    config = config.replace("SMS_URL", gateway.base_url).replace("GRID_URL", grid.url)
    (here.folder / "serienpost.yaml").write_text(config, "utf-8")
    rows = [
        f"Nr{no};g{no}@example.org;0152 28817{no:03};Weg {no};01067;Dresden;{no};ja\n"
        for no in range(len(groups) + 1)
    ]
    head = "Nachname;E-Mail;Mobil;Strasse;PLZ;Ort;Gruppe;Einwilligung\n"
    (here.folder / "listen" / "gruppen.csv").write_text(head + "".join(rows), "utf-8")
    home = here.folder / "templates" / "absaetze"
    home.mkdir(parents=True)
    (home / "sms.txt").write_text(template([*groups, marked]), "utf-8")
    for file in ("email.md", "letter.md"):
        (home / file).write_text(SUBJECT + template([*groups, marked]), "utf-8")
    return here


def template(groups: list[str]) -> str:
    """A text that says to each person what belongs to its group."""
    parts = [f'{{% elif Gruppe == "{no}" %}}\n\n{text}\n\n' for no, text in enumerate(groups)]
    return f"{''.join(parts).replace('elif', 'if', 1)}{{% endif %}}\n\n{{{{Praxis}}}}\n"


def send(practice: Practice, way: str) -> None:
    mailing = MAILING.replace("WAY", way)
    if way == "sms":
        mailing += "transliterate: never\n"
    (practice.folder / "mailings" / "m.yaml").write_text(mailing, "utf-8")
    practice.run = practice.json("prepare", "m", "--summary")["run"]
    done = practice.json("send", practice.run, "--yes")
    assert done["counts"] == {"accepted": len(GROUPS) + 1}


def lines(text: str) -> list[str]:
    """The lines that are not blank; how many blanks lie between words is not looked at."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def expected(no: int, column: int) -> list[str]:
    if no < len(GROUPS):
        return [*lines("\n".join(GROUPS[no])), "Praxis Liste"]
    read = "\n".join(marked[column] or marked[1] for marked in MARKED)
    return [*lines(read), "Praxis Liste"]


class Shown(HTMLParser):
    """The lines that a page shows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page.partition("<body>")[2])

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag not in ("strong", "em", "a"):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_mail(no: int, text: str, page: str) -> None:
    assert lines(text) == expected(no, 1)
    assert lines(Shown(page).text) == expected(no, 2)


def test_there_are_enough() -> None:
    assert len(AS_TYPED) >= 120


def test_by_mail(practice: Practice, post: Post) -> None:
    """The text part keeps several blanks too."""
    send(practice, "email")
    mails = dict(post.mails().values())
    for no in range(len(GROUPS) + 1):
        mail = mails[f"g{no}@example.org"]
        assert mail["Subject"] == "1. Brief, 5*3 > 2 & Patient*innen_"
        text, page = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text
        assert page
        assert_mail(no, text.get_content(), page.get_content())
        if no < len(GROUPS):
            assert "\n\n".join(GROUPS[no]) in text.get_content().replace("\r\n", "\n")


def test_by_sendgrid(practice: Practice, grid: FakeSendGrid) -> None:
    grid.mails.clear()
    send(practice, "sendgrid")
    mails = {mail.to: mail for mail in grid.mails}
    for no in range(len(GROUPS) + 1):
        mail = mails[f"g{no}@example.org"]
        assert_mail(no, mail.text, mail.html)


def test_by_sms(practice: Practice, gateway: FakeSmsCreator) -> None:
    send(practice, "sms")
    texts = {job.number[-3:]: job.text for job in gateway.gateway.jobs}
    for no, group in enumerate(GROUPS):
        arrived = texts[f"{no:03}"].rstrip().removesuffix("Praxis Liste").strip("\n")
        assert arrived == "\n\n".join(group)


def test_by_letter(practice: Practice) -> None:
    """Lines may break elsewhere, so only signs are compared; a bullet is drawn."""
    send(practice, "letter")
    (file,) = (practice.folder / "briefe").glob("*.pdf")
    with pypdfium2.PdfDocument(file) as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    assert len(pages) == len(GROUPS) + 1
    for no, page in enumerate(pages):
        shown = re.sub(r"\s|\u2022", "", page.replace("\ufffe", "-"))
        for line in expected(no, 2):
            wanted = re.sub(r"\s|\u2022", "", line)
            assert wanted in shown, f"{line!r} in {page!r}"
