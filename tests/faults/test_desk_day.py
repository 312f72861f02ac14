"""A whole day at the desk while its processes are killed: nothing is lost, nothing is done twice.

Somebody logs in, chooses people, marks, writes, gives a file, prepares, releases and watches; what
was asked for when the desk died is asked for once more. CI kills at some points of one day, `make
faults` at all of them and at random moments, on both ledgers.
"""

from __future__ import annotations

import secrets
from collections import Counter
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from fault_harness.desk_day import FILE, LEFT_OUT, Day, Killer, ServedDesk
from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.practice import ROWS
from fault_harness.providers import SmtpProvider

from serienpost.ledger.schema import draft, message, task, uploaded
from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Figures
    from fault_harness.practice import Practice


def _each(*names: str) -> list[str]:
    return [f"{name}.{when}_commit" for name in names for when in ("before", "after")]


# Each write of the web process, in the order of the day.
WEB = _each(
    "login", "selection", "ask", "selection", "draft", "draft", "upload", "draft", "ask", "approve"
)
# Those of the worker, and the wire; a task that kills three workers is given up.
WORKER = [
    [
        *("take.before_commit", "selection.before_commit", "selected.after_commit"),
        *("create.before_commit", "batch.after_commit"),
        *("begin.before_commit", "claim.after_commit", "wire.before:3", "commit.after_commit:2"),
        "finishing.before_commit",
    ],
    [
        *("take.after_commit", "selected.before_commit"),
        *("create.after_commit", "freeze.before_commit"),
        *("begin.after_commit", "commit.before_commit:2", "wire.after:5", "finish.before_commit"),
    ],
    [
        *("selection.after_commit", "selection.after_commit:2", "freeze.after_commit"),
        *("claim.before_commit", "wire.after", "settle.before_commit"),
    ],
]
IN_CI = (
    ["login.after_commit", "draft.after_commit", "upload.after_commit", "approve.after_commit"],
    ["freeze.before_commit", "wire.after:3"],
)
EVERY = [(WEB, []), *(([], points) for points in WORKER)]
DAYS = 8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    thorough = metafunc.config.getoption("thorough", default=False)
    if "web" in metafunc.fixturenames:
        metafunc.parametrize(("web", "worker"), EVERY if thorough else [IN_CI])
    if "chance" in metafunc.fixturenames:
        seed = metafunc.config.getoption("seed", default=None)
        if seed is None:
            session = getattr(metafunc.config, "workerinput", {}).get("testrunuid")
            seed = int(str(session or secrets.token_hex(4))[:8], 16)
        metafunc.parametrize("chance", [f"{seed}/{number}" for number in range(DAYS)])


def test_killed_at_each_write_of_a_day(
    new: Callable[..., Practice],
    figures: Figures,
    ledger: str,
    web: Sequence[str],
    worker: Sequence[str],
) -> None:
    practice = new(ledger, "smtp")
    with ServedDesk(practice, web, worker) as desk, Browser(desk.url) as browser:
        day = Day(desk, browser)
        _through(day)
        assert desk.left == {"web": [], "worker": []}
    _assert_all_is_there_once(practice, day)
    figures.add("processes of a desk killed", desk.deaths)


@pytest.mark.usefixtures("thorough")
def test_killed_at_any_moment_of_a_day(
    new: Callable[..., Practice], figures: Figures, ledger: str, chance: str
) -> None:
    practice = new(ledger, "smtp")
    provider = practice.provider
    assert isinstance(provider, SmtpProvider)
    provider.slow_down(0.3)
    with ServedDesk(practice) as desk, Browser(desk.url) as browser:
        day = Day(desk, browser)
        with Killer(desk, chance, 12):
            _through(day)
    _assert_all_is_there_once(practice, day)
    figures.add("processes of a desk killed", desk.deaths)


def _through(day: Day) -> None:
    practice = day.desk.practice
    day.log_in()
    day.choose()
    day.write()
    day.prepare()
    before = snapshot(practice)
    practice.run = day.run
    day.release()
    day.watch()
    assert_always(practice, before)


def _assert_all_is_there_once(practice: Practice, day: Day) -> None:
    """Each of the people has the text that was saved last, once but for what somebody sent again;
    each task has one end and one run; no file stays without a draft."""
    assert_clean(practice, {})
    provider = practice.provider
    assert isinstance(provider, SmtpProvider)
    rows = practice.messages()
    written = {row["ref"] for row in rows.values() if row["marked"]}
    assert {name for name, row in rows.items() if not row["marked"]} == {*LEFT_OUT}
    oracle = practice.oracle()
    assert set(oracle) == written
    assert len(written) == ROWS - len(LEFT_OUT)
    assert oracle.total() <= len(written) + day.resent
    for one in list(provider._catcher.messages):
        mail = message_from_bytes(one.data, policy=policy.default)
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_payload(decode=True)) == FILE
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Text 2." in body.get_content()
    tasks = [row for row in practice.rows(task) if row["what"] == "prepare"]
    assert Counter(row["run"] for row in tasks) == {day.run: 1}
    assert {row["state"] for row in practice.rows(task)} == {"done"}
    runs = {row["id"] for row in practice.rows(run_table)}
    assert {row["run"] for row in practice.rows(message)} <= runs
    practice.must("purge")
    there = practice.folder / "eingang"
    lying = {path.name for path in there.iterdir()}
    assert lying == {row["id"] for row in practice.rows(uploaded)}
    assert {row["draft"] for row in practice.rows(uploaded)} <= {
        row["id"] for row in practice.rows(draft)
    }
