"""The suppression list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, OTHER, prepared

from serienpost import ConfigError

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice

ADDRESSES = ("null-1@example.org", "null-2@example.org")


def test_addresses_are_put_on_once_and_taken_off(practices: Practices, practice: Practice) -> None:
    assert practice.suppress(ADDRESSES) == (2, 0)
    assert practice.suppress([*ADDRESSES, "null-3@example.org"]) == (1, 2)
    entries = practice.suppressed()
    assert {(one.kind, one.reason, one.source) for one in entries} == {
        ("email", "manual", f"by {ACTOR}")
    }
    assert {one.since for one in entries} == {practices.clock.now}
    assert not {one.address_hash for one in entries} & set(ADDRESSES)
    assert practice.unsuppress(ADDRESSES) == 2
    assert practice.unsuppress(ADDRESSES) == 0
    assert len(practice.suppressed()) == 1


def test_the_list_names_who_put_an_address_on_it(practices: Practices, practice: Practice) -> None:
    practice.suppress(ADDRESSES[:1])
    practices.clock.forward(60)
    practices.open(OTHER).suppress(ADDRESSES[1:])
    assert [one.source for one in practice.suppressed()] == [f"by {OTHER}", f"by {ACTOR}"]


def test_nobody_on_the_list_is_marked(practice: Practice) -> None:
    practice.suppress(ADDRESSES)
    run = prepared(practice)
    left_out = [row for row in run.recipients() if not row.marked]
    assert [row.row for row in left_out] == ["patient:1", "patient:2"]
    denied = [one["check"] for row in left_out for one in row.consent if one["verdict"] == "deny"]
    assert set(denied) == {"suppression"}


def test_a_kind_has_its_own_list(practice: Practice) -> None:
    assert practice.suppress(["+4915220000001"], kind="sms").added == 1
    assert practice.unsuppress(["+4915220000001"], kind="sms") == 1
    with pytest.raises(ConfigError, match="there is no kind fax"):
        practice.suppress(["1"], kind="fax")
    with pytest.raises(ConfigError, match="cannot be put on the list"):
        practice.suppress(["Weg 1"], kind="letter")


def test_a_word_that_is_no_address_puts_nobody_on_the_list(practice: Practice) -> None:
    with pytest.raises(ConfigError, match="address 2 is none") as refused:
        practice.suppress([ADDRESSES[0], "Ada Abel"])
    assert "Ada" not in str(refused.value)
    assert practice.suppressed() == []


def test_the_written_list_is_read_again(practices: Practices, practice: Practice) -> None:
    practice.suppress(ADDRESSES)
    file = practices.folder / "sperrliste.csv"
    practice.write_suppressed(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert practice.unsuppress(csv_file=str(file)) == 2
    assert practice.suppress(csv_file=str(file)) == (2, 0)
    assert len(practice.suppressed()) == 2


def test_the_list_of_another_ledger_is_refused(practices: Practices, practice: Practice) -> None:
    practice.suppress(ADDRESSES)
    file = practices.folder / "sperrliste.csv"
    practice.write_suppressed(file)
    text = file.read_text("utf-8")
    print_of_list = text.splitlines()[1].rpartition(";")[2]
    file.write_text(text.replace(print_of_list, "0" * 12), "utf-8")
    with pytest.raises(ConfigError, match="another practice or ledger"):
        practice.unsuppress(csv_file=str(file))


def test_each_account_is_asked_for_what_came_back(practice: Practice) -> None:
    found = practice.events()
    assert [(one.account, one.new) for one in found] == [("mail", 0), ("kurz", 0), ("brief", 0)]
    (one,) = practice.events("mail")
    assert one == ("mail", 0, 0, 0)
    with pytest.raises(ConfigError, match="there is no account post"):
        practice.events("post")
