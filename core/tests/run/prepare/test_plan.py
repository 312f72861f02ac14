"""The plan hash changes with everything that a person reviews, and with nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Deny
from serienpost.contracts.practice import Signature
from serienpost.ledger.schema import message
from serienpost.ledger.schema import run as run_table
from serienpost.run.prepare.marks import change_marks
from serienpost.run.prepare.plan import Header, compute_plan_hash
from serienpost.run.prepare.renderer import load_renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.config.models import PracticeConfig

    Office = Any


def _plan(office: Office, **changes: object) -> str:
    plan: str = office.run(office.prepare(**changes)).plan_hash
    return plan


@pytest.fixture(autouse=True)
def _people(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe")


def test_preparing_twice_gives_the_same_plan(office: Office) -> None:
    assert _plan(office) == _plan(office)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Hallo {{Vorname}}."},
        {"subject": "Einladung!"},
        {"id": "andere"},
        {"title": "Anders"},
        {"purpose": "information"},
        {"due": "2026-03-03"},
        {"once_per": "recipient"},
        {"on_doubt": "resend"},
        {"max_attempts": 3},
        {"exclude": ["patient:2"]},
        {"rows": ["patient:1", "patient:2", "patient:3"]},
        {"limit": 2},
        {"files": {"plan.txt": b"one"}},
        {"order_by": ["nachname"]},
    ],
    ids=str,
)
def test_the_plan_covers_the_mailing(office: Office, changes: dict[str, Any]) -> None:
    assert _plan(office, **changes) != _plan(office)


def test_the_plan_covers_the_bytes_of_attachments(office: Office) -> None:
    assert _plan(office, files={"plan.txt": b"one"}) != _plan(office, files={"plan.txt": b"two"})


CHANGES: dict[str, Callable[[Any], object]] = {
    "sender": lambda office: office.reconfigure(sender="Praxis <labor@example.org>"),
    "reply-to": lambda office: office.reconfigure(reply_to="antwort@example.org"),
    "plugin version": lambda office: office.registry.versions.update({"serienpost-toys": "1.1"}),
    "new row": lambda office: office.add("Eva"),
    "other row id": lambda office: _rename(office, "patient:9"),
    "address": lambda office: office.source.people["patient:2"][0].fields.update(
        email="k@example.org"
    ),
    "value in the text": lambda office: setattr(office.macro, "suffix", "!"),
    "what the channel makes of it": lambda office: setattr(office.pigeon, "addition", "gurr"),
    "a row no longer allowed": lambda office: office.club.verdicts.update(
        {"patient:1": Deny("no", "nein", "fragen")}
    ),
}


def _rename(office: Office, new: str) -> None:
    office.source.people[new] = office.source.people.pop("patient:3")


@pytest.mark.parametrize("what", CHANGES)
def test_the_plan_covers_the_practice_and_its_people(office: Office, what: str) -> None:
    before = _plan(office)
    CHANGES[what](office)
    assert _plan(office) != before


NOTHING: dict[str, Callable[[Any], object]] = {
    "host and port": lambda office: office.reconfigure(host="mail.example.org", port=587),
    "rate": lambda office: office.reconfigure(rate=["10/minute"], spread=True),
    "time": lambda office: office.clock.forward(3600),
    "name that the text does not use": lambda office: office.source.people["patient:1"][
        0
    ].fields.update(nachname="Neu", nummer="77"),
    "quiet hours": lambda office: setattr(
        office.context, "config", _with(office, quiet={"email": "20:00-08:00"})
    ),
    "other signature": lambda office: setattr(
        office.context, "config", _with(office, signatures={"x": Signature(name="Dr. X")})
    ),
}


def _with(office: Office, **values: object) -> PracticeConfig:
    config: PracticeConfig = office.context.config
    return config.model_copy(update=values)


@pytest.mark.parametrize("what", NOTHING)
def test_the_plan_covers_nothing_else(office: Office, what: str) -> None:
    before = _plan(office)
    NOTHING[what](office)
    assert _plan(office) == before


def test_marks_renew_the_plan_and_taking_them_back_restores_it(office: Office) -> None:
    run = office.prepare()
    before = office.run(run).plan_hash
    renderer = load_renderer(office.context, office.ledger, run)
    change_marks(renderer, office.ledger, run, "user", exclude=["patient:2"])
    without = office.run(run).plan_hash
    assert without != before
    change_marks(renderer, office.ledger, run, "user", include=["patient:2"])
    assert office.run(run).plan_hash == before


def test_the_stored_plan_is_that_of_the_rows(office: Office) -> None:
    run = office.prepare()
    with office.ledger.begin() as tx:
        assert compute_plan_hash(tx, run) == office.run(run).plan_hash
        for values in (
            {"address_hash": "x"},
            {"content_hash": "x"},
            {"marked": False},
            {"override": {"id": "x"}},
            {"row_id": "patient:99"},
        ):
            with tx.connection.begin_nested() as point:
                row = tx.update(message).where(message.c.run == run, message.c.no == 2)
                tx.execute(row.values(**values))
                assert compute_plan_hash(tx, run) != office.run(run).plan_hash
                point.rollback()
        tx.execute(tx.update(run_table).values(reason="x", send_at=tx.now))
        tx.execute(tx.update(message).values(name="x", cost=None, updated_at=tx.now))
        assert compute_plan_hash(tx, run) == office.run(run).plan_hash


def test_a_header_comes_back_from_the_ledger_as_it_was(office: Office) -> None:
    renderer = office.renderer(
        rows=["patient:1"], include=["patient:2"], limit=3, order_by=["nachname"]
    )
    assert Header.from_json(renderer.header.to_json()) == renderer.header
    again = load_renderer(office.context, office.ledger, office.prepare(limit=3))
    assert again.header == office.renderer(limit=3).header


def test_a_header_holds_no_host_and_no_secret(office: Office) -> None:
    office.reconfigure(host="geheim.example.org", port=2525)
    plain = str(office.renderer().header.to_json())
    assert "geheim" not in plain
    assert "2525" not in plain
