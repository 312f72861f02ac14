"""Several processes log in, fail, and change users at the same moment, on either ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_harness.desk import at_once, with_user
from fault_harness.program import PASSWORD, USER

from serienpost.ledger.schema import failed_login, journal, session, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_harness.practice import Practice

DAY = 86400 * 1_000_000
LOG_IN = f'print(type(practice.log_in("{USER}", "{PASSWORD}", "127.0.0.1")).__name__)'


def test_wrong_passwords_at_the_same_moment_all_count(
    new: Callable[..., Practice], ledger: str
) -> None:
    practice = new(ledger)
    with_user(practice)
    one = f'print(practice.log_in("{USER}", "falsch", "127.0.0.1"))'
    assert at_once(practice, *[one] * 4) == ["LoginRefused(wait_seconds=0)"] * 4
    found = practice.rows(failed_login)
    assert len(found) == 3  # of the name, of the address, of both
    assert {row["failures"] for row in found} == {4}
    assert at_once(practice, one) == ["LoginRefused(wait_seconds=1)"]


def test_right_passwords_at_the_same_moment_all_log_in(
    new: Callable[..., Practice], ledger: str
) -> None:
    practice = new(ledger)
    with_user(practice)
    assert at_once(practice, *[LOG_IN] * 4) == ["LoggedIn"] * 4
    assert len(practice.rows(session)) == 4
    assert practice.rows(failed_login) == []


def test_no_session_outlives_a_change_of_the_password(
    new: Callable[..., Practice], ledger: str
) -> None:
    practice = new(ledger)
    with_user(practice)
    logging_in = f"for _ in range(3): {LOG_IN}"
    change = f'practice.change_user("{USER}", password="{PASSWORD} neu")'
    first, second, last = at_once(practice, logging_in, logging_in, change)
    assert last == ""
    assert {*first.split(), *second.split()} <= {"LoggedIn", "LoginRefused"}
    assert practice.rows(session) == []
    assert at_once(practice, LOG_IN.replace(PASSWORD, f"{PASSWORD} neu"))[0].startswith("Log")


def test_a_name_is_given_once(new: Callable[..., Practice], ledger: str) -> None:
    practice = new(ledger)
    names = ("Eva", "eva", "EVA")
    said = at_once(
        practice, *(f'print(practice.add_user("{one}", "{PASSWORD}").name)' for one in names)
    )
    (added,) = (one for one in said if not one.startswith("refused"))
    assert [row["name"] for row in practice.rows(user)] == [added]
    assert all("there is a user" in one for one in said if one != added)
    noted = [row["detail"] for row in practice.rows(journal) if row["action"] == "add user"]
    assert noted == [{"name": added, "rights": ["read"]}]


def test_two_who_remove_each_other_leave_one_who_administers(
    new: Callable[..., Practice], ledger: str
) -> None:
    practice = new(ledger)
    administer = '"administer"'
    for name in ("ada", "bea"):
        add = f'print(practice.add_user("{name}", "{PASSWORD}", [{administer}]).name)'
        assert at_once(practice, add) == [name]
    said = at_once(
        practice,
        'print(practice.remove_user("ada").name)',
        'print(practice.change_user("bea", rights=["read"]).name)',
    )
    assert sum("is the last one who administers" in one for one in said) == 1
    left = [row for row in practice.rows(user) if "administer" in row["rights"]]
    assert len(left) == 1


def test_a_purge_and_log_ins_do_not_wait_for_each_other(
    new: Callable[..., Practice], ledger: str
) -> None:
    practice = new(ledger)
    with_user(practice)
    fail = 'practice.log_in(f"user{n}", "falsch", f"192.0.2.{n}")'
    at_once(practice, f"for n in range(3): {fail}")
    practice.change(f"UPDATE failed_login SET at = at - {2 * DAY}")
    logging_in = f"for n in range(3): {fail}"
    backwards = f"for n in (2, 1, 0): {fail}"
    purge = "practice.purge(); practice.purge()"
    assert at_once(practice, logging_in, backwards, purge, LOG_IN) == ["", "", "", "LoggedIn"]
    assert {row["failures"] for row in practice.rows(failed_login)} <= {1, 2}
