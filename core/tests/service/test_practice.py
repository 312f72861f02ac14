"""Opening a practice, and what belongs to it as a whole."""

from __future__ import annotations

import inspect
import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, ROWS, prepared, released

import serienpost.service
from serienpost import ConfigError, open_practice
from serienpost.errors import LedgerError
from serienpost.ledger.schema import draft as draft_table
from serienpost.ledger.schema import failed_login, selected, selection, session, task
from serienpost.service import Answers, Draft, LoggedIn, LoginRefused, Notice, PrepareDraft
from serienpost.service.notices import log_notice

if TYPE_CHECKING:
    from pathlib import Path

    from opened_practice import Practices
    from sqlalchemy import Table

    from serienpost import Practice
    from serienpost.service import Run

YEAR = 365 * 86400


@pytest.mark.parametrize("actor", ["", "  "])
def test_who_acts_must_be_named(practices: Practices, actor: str) -> None:
    with pytest.raises(ValueError, match="who acts must be named"):
        open_practice(practices.folder, actor=actor)


def test_a_folder_may_be_named_by_its_path(practices: Practices) -> None:
    with open_practice(str(practices.folder), actor=ACTOR) as practice:
        assert practice.context.practice.id == "sonnenschein"
        assert practice.runs() == []


def test_a_folder_that_is_no_practice_is_refused(practices: Practices) -> None:
    with pytest.raises(ConfigError, match=r"serienpost\.yaml"):
        open_practice(practices.folder / "mailings", actor=ACTOR)


def test_every_name_of_the_service_is_there_and_no_other() -> None:
    for name in serienpost.service.__all__:
        found = getattr(serienpost.service, name)
        home = found if inspect.ismodule(found) else inspect.getmodule(found)
        assert home.__name__.startswith("serienpost") if home else isinstance(found, str | int)
    with pytest.raises(AttributeError, match="Blueprint"):
        serienpost.service.Blueprint  # noqa: B018


def test_times_are_read_as_people_write_them(practices: Practices, practice: Practice) -> None:
    zone = practice.context.zone
    assert practice.time("18:30") == datetime(2026, 3, 2, 18, 30, tzinfo=zone)
    assert practice.time("08:00") == datetime(2026, 3, 3, 8, tzinfo=zone)
    assert practice.time("2026-03-05T07:15") == datetime(2026, 3, 5, 7, 15, tzinfo=zone)
    for wrong, why in (
        ("bald", "is not a day and time"),
        ("2026-03-01T09:00", "in the past"),
        ("2026-03-29T02:30", "does not exist on that day"),
    ):
        with pytest.raises(ConfigError, match=why):
            practice.time(wrong)


def test_today_is_the_practices_day(practice: Practice) -> None:
    here = datetime.now(UTC).astimezone(practice.context.zone).date()
    assert abs(practice.today() - here) <= timedelta(days=1)


def test_where_nobody_listens_notices_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_notice(Notice("not_continued", {"run": "20260302-abcd", "text": "no answer"}))
    assert [record.getMessage() for record in caplog.records] == [
        "not_continued: {'run': '20260302-abcd', 'text': 'no answer'}"
    ]


def test_doctor_looks_at_everything(practice: Practice) -> None:
    findings = list(practice.doctor())
    assert [one.name for one in findings if not one.ok] == []
    assert {"python", "ledger", "account mail", "mailing einladung"} <= {
        one.name for one in findings
    }


def test_a_persons_data_are_given_out_and_erased(practice: Practice, run: Run) -> None:
    released(run)
    run.deliver()
    export = practice.export_person("patient:2")
    (message,) = export.messages
    assert (message.run, message.address, message.state) == (
        run.id,
        "null-2@example.org",
        "accepted",
    )
    assert practice.erase_person("patient:2") == 1
    assert "null-2@example.org" not in str([tuple(one) for one in run.recipients()])
    assert len(list(run.recipients())) == ROWS
    with pytest.raises(LedgerError):
        practice.erase_person("patient:2")


def test_what_retention_does_not_cover_is_removed(practices: Practices, practice: Practice) -> None:
    run = prepared(practice)
    run.approve(Answers(release=True))
    run.deliver()
    prepared(practice)
    nothing = {"values": 0, "unapproved": 0, "messages": 0, "drafts": 0, "selections": 0}
    assert practice.purge().document() == nothing
    practices.clock.forward(YEAR)
    done = practice.purge()
    assert (done.values, done.unapproved, done.messages) == (1, 1, 0)
    assert [line.run for line in practice.runs()] == [run.id]
    practices.clock.forward(100 * YEAR)
    done = practice.purge()
    assert (done.values, done.unapproved, done.messages) == (0, 0, 1)
    assert practice.runs() == []


def test_one_purge_covers_all_that_a_desk_leaves(practices: Practices, practice: Practice) -> None:
    people = practice.select([{"source": "null"}], account="mail", purpose="event")
    draft = practice.new_draft("einladung", selection=people.id)
    assert isinstance(draft, Draft)
    practice.ask(PrepareDraft(draft.id, draft.version)).cancel()
    practice.add_user("ada", "vier kleine worte", ["administer"])
    assert isinstance(practice.log_in("ada", "vier kleine worte", "127.0.0.1"), LoggedIn)
    assert isinstance(practice.log_in("ada", "falsch", "127.0.0.1"), LoginRefused)
    left = (draft_table, selection, selected, task, session, failed_login)
    assert all(_number(practice, one) for one in left)
    practices.clock.forward(YEAR)
    done = practice.purge()
    assert (done.drafts, done.selections) == (1, 1)
    assert [_number(practice, one) for one in left] == [0] * len(left)
    assert [one.name for one in practice.users()] == ["ada"]


def _number(practice: Practice, table: Table) -> int:
    with practice.ledger.read() as tx:
        return len(tx.all(tx.select(table)))


@pytest.mark.parametrize("actor", ["eva\nada", "eva\x1b[0m", "\u200b", "e" * 201, "\udcff"])
def test_who_acts_is_one_printable_line(practices: Practices, actor: str) -> None:
    with pytest.raises(ValueError, match="one line of printable signs"):
        open_practice(practices.folder, actor=actor)


def test_a_relative_folder_stays_the_same_when_the_program_moves(
    practices: Practices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(practices.folder)
    with open_practice(".", actor=ACTOR) as practice:
        monkeypatch.chdir(tmp_path)
        run = prepared(practice)
        assert [one.run for one in practice.runs()] == [run.id]
    assert not (tmp_path / "versandbuch.db").exists()


def test_a_closed_practice_does_nothing_more(practice: Practice, run: Run) -> None:
    practice.close()
    for command in (practice.runs, run.status, run.deliver):
        with pytest.raises(RuntimeError, match="the practice is closed"):
            command()


def test_an_id_that_is_no_text_is_refused(practice: Practice, run: Run) -> None:
    with pytest.raises(LedgerError, match="bytes that are no text"):
        practice.run("\udcff")
    with pytest.raises(LedgerError, match="bytes that are no text"):
        run.mark(exclude=["patient:\udcff"])


def test_a_mailing_that_no_file_can_be_called_is_refused(practice: Practice) -> None:
    with pytest.raises(ConfigError, match="so long a name"):
        practice.check("x" * 5000)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_due_date_at_the_end_of_time_is_refused(practice: Practice, day: date) -> None:
    with pytest.raises(ConfigError, match="too far away"):
        practice.prepare("einladung", due=day)


def test_only_what_can_be_replaced_is(practice: Practice) -> None:
    with pytest.raises(ValueError, match="account, template, signature"):
        practice.prepare("einladung", instead={"limit": 3})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ConfigError, match="no account None"):
        practice.prepare("einladung", instead={"account": None})  # type: ignore[typeddict-item]
