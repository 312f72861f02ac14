"""A practice whose runs are real and whose messages go nowhere."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from serienpost import Answers, SerienpostError, open_practice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from serienpost import PracticeContext

_CONFIG = """\
practice: {{id: {id}, name: "Praxis Null"}}
plugins: [serienpost-testkit]
ledger: {ledger}
accounts:
  mail: {{channel: null-email, oracle: oracle.tsv, slots: 4, sender: "Praxis Null <n@example.org>"}}
"""
_MAILING = """\
source: "null"
select: {{count: {count}}}
account: mail
purpose: event
subject: Einladung
text: "Guten Tag {{{{Null_Name}}}}, Ihre Nummer ist {{{{Null_Nr}}}}."
"""


class Runs(ExitStack):
    """Makes runs in a practice folder of its own, and says what became of them.

    Args:
        folder: of the practice, made here.
        ledger: its ledger, as `ledger:` says it.
        practice: its id.
    """

    def __init__(
        self, folder: Path, ledger: str = "sqlite:///versandbuch.db", practice: str = "praxis-null"
    ) -> None:
        super().__init__()
        self.folder = folder
        (folder / "mailings").mkdir(parents=True)
        text = _CONFIG.format(id=practice, ledger=ledger)
        (folder / "serienpost.yaml").write_text(text, "utf-8")
        self._practice = self.enter_context(open_practice(folder, actor="os:test"))
        self._made = 0

    @property
    def context(self) -> PracticeContext:
        """The practice, as dispatchers get it."""
        return self._practice.context

    def released(self, count: int) -> str:
        """A run of so many messages that somebody released and nobody delivers."""
        return self._approved(count, None)

    def paused(self, count: int) -> str:
        """A run that waits for a time an hour ahead."""
        run = self._approved(count, datetime.now(UTC) + timedelta(hours=1))
        self._practice.continue_run(run)
        return run

    def _approved(self, count: int, at: datetime | None) -> str:
        self._made += 1
        name = f"einladung{self._made}"
        (self.folder / "mailings" / f"{name}.yaml").write_text(_MAILING.format(count=count))
        run = self._practice.prepare(name)
        assert not hasattr(run, "question"), "nothing is asked"
        run.approve(Answers(release=True), at=at)  # type: ignore[union-attr]
        return run.id  # type: ignore[union-attr]

    def continue_run(self, run: str) -> None:
        """Deliver a run as a worker does; in any thread, whatever the id."""
        with open_practice(self.folder, actor="os:test") as practice, suppress(SerienpostError):
            practice.continue_run(run)  # else it stays open and is continued again

    def round(self) -> None:
        """What a worker does each minute, whatever its dispatcher told it."""
        with open_practice(self.folder, actor="os:test") as practice:
            practice.resume_due()

    def state(self, run: str) -> str:
        """The run's state."""
        return self._practice.run(run).status().state

    def finished(self, run: str, seconds: float) -> bool:
        """Whether the run is finished within this time."""
        until = time.monotonic() + seconds
        while self.state(run) != "finished":
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def counts(self, run: str) -> Mapping[str, int]:
        """The run's messages by state."""
        return self._practice.run(run).status().present

    def attempts(self, run: str) -> list[int]:
        """How often each message of a run was tried."""
        return [message.attempts for message in self._practice.run(run).messages()]

    def sent(self, run: str) -> dict[str, int]:
        """How often each message of a run left, by its reference; only those that did."""
        file = self.folder / "oracle.tsv"
        lines = file.read_text("ascii").splitlines() if file.exists() else []
        left = Counter(line.split("\t")[0] for line in lines)
        refs = {message.ref for message in self._practice.run(run).messages()}
        return {ref: number for ref, number in left.items() if ref in refs}
