"""How many processes are of use for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost.contracts.accounts import Rate
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.send import workers
from serienpost.run.send.workers import number_of_workers, useful_workers

if TYPE_CHECKING:
    from serienpost.config.models import Workers

    Office = Any


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of five messages, on a machine of eight cores where one process is of use for two."""
    monkeypatch.setattr(workers, "_MESSAGES_EACH", 2)
    monkeypatch.setattr(workers, "_cores", lambda: 8)
    office.add("Ada", "Kim", "Bo", "Eva", "Max")
    return office.approved()  # type: ignore[no-any-return]


def number(office: Office, run: str, wanted: Workers = "auto", **account: object) -> int:
    renderer = load_renderer(office.context, office.ledger, run)
    for name, value in account.items():
        object.__setattr__(renderer.account, name, value)
    return number_of_workers(wanted, renderer, office.ledger, run)


def test_one_for_so_many_messages(office: Office, run: str) -> None:
    assert number(office, run) == 3


def test_as_many_as_there_are_cores(
    office: Office, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cores in (1, 2):
        monkeypatch.setattr(workers, "_cores", lambda cores=cores: cores)
        assert number(office, run) == cores


def test_a_slow_account_needs_one(office: Office, run: str) -> None:
    assert number(office, run, rate=[Rate(50, 1)]) == 3
    assert number(office, run, rate=[Rate(50, 1), Rate(2999, 60)]) == 1


def test_each_has_two_connections(office: Office, run: str) -> None:
    assert number(office, run, connections=4) == 2
    assert number(office, run, connections=3) == 1
    assert number(office, run, connections=1) == 1
    assert number(office, run, connections=100) == 3


@pytest.mark.parametrize("wanted", ["auto", 1, 3, 64])
def test_what_is_made_again_has_processes_of_its_own(
    office: Office, run: str, wanted: Workers
) -> None:
    office.pigeon.repeatable = True
    assert number(office, run, wanted) == 1


def test_a_number_is_kept_to(office: Office, run: str) -> None:
    assert number(office, run, 1) == 1
    assert number(office, run, 4) == 4
    assert number(office, run, 4, rate=[Rate(1, 3600)]) == 4


def test_nobody_is_started_for_nothing(office: Office, run: str) -> None:
    assert number(office, run, 64) == 5
    assert number(office, run, 4, connections=3) == 3
    office.send(run)
    assert number(office, run, 64) == number(office, run) == 1


def test_useful_workers_know_no_machine(office: Office, run: str) -> None:
    renderer = load_renderer(office.context, office.ledger, run)
    assert useful_workers(renderer, office.ledger, run) == 3
