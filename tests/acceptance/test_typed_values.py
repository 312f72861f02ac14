"""Names and numbers drawn at random: each arrives as it was typed, or its row is refused."""

from __future__ import annotations

import csv
import html
import re
from random import Random
from typing import TYPE_CHECKING

import phonenumbers  # noqa: TID253  # a test has time
import pytest

from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import Post, Practice

SEED = 19
ROWS = 120

SYLLABLES = ["an", "be", "chri", "el", "fré", "hüs", "ı", "jö", "łu", "mül", "nø", "ö", "pře", "ßi",
             "šu", "ül", "wei", "yıl", "žá", "’ı"]  # fmt: skip
# What stands between two names, and marks and braces that mean nothing in a value.
JOINS = ["-", " ", "’", "'", " von ", " de la ", ". ", "_", "*", "&", "/", " <", "> ", "{{", "#",
         "\\", "**"]  # fmt: skip


def word(draw: Random) -> str:
    return "".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))).capitalize()


def name(draw: Random) -> str:
    first = word(draw)
    return first + draw.choice(JOINS) + word(draw) if draw.random() < 0.6 else first


def write(
    practice: Practice, header: Sequence[str], rows: Sequence[Sequence[str]], mailing: str
) -> None:
    with (practice.folder / "listen/typed.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    (practice.folder / "mailings/typed.yaml").write_text(mailing, "utf-8")


def reachable(practice: Practice) -> list[bool]:
    """Who of the list gets the message, in its order."""
    document = practice.json("prepare", "typed")
    practice.run = document["run"]
    practice.json("send", practice.run, "--yes")
    return [row["marked"] for row in document["recipients"]]


NAMES = """\
source: table
select:
  file: listen/typed.csv
  columns: {Vorname: vorname, Nachname: nachname, Mail: email, Kurs: {field: kurs, class: plain}}
  consent_column: ok
account: mail
purpose: information
signature: u
subject: Probe
text: |
  {{Praxis}}: Vorname: {{Vorname}} Nachname: {{Nachname}}
  Voll: {{VollerName}} Kurs: {{Kurs}} Ende
"""


def test_any_name_arrives_as_it_was_typed(list_practice: Practice, post: Post) -> None:
    draw = Random(SEED)
    people = [(name(draw), name(draw), name(draw)) for _ in range(ROWS)]
    rows = [
        [first, last, f"a{number}@example.org", course, "ja"]
        for number, (first, last, course) in enumerate(people)
    ]
    write(list_practice, ["Vorname", "Nachname", "Mail", "Kurs", "ok"], rows, NAMES)
    got = reachable(list_practice)
    assert sum(got) > ROWS // 2
    mails = {to.partition("@")[0]: mail for to, mail in post.mails().values()}
    assert mails.keys() == {f"a{number}" for number, marked in enumerate(got) if marked}
    for key, mail in mails.items():
        first, last, course = people[int(key[1:])]
        typed = f"Vorname: {first} Nachname: {last} Voll: {first} {last} Kurs: {course} Ende"
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            text = part.get_content()
            if kind == "html":
                text = html.unescape(re.sub(r"<[^>]+>", "", text))
            assert typed in " ".join(text.split()), kind


NUMBERS = """\
source: table
select:
  file: listen/typed.csv
  columns: {Nachname: nachname, Mobil: mobil, Land: land}
  consent_column: ok
account: sms
purpose: information
text: "Praxis Liste: neue Sprechzeiten."
"""
CONFIGURATION = """\
practice: {id: liste, name: Praxis Liste}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smscreator]
accounts:
  sms: {channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",
        rate: [1000/second], spread: false, base_url: "URL"}
"""
MOBILES = {
    "Deutschland": ("+49", "15 16 17"),
    "Österreich": ("+43", "664 676 699"),
    "Schweiz": ("+41", "76 78 79"),
    "Polen": ("+48", "50 60 69"),
    "": ("+49", "151 160 172"),
    "USA": ("+1", "212 717 517"),
    "Türkei": ("+90", "532 542 505"),
    "China": ("+86", "138 151 172"),
}
BETWEEN = ["", " ", "-", "/", " / ", "."]


@pytest.fixture
def fake() -> Iterator[FakeSmsCreator]:
    with FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim", credits=999)})) as running:
        yield running


def mobile(draw: Random) -> tuple[str, str, str]:
    """Country, its code, and a valid number of it."""
    country, (code, begins) = draw.choice(list(MOBILES.items()))
    while True:
        length = draw.randint(6, 9)
        digits = draw.choice(begins.split()) + str(draw.randrange(10**length)).zfill(length)
        number = phonenumbers.parse(f"{code}{digits}")
        if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in (
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        ):
            return country, code, digits


def apart(draw: Random, digits: str) -> str:
    """The digits in groups, as people write them, the last of three at least: two may be a second
    ending."""
    at = draw.randint(2, 4)
    return digits[:at] + draw.choice(BETWEEN) + digits[at:]


FORMS: list[Callable[[Random, str, str], str]] = [
    lambda draw, code, digits: f"{code} {apart(draw, digits)}",
    lambda draw, code, digits: f"00{code[1:]} {apart(draw, digits)}",
    lambda draw, code, digits: f"{code} (0){digits}",
    lambda draw, _, digits: f"0{apart(draw, digits)}",
    lambda draw, _, digits: apart(draw, digits),
    lambda draw, code, digits: code[1:] + apart(draw, digits),
]


def test_any_number_gets_its_sms_or_none(list_practice: Practice, fake: FakeSmsCreator) -> None:
    draw = Random(SEED)
    list_practice.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    (list_practice.folder / "serienpost.yaml").write_text(
        CONFIGURATION.replace("URL", fake.base_url), "utf-8"
    )
    rows, meant, certain = [], [], []
    for number in range(ROWS):
        country, code, digits = mobile(draw)
        form = draw.choice(FORMS)
        rows.append([f"Abel{number}", form(draw, code, digits), country, "ja"])
        meant.append(f"00{code[1:]}{digits}")
        certain.append(form in FORMS[:2] or (form is FORMS[3] and code == "+49"))
    write(list_practice, ["Nachname", "Mobil", "Land", "ok"], rows, NUMBERS)
    got = reachable(list_practice)
    refused = [row for row, marked, sure in zip(rows, got, certain, strict=True) if sure > marked]
    assert not refused
    wanted = sorted(one for one, marked in zip(meant, got, strict=True) if marked)
    assert sorted(job.recipient for job in fake.gateway.jobs) == wanted
    assert ROWS // 2 < len(wanted) < ROWS
