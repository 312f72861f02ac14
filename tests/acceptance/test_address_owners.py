"""A list names people by address alone: what the master data say of whoever has the address."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conftest import Post, Practice

MAILING = """\
source: table
select:
  file: liste.csv
  columns: {Vorname: vorname, Nachname: nachname, Adresse: %s}
  consent_column: Einwilligung
account: %s
purpose: event
text: Guten Tag {{Vorname}} {{Nachname}}, hier schreibt die {{Praxis}}.
"""
DEAD, BLOCKED, NO, ALIVE, SHARED = 1, 2, 3, 4, 5
DENIED = {DEAD: "status.deceased", BLOCKED: "status.blocked", NO: "flags.flag_no"}


def with_people(practice: Practice) -> None:
    """Five patients who allow everything but what their name here says; the last two share."""
    for number in range(1, 7):
        practice.change(
            "UPDATE patient SET email = ?, mobil = ?, kontakt_email = 'ja', kontakt_sms = 'ja',"
            " verstorben = 0, gesperrt = 0, geburtsdatum = '1980-01-01', vertreter_id = NULL"
            " WHERE id = ?",
            f"person{number}@beispiel.example.org",
            f"0171 99000{number:02}",
            number,
        )
    practice.change("UPDATE patient SET verstorben = 1 WHERE id IN (?, ?)", DEAD, 6)
    practice.change("UPDATE patient SET gesperrt = 1 WHERE id = ?", BLOCKED)
    practice.change("UPDATE patient SET kontakt_email = 'nein', kontakt_sms = 'nein' WHERE id = 3")
    practice.change("UPDATE patient SET email = (SELECT email FROM patient WHERE id = 5),"
                    " mobil = (SELECT mobil FROM patient WHERE id = 5) WHERE id = 6")  # fmt: skip


def listed(practice: Practice, addresses: Iterable[str], field: str, account: str) -> None:
    with (practice.folder / "liste.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Vorname", "Nachname", "Adresse", "Einwilligung"])
        writer.writerows(["Kim", "Muster", address, "ja"] for address in addresses)
    path = practice.folder / "mailings" / "infoabend.yaml"
    subject = "subject: Infoabend\n" if field == "email" else ""
    path.write_text(MAILING % (field, account) + subject, "utf-8")


def denials(practice: Practice) -> list[str]:
    """Of each row of the list the check and code that deny it; empty for a row that goes out."""
    review = practice.json("prepare", "infoabend")
    practice.run = review["run"]
    return [_denial(row) for row in review["recipients"]]


def _denial(row: Mapping[str, Any]) -> str:
    denied = [a for a in row["consent"] if a["verdict"] == "deny"]
    assert row["marked"] is not bool(denied)
    return ", ".join(f"{a['check']}.{a['code']}" for a in denied)


def test_an_address_of_nobody_who_may_be_written_to_is_denied(demo: Practice, post: Post) -> None:
    with_people(demo)
    own = [f"Person{number}@BEISPIEL.example.org" for number in (DEAD, BLOCKED, NO, ALIVE, SHARED)]
    listed(demo, [*own, "fremd@example.org"], "email", "mail")
    assert denials(demo) == [*DENIED.values(), "", "", ""]
    (told,) = (a for a in demo.json("review", demo.run, "--explain", next(iter(demo.messages())))[
        "recipients"][0]["consent"] if a["verdict"] == "deny")  # fmt: skip
    assert told["reason"].startswith("In the master data this address belongs only to people")
    assert "patient:" not in str(told)
    demo.json("send", demo.run, "--yes")
    assert {to.lower() for to, _ in post.mails().values()} == {
        own[3].lower(), own[4].lower(), "fremd@example.org"
    }  # fmt: skip


def test_a_mobile_number_is_known_however_it_is_written(demo: Practice) -> None:
    with_people(demo)
    numbers = [f"+49 171-99000{n:02}" for n in (DEAD, BLOCKED, NO, ALIVE, SHARED)]
    demo.change("UPDATE patient SET mobil = '(0171) 99/00001 privat App. 12' WHERE id = 1")
    demo.change("UPDATE patient SET mobil = '00491719900002' WHERE id = 2")
    listed(demo, numbers, "mobil", "sms")
    demo.env |= {"SMS_USER": "u", "SMS_PASSWORD": "p"}
    assert denials(demo) == [*DENIED.values(), "", ""]


@pytest.mark.parametrize(
    ("field", "account", "column", "entered", "listed_as"),
    [
        ("email", "mail", "email", "%s; anna@example.org", "ada@example.org"),
        ("email", "mail", "email", "Ada Muster <%s>", "ada@example.org"),
        ("mobil", "sms", "mobil", "%s / 0351 4567890", "0171 9900099"),
        ("mobil", "sms", "telefon", "%s", "0171 9900099"),
    ],
)
def test_an_address_beside_something_else_belongs_to_the_person(
    demo: Practice, field: str, account: str, column: str, entered: str, listed_as: str
) -> None:
    """Nothing could be sent to what is entered, and the person is dead all the same."""
    with_people(demo)
    demo.change(f"UPDATE patient SET {column} = ? WHERE id = ?", entered % listed_as, DEAD)
    listed(demo, [listed_as], field, account)
    demo.env |= {"SMS_USER": "u", "SMS_PASSWORD": "p"}
    assert denials(demo) == ["status.deceased"]


def test_who_dies_between_approval_and_sending_is_left_out(demo: Practice, post: Post) -> None:
    with_people(demo)
    listed(demo, [f"person{ALIVE}@beispiel.example.org", "fremd@example.org"], "email", "mail")
    assert denials(demo) == ["", ""]
    demo.change("UPDATE patient SET verstorben = 1 WHERE id = ?", ALIVE)
    demo.json("send", demo.run, "--yes")
    assert [to for to, _ in post.mails().values()] == ["fremd@example.org"]
    codes = [message["code"] for message in demo.messages().values()]
    assert codes[0] == "status.deceased"


@pytest.mark.parametrize("broken", ["ALTER TABLE patient RENAME COLUMN email TO email_alt", None])
def test_a_look_up_that_cannot_answer_is_not_nobody(demo: Practice, broken: str | None) -> None:
    with_people(demo)
    listed(demo, ["fremd@example.org"], "email", "mail")
    if broken:
        with closing(sqlite3.connect(demo.folder / "praxis.db")) as db, db:
            db.execute(broken)
    else:
        (demo.folder / "praxis.db").unlink()
    assert "status.check_failed" in denials(demo)[0]
