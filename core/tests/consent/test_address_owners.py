"""What owners of an address mean for a row that is not in the master data."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Abstain, AddressOwner, Allow, ConsentQuestion, Deny
from serienpost.config.models import ConsentConfig
from serienpost.consent.decision import CheckUnavailableError, Decision, decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Context, Verdict

DAY = date(2026, 3, 2)
YES, NONE = Allow("file row 2"), Abstain()
NO = Deny("no", "will nicht", "fragen")
SOFT = Deny("soft", "nicht gefragt", "fragen", overridable=True)
OVERRIDE = {"id": "REC", "codes": [["flags", "soft"]]}
ROW = ConsentQuestion("table:1", "table:1", "email", "event", "ada@example.org")


class Flags:
    """Says of each person what the test says."""

    name = "flags"

    def __init__(self, **said: Verdict) -> None:
        self.said = said

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> list[Verdict]:
        return [self.said.get(q.consenting_id.replace(":", ""), NONE) for q in questions]


class Column(Flags):
    """The row itself said yes."""

    name = "column"


class Status(Flags):
    """Knows the owners."""

    name = "status"
    persons = frozenset({"patient"})

    def __init__(self, *owners: str, answer: Any = None, **said: Verdict) -> None:  # noqa: ANN401
        super().__init__(**said)
        self.found = [AddressOwner(*(owner.split("/") * 2)[:2]) for owner in owners]
        self.answer = answer
        self.asked: list[Sequence[str]] = []

    def owners(self, context: Context, kind: str, addresses: Sequence[str], judged_on: date) -> Any:  # noqa: ANN401
        assert judged_on == DAY
        self.asked.append(addresses)
        if self.answer is not None:
            return self.answer()
        return [self.found for _ in addresses]


def judged(
    status: Status,
    flags: Flags,
    *,
    row: ConsentQuestion = ROW,
    **options: Any,  # noqa: ANN401
) -> Decision:
    checks = {check.name: check for check in (status, flags, Column(table1=YES, patient1=YES))}
    context: Any = SimpleNamespace(
        registry=SimpleNamespace(consent_checks=checks),
        config=SimpleNamespace(consent=ConsentConfig(override=True)),
    )
    (found,) = decide(context, [row], judged_on=DAY, **options)
    return found


@pytest.mark.parametrize(
    ("owners", "said", "code"),
    [
        ((), {}, ""),
        (("patient:1",), {"patient1": NONE}, ""),
        (("patient:1",), {"patient1": YES}, ""),
        (("patient:1",), {"patient1": NO}, "flags.no"),
        (("patient:1", "patient:2"), {"patient1": NO}, ""),
        (("patient:1", "patient:2"), {"patient1": NO, "patient2": NO}, "flags.no"),
        (("patient:1", "patient:2"), {"patient1": NO, "patient2": SOFT}, "flags.soft"),
        (("patient:1/patient:2",), {"patient1": NONE, "patient2": NO}, "flags.no"),
    ],
)
def test_a_row_is_denied_where_all_owners_are(
    owners: Sequence[str], said: dict[str, Verdict], code: str
) -> None:
    found = judged(Status(*owners), Flags(**said))
    assert (found.code, found.allowed) == (code, not code)
    assert len(found.verdicts) == 3


def test_an_owner_allows_nothing() -> None:
    row = ROW._replace(person_id="table:2", consenting_id="table:2")
    found = judged(Status("patient:1"), Flags(patient1=YES), row=row)
    assert found.code == "consent.no_permission"


def test_it_can_be_overridden_as_its_owners_can() -> None:
    soft = judged(Status("patient:1"), Flags(patient1=SOFT), overrides=[OVERRIDE])
    assert soft.allowed
    both = Status("patient:1", patient1=NO)
    assert judged(both, Flags(patient1=SOFT), overrides=[OVERRIDE]).code == "status.no"


def test_people_of_the_master_data_are_not_looked_up() -> None:
    status = Status("patient:2")
    row = ROW._replace(person_id="patient:1", consenting_id="patient:1")
    assert judged(status, Flags(patient2=NO), row=row).allowed
    assert status.asked == []


@pytest.mark.parametrize("answer", [list, lambda: 1 / 0, lambda: "x", lambda: [None]])
def test_a_look_up_that_fails_is_not_nobody(answer: Any) -> None:  # noqa: ANN401
    status = Status(answer=answer)
    assert judged(status, Flags()).code == "status.check_failed"
    with pytest.raises(CheckUnavailableError):
        judged(status, Flags(), must_answer=True)
