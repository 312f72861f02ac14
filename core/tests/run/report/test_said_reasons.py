"""Reasons and standings are said in the reader's language, however they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from serienpost.errors import Exit
from serienpost.run.report.answers import DueDate, standing
from serienpost.run.report.recipients import general
from serienpost.translation import Text, speaking

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
