from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from harness import Report, alternate, finish

if TYPE_CHECKING:
    from pathlib import Path


def report(ours: list[float], target: float | None = 0.6) -> Report:
    return Report(
        "letters",
        {"ours": ours, "theirs": [2.0, 1.0, 9.0]},
        {"serienpost": "0.1.0"},
        {"recipients": 10},
        target,
    )


def test_alternatives_take_turns_and_warm_ups_do_not_count() -> None:
    calls: list[str] = []
    seconds = alternate(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2, warmups=1
    )
    assert calls == ["a", "b"] * 3
    assert {label: len(rounds) for label, rounds in seconds.items()} == {"a": 2, "b": 2}
    assert all(second >= 0 for rounds in seconds.values() for second in rounds)


@pytest.mark.parametrize(
    ("ours", "target", "met"),
    [([1.2, 0.9, 5.0], 0.6, True), ([1.3, 0.9, 5.0], 0.6, False), ([8.0, 9.0, 9.5], None, True)],
)
def test_target_is_a_ratio_of_medians(ours: list[float], target: float | None, met: bool) -> None:
    assert report(ours, target).met is met


def test_table_says_median_minimum_ratio_and_verdict() -> None:
    title, _, ours, theirs, ratio, machine = report([1.3, 0.9, 5.0]).table().splitlines()
    assert title == "letters (recipients 10)"
    assert ours.split() == ["ours", "1.300", "0.900", "3"]
    assert theirs.split() == ["theirs", "2.000", "1.000", "3"]
    assert ratio == "ratio of medians 0.650, target <= 0.6: MISSED"
    assert "cores" in machine
    assert "serienpost 0.1.0" in machine


def test_report_is_stored_whole(tmp_path: Path) -> None:
    stored = json.loads(report([1.0, 1.0, 1.0]).write(tmp_path).read_text(encoding="utf-8"))
    assert stored["ratio"] == 0.5
    assert stored["met"] is True
    assert stored["seconds"]["theirs"] == [2.0, 1.0, 9.0]
    assert {"system", "cores", "python"} <= set(stored["machine"])


def test_missed_target_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        finish(report([3.0]), tmp_path)
    assert stopped.value.code == 1
    assert "MISSED" in capsys.readouterr().out
