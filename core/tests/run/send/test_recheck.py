from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Abstain, Deny, Occasion
from serienpost.consent import decision
from serienpost.ledger.schema import attempt
from serienpost.run.prepare import review
from serienpost.run.prepare.marks import change_marks
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.send.approve import approve
from serienpost.translation import speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    Office = Any


@pytest.fixture
def run(office: Office) -> str:
    office.add("Ada", "Kim", "Uwe")
    return office.approved(once_per="recipient")  # type: ignore[no-any-return]


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "the row is gone": (
        lambda o: o.source.gone.update({"patient:2": ("cancelled", "abgesagt")}),
        "cancelled",
    ),
    "the person is gone": (lambda o: o.source.people.pop("patient:2"), "deleted"),
    "another address": (
        lambda o: o.source.people["patient:2"][0].fields.update(email="neu@example.org"),
        "address_changed",
    ),
    "no address": (
        lambda o: o.source.people["patient:2"][0].fields.update(email=None),
        "address_changed",
    ),
    "consent withdrawn": (
        lambda o: o.club.verdicts.update({"patient:2": Deny("withdrawn", "nein", "-")}),
        "club.withdrawn",
    ),
    "consent lost": (
        lambda o: o.club.verdicts.update({"patient:2": Abstain()}),
        "consent.no_permission",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_since_the_review_suppresses_the_row_alone(
    office: Office, run: str, what: str
) -> None:
    change, code = CHANGES[what]
    change(office)
    assert office.send(run) == "finished"
    assert office.loft.sent == ["ada", "uwe"]
    row = office.message(run, "patient:2")
    assert (row.state, row.code, row.attempts) == ("suppressed", code, 0)
    assert [a.no for a in office.rows(attempt)] == [1, 3]
    office.source.gone.clear()
    office.club.verdicts.clear()
    if "patient:2" not in office.source.people:
        return
    office.source.people["patient:2"][0].fields["email"] = "kim@example.org"
    again = office.approved(once_per="recipient")
    assert office.states(again) == ["suppressed", "pending", "suppressed"]


def test_an_expired_occasion_is_suppressed(office: Office) -> None:
    now = office.clock()
    for minutes in (0, 1, 120):
        at = now + timedelta(minutes=minutes)
        office.source.add("patient:1", "Ada", occasion=Occasion(f"termin:{minutes}", at, at))
    run = office.approved()
    office.clock.forward(60)
    assert office.send(run) == "finished"
    assert office.states(run) == ["suppressed", "suppressed", "accepted"]
    row = office.messages(run)[1]
    assert (row.code, row.text) == ("expired", "the occasion is over")
    with speaking("de"):
        assert str(row.text) == "der Anlass ist vorbei"


FAILURES: dict[str, Callable[[Any], object]] = {
    "check raises": lambda o: setattr(o.club, "failure", RuntimeError("Ada Muster")),
    "check answers nothing": lambda o: setattr(o.club, "check", lambda c, q: None),
    "check answers too few": lambda o: setattr(o.club, "check", lambda c, q: [Abstain()]),
    "source raises": lambda o: setattr(o.source, "failure", RuntimeError("Ada Muster")),
    "source answers too few": lambda o: setattr(o.source, "short", 1),
    "source answers another type": lambda o: setattr(
        o.source, "current", lambda context, selection, rows, request: [None] * len(rows)
    ),
}


@pytest.mark.parametrize("what", FAILURES)
def test_who_cannot_answer_pauses_the_run_and_loses_nothing(
    office: Office, run: str, what: str
) -> None:
    FAILURES[what](office)
    assert office.send(run) == "paused check_unavailable"
    assert office.loft.sent == []
    assert office.states(run) == ["pending"] * 3
    assert "Ada" not in office.run(run).reason_text
    office.club.failure = office.source.failure = None
    office.source.short = 0
    vars(office.club).pop("check", None)
    vars(office.source).pop("current", None)
    assert office.send(run, by_itself=True) == "finished"
    assert office.loft.sent == ["ada", "kim", "uwe"]


def test_a_check_that_does_not_come_back_pauses_the_run(
    office: Office, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    late = threading.Event()
    monkeypatch.setattr(decision, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(office.club, "check", lambda c, q: late.wait(10) and [])
    assert office.send(run) == "paused check_unavailable"
    late.set()
    assert office.run(run).reason_text == (
        "consent check club cannot answer: consent check club did not answer within 0.05 seconds"
    )


def test_a_source_that_does_not_come_back_pauses_the_run(
    office: Office, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    late = threading.Event()
    monkeypatch.setattr(review, "SOURCE_SECONDS", 0.05)
    monkeypatch.setattr(office.source, "current", lambda *_: late.wait(10) and [])
    assert office.send(run) == "paused check_unavailable"
    late.set()
    assert office.run(run).reason_text == "source people cannot answer: TimeoutError"


def test_another_content_than_reviewed_needs_a_person(office: Office, run: str) -> None:
    office.pigeon.addition = "\nGurr"
    assert office.send(run) == "paused content_changed"
    assert office.loft.sent == []
    assert office.states(run) == ["pending"] * 3
    assert office.send(run, by_itself=True) == "paused content_changed"
    office.pigeon.refused = "Ada"
    assert office.send(run) == "paused content_changed"
    assert "Ada" not in office.run(run).reason_text


def test_the_frozen_values_are_sent_not_those_of_now(office: Office, run: str) -> None:
    office.source.people["patient:1"][0].fields["vorname"] = "Adele"
    assert office.send(run) == "finished"
    assert office.loft.messages[0].content.text.startswith("Hallo Ada!")


def test_a_text_for_one_representative_does_not_leave_to_another(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe")
    people = office.source.people
    people["patient:2"][0].consenting = "patient:7"
    people["patient:3"][0].consenting = "patient:7"
    run = office.approved()
    people["patient:1"][0].consenting = "patient:7"
    people["patient:2"][0].consenting = None
    office.club.asked.clear()
    office.send(run)
    assert {q.person_id: q.consenting_id for q in office.club.asked} == {"patient:3": "patient:7"}
    assert {m.row_id: m.code for m in office.messages(run) if m.state == "suppressed"} == {
        "patient:1": "representative_changed",
        "patient:2": "representative_changed",
    }
    assert office.message(run, "patient:3").evidence == ["club: patient:7 club"]


def test_who_consents_may_be_named_or_left_out_as_the_same_person(office: Office, run: str) -> None:
    office.source.people["patient:1"][0].consenting = "patient:1"
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted"] * 3


@pytest.mark.parametrize(("code", "state"), [("unsure", "accepted"), ("withdrawn", "suppressed")])
def test_an_override_covers_only_the_denials_it_was_given_for(
    office: Office, code: str, state: str
) -> None:
    office.reconfigure(override=True)
    office.add("Ada")
    office.club.verdicts["patient:1"] = Deny("unsure", "?", "fragen", overridable=True)
    run = office.prepare()
    renderer = load_renderer(office.context, office.ledger, run)
    change_marks(renderer, office.ledger, run, "petra", override=["patient:1"], reason="gefragt")
    approve(office.ledger, run, "petra")
    office.club.verdicts["patient:1"] = Deny(code, "?", "fragen", overridable=True)
    assert office.send(run) == "finished"
    assert office.states(run) == [state]
