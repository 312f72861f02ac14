"""What is over its time: who only looks is told what `purge` then removes, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, prepared

from serienpost.service import Answers, Purge, Stop
from serienpost.service.task_work import TaskLook, do_task

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice

DAY = 24 * 3600


def found(practice: Practice) -> dict[str, int]:
    return {one.what: one.count for one in practice.retention().expiring}


@pytest.fixture
def old(quick_passwords: None, practices: Practices, practice: Practice) -> Practice:
    """Something of each sort, as of now."""
    run = prepared(practice)
    run.approve(Answers(release=True, archive="entry"))
    run.deliver(wait=False)
    prepared(practice)
    practice.new_draft(run.status().mailing)
    practice.find_people([{"source": "null"}])
    practice.add_user("Eva", "vier kleine worte")
    practice.log_in("Eva", "vier kleine worte", "192.0.2.7")
    assert set(found(practice).values()) == {0}
    return practice


def test_who_looks_is_told_what_purge_removes(practices: Practices, old: Practice) -> None:
    practices.clock.forward(8 * DAY)
    told = found(old)
    assert told == {
        "values": 0, "messages": 0, "unapproved": 1, "drafts": 1, "selections": 1, "log_ins": 0,
    }  # fmt: skip
    assert found(old) == told  # nothing is removed by looking
    done = old.purge()
    assert (done.unapproved, done.drafts, done.selections) == (1, 1, 1)
    assert set(found(old).values()) == {0}
    practices.clock.forward(83 * DAY)
    told = found(old)
    assert (told["values"], told["log_ins"], told["messages"]) == (1, 1, 0)
    (values,) = (one for one in old.retention().expiring if one.what == "values")
    assert values.oldest is not None
    assert values.after == timedelta(days=90)
    assert practices.clock.now - values.oldest > values.after
    assert (old.purge().values, set(found(old).values())) == (1, {0})
    practices.clock.forward(3 * 365 * DAY)
    assert found(old)["messages"] == 1
    assert (old.purge().messages, found(old)["messages"]) == (1, 0)


def test_a_draft_over_its_time_keeps_no_people(practices: Practices, practice: Practice) -> None:
    chosen = practice.find_people([{"source": "null"}])
    mailing = prepared(practice).status().mailing
    practice.new_draft(mailing, selection=chosen.id)
    practices.clock.forward(8 * DAY)
    told = found(practice)
    done = practice.purge()
    assert (told["drafts"], told["selections"]) == (done.drafts, done.selections) == (1, 1)


def test_a_worker_is_asked_and_does_it_once(practices: Practices, old: Practice) -> None:
    practices.clock.forward(8 * DAY)
    assert old.retention().purged_at is None
    task = old.ask(Purge())
    assert old.retention().is_asked
    (row,) = TaskLook().found(old.ledger)
    assert do_task(old, row, Stop()) is None
    assert task.status().state == "done"
    now = old.retention()
    assert (now.is_asked, now.reason, now.purged_by) == (False, None, ACTOR)
    assert now.purged_at == practices.clock.now
    assert set(found(old).values()) == {0}
    assert do_task(old, row, Stop()) is None
    assert old.journal(kind="removals").total == 1
