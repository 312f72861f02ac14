"""Reasons and standings are said in the reader's language, however they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.errors import ConfigError, Exit
from serienpost.ledger.schema import message
from serienpost.ledger.schema import run as table
from serienpost.run.prepare.plan import write_plan_hash
from serienpost.run.prepare.reasons import general
from serienpost.run.report.answers import DueDate, standing
from serienpost.run.report.recipients import review_head
from serienpost.translation import Text, speaking

if TYPE_CHECKING:
    Office = Any

NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)


def said(text: str, language: str) -> str:
    with speaking(language):
        return str(text)


def test_a_reason_without_its_details_keeps_its_language() -> None:
    of = Text("serienpost", "same address as another person")
    ones = [
        Text("", "{reason} ({place})", {"reason": of, "place": place})
        for place in ("row 3", "row 4")
    ]
    first, second = map(general, ones)
    assert first == second == "same address as another person"
    assert said(first, "de") == "gleiche Adresse wie eine andere Person"
    assert said(general("with e-mail (patient:4)."), "de") == "with e-mail."


@pytest.mark.parametrize(
    ("state", "ahead", "german"),
    [
        ("paused", None, "angehalten"),
        ("paused", NINE, "angehalten, geplant für 30.11.2026 09:00"),
        ("approved", NINE, "geplant für 30.11.2026 09:00"),
        ("finished", NINE, "übergeben, geplant für 30.11.2026 09:00"),
    ],
)
def test_how_a_run_stands_is_said_in_words(state: str, ahead: datetime | None, german: str) -> None:
    assert said(standing(state, None, ahead), "de") == german


@pytest.mark.parametrize("why", ["it is away", "recall for 2026-11-30: it is away"])
def test_a_due_date_is_named_once(why: str) -> None:
    found = DueDate(
        mailing="recall",
        due="2026-11-30",
        state="open",
        reason=why,
        put_off_by="os:petra",
        put_off_at=NINE,
        until=NINE + timedelta(hours=3),
        tries=1,
        run=None,
        exit=Exit.OPEN,
    )
    (problem,) = found.problems
    assert problem.message == "recall for 2026-11-30: it is away"


def test_what_sources_said_is_kept_with_the_run(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note and a reason of the check go through the frozen header; they are said later."""
    told = Text("serienpost", "there is no mailing {name}", {"name": "a"})
    monkeypatch.setattr(office.source, "what_is_read", lambda *_: [told], raising=False)
    monkeypatch.setattr(office.source, "unstable_ids", lambda *_: told, raising=False)
    office.add("Ada")
    run = office.prepare(id="einladung", once_per="none")
    head = review_head(office.ledger, run)
    assert [said(one, "de") for one in (*head.read, head.unstable_ids or "")] == [
        "es gibt keinen Serienversand a",
        "es gibt keinen Serienversand a",
    ]
    with office.ledger.begin() as tx:
        before = tx.scalar(tx.select(table, table.c.plan_hash).where(table.c.id == run))
        assert write_plan_hash(tx, run) == before
        tx.execute(tx.update(message).where(message.c.run == run).values(state="accepted"))
    monkeypatch.delattr(office.source, "unstable_ids")
    with pytest.raises(ConfigError, match="nobody knows again who got einladung"):
        office.prepare(id="nachfassen", once_per="none", exclude_recipients_of=["einladung"])
