"""Log in at the desk: sessions, locks, ends, and what wrong passwords cost."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.schema import failed_login, session, user
from serienpost.rights import Right
from serienpost.service import LoggedIn, LoginRefused, Session
from serienpost.service.login import OF_ACCOUNT, OF_ORIGIN, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from opened_practice import Practices
    from sqlalchemy import Table

    from serienpost import Practice

NAME = "Eva"
PASSWORD = "vier kleine worte"
HERE = "192.0.2.7"
THERE = "198.51.100.9"
MINUTE = 60
HOUR = 3600


@pytest.fixture
def eva(quick_passwords: None, practice: Practice) -> Practice:
    """A practice with a user."""
    practice.add_user(NAME, PASSWORD, ["approve"])
    return practice


def token_of(practice: Practice, origin: str = HERE, name: str = NAME) -> str:
    logged_in = practice.log_in(name, PASSWORD, origin)
    assert isinstance(logged_in, LoggedIn), logged_in
    return logged_in.token


def wrong(practice: Practice, origin: str = HERE, name: str = NAME) -> int:
    """One wrong password; the seconds to wait for the next try."""
    refused = practice.log_in(name, "falsch", origin)
    assert isinstance(refused, LoginRefused)
    return refused.wait_seconds


def rows(practice: Practice, table: Table) -> list[dict[str, Any]]:
    with practice.ledger.read() as tx:
        return [dict(row._mapping) for row in tx.all(tx.select(table))]


def used_up(practices: Practices, practice: Practice, **how: str) -> int:
    """As many wrong passwords as make one wait, waiting where one must; how many it took."""
    for count in range(1, 100):
        if wait := wrong(practice, **how):
            return count
        practices.clock.forward(wait)
    raise AssertionError("nobody ever waits")


def test_who_is_logged_in_is_known_by_the_token(practices: Practices, eva: Practice) -> None:
    logged_in = eva.log_in("eva", PASSWORD, HERE)
    assert isinstance(logged_in, LoggedIn)
    assert logged_in.user == NAME
    assert len(logged_in.token) == 43  # 32 octets in base 64
    now, zone = practices.clock.now, eva.context.zone
    assert eva.session(logged_in.token) == Session(
        NAME,
        frozenset({Right.READ, Right.APPROVE}),
        is_locked=False,
        locks_at=(now + timedelta(minutes=15)).astimezone(zone),
        ends_at=(now + timedelta(hours=12)).astimezone(zone),
    )
    assert token_of(eva) != logged_in.token
    for other in ("", logged_in.token[:-1], logged_in.token.swapcase(), "\ud83d", "x" * 5000):
        assert eva.session(other) is None
        assert eva.touch(other) is None
        assert eva.unlock(other, PASSWORD, HERE) is None


def test_a_session_locks_after_a_quarter_of_an_hour_without_use(
    practices: Practices, eva: Practice
) -> None:
    token = token_of(eva)
    practices.clock.forward(15 * MINUTE - 1)
    found = eva.session(token)
    assert found
    assert not found.is_locked
    touched = eva.touch(token)
    assert touched
    assert touched.locks_at - found.locks_at == timedelta(seconds=15 * MINUTE - 1)
    for _ in range(3):  # looking is no use
        practices.clock.forward(5 * MINUTE)
        found = eva.session(token)
        assert found
    assert found.is_locked
    assert found.locks_at == practices.clock.now
    locked = eva.touch(token)
    assert locked
    assert locked.is_locked


def test_what_is_done_in_one_moment_is_written_once(practices: Practices, eva: Practice) -> None:
    token = token_of(eva)
    first = eva.touch(token)
    assert first
    practices.clock.forward(9)
    assert eva.touch(token) == first
    practices.clock.forward(2)
    later = eva.touch(token)
    assert later
    assert later.locks_at - first.locks_at == timedelta(seconds=11)


@pytest.mark.parametrize("name", ["unlock", "confirm_password"])
def test_the_password_opens_a_locked_session(
    practices: Practices, eva: Practice, name: str
) -> None:
    token = token_of(eva)
    practices.clock.forward(HOUR)
    give: Callable[[str, str, str], object] = getattr(eva, name)
    assert give(token, "falsch", HERE) == LoginRefused(0)
    found = eva.session(token)
    assert found
    assert found.is_locked
    opened = give(token, PASSWORD, HERE)
    assert isinstance(opened, Session)
    assert not opened.is_locked
    assert opened.locks_at == practices.clock.now + timedelta(minutes=15)
    assert opened == eva.session(token)


def test_a_session_ends_after_twelve_hours_whatever_is_done(
    practices: Practices, eva: Practice
) -> None:
    token = token_of(eva)
    for _ in range(12 * 6 - 1):
        practices.clock.forward(10 * MINUTE)
        assert eva.touch(token)
    found = eva.session(token)
    assert found
    assert found.locks_at == found.ends_at
    practices.clock.forward(10 * MINUTE)
    assert eva.session(token) is None
    assert eva.touch(token) is None
    assert eva.unlock(token, PASSWORD, HERE) is None


def test_who_logs_out_is_out_and_nobody_else(eva: Practice) -> None:
    token, other = token_of(eva), token_of(eva)
    eva.log_out(token)
    eva.log_out(token)
    assert eva.session(token) is None
    assert eva.session(other)


@pytest.mark.parametrize("name", [NAME, "niemand", "os:root", "x\0", "x\ud83d", "y" * 5000, ""])
def test_nobody_is_told_which_names_there_are(
    practices: Practices, eva: Practice, name: str
) -> None:
    waits = [wrong(eva, name=name) for _ in range(OF_ACCOUNT.free + 3)]
    assert waits == [0, 0, 0, 0, 1, 1, 1, 1]
    practices.clock.forward(1)
    assert wrong(eva, name=name) == 2


def test_delays_double_up_to_a_bound(practices: Practices, eva: Practice) -> None:
    waits = []
    for number in range(OF_ACCOUNT.free + 12):
        waits.append(wrong(eva, origin=f"192.0.2.{number}"))
        practices.clock.forward(waits[-1])
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert token_of(eva)
    assert wrong(eva) == 0  # the right one forgave the account


def test_who_tries_too_early_waits_no_longer_for_it(practices: Practices, eva: Practice) -> None:
    used_up(practices, eva)
    before = rows(eva, failed_login)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)
    assert wrong(eva) == 1
    assert rows(eva, failed_login) == before
    practices.clock.forward(0.5)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)
    practices.clock.forward(0.5)
    assert token_of(eva)


def test_an_address_is_delayed_over_all_names(practices: Practices, eva: Practice) -> None:
    waits = []
    for number in range(OF_ORIGIN.free + 8):
        waits.append(wrong(eva, name=f"user{number}"))
        practices.clock.forward(waits[-1])
    assert waits[: OF_ORIGIN.free - 1] == [0] * (OF_ORIGIN.free - 1)
    assert waits[OF_ORIGIN.free - 1 :] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    practices.clock.forward(-1)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)
    assert token_of(eva, THERE)


def test_an_own_account_buys_no_tries_of_others(practices: Practices, eva: Practice) -> None:
    for number in range(OF_ORIGIN.free - 3):
        assert wrong(eva, name=f"user{number}") == 0
    for _ in range(2):
        assert wrong(eva) == 0
    token_of(eva)  # takes back its own two
    for number in range(2):
        assert wrong(eva, name=f"other{number}") == 0
    assert wrong(eva, name="last") == 1


def test_failures_of_an_account_elsewhere_stay_at_that_address(eva: Practice) -> None:
    for _ in range(3):
        wrong(eva, THERE)
    for number in range(OF_ORIGIN.free - 2):
        wrong(eva, name=f"user{number}")
    token_of(eva)
    assert wrong(eva, name="one") == 0
    assert wrong(eva, name="two") == 1


def test_who_tries_elsewhere_keeps_nobody_out(practices: Practices, eva: Practice) -> None:
    """A browser in which somebody logged in before, and a session, have tries of their own."""
    logged_in = eva.log_in(NAME, PASSWORD, HERE)
    assert isinstance(logged_in, LoggedIn)
    used_up(practices, eva)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)
    for known in ("", "~", "x.y", logged_in.known[:-1], f"x{logged_in.known}", "\ud83d", "ä"):
        assert eva.log_in(NAME, PASSWORD, HERE, known) == LoginRefused(1)
    assert isinstance(eva.log_in(NAME, PASSWORD, HERE, logged_in.known), LoggedIn)
    assert isinstance(eva.unlock(logged_in.token, PASSWORD, HERE), Session)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)  # forgiven is what is known alone


def test_a_known_browser_has_no_more_tries_than_others(practices: Practices, eva: Practice) -> None:
    logged_in = eva.log_in(NAME, PASSWORD, HERE)
    assert isinstance(logged_in, LoggedIn)
    for ask in (
        lambda: eva.log_in(NAME, "falsch", HERE, logged_in.known),
        lambda: eva.unlock(logged_in.token, "falsch", HERE),
    ):
        waits = [ask() for _ in range(OF_ACCOUNT.free + 2)]
        assert waits == [LoginRefused(0)] * (OF_ACCOUNT.free - 1) + [LoginRefused(1)] * 3
    assert token_of(eva, THERE)


def test_a_browser_is_known_to_several_users_until_a_password_changes(eva: Practice) -> None:
    known, marks = "", []
    for number in range(10):
        name = f"user{number}"
        eva.add_user(name, PASSWORD)
        logged_in = eva.log_in(name, PASSWORD, HERE, known)
        assert isinstance(logged_in, LoggedIn)
        known = logged_in.known
        marks.append(known.partition("~")[0])
    assert known.split("~") == marks[:1:-1]
    again = eva.log_in("user7", PASSWORD, HERE, known)
    assert isinstance(again, LoggedIn)
    assert sorted(again.known.split("~")) == sorted(marks[2:])
    assert again.known.startswith(marks[7])
    eva.change_user("user7", password=f"{PASSWORD} neu")
    for _ in range(OF_ACCOUNT.free):
        wrong(eva, name="user7")
    assert eva.log_in("user7", f"{PASSWORD} neu", HERE, known) == LoginRefused(1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("unix", "unix", True),
    ],
)
def test_a_network_of_ipv6_is_one_origin(one: str, other: str, *, same: bool) -> None:
    assert (origin_of(one) == origin_of(other)) is same


def test_a_clock_that_was_ahead_keeps_nobody_out(practices: Practices, eva: Practice) -> None:
    now = practices.clock.now
    practices.clock.now = now + timedelta(days=400)
    used_up(practices, eva)
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(1)
    practices.clock.now = now
    assert wrong(eva) == 2  # nobody waits, and counting goes on
    practices.clock.forward(2)
    assert token_of(eva)


def test_a_session_of_a_clock_that_was_ahead_does_not_last(
    practices: Practices, eva: Practice
) -> None:
    now = practices.clock.now
    practices.clock.now = now + timedelta(days=400)
    token = token_of(eva)
    practices.clock.now = now
    assert eva.session(token) is None
    assert eva.touch(token) is None
    token_of(eva)
    assert len(rows(eva, session)) == 1


def test_a_change_under_a_clock_that_was_ahead_lets_people_in(
    practices: Practices, eva: Practice
) -> None:
    now = practices.clock.now
    practices.clock.now = now + timedelta(days=400)
    eva.change_user(NAME, password=f"{PASSWORD} neu")
    practices.clock.now = now
    eva.change_user(NAME, password=PASSWORD)
    assert eva.session(token_of(eva))


def test_a_lock_by_a_clock_that_was_ahead_is_opened(practices: Practices, eva: Practice) -> None:
    token = token_of(eva)
    with eva.ledger.begin() as tx:
        tx.execute(tx.update(session).values(used_at=tx.now + timedelta(days=400)))
    found = eva.session(token)
    assert found
    assert found.is_locked
    opened = eva.unlock(token, PASSWORD, HERE)
    assert isinstance(opened, Session)
    assert not opened.is_locked
    practices.clock.forward(15 * MINUTE)
    found = eva.session(token)
    assert found
    assert found.is_locked


def test_what_is_over_is_removed_at_a_log_in(practices: Practices, eva: Practice) -> None:
    token_of(eva)
    wrong(eva, THERE, "niemand")
    practices.clock.forward(25 * HOUR)
    token_of(eva)
    assert len(rows(eva, session)) == 1
    assert len(rows(eva, failed_login)) == 0


def test_what_is_over_is_purged(practices: Practices, eva: Practice) -> None:
    token_of(eva)
    wrong(eva, THERE, "niemand")
    practices.clock.forward(11 * HOUR)
    eva.purge()
    assert len(rows(eva, session)) == 1
    assert len(rows(eva, failed_login)) == 3
    practices.clock.forward(HOUR)
    eva.purge()
    assert rows(eva, session) == []
    practices.clock.forward(12 * HOUR + 1)
    eva.purge()
    assert rows(eva, failed_login) == []
    assert len(rows(eva, user)) == 1


def test_a_password_of_ones_own_needs_the_old_one_and_ends_other_sessions(
    eva: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    here, there = token_of(eva), token_of(eva, THERE)
    new = "fünf ganz andere lange worte"
    refused = eva.change_own_password(here, "falsch", new, HERE)
    assert refused == LoginRefused(0)
    with pytest.raises(SerienpostError, match="too short"):
        eva.change_own_password(here, PASSWORD, "kurz", HERE)
    assert eva.session(here)
    assert eva.session(there)
    assert isinstance(eva.log_in(NAME, PASSWORD, THERE), LoggedIn)
    changed = eva.change_own_password(here, PASSWORD, new, HERE)
    assert isinstance(changed, LoggedIn)
    assert (eva.session(here), eva.session(there)) == (None, None)
    now = eva.session(changed.token)
    assert now is not None
    assert now.user == NAME
    assert isinstance(eva.log_in(NAME, PASSWORD, HERE, changed.known), LoginRefused)
    assert isinstance(eva.log_in(NAME, new, HERE, changed.known), LoggedIn)
    assert eva.change_own_password(here, new, PASSWORD, HERE) is None
    assert (new in caplog.text, PASSWORD in caplog.text) == (False, False)


def test_the_journal_says_who_logged_in_until_it_is_purged(
    practices: Practices, eva: Practice
) -> None:
    practices.clock.forward(1)
    token = token_of(eva)
    assert isinstance(eva.unlock(token, PASSWORD, HERE), Session)
    wrong(eva)
    wrong(eva, name="niemand")
    log_in, added = eva.user_history()
    assert (log_in.at, log_in.user, log_in.action) == (practices.clock.now, NAME, "log in")
    assert (added.user, added.name, added.action) == (eva.actor, NAME, "add user")
    practices.clock.forward(90 * 24 * HOUR)
    eva.purge()
    assert [one.action for one in eva.user_history()] == ["log in", "add user"]
    practices.clock.forward(1)
    eva.purge()
    assert [one.action for one in eva.user_history()] == ["add user"]


def test_wrong_passwords_are_forgotten_after_a_day(practices: Practices, eva: Practice) -> None:
    used_up(practices, eva)
    practices.clock.forward(24 * HOUR + 1)
    assert wrong(eva) == 0
    assert {row["failures"] for row in rows(eva, failed_login)} == {1}


def test_a_hash_of_other_parameters_is_replaced(practice: Practice) -> None:
    import argon2

    practice.add_user(NAME, PASSWORD)
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with practice.ledger.begin() as tx:
        tx.execute(tx.update(user).values(password=old))
    before = token_of(practice)
    (now,) = rows(practice, user)
    assert now["password"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert practice.session(before)
    token_of(practice)
    assert rows(practice, user) == [now]


def test_a_hash_that_is_none_lets_nobody_in(eva: Practice) -> None:
    with eva.ledger.begin() as tx:
        tx.execute(tx.update(user).values(password=PASSWORD))
    assert eva.log_in(NAME, PASSWORD, HERE) == LoginRefused(0)


def test_threads_that_fail_at_once_all_count(practices: Practices, eva: Practice) -> None:
    found = at_once(practices, 4, lambda practice, _: wrong(practice))
    assert found == [0, 0, 0, 0]
    assert {row["failures"] for row in rows(eva, failed_login)} == {4}
    assert wrong(eva) == 1


def test_a_flood_gets_no_more_tries_than_one_after_the_other(
    practices: Practices, eva: Practice
) -> None:
    found = at_once(practices, 16, lambda practice, _: wrong(practice))
    assert sorted(found) == [0] * (OF_ACCOUNT.free - 1) + [1] * (16 - OF_ACCOUNT.free + 1)
    assert {row["failures"] for row in rows(eva, failed_login)} == {OF_ACCOUNT.free}


def test_many_log_in_at_once(practices: Practices, eva: Practice) -> None:
    tokens = at_once(practices, 4, lambda practice, _: token_of(practice))
    assert len(set(tokens)) == 4
    assert all(eva.session(token) for token in tokens)
    assert rows(eva, failed_login) == []


def at_once(practices: Practices, number: int, do: Callable[[Practice, int], Any]) -> list[Any]:
    """What each of so many threads, each with a practice of its own, brings."""
    opened = [practices.open() for _ in range(number)]
    start = threading.Barrier(number)
    found: list[Any] = []

    def one(practice: Practice, place: int) -> None:
        assert practice.users()
        start.wait()
        found.append(do(practice, place))

    threads = [threading.Thread(target=one, args=each[::-1]) for each in enumerate(opened)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_no_password_and_no_token_is_written_down_or_told(
    practices: Practices, practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret, second, false = (
        "geheim ist dieses wort",
        "und dieses ist neu hier",
        "so war es nie ganz",
    )
    told: list[object] = [practice.add_user(NAME, secret, ["administer"])]
    logged_in = practice.log_in(NAME, secret, HERE)
    assert isinstance(logged_in, LoggedIn)
    token = logged_in.token
    told += [logged_in, practice.session(token), practice.touch(token)]
    told += [practice.log_in(NAME, false, HERE), practice.unlock(token, false, HERE)]
    told += [practice.confirm_password(token, secret, HERE), *practice.users()]
    told.append(practice.change_user(NAME, password=second))
    for change in (
        lambda: practice.add_user(NAME, secret),
        lambda: practice.add_user("os:eva", secret),
        lambda: practice.change_user("niemand", password=secret),
        lambda: practice.change_user(NAME, rights=["read"], password=secret),
    ):
        with pytest.raises(SerienpostError) as refused:
            change()
        told += [refused.value, *refused.value.problems]
    with practice.ledger.read() as tx:
        from serienpost.ledger.users import all_users

        told += all_users(tx)
    practice.close()
    said = "\n".join([*map(repr, told), *map(str, told), caplog.text]).encode()
    files = [path for path in practices.folder.rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert b"$argon2id$" in written
    assert NAME.encode() in said
    assert b"$argon2id$" not in said
    for canary in (secret, second, false, token):
        assert canary.encode() not in written, canary
        assert canary.encode() not in said, canary
    assert HERE.encode() not in written


def test_an_older_ledger_has_no_desk(practices: Practices, practice: Practice) -> None:
    with practice.ledger.begin() as tx:
        for table in (user, session, failed_login):
            table.drop(tx.connection)
    for use in (
        practice.users,
        lambda: practice.add_user(NAME, PASSWORD),
        lambda: practice.change_user(NAME, rights=["read"]),
        lambda: practice.remove_user(NAME),
        lambda: practice.log_in(NAME, PASSWORD, HERE),
        lambda: practice.session("x"),
        lambda: practice.touch("x"),
        lambda: practice.unlock("x", PASSWORD, HERE),
        lambda: practice.confirm_password("x", PASSWORD, HERE),
        lambda: practice.log_out("x"),
    ):
        with pytest.raises(LedgerError, match="knows nothing of the desk") as refused:
            use()
        assert refused.value.problems[0].hint
    practice.purge()


def test_practices_of_one_ledger_do_not_know_each_other(
    practices: Practices, eva: Practice
) -> None:
    token = token_of(eva)
    practices.edit("serienpost.yaml", "id: sonnenschein", "id: mondschein")
    other = practices.open()
    assert other.users() == []
    assert other.session(token) is None
    assert wrong(other) == 0
    other.add_user(NAME, PASSWORD)
    used_up(practices, other)
    other.remove_user(NAME)
    other.log_out(token)
    assert eva.session(token)
    assert token_of(eva)
