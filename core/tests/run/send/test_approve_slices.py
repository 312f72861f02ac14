"""Commands about all rows of a run read a few of them at a time, however long the run is."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.contracts.outcomes import Accepted, Rejected, Unknown
from serienpost.ledger import store as slices
from serienpost.ledger.schema import journal, once
from serienpost.ledger.store import Tx
from serienpost.run.send import doubts as lookups
from serienpost.run.send.doubts import apply_rule, look_up_doubts, retry_failed
from serienpost.run.send.parts import cut_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Office

    from serienpost.contracts.content import Message

AT_ONCE = 2
NAMES = ("Ada", "Kim", "Bea", "Udo", "Eva", "Jan", "Lea")


@pytest.fixture(autouse=True)
def most_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each statement returned."""
    counts: list[int] = []
    read = Tx.all

    def counted(tx: Tx, statement: Any) -> Sequence[Any]:  # noqa: ANN401
        rows = read(tx, statement)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(slices, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(lookups, "BATCH", AT_ONCE)
    monkeypatch.setattr(Tx, "all", counted)
    return counts


def sent_with(office: Office, answer: object, **changes: object) -> str:
    """A run of seven in which each got this answer but the third, who was accepted."""
    office.add(*NAMES)
    office.loft.always = answer
    office.loft.answers["bea"] = [Accepted("q")]
    run = office.approved(**changes)
    assert office.send(run) == "finished"
    return run


def notes(office: Office, what: str) -> list[int]:
    return sorted(row.no for row in office.rows(journal) if row.action == what)


@pytest.mark.parametrize(
    ("rule", "attempts", "state"),
    [
        ("resend", 8, "pending"),
        ("resend", 1, "in_doubt"),
        ("assume_accepted", 1, "accepted"),
        ("hold", 8, "in_doubt"),
    ],
)
def test_the_rule_settles_each_doubt(
    office: Office, most_read: list[int], rule: str, attempts: int, state: str
) -> None:
    run = sent_with(office, Unknown("data"))
    header: Any = SimpleNamespace(on_doubt=rule, max_attempts=attempts)
    most_read.clear()
    with office.ledger.begin() as tx:
        assert apply_rule(tx, run, header) is (state == "pending")
    assert max(most_read, default=0) <= AT_ONCE
    assert office.states(run) == [state, state, "accepted", state, state, state, state]
    decided = [] if state == "in_doubt" else [1, 2, 4, 5, 6, 7]
    assert notes(office, f"resolve {rule}") == decided
    assert {row.basis for row in office.messages(run) if row.no in decided} <= {"rule"}


def test_each_failed_message_gets_another_chance(office: Office, most_read: list[int]) -> None:
    run = sent_with(office, Rejected("550", "no", "address"), once_per="recipient")
    office.loft.always = Accepted("q")
    office.source.gone = {f"patient:{n}": ("moved", "moved") for n in (1, 2, 3, 4, 6)}
    other = office.approved(once_per="recipient")
    assert office.send(other) == "finished"
    office.source.gone = {}
    most_read.clear()
    assert retry_failed(office.ledger, run, "petra") == 4
    assert max(most_read) <= AT_ONCE
    lost = "suppressed"
    assert office.states(run) == [
        "pending",
        "pending",
        "accepted",
        "pending",
        lost,
        "pending",
        lost,
    ]
    assert sorted(row.no for row in office.rows(once) if row.run == run) == [1, 2, 3, 4, 6]
    assert office.send(run) == "finished"
    assert {name: office.loft.sent.count(name) for name in map(str.lower, NAMES)} == {
        **dict.fromkeys(("ada", "kim", "udo", "jan", "eva", "lea"), 2),
        "bea": 1,
    }


def test_the_provider_is_asked_about_each_doubt(
    office: Office, most_read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sent_with(office, Unknown("data"))
    asked: list[list[str]] = []

    async def lookup(context: object, account: object, messages: Sequence[Message]) -> list[Any]:
        names = [message.content.address.partition("@")[0] for message in messages]
        asked.append(names)
        known = {"ada": Accepted("r1"), "udo": Rejected("550", "no"), "lea": Accepted("r7")}
        return [known.get(name, Unknown("lookup")) for name in names]

    monkeypatch.setattr(type(office.pigeon), "lookup", staticmethod(lookup), raising=False)
    most_read.clear()
    assert look_up_doubts(office.renderer(), office.ledger, run) == 3
    assert max(most_read) <= AT_ONCE
    assert asked == [["ada", "kim"], ["udo", "eva"], ["jan", "lea"]]
    doubt = "in_doubt"
    assert office.states(run) == ["accepted", doubt, "accepted", "failed", doubt, doubt, "accepted"]


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_parts_are_cut_in_order(office: Office, most_read: list[int], size: int) -> None:
    office.add(*NAMES)
    run = office.approved()
    most_read.clear()
    with office.ledger.begin() as tx:
        cut_parts(tx, run, size)
    assert max(most_read) <= size
    parts = [row.part for row in office.messages(run)]
    assert parts == [math.ceil(no / size) for no in range(1, len(NAMES) + 1)]
