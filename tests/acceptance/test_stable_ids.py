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
    guests.json("prepare", "einladung")  # a person looks at it


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
