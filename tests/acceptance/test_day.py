"""What counts is the practice's date when a message leaves, whatever date a run was made for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from moved_clock import Clock

from serienpost.ledger import store

if TYPE_CHECKING:
    from conftest import Post, Practice

FATHER, SON, DAUGHTER = "patient:22", "patient:27", "patient:28"
NEWS = """\
source: patients
select: {ids: [%s]}
account: mail
purpose: information
once_per: none
stale_after: 30 days
subject: Neue Sprechzeiten
text: "{{Briefanrede}} %s {{Praxis}}"
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(store, "utc_now", made)
    made.set(made.today)
    return made


def news(practice: Practice, *ids: str, text: str = "") -> None:
    numbers = ", ".join(each.removeprefix("patient:") for each in ids)
    (practice.folder / "mailings" / "neues.yaml").write_text(NEWS % (numbers, text), "utf-8")


def prepared(practice: Practice, due: date | None = None) -> str:
    more = ("--for", due.isoformat()) if due else ()
    practice.run = practice.json("prepare", "neues", "--summary", *more)["run"]
    return practice.run


def born(practice: Practice, person: str, day: date, years: int = 18) -> None:
    """The person turns so many years on that day."""
    try:
        birthday = day.replace(year=day.year - years)
    except ValueError:  # 29 February
        birthday = day.replace(year=day.year - years, day=28)
    practice.change("UPDATE patient SET geburtsdatum = ?, email = ? WHERE id = ?",
                    birthday.isoformat(), f"{person.partition(':')[2]}@example.org",
                    person.removeprefix("patient:"))  # fmt: skip


def recipients(post: Post) -> list[str]:
    return sorted(recipient for recipient, _ in post.mails().values())


# Age and representative


def test_who_comes_of_age_before_it_leaves_is_not_written_about_to_the_father(
    demo: Practice, post: Post, clock: Clock
) -> None:
    """The attack: 18 since yesterday, released for tomorrow while still a child."""
    born(demo, SON, clock.today + timedelta(days=1))
    news(demo, SON)
    prepared(demo)
    later = f"{clock.today + timedelta(days=2)}T10:00"
    demo.json("send", demo.run, "--yes", "--at", later, "--no-wait", code=75)
    clock.set(clock.today + timedelta(days=2), 11)
    demo.json("resume", "--due")
    assert post.mails() == {}
    assert [m["code"] for m in demo.messages().values()] == ["representative_changed"]


def test_a_shared_address_does_not_hide_that_somebody_came_of_age(
    demo: Practice, post: Post, clock: Clock
) -> None:
    """The letter begins with the father's name, the address is the same for both."""
    born(demo, SON, clock.today + timedelta(days=1))
    demo.change("UPDATE patient SET email = 'familie@example.org' WHERE id IN (22, 27)")
    news(demo, SON)
    prepared(demo)
    clock.set(clock.today + timedelta(days=1))
    demo.json("send", demo.run, "--yes")
    assert post.mails() == {}
    assert [m["code"] for m in demo.messages().values()] == ["representative_changed"]


def test_a_due_date_in_the_past_makes_nobody_a_child_again(
    demo: Practice, post: Post, clock: Clock
) -> None:
    born(demo, DAUGHTER, clock.today - timedelta(days=1))
    news(demo, DAUGHTER)
    prepared(demo, clock.today - timedelta(days=9))
    demo.json("send", demo.run, "--yes")
    assert recipients(post) == ["28@example.org"]


def test_a_due_date_ahead_makes_nobody_an_adult(demo: Practice, post: Post, clock: Clock) -> None:
    """Reviewed for the day on which he is 18, sent today, where he is not."""
    born(demo, SON, clock.today + timedelta(days=5))
    news(demo, SON)
    prepared(demo, clock.today + timedelta(days=5))
    assert [m["consenting"] for m in demo.messages().values()] == [None]
    demo.json("send", demo.run, "--yes")
    assert post.mails() == {}
    assert [m["code"] for m in demo.messages().values()] == ["representative_changed"]


@pytest.mark.parametrize(
    ("birthday", "to"),
    [(1, "father"), (0, "28@example.org"), (-1, "28@example.org")],
    ids=["tomorrow", "today", "yesterday"],
)
def test_the_birthday_itself_counts(
    demo: Practice, post: Post, clock: Clock, birthday: int, to: str
) -> None:
    born(demo, DAUGHTER, clock.today + timedelta(days=birthday))
    demo.change("UPDATE patient SET email = 'father' || '@example.org' WHERE id = 22")
    news(demo, DAUGHTER)
    prepared(demo)
    demo.json("send", demo.run, "--yes")
    assert recipients(post) == [to if "@" in to else f"{to}@example.org"]


def test_a_run_that_a_rate_stops_before_midnight_judges_anew_after_it(
    demo: Practice, post: Post, clock: Clock
) -> None:
    clock.set(clock.today, 23)
    tomorrow = clock.today + timedelta(days=1)
    for person in (SON, DAUGHTER):
        born(demo, person, tomorrow)
    demo.edit("serienpost.yaml", "connections: 4", "connections: 4\n    rate: [1/hour]")
    news(demo, SON, DAUGHTER)
    prepared(demo)
    demo.json("send", demo.run, "--yes", "--no-wait", code=75)
    assert len(post.mails()) == 1
    clock.set(tomorrow, 1)
    demo.json("resume", "--due")
    assert len(post.mails()) == 1
    assert sorted(m["code"] or "" for m in demo.messages().values()) == [
        "", "representative_changed",
    ]  # fmt: skip


def test_a_practice_in_another_zone_has_another_day(
    demo: Practice, post: Post, clock: Clock
) -> None:
    """At 10:00 in Berlin it is tomorrow in Kiritimati."""
    clock.set(clock.today, 13)
    born(demo, DAUGHTER, clock.today + timedelta(days=1))
    demo.edit("serienpost.yaml", "Europe/Berlin", "Pacific/Kiritimati")
    news(demo, DAUGHTER)
    prepared(demo)
    demo.json("send", demo.run, "--yes")
    assert recipients(post) == ["28@example.org"]


# What a text says of the day


def test_today_is_not_said_on_another_day(demo: Practice, post: Post, clock: Clock) -> None:
    """The attack: "heute, am 26.11." left on the 29th."""
    news(demo, "patient:1", "patient:2", text="Heute, am {{Heute}}.")
    prepared(demo)
    day = clock.today
    clock.set(day + timedelta(days=3))
    before = demo.contents()
    at = f"{clock.today}T23:00"
    (plainly,), (at_a_time,) = (
        demo.refused("send", demo.run, "--yes", *more) for more in ((), ("--at", at))
    )
    assert plainly == at_a_time
    assert plainly["message"] == (
        f"the run is made for {day.day} {day:%b %Y} and the text uses Heute; "
        "it cannot be sent on another day"
    )
    assert plainly["hint"] == f"serienpost prepare neues --for {clock.today}"
    assert demo.contents() == before
    assert post.mails() == {}


def test_a_day_ahead_waits_for_its_day(demo: Practice, post: Post, clock: Clock) -> None:
    tomorrow = clock.today + timedelta(days=1)
    news(demo, "patient:1", text="Heute, am {{Heute}}.")
    prepared(demo, tomorrow)
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert f"--at {tomorrow}T" in problem["hint"]
    demo.json("send", demo.run, "--yes", "--at", f"{tomorrow}T09:00", "--no-wait", code=75)
    clock.set(tomorrow)
    demo.json("resume", "--due")
    ((_, mail),) = post.mails().values()
    assert f"{tomorrow:%d.%m.%Y}" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_dated_run_that_is_open_after_midnight_needs_a_person(
    demo: Practice, post: Post, clock: Clock
) -> None:
    demo.edit("serienpost.yaml", "connections: 4", "connections: 4\n    rate: [1/hour]")
    news(demo, "patient:1", "patient:2", text="Heute, am {{Heute}}.")
    prepared(demo)
    demo.json("send", demo.run, "--yes", "--no-wait", code=75)
    clock.set(clock.today + timedelta(days=1))
    for command in (["resume", "--due"], ["resume", demo.run], ["send", demo.run, "--yes"]):
        demo.json(*command, code=75)
        assert demo.state() == ("paused", "another_day")
        assert len(post.mails()) == 1
    demo.json("resume", demo.run, "--confirm")
    assert len(post.mails()) == 2
    ((user,),) = demo.ledger("SELECT user FROM journal WHERE action = 'confirm'")
    assert user.startswith("os:")


def test_a_catch_up_keeps_its_due_date_where_the_occasion_lies_ahead(
    demo: Practice, post: Post, clock: Clock
) -> None:
    """Tomorrow's appointments as of yesterday: those of today that are still to come."""
    tomorrow = clock.today + timedelta(days=1)
    clock.set(tomorrow, 0)
    demo.json("run", "terminerinnerung", "--yes", "--for", f"{clock.today - timedelta(days=1)}")
    assert len(post.mails()) > 0
    demo.run = demo.json("prepare", "terminerinnerung", "--summary", "--for",
                         f"{clock.today - timedelta(days=1)}")["run"]  # fmt: skip
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert "the selection counts from that day" in problem["message"]


def test_a_catch_up_does_not_speak_of_a_day_that_is_over(
    demo: Practice, post: Post, clock: Clock
) -> None:
    yesterday = (clock.today - timedelta(days=1)).isoformat()
    news(demo, "patient:1", text="Heute, am {{Heute}}.")
    (problem,) = demo.refused("run", "neues", "--yes", "--for", yesterday)
    assert "the text uses Heute" in problem["message"]
    assert post.mails() == {}


def test_letters_keep_the_date_that_they_were_prepared_with(demo: Practice, clock: Clock) -> None:
    news(demo, "patient:1")
    demo.edit("mailings/neues.yaml", "account: mail", "account: brief")
    prepared(demo)
    later = f"{clock.today}T23:30"
    demo.json("send", demo.run, "--yes", "--at", later, "--no-wait", code=75)
    clock.set(clock.today + timedelta(days=1), 1)
    demo.json("resume", "--due")
    assert demo.state() == ("finished", None)


# A query


PRESENT = "SELECT id FROM patient WHERE substr(geburtsdatum, 6) = strftime('%m-%d', 'now', :hours)"


@pytest.mark.parametrize("place", ["mailing", "file"])
def test_a_query_that_asks_for_the_present_day_counts_from_it(
    demo: Practice, post: Post, clock: Clock, place: str
) -> None:
    """As `birthday: today` does; what the clock of the database says is no due date."""
    (demo.folder / "heute.sql").write_text(PRESENT, "utf-8")
    query = PRESENT if place == "mailing" else "heute.sql"
    (demo.folder / "mailings" / "neues.yaml").write_text(
        f'source: query\nselect: {{query: "{query}", parameters: {{hours: "+0 hours"}}}}\n'
        "account: mail\npurpose: birthday\nsubject: Glückwunsch\n"
        'text: "{{Briefanrede}} alles Gute! {{Praxis}}"\n',
        "utf-8",
    )
    born(demo, FATHER, datetime.now(UTC).date(), years=40)
    tomorrow = clock.today + timedelta(days=1)
    (problem,) = demo.refused("prepare", "neues", "--for", tomorrow.isoformat())
    assert "the present day, not for" in problem["message"]
    prepared(demo)
    (problem,) = demo.refused("send", demo.run, "--yes", "--at", f"{tomorrow}T10:00")
    assert "the selection counts from that day" in problem["message"]
    clock.set(tomorrow)
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert "the selection counts from that day" in problem["message"]
    assert recipients(post) == []


# A row of a list, whose address belongs to a minor in the master data


LISTED = """\
source: table
select: {file: liste.csv, columns: {Vorname: vorname, Adresse: email}, consent_column: Ja}
account: mail
purpose: information
subject: Neue Sprechzeiten
text: Guten Tag {{Vorname}}, hier schreibt die {{Praxis}}.
"""


@pytest.mark.parametrize(
    ("birthday_in", "father", "son", "leaves_in", "is_sent"),
    [
        (2, "nein", "ja", 3, True),
        (2, "ja", "nein", 3, False),
        (2, "nein", "ja", 1, False),
        (2, "ja", "nein", 1, True),
        (-1, "nein", "ja", 1, True),
    ],
)
def test_whose_word_counts_for_an_address_in_a_list_is_judged_for_the_day_it_leaves(
    demo: Practice,
    post: Post,
    clock: Clock,
    birthday_in: int,
    father: str,
    son: str,
    leaves_in: int,
    is_sent: bool,
) -> None:
    """The address of a son alone: up to his birthday the father's word counts, then his own."""
    born(demo, SON, clock.today + timedelta(days=birthday_in))
    for person, word in ((FATHER, father), (SON, son)):
        demo.change("UPDATE patient SET kontakt_email = ?, verstorben = 0, gesperrt = 0"
                    " WHERE id = ?", word, person.removeprefix("patient:"))  # fmt: skip
    (demo.folder / "liste.csv").write_text("Vorname;Adresse;Ja\nKim;27@example.org;ja\n", "utf-8")
    (demo.folder / "mailings" / "neues.yaml").write_text(LISTED, "utf-8")
    leaves_on = clock.today + timedelta(days=leaves_in)
    review = demo.json("prepare", "neues", "--for", leaves_on.isoformat())
    assert [row["marked"] for row in review["recipients"]] == [is_sent]
    clock.set(leaves_on)
    if is_sent:
        demo.json("send", review["run"], "--yes")
    assert recipients(post) == (["27@example.org"] if is_sent else [])
