"""Who had a mailing is known again, also where people come from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice, Schemas

CONFIGURATION = """\
practice: {name: Praxis}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smtp]
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: PORT, security: none, sender: "P <p@example.org>"}
signatures: {u: {name: U}}
"""
MAILING = """\
source: table
select:
  file: listen/gaeste.csv
  columns: {Nachname: nachname, E-Mail: email}
  consent_column: Einwilligung
account: mail
purpose: information
signature: u
once_per: recipient
subject: Hallo
text: "{{Briefanrede}} {{Praxis}}"
"""
LIST = "Nr;Nachname;E-Mail;Einwilligung\n17;Abel;a@example.org;ja\n18;Böhm;b@example.org;ja\n"


@pytest.fixture
def guests(tmp_path: Path, null: Practice, schemas: Schemas, post: Post) -> Practice:
    """A practice without a database of its own, and a list of guests."""
    practice = type(null)(tmp_path / "gaeste", schemas)
    for folder in ("mailings", "listen"):
        (practice.folder / folder).mkdir(parents=True)
    config = CONFIGURATION.replace("PORT", str(post.catcher.port))
    (practice.folder / "serienpost.yaml").write_text(config, "utf-8")
    (practice.folder / "mailings/einladung.yaml").write_text(MAILING, "utf-8")
    (practice.folder / "listen/gaeste.csv").write_text(LIST, "utf-8")
    return practice


def test_without_a_key_it_is_not_sent_unattended(guests: Practice, post: Post) -> None:
    (problem,) = guests.refused("run", "einladung", "--yes")
    assert "key: HEADER" in problem["hint"]
    assert problem["file"].endswith("einladung.yaml")
    assert problem["line"] == 2
    assert guests.json("runs")["runs"] == guests.json("runs")["due"] == []
    assert post.mails() == {}


@pytest.mark.parametrize("command", ["check", "prepare"])
def test_without_a_key_once_per_recipient_is_refused(guests: Practice, command: str) -> None:
    (problem,) = guests.refused(command, "einladung")
    assert "once_per: recipient would forget who had it" in problem["message"]
    assert "key: HEADER" in problem["hint"]
    assert problem["key"] == "once_per"
    assert guests.json("runs")["runs"] == []


def test_by_hand_the_review_says_that_nobody_is_known_again(guests: Practice) -> None:
    guests.edit("mailings/einladung.yaml", "once_per: recipient\n", "")
    prepared = guests.json("prepare", "einladung")
    assert "key: HEADER" in prepared["unstable_ids"]
    said = " ".join(guests("review", prepared["run"], "--summary").out.split())
    assert "known by their place in this file alone" in said
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    again = guests.json("prepare", "einladung")
    assert again["unstable_ids"] is None
    assert "place in this file" not in guests("review", again["run"], "--summary").out


def _follow_up(guests: Practice, keys: str = "") -> None:
    """A mailing that leaves out who got the invitation."""
    mailing = MAILING.replace("once_per: recipient", "exclude_recipients_of: [einladung]")
    mailing = mailing.replace("  consent_column", f"{keys}  consent_column")
    (guests.folder / "mailings/nachfass.yaml").write_text(mailing, "utf-8")


def test_exclusions_need_ids_on_both_sides(guests: Practice) -> None:
    _follow_up(guests)
    problems = guests.refused("check", "nachfass")
    assert [problem["key"] for problem in problems] == ["exclude_recipients_of"] * 2
    assert "recipient of another" in problems[0]["message"]
    assert "who got einladung" in problems[1]["message"]
    assert problems[1]["hint"].startswith("in einladung: add the line key: HEADER")
    _follow_up(guests, "  key: Nr\n")
    (problem,) = guests.refused("check", "nachfass")
    assert "who got einladung" in problem["message"]
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    guests.json("check", "nachfass")


def test_who_was_reached_without_a_key_cannot_be_left_out(guests: Practice, post: Post) -> None:
    guests.edit("mailings/einladung.yaml", "once_per: recipient\n", "")
    run = guests.json("prepare", "einladung")["run"]
    guests.json("send", run, "--yes")
    (guests.folder / "mailings/einladung.yaml").unlink()
    _follow_up(guests, "  key: Nr\n")
    (problem,) = guests.refused("prepare", "nachfass")
    assert run in problem["message"]
    assert problem["key"] == "exclude_recipients_of"
    assert len(post.mails()) == 2


def test_a_new_file_with_the_same_key_knows_everybody(guests: Practice, post: Post) -> None:
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    guests.json("run", "einladung", "--yes")
    later = LIST.replace("17;Abel", "16;Çelik;c@example.org;ja\n17;Abel")
    (guests.folder / "listen/gaeste-kw49.csv").write_text(later, "utf-8")
    guests.edit("mailings/einladung.yaml", "gaeste.csv", "gaeste-kw49.csv")
    assert guests.json("run", "einladung", "--yes")["counts"] == {"accepted": 1, "suppressed": 2}
    _follow_up(guests, "  key: Nr\n")
    rows = guests.json("prepare", "nachfass")["recipients"]
    assert [row["marked"] for row in rows] == [False, False]
    assert len(post.mails()) == 3


def test_with_a_key_nobody_gets_it_twice(guests: Practice, post: Post) -> None:
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    assert guests.json("run", "einladung", "--yes")["counts"] == {"accepted": 2}
    guests.edit("listen/gaeste.csv", "17;Abel", "16;Çelik;c@example.org;ja\n17;Abel")
    done = guests("run", "einladung", "--yes", "--json")
    assert guests.document(done, ["run"], 0)["counts"] == {"accepted": 1, "suppressed": 2}
    assert "2 of these people had this mailing" in done.err
    assert "are left out" in done.err
    assert sorted(to for to, _ in post.mails().values()) == [f"{x}@example.org" for x in "abc"]


@pytest.mark.parametrize(("new", "word"), [(";b", "no key"), ("17;b", "same key")])
def test_a_key_must_tell_rows_apart(guests: Practice, post: Post, new: str, word: str) -> None:
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    guests.edit("listen/gaeste.csv", "18;B", new)
    (problem,) = guests.refused("run", "einladung", "--yes")
    assert word in problem["message"]
    assert problem["line"] == 3
    assert guests.json("runs")["due"] == []
    assert post.mails() == {}


def test_a_header_id_without_a_database_gets_a_hint(guests: Practice, post: Post) -> None:
    guests.edit("listen/gaeste.csv", "Nr;", "id;")
    (problem,) = guests.refused("check", "einladung")
    assert "key: id" in problem["hint"]
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: id\n  consent_column")
    guests.json("check", "einladung")
    assert guests.json("run", "einladung", "--yes")["counts"] == {"accepted": 2}
    assert len(post.mails()) == 2


def test_without_a_limit_it_is_not_sent_unattended(guests: Practice, post: Post) -> None:
    guests.edit("mailings/einladung.yaml", "  consent_column", "  key: Nr\n  consent_column")
    guests.edit("mailings/einladung.yaml", "once_per: recipient\n", "")
    (problem,) = guests.refused("run", "einladung", "--yes")
    assert "once_per: recipient" in problem["hint"]
    assert problem["key"] == "once_per"
    line = guests.edit("mailings/einladung.yaml", "subject:", "once_per: occasion\nsubject:")
    (problem,) = guests.refused("run", "einladung", "--yes")
    assert problem["line"] == line
    assert guests.json("runs")["runs"] == []
    guests.edit("mailings/einladung.yaml", "once_per: occasion", "once_per: none")
    guests.json("run", "einladung", "--yes")
    again = guests("run", "einladung", "--yes", "--json")
    assert "2 of these people had this mailing" in again.err
    assert "get it again" in again.err
    assert guests.document(again, ["run"], 0)["counts"] == {"accepted": 2}
    assert len(post.mails()) == 4
