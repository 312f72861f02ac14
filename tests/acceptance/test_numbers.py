"""Mobile numbers as people type them: to whom an SMS goes, and to whom not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

CONFIGURATION = """\
practice: {id: liste, name: Praxis Liste}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smscreator]
accounts:
  sms: {channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",
        rate: [1000/second], spread: false, base_url: "URL"}
"""
MAILING = """\
source: table
select:
  file: listen/handys.csv
  columns: {Name: nachname, Mobil: mobil, Land: land}
  consent_column: ok
account: sms
purpose: information
text: "Praxis Liste: neue Sprechzeiten."
"""
NUMBERS = [
    ("1-717-555-0123", "USA", None),
    ("1 (517) 555-0123", "USA", None),
    ("151 1234 5678", "China", None),
    ("138 0013 8000", "Volksrepublik China", None),
    ("44 7911 123456", "", None),
    ("491711234567", "", None),
    ("01709 382121", "England", None),
    ("0171 1234567 (Mutter)", "", None),
    ("0171 1234567 oder 0172 1234567", "", None),
    ("0171 1234567-12", "", None),
    ("+1 717 555 0123", "USA", "0017175550123"),
    ("0043 664 1234567", "", "00436641234567"),
    ("171 1234567", "", "00491711234567"),
    ("0172 1234567", "Deutschland", "00491721234567"),
    ("privat: 0173 1234567", "Polen", "00491731234567"),
]


@pytest.fixture
def fake() -> Iterator[FakeSmsCreator]:
    with FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim", credits=100)})) as running:
        yield running


@pytest.fixture
def numbers(list_practice: Practice, fake: FakeSmsCreator) -> Practice:
    list_practice.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    rows = [f"N{i};{number};{land};ja" for i, (number, land, _) in enumerate(NUMBERS)]
    for name, text in {
        "serienpost.yaml": CONFIGURATION.replace("URL", fake.base_url),
        "mailings/m.yaml": MAILING,
        "listen/handys.csv": "\n".join(["Name;Mobil;Land;ok", *rows]),
    }.items():
        (list_practice.folder / name).write_text(text, "utf-8")
    return list_practice


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in document["recipients"]}


def test_only_a_certain_number_gets_an_sms_and_the_others_are_told_why(
    numbers: Practice, fake: FakeSmsCreator
) -> None:
    numbers.run = numbers.json("prepare", "m", "--summary")["run"]
    review = by_name(numbers.json("review", numbers.run))
    for number, (written, land, wanted) in enumerate(NUMBERS):
        one = review[f"N{number}"]
        assert one["reachable"] is (wanted is not None), (written, land)
        if wanted is None:
            assert "Festnetz" not in one["unreachable_reason"]
            reason = one["unreachable_reason"].replace(f"row {number + 2})", "")
            assert not set("0123456789") & set(reason)
    numbers.json("send", numbers.run, "--yes")
    wanted_all = sorted(wanted for *_, wanted in NUMBERS if wanted)
    assert sorted(job.recipient for job in fake.gateway.jobs) == wanted_all


def test_the_country_is_read_and_never_kept(numbers: Practice) -> None:
    numbers.run = numbers.json("prepare", "m", "--summary")["run"]
    kept = repr(numbers.contents())
    assert "+491731234567" in kept
    for land in ("Polen", "USA", "China", "England"):
        assert land not in kept
    manifest = numbers.json("show", numbers.run, "--manifest")
    assert "land" not in repr(manifest)
