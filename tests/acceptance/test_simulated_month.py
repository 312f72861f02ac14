"""Two months on a moved clock, with a real ledger: schedules over both changes of the clocks,
holidays, weekends and days without power, served by two workers of which some die.

Each due date goes out once: nobody is missed, nobody gets it twice. The provider says who got what.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost.ledger import store
from serienpost.service import open_practice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import Practice as Folder

    from serienpost import Practice
    from serienpost.service import Notice

BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = 2
SAXONY = "{country: DE, state: SN, on: ON}"
MAILING = """\
source: "null"
select: {count: 2, occasion: OCCASION}
account: mail
purpose: event
once_per: none
subject: Guten Tag
text: "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."
schedule: RULE
"""
# Name -> schedule, holidays, whether it is about appointments of the next day.
MAILINGS = {
    "nachts": ("täglich 02:30", None, False),
    "werktags": ("mo-fr 09:00", "skip", False),
    "zweimal": ("[wed 16:00, fri 16:00]", "next", False),
    "monat": ("am 1. und 15. 08:00", None, False),
    "termin": ("daily 12:00", None, True),
}


class Killed(BaseException):
    """Stands for the end of a process."""


def at(text: str) -> datetime:
    """A moment in practice time."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@dataclass
class Month:
    """A practice, the clock on its wall, and the workers that serve it."""

    folder: Folder
    now: datetime
    random: Random = field(default_factory=lambda: Random(21))
    told: list[Notice] = field(default_factory=list)
    workers: list[Practice] = field(default_factory=list)
    dying: dict[int, str] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    deaths: int = 0
    rounds: int = 0

    def clock(self) -> datetime:
        return self.now

    def boot(self) -> None:
        """Two workers, as after the machine is switched on."""
        self.close()
        for _ in range(2):
            worker = open_practice(self.folder.folder, actor="os:worker", notify=self.told.append)
            self.workers.append(worker)

    def close(self) -> None:
        """No power."""
        for worker in self.workers:
            worker.close()
        self.workers = []

    def faultpoint(self, name: str) -> None:
        """Where a worker is to die."""
        if self.dying.get(threading.get_ident()) == name:
            del self.dying[threading.get_ident()]
            self.deaths += 1
            raise Killed

    def serve(self, worker: Practice, dies_at: str | None = None) -> None:
        if dies_at:
            self.dying[threading.get_ident()] = dies_at
        try:
            worker.resume_due()
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001  # of a thread
            self.errors.append(error)
        finally:
            self.dying.pop(threading.get_ident(), None)

    def look(self) -> None:
        """Both workers look, one after the other, in either order, or at the same time, and every
        other time one dies on the way. A minute later one looks
        again."""
        self.rounds += 1
        pair = list(self.workers)
        if self.rounds % 3 == 1:
            pair.reverse()
        dies_at = self.random.choice(DYING) if self.rounds % 2 else None
        first = threading.Thread(target=self.serve, args=(pair[0], dies_at))
        first.start()
        if self.rounds % 3 < 2:
            first.join()
        self.serve(pair[1])
        first.join()
        self.now += timedelta(minutes=1)
        self.serve(self.random.choice(pair))

    def live(self, first: str, last: str, looks: Sequence[str]) -> None:
        """Look at these times of each day; of a time that comes twice both times."""
        start, end = at(first), at(last)
        moments = {
            datetime.fromisoformat(f"{day} {look}")
            .replace(tzinfo=BERLIN, fold=fold)
            .astimezone(UTC)
            for day in days(first[:10], last[:10])
            for look in looks
            for fold in (0, 1)
        }
        for moment in sorted(one for one in moments if start <= one <= end):
            self.now = moment
            self.look()

    def sent(self) -> dict[tuple[str, str], str]:
        """(mailing, due date) -> the hour in which it left, as the provider knows it; each person
        had it once, and nothing else."""
        rows = self.folder.ledger(
            "SELECT r.mailing, r.due, r.approved_by, m.person, m.ref, m.sent_at FROM message m"
            " JOIN run r ON r.practice = m.practice AND r.id = m.run WHERE r.id <> ?",
            self.folder.run,
        )
        oracle = self.folder.oracle()
        left = [row for row in rows if row["ref"] in oracle]
        assert sorted(oracle.values()) == [1] * len(left)
        assert {row["approved_by"] for row in left} == {f"schedule:{name}" for name in MAILINGS}
        had = Counter((row["mailing"], row["due"], row["person"]) for row in left)
        assert set(had.values()) == {1}
        people = Counter((mailing, due) for mailing, due, _person in had)
        assert set(people.values()) == {PEOPLE}
        return {(row["mailing"], row["due"]): f"{_local(row['sent_at']):%m-%d %H}" for row in left}

    def given_up(self) -> set[tuple[str, str]]:
        """Due dates that nobody could be served by any more, all of which were told."""
        rows = self.folder.ledger("SELECT mailing, due FROM due WHERE state = 'given_up'")
        told = [one.parameters for one in self.told if one.code == "given_up"]
        found = {(row["mailing"], row["due"]) for row in rows}
        assert {(one["mailing"], one["due"]) for one in told} == found
        return found


# Before and after each step of a scheduled due date is written.
DYING = [
    f"{name}.{when}_commit"
    for name in ("schedule", "due", "create", "freeze", "approve")
    for when in ("before", "after")
]


def _local(microseconds: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).astimezone(
        BERLIN
    )


@pytest.fixture
def begun(null: Folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Month]]:
    made: list[Month] = []

    def begin(moment: str) -> Month:
        (null.folder / "mailings/einladung.yaml").unlink()
        for name, (rule, on, occasion) in MAILINGS.items():
            text = MAILING.replace("OCCASION", str(occasion).lower()).replace("RULE", rule)
            if on:
                text += f"holidays: {SAXONY.replace('ON', on)}\n"
            (null.folder / f"mailings/{name}.yaml").write_text(text, "utf-8")
        month = Month(null, at(moment))
        monkeypatch.setattr(store, "utc_now", month.clock)
        monkeypatch.setattr(store, "faultpoint", month.faultpoint)
        month.boot()
        made.append(month)
        return month

    yield begin
    for month in made:
        month.close()


def days(first: str, last: str) -> list[str]:
    """All days from one to another."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


def on(year: int, text: str) -> list[str]:
    """Days as in `03: 20 23-25, 04: 1`."""
    found = []
    for part in text.split(","):
        month, _, numbers = part.strip().partition(": ")
        for number in numbers.split():
            first, _, last = number.partition("-")
            found += [f"{year}-{month}-{n:02}" for n in range(int(first), int(last or first) + 1)]
    return found


def at_hour(mailing: str, due: Sequence[str], hour: str) -> dict[tuple[str, str], str]:
    """Each on its day, in this hour."""
    return {(mailing, day): f"{day[5:]} {hour}" for day in due}


def missed(mailing: str, due: Sequence[str]) -> set[tuple[str, str]]:
    return {(mailing, day) for day in due}


def test_spring(begun: Callable[[str], Month]) -> None:
    """Clocks go forward on 29 March 2026; Good Friday is 3 April, Easter Monday the 6th. There is
    no power from Tuesday the 24th, 10:00, until Friday, 08:00."""
    month = begun("2026-03-19 23:30")
    looks = ("02:30", "03:30", "08:00", "09:00", "12:00", "16:00", "23:30")
    month.live("2026-03-19 23:00", "2026-03-24 10:00", looks)
    month.boot()
    month.live("2026-03-27 08:00", "2026-04-10 23:59", looks)

    assert month.errors == []
    assert month.sent() == {
        **at_hour("nachts", on(2026, "03: 20-24 28 30-31, 04: 1-10"), "02"),
        ("nachts", "2026-03-27"): "03-27 08",
        ("nachts", "2026-03-29"): "03-29 03",  # 02:30 is not there
        **at_hour("werktags", on(2026, "03: 20 23-24 27 30-31, 04: 1-2 7-10"), "09"),
        **at_hour("zweimal", on(2026, "03: 20 27, 04: 1 7 8 10"), "16"),  # the 7th for the 3rd
        **at_hour("monat", on(2026, "04: 1"), "08"),
        **at_hour("termin", on(2026, "03: 20-23 27-31, 04: 1-10"), "12"),
        ("termin", "2026-03-26"): "03-27 08",  # before the first appointment
    }
    assert month.given_up() == {
        *missed("nachts", on(2026, "03: 25-26")),
        *missed("werktags", on(2026, "03: 25-26")),
        *missed("zweimal", on(2026, "03: 25")),
        *missed("termin", on(2026, "03: 24-25")),
    }
    assert month.deaths > MANY


def test_autumn(begun: Callable[[str], Month]) -> None:
    """Clocks go back on 25 October 2026; 31 October, a Saturday, and 18 November, a Wednesday, are
    holidays in Saxony. There is no power from the end of October until 2 November, 08:30."""
    month = begun("2026-10-22 23:30")
    looks = ("02:30", "08:00", "09:00", "12:00", "16:00", "23:30")
    month.live("2026-10-22 23:00", "2026-10-31 23:45", looks)
    month.boot()
    month.live("2026-11-02 08:30", "2026-11-20 23:59", ("08:30", *looks))

    assert month.errors == []
    assert month.sent() == {
        **at_hour("nachts", on(2026, "10: 23-31, 11: 3-20"), "02"),  # once on the 25th
        ("nachts", "2026-11-02"): "11-02 08",
        **at_hour("werktags", on(2026, "10: 23 26-30, 11: 2-6 9-13 16-17 19-20"), "09"),
        **at_hour("zweimal", on(2026, "10: 23 28 30, 11: 4 6 11 13 19 20"), "16"),
        **at_hour("monat", on(2026, "11: 15"), "08"),
        **at_hour("termin", on(2026, "10: 23-31, 11: 2-20"), "12"),
    }
    assert month.given_up() == {
        ("nachts", "2026-11-01"),
        ("monat", "2026-11-01"),
        ("termin", "2026-11-01"),
    }
    assert month.deaths > MANY


# So many workers die in each of the months.
MANY = 15
