"""Runs and ledgers of another age: what is refused, and what goes on as before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text  # noqa: TID253

from serienpost import QuotaReached, Rejected, Unknown
from serienpost.errors import Exit, LedgerError
from serienpost.ledger.schema import run as run_table
from serienpost.run.prepare.changes import RENDERING_EDITION
from serienpost.run.prepare.freeze import discard_dead
from serienpost.run.prepare.marks import change_marks
from serienpost.run.prepare.plan import Header, compute_plan_hash
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.erasure import erase_person
from serienpost.run.report.export import export_person
from serienpost.run.report.preview import preview
from serienpost.run.report.retention import purge
from serienpost.run.send.approve import approve, cancel, pause
from serienpost.run.send.doubts import resolve, retry_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    Office = Any

pytestmark = pytest.mark.timeout(60)


def age(office: Office, run: str, edition: int | None = None) -> None:
    """As if another edition had rendered the run; None names none, as the first did."""
    header = dict(office.run(run).header)
    header.pop("rendering_edition")
    if edition is not None:
        header["rendering_edition"] = edition
    with office.ledger.begin() as tx:
        tx.execute(tx.update(run_table).where(run_table.c.id == run).values(header=header))


@pytest.fixture
def old(office: Office) -> str:
    """A finished run of the first edition: accepted, failed, in doubt."""
    office.add("Ada", "Kim", "Uwe")
    office.loft.answers["kim"] = [Rejected("550", "no")]
    office.loft.answers["uwe"] = [Unknown("data")]
    run: str = office.approved()
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted", "failed", "in_doubt"]
    age(office, run)
    return run


def plain(header: dict[str, Any]) -> bytes:
    return json.dumps(header, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def reopened(office: Office, run: str) -> None:
    with office.ledger.begin() as tx:
        c = run_table.c
        tx.execute(tx.update(run_table).where(c.id == run).values(state="paused", reason="person"))


REFUSED: dict[str, Callable[[Any, str], object]] = {
    "resume": lambda o, run: o.send(run),
    "retry": lambda o, run: retry_failed(o.ledger, run, "user"),
    "resend": lambda o, run: resolve(o.ledger, run, ["patient:3"], "resend", "user"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_run_of_another_edition_is_not_sent(office: Office, old: str, what: str) -> None:
    if what == "resume":
        old = office.approved(once_per="none")
        age(office, old)
    before = [office.rows(run_table), office.messages(old)]
    with pytest.raises(LedgerError) as caught:
        REFUSED[what](office, old)
    assert str(caught.value) == (
        f"run {old} was prepared by an older serienpost (rendering edition 1); "
        "prepare the mailing again"
    )
    assert caught.value.exit_code == Exit.REFUSED
    assert [office.rows(run_table), office.messages(old)] == before
    assert office.loft.sent == ["ada", "kim", "uwe"]


def test_a_finished_run_of_another_edition_has_nothing_to_send(office: Office, old: str) -> None:
    assert office.send(old) == "finished"
    assert office.loft.sent == ["ada", "kim", "uwe"]


def test_a_prepared_run_of_another_edition_is_not_released(office: Office) -> None:
    office.add("Ada", "Kim")
    run = office.prepare(exclude=["patient:2"])
    age(office, run, RENDERING_EDITION + 1)
    with pytest.raises(LedgerError, match="was prepared by a newer serienpost"):
        approve(office.ledger, run, "user")
    renderer = load_renderer(office.context, office.ledger, run)
    with pytest.raises(LedgerError, match="prepare the mailing again"):
        change_marks(renderer, office.ledger, run, "user", include=["patient:2"])
    change_marks(renderer, office.ledger, run, "user", exclude=["patient:1"])
    assert [row.marked for row in office.messages(run)] == [False, False]
    assert office.state(run) == "prepared"


def test_all_else_is_done_with_a_run_of_another_edition(office: Office, old: str) -> None:
    assert resolve(office.ledger, old, ["patient:3"], "accepted", "user") == 1
    renderer = load_renderer(office.context, office.ledger, old)
    assert len(list(preview(renderer, office.ledger, old, "patient:1", every=False))) == 1
    assert export_person(office.context, office.ledger, "patient:1").person == "patient:1"
    assert erase_person(office.context, office.ledger, "patient:1", "user") == 1
    reopened(office, old)
    pause(office.ledger, old, "user")
    cancel(office.ledger, old, "user")
    office.clock.forward(100 * 86400)
    assert purge(office.context, office.ledger, "user").values == 1
    assert discard_dead(office.ledger) == 0


def test_the_edition_is_part_of_the_plan_and_the_first_leaves_it_as_it_was(office: Office) -> None:
    office.add("Ada")
    run = office.prepare()
    header = office.run(run).header
    assert header["rendering_edition"] == RENDERING_EDITION
    assert header["kept_template"] is None
    assert Header.from_json(header).digest_line() == plain(header)
    age(office, run)
    header = office.run(run).header
    assert Header.from_json(header).digest_line() == plain(header)
    with office.ledger.read() as tx:
        assert compute_plan_hash(tx, run) != office.run(run).plan_hash


def test_what_a_person_paused_stays_so_whatever_else_stops_the_run(office: Office) -> None:
    """A quota that is reached at the same moment would end by itself."""
    office.add("Ada", "Kim")
    run = office.approved()

    async def paused_meanwhile() -> QuotaReached:
        pause(office.ledger, run, "user")
        return QuotaReached("429", "enough", office.clock.now)

    office.loft.answers["ada"] = [paused_meanwhile]
    assert office.send(run) == "paused person"
    assert office.send(run, by_itself=True) == "paused person"
    assert office.send(run) == "finished"


def test_a_run_is_sent_from_a_ledger_that_waits_for_its_migration(office: Office) -> None:
    """With the tables of revision 0003, which have one column more."""
    with office.ledger.engine.begin() as connection:
        connection.execute(text("ALTER TABLE message ADD COLUMN attachments JSON"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    office.add("Ada", "Kim")
    office.loft.answers["kim"] = [Rejected("550", "no"), Rejected("550", "no")]
    run = office.approved()
    assert office.send(run) == "finished"
    assert retry_failed(office.ledger, run, "user") == 1
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted", "failed"]
