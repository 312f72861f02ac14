"""`same_address: one` in the demo's family Hübner: mother 21, father 22, children 23, 24 and 27.

The children are minors; 23 and 24 are represented by 21, 27 by 22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

MOTHER, FATHER, LENA, EMIL, JONAS = (f"patient:{n}" for n in (21, 22, 23, 24, 27))
FAMILY = [MOTHER, FATHER, LENA, EMIL, JONAS]


@pytest.fixture
def family(demo: Practice) -> Practice:
    ids = ", ".join(row.removeprefix("patient:") for row in FAMILY)
    text = f"same_address: one\nselect: {{ids: [{ids}]}}"
    demo.edit("mailings/information.yaml", "select: {}", text)
    return demo


def prepared(family: Practice) -> None:
    family.run = family.json("prepare", "information", "--summary")["run"]


def marked(family: Practice, *change: str) -> list[str]:
    rows = family.json("review", family.run, *change)["recipients"]
    going = [row["row"] for row in rows if row["marked"]]
    for row in rows:
        if row["unmarked"] and row["unmarked"]["code"] == "same_address":
            assert row["unmarked"]["reason"] == f"same address as {going[0]}"
            assert not row["unmarked"]["includable"]
    return going


def test_the_first_of_a_family_stays(family: Practice, post: Post) -> None:
    prepared(family)
    assert marked(family) == [MOTHER]
    family.json("send", family.run, "--yes")
    assert [to for to, _ in post.mails().values()] == ["familie.huebner@example.org"]


def test_who_is_not_allowed_neither_receives_nor_hinders(family: Practice, post: Post) -> None:
    family.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 21")
    prepared(family)
    assert marked(family) == [FATHER]
    family.json("send", family.run, "--yes")
    assert family.states() == {"accepted": 1, "suppressed": 4}


def test_the_next_one_takes_the_place_of_who_is_excluded(family: Practice, post: Post) -> None:
    prepared(family)
    assert marked(family, "--exclude", MOTHER) == [FATHER]
    assert marked(family, "--include", MOTHER) == [MOTHER]
    assert marked(family, "--exclude", FATHER) == [MOTHER]
    assert marked(family, "--exclude", MOTHER) == [LENA]
    assert marked(family, "--include", FATHER) == [FATHER]
    family.refused("review", family.run, "--include", EMIL)
    family.json("send", family.run, "--yes")
    assert family.messages()[FATHER]["state"] == "accepted"
    assert len(post.mails()) == 1


def test_the_next_one_is_asked_again(family: Practice) -> None:
    prepared(family)
    family.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 22")
    assert marked(family, "--exclude", MOTHER) == [LENA]
    rows = {row["row"]: row for row in family.json("review", family.run)["recipients"]}
    assert not rows[FATHER]["allowed"]


def test_two_of_a_family_cannot_be_chosen_by_hand(family: Practice) -> None:
    prepared(family)
    marked(family, "--exclude", MOTHER, "--exclude", FATHER)
    before = family.contents()
    family.refused("review", family.run, "--include", MOTHER, "--include", FATHER)
    assert family.contents() == before
    assert marked(family, "--include", FATHER) == [FATHER]
    before = family.contents()
    family.refused("review", family.run, "--include", MOTHER, "--include", FATHER)
    assert family.contents() == before
    assert marked(family, "--include", MOTHER) == [MOTHER]


def test_an_override_that_is_dropped_gives_the_place_back(family: Practice) -> None:
    family.edit("serienpost.yaml", "override: false", "override: true")
    register = "  - serienpost-consent-register\n  - serienpost-consent-flags "
    family.edit("serienpost.yaml", "  - serienpost-consent-flags ", register)
    family.change("INSERT INTO einwilligung (person_typ, person_id, kontaktart, zweck, erteilt_am)"
                  " VALUES ('patient', 21, 'email', 'marketing', '2025-04-01')")  # fmt: skip
    prepared(family)
    assert marked(family) == [FATHER]
    assert marked(family, "--override", MOTHER, "--reason", "gefragt") == [MOTHER]
    assert marked(family, "--drop-not-allowed") == [FATHER]
