"""Practices on SQLite and on a real PostgreSQL server, and the figures of the whole session."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import Practice
from fault_harness.providers import PROVIDERS
from fault_harness.server import Server

from serienpost.ledger.states import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fault_harness.providers import Provider

SQLITE = "sqlite:///versandbuch.db"
FIGURE = "fault figure "
LARGEST = ("most in doubt at once", "most in doubt per killed process")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough",
        action="store_true",
        help="all combinations of ledger and channel, each point twice, 200 random kills",
    )
    parser.addoption("--seed", type=int, help="of the random kills; else a new one, printed")


@dataclass
class Figures:
    """What a test did, for the table at the end."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, number: int = 1) -> None:
        """Count."""
        self.counts[name] += number

    def close(self, practice: Practice) -> None:
        """Count what became of a practice's messages."""
        oracle = practice.oracle()
        rows = list(practice.messages().values())
        resends = Counter(
            (d["run"], d["no"]) for d in practice.decisions() if d["action"] == "resolve resend"
        )
        doubtful = sum(row["state"] == "in_doubt" for row in rows)
        self.add("processes killed", practice.deaths)
        self.add("messages", len(rows))
        self.add("accepted by the provider", sum(oracle.values()))
        over = practice.state() == "finished"
        self.add("lost", sum(over and row["state"] in OPEN for row in rows))
        twice = (oracle[row["ref"]] - 1 - resends[row["run"], row["no"]] for row in rows)
        self.add("silent duplicates", sum(max(0, n) for n in twice))
        self.counts[LARGEST[0]] = max(self.counts[LARGEST[0]], doubtful)
        if practice.deaths == 1:
            self.counts[LARGEST[1]] = max(self.counts[LARGEST[1]], doubtful)


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> None:
    """Of `make faults` alone."""
    if not request.config.getoption("thorough"):
        pytest.skip("several processes are tried in all ways by `make faults`")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    made = Figures()
    yield made
    for name, number in made.counts.items():
        request.node.user_properties.append((FIGURE + name, number))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests, of all worker processes."""
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "teardown":
                continue
            for name, number in report.user_properties:
                if name.startswith(FIGURE):
                    key = name.removeprefix(FIGURE)
                    total[key] = max(total[key], number) if key in LARGEST else total[key] + number
    if total:
        terminalreporter.section("faults")
        for name, number in total.items():
            terminalreporter.write_line(f"{number:>8} {name}")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started when the first test needs it."""
    with Server() as running:
        yield running


@dataclass
class Practices:
    """Makes practices as copies of one with a prepared run."""

    request: pytest.FixtureRequest
    masters: dict[tuple[str, str], Practice]
    folder: Path
    stack: ExitStack
    providers: dict[str, Provider] = field(default_factory=dict)
    made: list[Practice] = field(default_factory=list)

    def new(self, backend: str, channel: str = "null") -> Practice:
        """A practice of its own with a prepared run of 24 messages."""
        provider = self.provider(channel)
        master = self.masters.get((backend, channel))
        if master is None:
            folder = self.request.getfixturevalue("tmp_path_factory").mktemp("master")
            master = Practice.make(folder / "praxis", self.ledger(backend), provider)
            master.prepare()
            self.masters[backend, channel] = master
        url = master.url
        if backend == "postgresql":
            url = self.ledger(backend, url.rpartition("/")[2])
        folder = self.folder / f"praxis{len(self.made)}" / "praxis"
        self.made.append(master.copy(folder, provider, url))
        return self.made[-1]

    def provider(self, channel: str) -> Provider:
        """The far side of a channel, one for the test."""
        if channel not in self.providers:
            self.providers[channel] = self.stack.enter_context(PROVIDERS[channel]())
        return self.providers[channel]

    def ledger(self, backend: str, template: str = "template0") -> str:
        """The URL of a new ledger."""
        if backend == "sqlite":
            return SQLITE
        server: Server = self.request.getfixturevalue("server")
        return server.url(server.database(template))


@pytest.fixture(scope="session")
def masters() -> dict[tuple[str, str], Practice]:
    return {}


@pytest.fixture
def practices(
    request: pytest.FixtureRequest,
    masters: dict[tuple[str, str], Practice],
    tmp_path: Path,
    figures: Figures,
) -> Iterator[Practices]:
    """Makes practices; their providers are in this process."""
    with ExitStack() as stack:
        made = Practices(request, masters, tmp_path, stack)
        yield made
        for practice in made.made:
            figures.close(practice)


@pytest.fixture
def new(practices: Practices) -> Callable[..., Practice]:
    return practices.new


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`ledger`: SQLite, and PostgreSQL where all is tested."""
    if "ledger" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough", default=False)
        metafunc.parametrize("ledger", ["sqlite", "postgresql"] if thorough else ["sqlite"])
