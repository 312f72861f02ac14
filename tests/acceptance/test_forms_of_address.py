"""Names and forms of address as a practice typed them: in the review and in what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

MAILING = """\
source: table
select:
  file: listen/namen.csv
  columns:
    Anrede: anrede
    Geschlecht: geschlecht
    Titel: titel
    Vorname: vorname
    Vorsatz: vorsatzwort
    Adel: namenszusatz
    Nachname: nachname
    E-Mail: email
  consent_column: ok
account: mail
purpose: information
subject: Hallo
text: |
  {{Briefanrede}}

  hier ist die {{Praxis}}.
"""
HEADER = "Anrede;Geschlecht;Titel;Vorname;Vorsatz;Adel;Nachname;E-Mail;ok"
# As typed; the name in the review; the salutation.
PEOPLE = [
    ("Familie;;;Max;;;Maier", "Max Maier", "Sehr geehrte Familie Maier,"),
    ("Fam.;w;;Eva;;;Ott", "Eva Ott", "Sehr geehrte Familie Ott,"),
    ("Eheleute;;;Eva und Max;;;Amt", "Eva und Max Amt", "Sehr geehrte Eheleute Amt,"),
    (
        "Herr und Frau;;;Max und Eva;;;Bär",
        "Max und Eva Bär",
        "Sehr geehrte Frau Bär, sehr geehrter Herr Bär,",
    ),
    ("Firma;;;;;;Cohn GmbH", "Cohn GmbH", "Sehr geehrte Damen und Herren,"),
    ("Fr.;;;Eva;;;Dorn", "Eva Dorn", "Sehr geehrte Frau Dorn,"),
    (
        "Hr.;;Prof. Dr. med.;Max;;;Emmer",
        "Prof. Dr. med. Max Emmer",
        "Sehr geehrter Herr Professor Emmer,",
    ),
    (";weiblich;Dr. Dr.;Eva;;;Frey", "Dr. Dr. Eva Frey", "Sehr geehrte Frau Dr. Frey,"),
    (";männlich;;Max;von;Graf;Gier", "Max Graf von Gier", "Sehr geehrter Herr Graf von Gier,"),
    (
        ";m;Freiherr von;Max;;;Horn",
        "Max Freiherr von Horn",
        "Sehr geehrter Herr Freiherr von Horn,",
    ),
    (";m;;Jan;van der;;Ilm", "Jan van der Ilm", "Sehr geehrter Herr van der Ilm,"),
    (";w;;Eva;;;Jung, von", "Eva von Jung", "Sehr geehrte Frau von Jung,"),
    (";divers;;Kim;;;Kurz", "Kim Kurz", "Guten Tag Kim Kurz,"),
    ("Schwester;;;Eva;;;Lang", "Eva Lang", "Guten Tag Eva Lang,"),
    ("Liebe Oma;;;Eva;;;Moll", "Eva Moll", "Guten Tag Eva Moll,"),
    (";3;;Eva;;;Nix", "Eva Nix", "Guten Tag Eva Nix,"),
    (";w;;Dr. Eva;;;Orth", "Dr. Eva Orth", "Sehr geehrte Frau Dr. Orth,"),
    (";m;;Max;;;Dr. med. Pohl", "Dr. med. Max Pohl", "Sehr geehrter Herr Dr. Pohl,"),
    (
        ";m;Prof. Dr.;Prof. Dr. Max;;;Quast",
        "Prof. Dr. Max Quast",
        "Sehr geehrter Herr Professor Quast,",
    ),
    (";m;;Max;;von;Rau", "Max von Rau", "Sehr geehrter Herr von Rau,"),
    (";m;;Sean;O\u2019;;Sol", "Sean O\u2019Sol", "Sehr geehrter Herr O\u2019Sol,"),
    (";m;;Amin;al-;;Taub", "Amin al-Taub", "Sehr geehrter Herr al-Taub,"),
    (";w;;;;;Ulm, Eva", "Ulm, Eva", "Sehr geehrte Frau Ulm,"),
    ("Frau;;;Frau Eva;;;Frau Vogt", "Frau Eva Frau Vogt", "Sehr geehrte Frau Vogt,"),
    ("Herr Dipl.-Psych.;;;Max;;;Wolf", "Max Wolf", "Sehr geehrter Herr Wolf,"),
    (";m;;Phil;;;Xu", "Phil Xu", "Sehr geehrter Herr Xu,"),
]


@pytest.fixture
def named(list_practice: Practice) -> Practice:
    rows = [f"{typed};p{number}@example.org;ja" for number, (typed, *_) in enumerate(PEOPLE)]
    text = "\n".join([HEADER, *rows])
    (list_practice.folder / "listen/namen.csv").write_text(text, "utf-8")
    (list_practice.folder / "mailings/m.yaml").write_text(MAILING, "utf-8")
    return list_practice


def test_everybody_is_addressed_as_recorded(named: Practice, post: Post) -> None:
    prepared = named.json("prepare", "m")
    assert [one["name"] for one in prepared["recipients"]] == [name for _, name, _ in PEOPLE]
    named.json("send", prepared["run"], "--yes")
    arrived = {to: mail.get_body(("plain",)) for to, mail in post.mails().values()}
    for number, (typed, _, salutation) in enumerate(PEOPLE):
        body = arrived[f"p{number}@example.org"]
        assert body is not None
        assert body.get_content().split("\n")[0].strip() == salutation, typed


def test_what_nobody_understands_is_counted_in_the_review_and_never_shown(named: Practice) -> None:
    prepared = named.json("prepare", "m")
    assert prepared["unknown_values"] == {"anrede": 2, "geschlecht": 1}
    shown = named("review", prepared["run"])
    assert "Values under anrede that are not understood: 2." in " ".join(shown.out.split())
    for typed in ("Schwester", "Liebe Oma"):
        assert typed not in shown.out + shown.err
        assert typed not in repr(named.contents())
    assert named.json("review", prepared["run"])["unknown_values"] == prepared["unknown_values"]


def test_a_text_without_a_form_of_address_tells_nothing(named: Practice) -> None:
    named.edit("mailings/m.yaml", "{{Briefanrede}}", "Guten Tag,")
    assert named.json("prepare", "m", "--summary")["unknown_values"] == {}
