"""Changing marks in ways that are not meant: refused with exit 3, and nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice

REASON = ("--reason", "am Telefon gefragt")
NO, UNKNOWN, UNREACHABLE, FINE = "patient:14", "patient:15", "patient:3", "patient:2"
SIGNED = "patient:20"


@pytest.fixture(scope="module")
def permissive_master(demo_master: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """Overrides are permitted; a written consent of `SIGNED` is for another purpose."""
    practice = demo_master.copy(tmp_path_factory.mktemp("permissive") / "praxis")
    practice.edit("serienpost.yaml", "override: false", "override: true")
    register = "  - serienpost-consent-register\n  - serienpost-consent-flags "
    practice.edit("serienpost.yaml", "  - serienpost-consent-flags ", register)
    practice.run = practice.json("prepare", "information", "--summary")["run"]
    return practice


@pytest.fixture
def permissive(permissive_master: Practice, tmp_path: Path, post: Post) -> Practice:
    """A copy of that practice."""
    practice = permissive_master.copy(tmp_path / "praxis")
    practice.edit("serienpost.yaml", "port: 2525", f"port: {post.catcher.port}")
    return practice


def refuse(practice: Practice, *args: str, run: str | None = None) -> str:
    before = practice.contents()
    problems = practice.refused("review", run or practice.run, *args)
    assert practice.contents() == before
    return str(problems[0]["message"])


@pytest.mark.parametrize("row", ["patient:999999", "patient:2/termin:1", "interessent:1", "' OR 1"])
def test_rows_that_are_not_in_the_run(permissive: Practice, row: str) -> None:
    for option in ("--include", "--exclude", "--override", "--explain"):
        assert "has no row" in refuse(permissive, option, row, *REASON)


def test_rows_of_another_run(permissive: Practice) -> None:
    permissive.edit("mailings/information.yaml", "select: {}", "limit: 5\nselect: {}")
    small = permissive.json("prepare", "information", "--summary")["run"]
    for option in ("--include", "--exclude", "--override"):
        assert "has no row" in refuse(permissive, option, SIGNED, *REASON, run=small)
    assert "no run" in refuse(permissive, "--exclude", FINE, run="20260101-aaaa")


def test_what_cannot_be_included_or_overridden(permissive: Practice) -> None:
    assert "not allowed" in refuse(permissive, "--include", SIGNED)
    assert "not reachable" in refuse(permissive, "--include", UNREACHABLE)
    assert "not reachable" in refuse(permissive, "--override", UNREACHABLE, *REASON)
    for row in (NO, UNKNOWN):
        assert "cannot be overridden" in refuse(permissive, "--override", row, *REASON)
    assert "needs a reason" in refuse(permissive, "--override", SIGNED)
    assert "needs a reason" in refuse(permissive, "--override", SIGNED, "--reason", "  ")


def test_an_override_that_the_practice_does_not_permit(permissive: Practice) -> None:
    permissive.edit("serienpost.yaml", "override: true", "override: false")
    assert "does not permit" in refuse(permissive, "--override", SIGNED, *REASON)


def test_one_bad_change_takes_the_good_ones_with_it(permissive: Practice) -> None:
    refuse(permissive, "--exclude", FINE, "--override", SIGNED, *REASON, "--include", NO)


def test_who_withdraws_after_the_review_cannot_be_included_again(permissive: Practice) -> None:
    permissive.json("review", permissive.run, "--exclude", FINE, "--summary")
    permissive.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 2")
    assert "not allowed" in refuse(permissive, "--include", FINE)
    permissive.change("UPDATE patient SET kontakt_email = 'ja', email = 'x@example.org' "
                      "WHERE id = 2")  # fmt: skip
    assert "another address" in refuse(permissive, "--include", FINE)


def test_marks_are_fixed_from_the_approval_on(permissive: Practice) -> None:
    permissive.json("send", permissive.run, "--yes")
    for change in (
        ("--exclude", FINE),
        ("--include", SIGNED),
        ("--override", SIGNED, *REASON),
        ("--drop-not-allowed",),
    ):
        assert "not possible any more" in refuse(permissive, *change)


def test_a_change_makes_the_old_plan_unusable(permissive: Practice) -> None:
    old = permissive.json("review", permissive.run, "--summary")["plan_hash"]
    new = permissive.json("review", permissive.run, "--exclude", FINE, "--summary")["plan_hash"]
    assert new != old
    before = permissive.contents()
    permissive.refused("send", permissive.run, "--yes", "--plan", old)
    assert permissive.contents() == before
    again = permissive.json("review", permissive.run, "--include", FINE, "--summary")["plan_hash"]
    assert again == old


def test_every_change_is_recorded_with_its_reason(permissive: Practice) -> None:
    permissive.json("review", permissive.run, "--exclude", FINE, "--override", SIGNED, *REASON)
    permissive.json("review", permissive.run, "--drop-not-allowed", "--summary")
    found = permissive.json("review", permissive.run, "--history")["changes"]
    assert {(line["action"], line["row"]) for line in found} == {
        ("prepare", None),
        ("exclude", FINE),
        ("override", SIGNED),
        ("drop override", SIGNED),
        ("review", None),
    }
    (override,) = (line for line in found if line["action"] == "override")
    assert override["detail"]["reason"] == "am Telefon gefragt"
    hashes = [line["detail"]["plan"] for line in found if line["action"] == "review"]
    assert len(set(hashes)) == 2
    assert permissive.json("review", permissive.run, "--summary")["plan_hash"] in hashes


def test_an_override_is_the_evidence_of_what_it_sent(permissive: Practice) -> None:
    permissive.json("review", permissive.run, "--override", SIGNED, *REASON, "--summary")
    (override,) = permissive.json("review", permissive.run, "--explain", SIGNED)[
        "overrides"
    ].values()
    ((check, code),) = override["codes"]
    said = permissive("review", permissive.run, "--explain", SIGNED).out
    assert f"override {override['id']} of {check}.{code} by " in said
    permissive.json("send", permissive.run, "--yes")
    (got,) = permissive.json("show", permissive.run, "--recipient", SIGNED)["messages"]
    assert got["state"] == "accepted"
    assert f"register: override {override['id']}" in got["evidence"]
    assert got["override"]["reason"] == "am Telefon gefragt"
    assert got["approved_by"]
    assert "am Telefon gefragt" in permissive("show", permissive.run, "--recipient", SIGNED).out
