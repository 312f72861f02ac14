"""A practice of the null plugins, opened in this process by way of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from chosen_people import Watched
from opened_practice import FILES, Demanding, Practices, Shelf, like_email, prepared

from serienpost.registry import Provider
from serienpost.service import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Practice
    from serienpost.service import Run


@pytest.fixture
def practices(tmp_path: Path, migrated: bytes) -> Iterator[Practices]:
    made = Practices(tmp_path / "praxis")
    made.folder.mkdir()
    for name, text in FILES.items():
        made.write(name, text)
    ledger = made.folder / "versandbuch.db"
    ledger.write_bytes(migrated)
    ledger.chmod(0o600)
    yield made
    for practice in made.opened:
        practice.close()


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at a password costs next to nothing, where many are looked at."""
    cost = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: cost)


@pytest.fixture
def practice(practices: Practices) -> Practice:
    """The practice as `ACTOR` opened it."""
    return practices.open()


@pytest.fixture
def shelf(practice: Practice) -> Shelf:
    """Records that e-mails go into."""
    made = Shelf()
    practice.context.registry.add("archives", made.name, made, Provider("serienpost-toys", "1.0"))
    return made


@pytest.fixture
def demanding(practice: Practice) -> Demanding:
    """E-mail costs credits, of which there are enough, and has terms."""
    made = like_email(Demanding, balances=[1000.0])
    assert isinstance(made, Demanding)
    practice.context.registry.channels["null-email"] = made
    return made


@pytest.fixture
def run(practice: Practice) -> Run:
    """A prepared run."""
    return prepared(practice)


@pytest.fixture
def source(practice: Practice) -> Watched:
    made = Watched()
    practice.context.registry.sources["null"] = made
    return made
