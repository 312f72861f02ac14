"""The contract of a channel under the core: a run by the real command line, killed and resumed."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.command_line import CommandLine, said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from serienpost import AccountSettings, Channel, Context
    from serienpost_testkit.suites.wire import Arrived

_MOST_ROWS = 60
_OPEN = ("planned", "pending", "claimed", "sending")


class ResumeSuite(Suite):
    """The part of `ChannelSuite` that drives whole runs; not inherited alone.

    The practice is the folder of `context`. Its people are those of the null source, its ledger
    is SQLite. An author may set:

    - `practice_keys`: further keys of `serienpost.yaml`. The contact field of a kind of one's
      own: `{"null": {"fields": {"loft": "loft-{n}"}}}`.
    - `distribution`: the plugin's distribution; found by itself once it is installed.
    """

    practice_keys: Mapping[str, object] = {}
    distribution: str | None = None

    def test_a_killed_run_is_resumed(
        self,
        channel: Channel[Any],
        account: Mapping[str, object],
        context: Context,
        settings: AccountSettings,
        arrived: Callable[[], Sequence[Arrived]],
    ) -> None:
        """Killed between wire and ledger and resumed, a run loses nothing and doubles nothing.

        When it fails: what was answered with `Accepted` must have left before the answer, not
        when the account is closed. A channel that says `repeatable` replaces the earlier result
        of a call made again. If no process was killed, no call was made: look at the account.
        """
        slots, batch = asyncio.run(_size(channel, context, settings))
        rows = min(3 * slots * batch, _MOST_ROWS)
        calls = -(-rows // batch)
        practice = self._practice(channel, account, context, rows)
        run = json.loads(practice("prepare", "probe", "--summary", "--json").stdout)["run"]
        fault = f"wire.after:{min(slots + 1, calls)}"
        send = ["send", run, "--yes", "--accept-disclaimer"]
        killed = practice(*send, code=-signal.SIGKILL, SERIENPOST_FAULT=fault)
        assert killed.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        resumed = practice("resume", run, "--json", code=None)
        assert resumed.returncode in {0, 5}, said(resumed)
        shown = json.loads(practice("show", run, "--json").stdout)
        counts, messages = shown["counts"], shown["messages"]
        got = Counter(each.ref for each in arrived())
        known = {each["ref"]: each["state"] for each in messages}
        lost = [ref for ref, state in known.items() if state == "accepted" and not got[ref]]
        assert {state: counts[state] for state in _OPEN} == dict.fromkeys(_OPEN, 0)
        assert len(known) == rows
        assert lost == [], "accepted by the ledger, but the fake provider never had them"
        assert [ref for ref, times in got.items() if times > 1] == [], "arrived twice"
        assert set(got) <= set(known), "arrived with another reference than the ledger's"
        if channel.repeatable:
            assert counts["in_doubt"] == 0

    def test_a_run_tells_nothing_personal(
        self,
        channel: Channel[Any],
        account: Mapping[str, object],
        context: Context,
        arrived: Callable[[], Sequence[Arrived]],
    ) -> None:
        """A whole run by the command line prints and logs no address and no text.

        When it fails: a logger of the channel or of a library writes what it sends; standard
        error and `serienpost.log` are read by whoever looks after the machine.
        """
        practice = self._practice(channel, account, context, 3)
        prepared = json.loads(practice("prepare", "probe", "--json").stdout)
        people = prepared["recipients"]
        private = ["Kanarienvogel", *(each["name"] for each in people)]
        private += [line for each in people for line in each["address"].splitlines()]
        done = practice("send", prepared["run"], "--yes", "--accept-disclaimer")
        assert arrived(), "nothing arrived"
        log = context.folder / "serienpost.log"
        told = done.stdout + done.stderr + (log.read_text("utf-8") if log.exists() else "")
        assert [word for word in private if word and word in told] == []

    def _practice(
        self, channel: Channel[Any], account: Mapping[str, object], context: Context, rows: int
    ) -> CommandLine:
        distribution = self.distribution or _distribution(channel)
        head = context.practice
        keys = {
            "practice": head.model_dump(exclude_none=True),
            "plugins": list(dict.fromkeys(["serienpost-testkit", distribution])),
            "quiet": {},
            **self.practice_keys,
            "accounts": {"probe": {"channel": channel.name, **account}},
        }
        mailing = {
            "source": "null",
            "select": {"count": rows},
            "account": "probe",
            "purpose": "event",
            "text": f"Kanarienvogel {{{{Null_Name}}}}, Nummer {{{{Null_Nr}}}}. {head.name}",
        }
        if channel.capabilities.subject:
            mailing["subject"] = "Einladung"
        folder = context.folder
        (folder / "mailings").mkdir(exist_ok=True)
        _write(folder / "serienpost.yaml", keys)
        _write(folder / "mailings" / "probe.yaml", mailing)
        return CommandLine(folder)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, default=str), "utf-8")


def _distribution(channel: Channel[Any]) -> str:
    package = type(channel).__module__.partition(".")[0]
    named = [
        entry.name
        for entry in entry_points(group="serienpost")
        if entry.module.partition(".")[0] == package
    ]
    assert named, f"no installed distribution registers {package}; install it, or set distribution"
    return named[0]


async def _size(
    channel: Channel[Any], context: Context, settings: AccountSettings
) -> tuple[int, int]:
    async with channel.open(context, settings) as sender:
        return sender.slots, sender.batch
