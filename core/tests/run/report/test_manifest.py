"""The manifest counts the people whose messages carry a field, and to whom they went."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import AccountProblem, Processor, Sensitivity
from serienpost.ledger.schema import message
from serienpost.registry import Provider
from serienpost.run.prepare.marks import change_marks
from serienpost.run.report.manifest import manifest
from serienpost.run.report.retention import purge
from serienpost.run.send.approve import approve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue, MacroSetting

    Office = Any


class LastName:
    name = "Nachname"
    description = "Der Nachname."
    example = "Muster"
    fields = frozenset({"nachname", "nummer"})
    sensitivity = Sensitivity.IDENTITY
    kinds = None
    is_dated = False

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        return " ".join(filter(None, (fields["nummer"], fields["nachname"])))  # type: ignore[arg-type]


TEXT = "Hallo {% if Vorname %}{{Vorname}}{% else %}{{Nachname}}{% endif %}!"


@pytest.fixture
def post(office: Office) -> Office:
    """Three people: one with both names, one without a first name, one of those with a number."""
    office.registry.add("macros", "Nachname", LastName(), Provider("serienpost-toys", "1.0"))
    office.add("Ada", "Kim", "Uwe")
    fields = [person.fields for person, *_ in office.source.people.values()]
    fields[1]["vorname"] = fields[2]["vorname"] = None
    fields[0]["nummer"] = fields[1]["nummer"] = None
    return office


def people(office: Office, run: str) -> dict[tuple[str, str], int]:
    found = manifest(office.context, office.ledger, run).fields
    return {(one.name, one.macro): one.people for one in found}


EXPECTED = {
    ("nachname", "Nachname"): 2,
    ("nummer", "Nachname"): 1,
    ("vorname", "Vorname"): 1,
    ("email", "address"): 3,
}


def test_a_field_counts_for_those_whose_message_carries_it(post: Office) -> None:
    run = post.prepare(text=TEXT)
    assert people(post, run) == EXPECTED
    approve(post.ledger, run, "user")
    assert people(post, run) == EXPECTED
    post.send(run)
    assert people(post, run) == EXPECTED


def test_who_is_not_written_to_does_not_count(post: Office) -> None:
    run = post.prepare(text=TEXT)
    renderer = post.renderer(text=TEXT)
    change_marks(renderer, post.ledger, run, "user", exclude=["patient:3"])
    assert people(post, run) == {**EXPECTED, ("nachname", "Nachname"): 1,
                                 ("nummer", "Nachname"): 0, ("email", "address"): 2}  # fmt: skip
    change_marks(renderer, post.ledger, run, "user", include=["patient:3"])
    assert people(post, run) == EXPECTED


def test_a_macro_that_is_only_asked_for_counts(post: Office) -> None:
    run = post.prepare(text="Hallo{% if Vorname %}, wie geht's{% endif %}! {{Nachname}}")
    assert people(post, run)[("vorname", "Vorname")] == 1


def test_a_person_with_two_rows_counts_once(post: Office) -> None:
    run = post.prepare(text=TEXT)
    with post.ledger.begin("two") as tx:
        tx.execute(tx.update(message).where(message.c.no == 3).values(person="patient:2"))
    assert people(post, run) == {**EXPECTED, ("nachname", "Nachname"): 1, ("email", "address"): 2}


def test_the_figures_stay_when_the_values_are_gone(post: Office) -> None:
    run = post.approved(text=TEXT)
    post.send(run)
    post.clock.forward(timedelta(days=100).total_seconds())
    assert purge(post.context, post.ledger, "user").values == 1
    assert people(post, run) == EXPECTED


def test_each_processor_with_its_people(post: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    run = post.approved(text=TEXT)
    where = ("post.example.org", "DE")
    monkeypatch.setattr(type(post.pigeon), "processor", lambda *_: Processor(*where))
    for name in ("kim", "uwe"):
        post.loft.answers[name] = [AccountProblem("535", "no")]
    post.send(run)
    post.clock.forward(60)
    where = ("mail.example.com", "US")
    post.send(run, confirm=True)
    counts = {
        (one.processor, one.region): one.people
        for one in manifest(post.context, post.ledger, run).fields
        if one.macro == "address"
    }
    assert counts == {("post.example.org", "DE"): 1, ("mail.example.com", "US"): 2}


def test_each_field_once_with_whichever_macros(post: Office) -> None:
    """A person counts for a field whose value one macro or another shows, and once for both."""
    run = post.prepare(text="{% if Vorname %}{{Vorname}}{% endif %} {{Nachname}}")
    found = manifest(post.context, post.ledger, run)
    counts = {one.name: one.people for one in found.once}
    assert len(counts) == len(found.once)
    both = {name: [one.people for one in found.fields if one.name == name] for name in counts}
    assert {name: max(people) for name, people in both.items()} == counts
    assert "once" not in found.document()
