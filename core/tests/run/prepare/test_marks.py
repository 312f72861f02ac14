from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Abstain, Allow, Deny, SourceError
from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.schema import journal
from serienpost.run.prepare.marks import change_marks
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.send.approve import approve

if TYPE_CHECKING:
    from collections.abc import Callable

    Office = Any
    Change = Callable[..., None]

SOFT = Deny("unsure", "hat nicht gefragt", "fragen", overridable=True)
HARD = Deny("withdrawn", "hat widerrufen", "nicht schreiben")


@pytest.fixture
def run(office: Office) -> str:
    """Ada may be written to, Kim only against advice, Uwe not at all."""
    office.reconfigure(override=True)
    office.add("Ada", "Kim", "Uwe")
    office.club.verdicts.update({"patient:2": SOFT, "patient:3": HARD})
    return office.prepare()  # type: ignore[no-any-return]


@pytest.fixture
def change(office: Office, run: str) -> Change:
    def change(**changes: Any) -> None:  # noqa: ANN401
        renderer = load_renderer(office.context, office.ledger, run)
        change_marks(renderer, office.ledger, run, "petra", **changes)

    return change


def _frozen(office: Office, run: str) -> tuple[Any, ...]:
    return office.run(run), office.messages(run), office.rows(journal)


def assert_refused(office: Office, run: str, change: Change, match: str, **changes: object) -> None:
    before = _frozen(office, run)
    with pytest.raises(SerienpostError, match=match):
        change(**changes)
    assert _frozen(office, run) == before


def test_an_excluded_row_loses_its_values_and_can_come_back(
    office: Office, run: str, change: Change
) -> None:
    before = office.message(run, "patient:1")
    change(exclude=["patient:1"])
    row = office.message(run, "patient:1")
    assert (row.marked, row.macro_values, row.unmarked["code"]) == (False, None, "excluded")
    change(include=["patient:1"])
    assert office.message(run, "patient:1") == before
    assert [(j.action, j.user, j.no) for j in office.rows(journal) if j.user == "petra"] != []


def test_excluding_twice_is_excluding_once(office: Office, run: str, change: Change) -> None:
    change(exclude=["patient:1", "patient:1"])
    change(exclude=["patient:1"])
    assert [j.no for j in office.rows(journal) if j.action == "exclude"] == [1]


def test_an_included_row_is_read_and_rendered_anew(
    office: Office, run: str, change: Change
) -> None:
    change(exclude=["patient:1"])
    office.source.people["patient:1"][0].fields["vorname"] = "Adele"
    old = office.message(run, "patient:1")
    change(include=["patient:1"])
    row = office.message(run, "patient:1")
    assert row.macro_values == {"Vorname": "Adele"}
    assert row.content_hash != old.content_hash
    assert row.ref == old.ref


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("patient:2", "is not allowed: "),
        ("patient:3", "is not allowed: "),
        ("patient:99", "has no row patient:99"),
    ],
)
def test_not_every_row_can_be_included(
    office: Office, run: str, change: Change, row: str, match: str
) -> None:
    assert_refused(office, run, change, match, include=[row])


def test_a_row_that_changed_meanwhile_cannot_be_included(
    office: Office, run: str, change: Change
) -> None:
    change(exclude=["patient:1"])
    person = office.source.people["patient:1"][0]
    person.fields["email"] = "neu@example.org"
    assert_refused(office, run, change, "has another address now", include=["patient:1"])
    person.fields |= {"email": "ada@example.org", "vorname": None}
    assert_refused(office, run, change, "the macro Vorname is empty", include=["patient:1"])
    person.fields["vorname"] = "Ada"
    office.club.verdicts["patient:1"] = HARD
    assert_refused(office, run, change, "hat widerrufen", include=["patient:1"])
    office.club.verdicts.clear()
    office.source.gone["patient:1"] = ("moved", "is gone")
    with pytest.raises(SourceError, match="is no longer there: is gone"):
        change(include=["patient:1"])


def test_unreachable_and_empty_rows_cannot_be_included(office: Office) -> None:
    office.add("Ada", "Kim")
    office.source.people["patient:1"][0].fields["email"] = None
    office.source.people["patient:2"][0].fields["vorname"] = ""
    run = office.prepare()
    renderer = load_renderer(office.context, office.ledger, run)
    for row, match in (("patient:1", "is not reachable"), ("patient:2", "Vorname is empty")):
        with pytest.raises(LedgerError, match=match):
            change_marks(renderer, office.ledger, run, "petra", include=[row])


def test_an_override_is_recorded_with_the_denials_it_covers(
    office: Office, run: str, change: Change
) -> None:
    change(override=["patient:2"], reason="am Telefon gefragt")
    row = office.message(run, "patient:2")
    assert (row.marked, row.allowed) == (True, True)
    assert row.override["codes"] == [["club", "unsure"]]
    assert (row.override["reason"], row.override["user"]) == ("am Telefon gefragt", "petra")
    assert row.evidence == [f"club: override {row.override['id']}"]
    assert row.macro_values == {"Vorname": "Kim"}
    (entry,) = [j for j in office.rows(journal) if j.action == "override"]
    assert entry.detail["codes"] == [["club", "unsure"]]


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("patient:1", None),
        ("patient:3", "cannot be overridden: club: hat widerrufen"),
        ("patient:99", "has no row"),
    ],
)
def test_not_everything_can_be_overridden(
    office: Office, run: str, change: Change, row: str, match: str | None
) -> None:
    if match:
        assert_refused(office, run, change, match, override=[row], reason="weil")
        return
    before = office.messages(run)
    change(override=[row], reason="weil")
    assert office.messages(run) == before


def test_an_override_needs_a_reason_and_the_practice_s_permission(
    office: Office, run: str, change: Change
) -> None:
    assert_refused(office, run, change, "needs a reason", override=["patient:2"], reason=" ")
    office.reconfigure(override=False)
    assert_refused(
        office, run, change, "does not permit overrides", override=["patient:2"], reason="x"
    )


def test_silence_is_nothing_to_override(office: Office, run: str, change: Change) -> None:
    office.club.verdicts["patient:2"] = Abstain()
    assert_refused(office, run, change, "none allows", override=["patient:2"], reason="weil")


def test_dropping_takes_every_override_back(office: Office, run: str, change: Change) -> None:
    before = office.message(run, "patient:2"), office.run(run).plan_hash
    change(override=["patient:2"], reason="am Telefon gefragt")
    change(drop_not_allowed=True)
    row = office.message(run, "patient:2")
    assert (row.marked, row.allowed, row.override, row.macro_values) == (False, False, None, None)
    assert row.consent == before[0].consent
    assert row.evidence is None


def test_all_changes_take_effect_or_none(office: Office, run: str, change: Change) -> None:
    assert_refused(office, run, change, "has no row", exclude=["patient:1"], include=["patient:99"])


def test_marks_are_closed_after_approval(office: Office, run: str, change: Change) -> None:
    approve(office.ledger, run, "user")
    assert_refused(
        office, run, change, "is approved; review is not possible", exclude=["patient:1"]
    )


def test_who_has_it_already_comes_back_only_where_once_does_not_count(office: Office) -> None:
    office.add("Ada")
    office.approved(once_per="recipient")
    run = office.prepare(once_per="recipient", exclude_already_sent=True)
    renderer = load_renderer(office.context, office.ledger, run)
    with pytest.raises(LedgerError, match="has had this mailing already"):
        change_marks(renderer, office.ledger, run, "petra", include=["patient:1"])


def test_consent_is_asked_again_for_the_consenting_person(
    office: Office, run: str, change: Change
) -> None:
    change(exclude=["patient:1"])
    office.source.people["patient:1"][0].consenting = "patient:7"
    office.club.asked.clear()
    change(include=["patient:1"])
    (question,) = office.club.asked
    assert (question.person_id, question.consenting_id) == ("patient:1", "patient:7")
    assert office.message(run, "patient:1").evidence == ["club: patient:7 club"]
    assert isinstance(office.club.check(office.context, [question])[0], Allow)
