"""Several processes that deliver one run: they join, begin together, and may die apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from command_line import KILLED, wait_until
from fault_harness.providers import SLOTS

from serienpost.ledger.schema import worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from command_line import Done
    from fault_harness.practice import Practice

# Members by ledger.
SIZES = {"sqlite": 2, "postgresql": 3}


def approve(practice: Practice) -> None:
    """Release the prepared run and deliver nothing."""
    done = practice("send", practice.run, "--yes", fault="approve.after_commit")
    assert done.code == KILLED
    practice.deaths -= 1  # it had nothing in hand


@dataclass
class Team:
    """The processes of a practice's run.

    Args:
        practice: its run is released.
        size: how many.
    """

    practice: Practice
    size: int
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, faults: Mapping[int, str] | None = None) -> None:
        """Start all; they begin when each that is to live has its share of the connections.

        Args:
            faults: points at which members die, by their places from 0.
        """
        practice, faults = self.practice, faults or {}
        practice.write("site/hold", "")
        command = ("resume", practice.run, "--join")
        for place in range(self.size):
            self.processes.append(practice.start(*command, fault=faults.get(place)))
        wait_until(self._is_complete)
        (practice.folder / "site" / "hold").unlink()

    def start_and_stay(self) -> None:
        """Start all, and wait until the account has no connection left without a call; calls wait
        for `go_on`."""
        self.practice.write("site/stay", "")
        self.start()
        wait_until(lambda: self.practice.states()["sending"] == SLOTS)

    def go_on(self) -> None:
        """Let calls be made."""
        (self.practice.folder / "site" / "stay").unlink()

    def finish(self) -> list[Done]:
        """Wait for all."""
        return [self.practice.finish(one, "resume") for one in self.processes]

    def shares(self) -> dict[str, int]:
        """The connections of each member that joined."""
        return {row["owner"]: row["connections"] for row in self.practice.rows(worker)}

    def owner(self, place: int) -> str:
        """The owner that a member is."""
        pid = str(self.processes[place].pid)
        return next(one for one in self.shares() if one.split("-")[0] == pid)

    def _is_complete(self) -> bool:
        """Whether all that live have joined and what is to be had is shared out."""
        living = [one for one in self.processes if one.poll() is None]
        if not living:
            return True
        pids = {str(one.pid) for one in living}
        mine = [share for owner, share in self.shares().items() if owner.split("-")[0] in pids]
        if len(mine) < len(living):
            return False
        fair = SLOTS // len(living)
        return self.practice.provider.repeatable or all(0 <= one - fair <= 1 for one in mine)
