"""Whatever a plugin of a third party does: it is named, nobody gets more, nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.cli import progress
from serienpost.cli.main import run
from serienpost.errors import Exit
from serienpost.run.prepare import review
from serienpost.run.send import recheck

if TYPE_CHECKING:
    from pathlib import Path

NAME = "serienpost-kaputt"
CANARY = "null-2@example.org"
DENIED = "patient:3"
HEAD = """
import asyncio, os, sys, time, logging
from contextlib import asynccontextmanager
from pathlib import Path
from serienpost import *
from serienpost_testkit.null.channels import NullChannel, null_sms
from serienpost_testkit.null.macros import NullName
from serienpost_testkit.null.source import NullSource

CANARY = "-".join(("null", "2@example.org"))  # a traceback shows the lines of this file

def repaired():
    return Path(os.environ["KAPUTT_REPAIRED"]).exists()

class Source_(NullSource):
    name = "kaputt"

class Macro_(NullName):
    name = "Kaputt"

class Store_:
    name = "kaputt"
    def get(self, context, name):
        return "geheim"

sms = null_sms()
class Channel_(NullChannel):
    def __init__(self):
        super().__init__("kaputt", sms.title, sms.kind, sms.capabilities, sms.account)

class Sender_:
    def __init__(self, good):
        self.good, self.slots, self.batch = good, good.slots, good.batch
    def calls(self, messages):
        return self.good.calls(messages)
    async def ready(self, slot):
        await self.good.ready(slot)
    async def send(self, call, slot, go):
        return await self.good.send(call, slot, go)

class Wrapped(Channel_):
    sender = Sender_
    @asynccontextmanager
    async def open(self, context, account):
        async with super().open(context, account) as good:
            yield good if repaired() else self.sender(good)

BLOCKED = []

def broken(original, fault, *args):
    if repaired():
        return original(*args)
    if fault == "raise":
        raise RuntimeError(f"{CANARY} is the canary")
    if fault == "late":
        raise TimeoutError(CANARY)
    if fault == "exit":
        raise SystemExit(0)
    if fault == "key":
        raise KeyError(CANARY)
    if fault == "leak":
        logging.getLogger("kaputt").warning(CANARY)
        return original(*args)
    if fault == "block":
        BLOCKED.append(original)
        if len(BLOCKED) <= 3:  # `check` asks a channel before rows are counted
            time.sleep(1)
        return original(*args)
    return {"none": None, "number": 17, "list": [None], "text": "Unsinn", "dict": {"a": 1}}[fault]
"""
TAIL = """
@hookimpl
def serienpost_sources():
    return [SOURCE()]

@hookimpl
def serienpost_macros():
    return [MACRO()]

@hookimpl
def serienpost_channels():
    return [CHANNEL()]

@hookimpl
def serienpost_secrets():
    return [STORE()]
"""
GOOD = {"SOURCE": "Source_", "MACRO": "Macro_", "CHANNEL": "Wrapped", "STORE": "Store_"}
METHODS = {
    "SOURCE": ("offers", "is_relative", "rows", "current"),
    "MACRO": ("value",),
    "CHANNEL": ("processor", "compose", "cost", "open"),
    "SENDER": ("calls", "ready", "send"),
    "STORE": ("get",),
}
PLAIN = """
    def {0}(self, *args):
        return broken({1}, {2}, *args)
"""
ASYNC = """
    async def {0}(self, *args):
        result = broken({1}, {2}, *args)
        return await result if asyncio.iscoroutine(result) else result
"""
OPTIONAL = """
async def nothing(*args):
    for event in ():
        yield event

async def unknown(context, account, messages):
    return [Unknown("lookup", "nobody knows")] * len(messages)

async def credit(*args):
    return 100.0

async def no_results(*args):
    return []

class Lost(Sender_):
    async def send(self, call, slot, go):
        await self.good.send(call, slot, go)
        raise ConnectionError

def answer(method, fault, good):
    def result(self, *args):
        return broken(good, fault, *args)
    async def later(self, *args):
        result = broken(good, fault, *args)
        return await result if asyncio.iscoroutine(result) else result
    return later if asyncio.iscoroutinefunction(good) else result
"""
OPTIONAL_METHODS = {
    "events": {"events": "nothing"},
    "lookup": {"lookup": "unknown"},
    "probe": {"probe": "no_results"},
    "balance": {"balance": "credit"},
    "part_size": {"part_size": "lambda *args: 2", "finish": "lambda *args: []"},
    "finish": {"part_size": "lambda *args: 2", "finish": "lambda *args: []"},
    "files": {"layout_macros": None, "files": "lambda *args: {}"},
    "forecast": {"forecast": "lambda c, a, contents: [Cost('pages', 1.0)] * len(contents)"},
}
FAULTS = ("raise", "key", "late", "exit", "none", "number", "list", "text")
PRACTICE = """
practice: {{id: kaputt, name: "Praxis Null"}}
plugins: [serienpost-testkit, {name}]
secrets: [kaputt, env]
accounts:
  probe: {{channel: kaputt, oracle: oracle.tsv, slots: 2}}
"null": {{consent: consent.jsonl}}
"""
MAILING = """
source: kaputt
select: {count: 6}
account: probe
purpose: event
once_per: none
text: "Guten Tag {{Kaputt}}, Ihre Praxis Null"
"""


@dataclass
class Practice:
    """A practice with a plugin written down as text, driven by the command line."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    module: str

    def __call__(self, *args: str) -> tuple[int, str]:
        """Run a command; returns its exit code and all that it said."""
        sys.modules.pop(self.module, None)
        code = run(["-C", str(self.folder), *args])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def oracle(self) -> Counter[str]:
        """What the provider has: position of the message -> how often."""
        file = self.folder / "oracle.tsv"
        lines = file.read_text("ascii").splitlines() if file.exists() else []
        return Counter(line.split("\t")[1] for line in lines)

    def repair(self) -> None:
        """The plugin works from now on."""
        (self.folder / "repaired").touch()


@pytest.fixture
def practice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Practice:
    """The practice; `patient:3` has not allowed anything."""
    folder = tmp_path / "praxis"
    (folder / "mailings").mkdir(parents=True)
    (folder / "serienpost.yaml").write_text(PRACTICE.format(name=NAME), "utf-8")
    (folder / "mailings" / "gruss.yaml").write_text(MAILING, "utf-8")
    (folder / "consent.jsonl").write_text(json.dumps({"id": DENIED, "verdict": "deny"}), "utf-8")
    site = tmp_path / "site"
    info = site / "serienpost_kaputt-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[serienpost]\n{NAME} = serienpost_kaputt\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("KAPUTT_REPAIRED", str(folder / "repaired"))
    monkeypatch.setenv("SERIENPOST_PRACTICE", str(folder))
    return Practice(folder, capsys, "serienpost_kaputt")


def write(practice: Practice, body: str, **classes: str) -> None:
    """Write the plugin."""
    tail = TAIL
    for name, good in {**GOOD, **classes}.items():
        tail = tail.replace(f"{name}()", f"{good}()")
    site = practice.folder.parent / "site" / "serienpost_kaputt.py"
    site.write_text(HEAD + body + tail, "utf-8")
    sys.modules.pop("serienpost_kaputt", None)


def break_method(practice: Practice, thing: str, method: str, fault: str) -> None:
    """One method of one object misbehaves until the plugin is repaired."""
    base = "Sender_" if thing == "SENDER" else GOOD[thing]
    args = (f"super().{method}", repr(fault))
    code = (ASYNC if (thing, method) == ("SENDER", "send") else PLAIN).format(method, *args)
    body = f"class Bad({base}):\n{code}"
    if thing == "SENDER":
        body += "class BadChannel(Wrapped):\n    sender = Bad\n"
        write(practice, body, CHANNEL="BadChannel")
    else:
        write(practice, body, **{thing: "Bad"})


def newest(practice: Practice) -> str | None:
    """The run that was made last, as `runs` lists it."""
    file = practice.folder / "versandbuch.db"
    if not file.exists():
        return None
    with closing(sqlite3.connect(file)) as ledger:
        newest_first = "SELECT id FROM run ORDER BY created_at DESC LIMIT 1"
        return next((run_id for (run_id,) in ledger.execute(newest_first)), None)


def broken_matrix() -> list[Any]:
    return [
        pytest.param(thing, method, fault, id=f"{thing.lower()}-{method}-{fault}")
        for thing, methods in METHODS.items()
        for method in methods
        for fault in FAULTS
    ]


@pytest.mark.parametrize(("thing", "method", "fault"), broken_matrix())
def test_a_broken_method_is_named_and_does_no_harm(
    practice: Practice, thing: str, method: str, fault: str
) -> None:
    break_method(practice, thing, method, fault)
    code, said = practice("run", "gruss", "--yes")
    assert code in set(map(int, Exit)) - {Exit.USAGE}
    assert "Traceback" not in said
    assert CANARY not in said
    if code in {Exit.BUG, Exit.REFUSED}:
        assert "kaputt" in said.lower(), said
    assert practice.oracle()["3"] == 0
    practice.repair()
    run_id = newest(practice)
    if run_id is not None:
        practice("resume", run_id)
    code, said = practice("run", "gruss", "--yes")
    got = practice.oracle()
    assert got["3"] == 0, "written to without consent"
    lost = {"1", "2", "4", "5", "6"} - set(got)
    told = json.loads(practice("show", newest(practice) or "", "--json")[1])
    if lost:  # nothing disappears: who got nothing is in a state that says so
        states = {str(m["row"]): m["state"] for m in told["messages"]}
        assert len(states) == 6
        assert not {"planned", "pending", "claimed", "sending"} & set(states.values())


def break_optional(practice: Practice, broken: str, fault: str) -> None:
    """A method that a channel need not have, of one that has it."""
    lines = [OPTIONAL, "class Bad(Wrapped):"]
    if broken == "lookup":
        lines.append("    sender = Lost")
    for method, good in OPTIONAL_METHODS[broken].items():
        if good is None:
            lines.append(f"    {method} = frozenset()")
        else:
            how = repr(fault if method == broken else "leak")
            lines.append(f"    {method} = answer({method!r}, {how}, {good})")
    write(practice, "\n".join(lines), CHANNEL="Bad")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", OPTIONAL_METHODS)
def test_a_broken_method_that_need_not_be_there_is_named_and_does_no_harm(
    practice: Practice, method: str, fault: str
) -> None:
    break_optional(practice, method, fault)
    run_id = ""
    for command in (["run", "gruss", "--yes"], ["events"], ["doctor"], ["resume"]):
        arguments = [run_id] if command == ["resume"] and run_id else []
        code, said = practice(*command, *(arguments or ["--due"] * (command == ["resume"])))
        run_id = run_id or newest(practice) or ""
        assert code in set(map(int, Exit)) - {Exit.USAGE}, said
        assert "Traceback" not in said
        assert CANARY not in said
        if code in {Exit.BUG, Exit.REFUSED}:
            assert "kaputt" in said.lower(), said
    assert practice.oracle()["3"] == 0
    practice.repair()
    practice("resume", *([run_id] if run_id else ["--due"]))
    practice("run", "gruss", "--yes")
    assert set(practice.oracle()) >= {"1", "2", "4", "5", "6"}
    assert practice.oracle()["3"] == 0


@pytest.mark.parametrize(
    "fault", ["raise RuntimeError('kaputt')", "import no_such_module", "1 +", "raise SystemExit(0)"]
)
def test_a_plugin_that_cannot_be_imported_is_named(practice: Practice, fault: str) -> None:
    write(practice, f"\n{fault}\n")
    code, said = practice("run", "gruss", "--yes")
    assert (code, practice.oracle()) == (Exit.REFUSED, Counter())
    assert f"plugin {NAME} 1.0 cannot be imported" in said
    code, said = practice("plugins")
    assert f"{NAME}" in said
    assert "cannot be imported" in said


@pytest.mark.parametrize(
    "hook",
    [
        "raise RuntimeError('x')",
        "return None",
        "return 17",
        "return {'a': 1}",
        "return [None]",
        "return [object()]",
        "yield Source_(); raise RuntimeError('x')",
        "return [Source_(), Source_()]",
        "raise SystemExit(0)",
    ],
)
def test_a_plugin_that_fails_to_register_is_named(practice: Practice, hook: str) -> None:
    write(practice, f"\n@hookimpl\ndef serienpost_archives():\n    {hook}\n")
    code, said = practice("run", "gruss", "--yes")
    assert (code, practice.oracle()) == (Exit.REFUSED, Counter())
    assert f"{NAME} 1.0" in said
    assert f"{NAME}" in practice("plugins")[1]


def test_a_recipient_leaked_to_a_log_does_not_reach_our_own_files(practice: Practice) -> None:
    break_method(practice, "CHANNEL", "compose", "leak")
    practice("run", "gruss", "--yes")
    log = practice.folder / "serienpost.log"
    assert not log.exists() or CANARY not in log.read_text("utf-8")


def test_a_source_that_blocks_in_the_recheck_pauses_the_run(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "SOURCE_SECONDS", 0.3)
    break_method(practice, "SOURCE", "current", "block")
    code, said = practice("run", "gruss", "--yes")
    assert (code, practice.oracle()) == (Exit.OPEN, Counter())
    assert "source kaputt cannot answer: TimeoutError" in said
    practice.repair()
    assert practice("resume", newest(practice) or "")[0] == Exit.DONE
    assert set(practice.oracle()) == {"1", "2", "4", "5", "6"}


def test_a_channel_that_blocks_in_the_recheck_pauses_the_run(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(practice, "")
    assert practice("prepare", "gruss")[0] == Exit.DONE
    monkeypatch.setattr(recheck, "COMPOSE_SECONDS", 0.3)
    break_method(practice, "CHANNEL", "compose", "block")
    run_id = newest(practice) or ""
    code, said = practice("send", run_id, "--yes")
    assert (code, practice.oracle()) == (Exit.OPEN, Counter())
    assert "channel kaputt did not answer within 0.3 seconds" in said
    practice.repair()
    assert practice("resume", run_id)[0] == Exit.DONE
    assert set(practice.oracle()) == {"1", "2", "4", "5", "6"}


@pytest.mark.parametrize(
    ("thing", "method"),
    [("SOURCE", "rows"), ("MACRO", "value"), ("CHANNEL", "compose"), ("CHANNEL", "cost")],
)
def test_a_plugin_that_blocks_while_a_run_is_prepared_is_named(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, thing: str, method: str
) -> None:
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.5)
    break_method(practice, thing, method, "block")
    _, said = practice("prepare", "gruss")
    assert f"plugin {NAME} 1.0 has been at work for 0.5 seconds" in said
    assert practice.oracle() == Counter()


def test_a_channel_that_does_not_answer_leaves_a_doubt_and_no_hole(practice: Practice) -> None:
    write(
        practice,
        "class Bad(Sender_):\n"
        "    async def send(self, call, slot, go):\n"
        "        await asyncio.sleep(60)\n"
        "class BadChannel(Wrapped):\n"
        "    sender = Bad\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        object.__setattr__(self, 'longest_call', 0.3)\n",
        CHANNEL="BadChannel",
    )
    code, _ = practice("run", "gruss", "--yes")
    assert code == Exit.SOME_IN_DOUBT
    counts = json.loads(practice("show", newest(practice) or "", "--json")[1])["counts"]
    assert {state: n for state, n in counts.items() if n} == {"in_doubt": 5, "suppressed": 1}


def test_a_recipient_leaked_by_an_exception_reaches_neither_output_nor_log(
    practice: Practice,
) -> None:
    for thing, method in (("CHANNEL", "compose"), ("MACRO", "value"), ("SOURCE", "rows")):
        break_method(practice, thing, method, "raise")
        code, unattended = practice("run", "gruss", "--yes")
        assert code == Exit.OPEN, unattended
        assert CANARY not in unattended
        code, said = practice("prepare", "gruss")
        assert code == Exit.BUG, said
        log = (practice.folder / "serienpost.log").read_text("utf-8")
        assert f"a bug in plugin {NAME} 1.0: RuntimeError" in said
        assert f"plugin {NAME} 1.0 RuntimeError" in log
        assert CANARY not in said + log
