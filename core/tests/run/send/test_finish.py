"""A run is finished by one process at a time; a dead one stands in nobody's way."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.ledger.owners import ownership
from serienpost.ledger.schema import run as run_table
from serienpost.run.send import finish as finishing
from serienpost.run.send.finish import BusyError

if TYPE_CHECKING:
    from pathlib import Path

    Office = Any

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def run(office: Office) -> str:
    office.add("Ada", "Kim")
    return office.approved()  # type: ignore[no-any-return]


def hand_to(office: Office, owner: str | None) -> None:
    with office.ledger.begin() as tx:
        tx.execute(tx.update(run_table).values(owner=owner))


def test_a_dead_finisher_stands_in_nobodys_way(office: Office, run: str) -> None:
    hand_to(office, "999999-DEAD")
    assert office.send(run) == "finished"
    assert office.run(run).owner is None


def test_who_waits_too_long_gives_up_in_one_line(
    office: Office, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "WAIT_SECONDS", 0.3)
    with ownership(office.ledger) as owner:
        hand_to(office, owner)
        process = owner.partition("-")[0]
        told = f"^run {run} is already being finished by process {process}$"
        with pytest.raises(BusyError, match=told):
            office.send(run)
        assert office.state(run) == "sending"
        assert office.states(run) == ["accepted"] * 2
    assert office.send(run) == "finished"


def test_who_waited_finishes_what_the_other_left(office: Office, run: str) -> None:
    with ExitStack() as other:
        hand_to(office, other.enter_context(ownership(office.ledger)))
        Timer(0.3, other.close).start()
        assert office.send(run) == "finished"


def test_what_was_taken_over_meanwhile_is_not_recorded(
    office: Office, run: str, tmp_path: Path
) -> None:
    def finish(*_: object) -> list[Path]:
        hand_to(office, "1-ANOTHER")
        return [tmp_path / "file"]

    office.pigeon.part_size = lambda _: 1
    office.pigeon.finish = finish
    assert office.send(run) == "sending"
    assert (office.run(run).owner, office.run(run).files) == ("1-ANOTHER", None)
    office.pigeon.finish = lambda *_: [tmp_path / "file"]
    assert office.send(run) == "finished"
    assert office.run(run).files == [str(tmp_path / "file")]
