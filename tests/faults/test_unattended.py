"""What `run --yes` asks goes away at each step: nobody is left out, all get it once it is back.

CI tries a sample of the steps, `make faults` every passage of each.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fault_harness.outage import OutageProvider
from fault_harness.practice import ROWS, Practice
from fault_harness.providers import PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

    from fault_harness.practice import Done

RUN = ("run", "einladung", "--yes", "--json")
SQLITE = "sqlite:///buch/versandbuch.db"

# Dependency and question, and how often `run --yes` asks it while it prepares and sends.
PASSAGES = {
    "source.offers": 2,
    "source.rows": 3,
    "source.current": 2,
    "check.first": 4,
    "check.second": 4,
    "store.get": 2,
}
SAMPLE = [
    ("source.offers", 2),
    ("source.rows", 2),
    ("source.current", 1),
    ("check.second", 3),
    ("store.get", 1),
    ("store.get", 2),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A sample of the steps, or thoroughly all."""
    if "step" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough", default=False)
        every = [(step, n) for step, most in PASSAGES.items() for n in range(1, most + 1)]
        metafunc.parametrize(("step", "nth"), every if thorough else SAMPLE)


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    """A practice whose ledger lies in a folder of its own."""
    made = Practice.make(tmp_path / "praxis", SQLITE, OutageProvider())
    return with_store(made)


def with_store(practice: Practice) -> Practice:
    config = (practice.folder / "serienpost.yaml").read_text("utf-8")
    practice.write("serienpost.yaml", f"{config}secrets: [outage, env]\n")
    (practice.folder / "buch").mkdir(exist_ok=True)
    return practice


def assert_heard(done: Done, codes: tuple[int, ...] = (75, 3)) -> None:
    """It ended as it must, said why on stderr, and named nobody."""
    assert done.code in codes, done.out + done.err
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert "canary" not in done.err + done.out
    assert json.loads(done.out)["exit"] == done.code


def assert_all_have_it(practice: Practice) -> None:
    """Everybody once, nobody left out."""
    states = Counter(row["state"] for row in practice.tables()["message"])
    assert not states["suppressed"]
    assert not states["failed"]
    assert (len(practice.oracle()), sum(practice.oracle().values())) == (ROWS, ROWS)


def test_a_dependency_goes_away(practice: Practice, step: str, nth: int) -> None:
    practice.write("away", f"{step} {nth}")
    assert_heard(practice(*RUN), (75,))
    assert not [row for row in practice.tables()["message"] if row["state"] == "suppressed"]
    (practice.folder / "away").unlink()
    practice.must("resume", "--due", "--json")
    assert_all_have_it(practice)


def test_the_steps_are_those_of_a_run(practice: Practice) -> None:
    practice.must(*RUN)
    passed = Counter((practice.folder / "passages").read_text().splitlines())
    assert {step: most for step, most in PASSAGES.items() if passed[step] < most} == {}


def test_the_ledger_is_away(practice: Practice) -> None:
    practice.must("runs")
    (practice.folder / "buch").rename(practice.folder / "weg")
    done = practice(*RUN)
    assert_heard(done, (75,))
    assert len(done.err.splitlines()) == 1
    (practice.folder / "weg").rename(practice.folder / "buch")
    practice.must(*RUN)
    assert_all_have_it(practice)


def test_the_providers_template_is_away(tmp_path: Path) -> None:
    with PROVIDERS["sendgridtemplate"]() as provider:
        practice = Practice.make(tmp_path / "praxis", "sqlite:///versandbuch.db", provider)
        practice.configure(base_url='"http://127.0.0.1:9"')
        assert_heard(practice(*RUN), (75,))
        practice.configure()
        practice.must("resume", "--due")
        assert_all_have_it(practice)
