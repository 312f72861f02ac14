from __future__ import annotations

from typing import TYPE_CHECKING

from permits import RATES, USED, Simulation

if TYPE_CHECKING:
    from pathlib import Path


def test_the_allowance_is_used_and_kept(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    simulation.run(750)
    for rate in RATES[:2]:
        assert simulation.shortest(rate).total_seconds() >= rate.seconds
    assert simulation.used() >= USED
