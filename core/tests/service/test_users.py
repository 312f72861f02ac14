"""Users of the desk: names, passwords, rights, and the last one who administers."""

from __future__ import annotations

import threading
import unicodedata
from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, OTHER

from serienpost import ConfigError
from serienpost.errors import LedgerError
from serienpost.ledger.schema import journal, session, user
from serienpost.rights import Right
from serienpost.service import LoggedIn

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice

PASSWORD = "vier kleine worte"
ALL = tuple(Right)


def notes(practice: Practice) -> list[tuple[str, str, dict[str, object]]]:
    with practice.ledger.read() as tx:
        rows = tx.all(tx.select(journal).order_by(journal.c.at, journal.c.action))
    return [(row.user, row.action, row.detail) for row in rows if row.action != "log in"]


def hash_of(practice: Practice, key: str) -> str:
    with practice.ledger.read() as tx:
        return str(tx.scalar(tx.select(user, user.c.password).where(user.c.key == key)))


def test_a_user_is_added_changed_and_removed(practices: Practices, practice: Practice) -> None:
    added = practice.add_user("Eva", PASSWORD, ["approve"])
    assert (added.name, added.rights) == ("Eva", (Right.READ, Right.APPROVE))
    assert added.added_at == added.changed_at == practices.clock.now
    practices.clock.forward(60)
    changed = practice.change_user("eva", rights=["prepare", "read"])
    assert (changed.name, changed.rights) == ("Eva", (Right.READ, Right.PREPARE))
    assert changed.changed_at == practices.clock.now > changed.added_at
    practices.clock.forward(60)
    practices.open(OTHER).change_user("EVA", password=f"{PASSWORD} neu")
    assert [one.name for one in practice.users()] == ["Eva"]
    practices.clock.forward(60)
    assert practice.remove_user("Eva").name == "Eva"
    assert practice.users() == []
    assert notes(practice) == [
        (ACTOR, "add user", {"name": "Eva", "rights": ["read", "approve"]}),
        (ACTOR, "change user", {"name": "Eva", "password": False, "rights": ["read", "prepare"]}),
        (OTHER, "change user", {"name": "Eva", "password": True, "rights": ["read", "prepare"]}),
        (ACTOR, "remove user", {"name": "Eva"}),
    ]


def test_a_password_is_asked_for_when_all_else_is_right(
    practices: Practices, practice: Practice
) -> None:
    practice.add_user("Eva", lambda: PASSWORD)
    with pytest.raises(LedgerError, match="there is a user"):
        practice.add_user("EVA", pytest.fail)
    with pytest.raises(ConfigError, match="no name"):
        practice.add_user("os:eva", pytest.fail)
    with pytest.raises(ConfigError, match="no right"):
        practice.add_user("Lea", pytest.fail, ["fly"])
    with pytest.raises(LedgerError, match="no user"):
        practice.change_user("Lea", password=pytest.fail)
    practices.clock.forward(1)
    practice.change_user("Eva", password=lambda: f"{PASSWORD} neu")
    assert [one.password for one in practice.user_history()] == [True, False]
    with pytest.raises(ValueError, match="limit"):
        practice.user_history(0)


def test_a_password_is_kept_as_argon2id_of_rfc_9106(practice: Practice) -> None:
    practice.add_user("eva", PASSWORD)
    practice.add_user("ida", PASSWORD)
    mine, other = hash_of(practice, "eva"), hash_of(practice, "ida")
    assert mine.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert mine != other


def test_nothing_changes_where_nothing_is_asked_for(practice: Practice) -> None:
    practice.add_user("eva", PASSWORD, ["prepare"])
    before = notes(practice)
    logged_in = practice.log_in("eva", PASSWORD, "127.0.0.1")
    assert isinstance(logged_in, LoggedIn)
    practice.change_user("eva", rights=["prepare"])
    practice.change_user("eva")
    assert notes(practice) == before
    assert practice.session(logged_in.token)


@pytest.mark.parametrize(
    "other", ["EVA MÜLLER", "eva müller", unicodedata.normalize("NFD", "Eva Müller")]
)
def test_names_are_compared_without_case_and_composition(practice: Practice, other: str) -> None:
    practice.add_user("Eva Müller", PASSWORD)
    with pytest.raises(LedgerError, match="there is a user"):
        practice.add_user(other, PASSWORD)
    practice.remove_user(other)
    assert practice.users() == []


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", " eva", "eva ", "os:eva", "schedule:geburtstag", "eva\uff1aos", "eva\nida"),
        *("eva\x1b[2J", "eva\u202eida", "eva\ud83d", "eva\0", "x" * 65, "serienpost", "Rule"),
    ],
)
def test_a_name_cannot_pose_as_something_else(practice: Practice, name: str) -> None:
    with pytest.raises(ConfigError, match="this is no name of a user"):
        practice.add_user(name, PASSWORD)
    for change in (practice.remove_user, lambda one: practice.change_user(one, rights=["read"])):
        with pytest.raises(LedgerError):
            change(name)
    assert practice.users() == []


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elf zeichen", "too short"),
        ("x" * 1025, "longer than 1,024"),
        ("Sonnenschein", "would try first"),  # the practice's id
        ("eva-katharina", "would try first"),
        ("aaaaaaaaaaaaa", "would try first"),
    ],
)
def test_a_password_that_is_guessed_is_not_taken(
    practice: Practice, password: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        practice.add_user("Eva-Katharina", password)
    assert password not in str(refused.value)
    practice.add_user("Eva-Katharina", PASSWORD)
    with pytest.raises(ConfigError, match=why):
        practice.change_user("eva-katharina", password=password)


@pytest.mark.parametrize(
    "password", ["zwölf zeiche", "x y" * 341 + "z", "日本語の長い長い長い合言葉"]
)
def test_length_is_all_that_is_asked_of_a_password(practice: Practice, password: str) -> None:
    practice.add_user("eva", password)
    other = unicodedata.normalize("NFD", password)
    assert isinstance(practice.log_in("eva", other, "127.0.0.1"), LoggedIn)


def test_there_are_no_other_rights(practice: Practice) -> None:
    with pytest.raises(ConfigError, match="there is no right aprove") as refused:
        practice.add_user("eva", PASSWORD, ["aprove"])
    assert "approve" in str(refused.value)
    practice.add_user("eva", PASSWORD, ALL)
    with pytest.raises(ConfigError, match="there is no right"):
        practice.change_user("eva", rights=["root"])
    assert practice.users()[0].rights == ALL


def test_who_is_not_there_is_neither_changed_nor_removed(practice: Practice) -> None:
    for change in (
        lambda: practice.remove_user("eva"),
        lambda: practice.change_user("eva", rights=["read"]),
        lambda: practice.change_user("eva", password=PASSWORD),
    ):
        with pytest.raises(LedgerError, match="there is no user eva"):
            change()


def test_an_administrator_stays_where_there_was_one(practice: Practice) -> None:
    practice.add_user("eva", PASSWORD)
    practice.change_user("eva", rights=["prepare"])  # nobody administers yet
    practice.add_user("ada", PASSWORD, ["administer"])
    for change in (
        lambda: practice.remove_user("ada"),
        lambda: practice.change_user("ada", rights=["read", "prepare", "approve"]),
    ):
        with pytest.raises(LedgerError, match="ada is the last one who administers") as refused:
            change()
        assert refused.value.problems[0].hint
    practice.change_user("ada", rights=["administer", "approve"])
    practice.change_user("eva", rights=["administer"])
    practice.remove_user("ada")
    assert [one.name for one in practice.users()] == ["eva"]


def test_two_who_take_each_others_right_leave_one(practices: Practices, practice: Practice) -> None:
    for name in ("ada", "bea"):
        practice.add_user(name, PASSWORD, ["administer"])
    refused: list[LedgerError] = []
    both = threading.Barrier(2)

    def remove(name: str) -> None:
        mine = practices.open()
        assert mine.users()
        both.wait()
        try:
            mine.remove_user(name)
        except LedgerError as error:
            refused.append(error)

    threads = [threading.Thread(target=remove, args=(name,)) for name in ("ada", "bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert len(practice.users()) == 1


def test_a_change_ends_the_sessions_of_the_user_alone(practice: Practice) -> None:
    for name in ("eva", "ida"):
        practice.add_user(name, PASSWORD)

    def token(name: str) -> str:
        logged_in = practice.log_in(name, PASSWORD, "127.0.0.1")
        assert isinstance(logged_in, LoggedIn)
        return logged_in.token

    others = token("ida")
    for change in (
        lambda: practice.change_user("eva", rights=["read", "prepare"]),
        lambda: practice.change_user("eva", password=PASSWORD),
        lambda: practice.remove_user("eva"),
    ):
        mine = token("eva")
        assert practice.session(mine)
        change()
        assert practice.session(mine) is None
        assert practice.touch(mine) is None
        assert practice.unlock(mine, PASSWORD, "127.0.0.1") is None
    assert practice.session(others)
    with practice.ledger.read() as tx:
        assert [row.user for row in tx.all(tx.select(session))] == ["ida"]
    practice.add_user("eva", PASSWORD)
    assert practice.session(others)


def test_a_user_is_found_by_an_id_that_tells_no_name(
    quick_passwords: None, practices: Practices, practice: Practice
) -> None:
    added = practice.add_user("Eva", PASSWORD)
    assert "eva" not in added.id.casefold()
    assert practice.user(added.id) == added
    assert added.logged_in_at is None
    practices.clock.forward(60)
    practice.log_in("eva", PASSWORD, "192.0.2.7")
    assert practice.user(added.id).logged_in_at == practices.clock.now
    practice.remove_user("Eva")
    with pytest.raises(LedgerError, match="no such user"):
        practice.user(added.id)
