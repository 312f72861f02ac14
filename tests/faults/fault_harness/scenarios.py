"""Which command passes which fault point, and how its practice comes to be there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fault_harness.desk import with_user
from fault_harness.practice import KILLED, ROWS
from fault_harness.program import USER
from fault_harness.providers import PROVIDERS

from serienpost.ledger.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_harness.practice import Practice
    from fault_harness.providers import Need

# A decision whose process died may be made again, or is refused as made already.
DONE_AGAIN = (0, 3, 4, 5, 75)


@dataclass(frozen=True)
class Scenario:
    """Set up, then this command; `{run}` in it is the practice's run."""

    set_up: Callable[[Practice], object]
    command: tuple[str, ...]
    needs: Need = "send"

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that take part."""
        return tuple(name for name, provider in PROVIDERS.items() if self.needs in provider.can)


def fresh(practice: Practice) -> None:
    """A prepared run."""
    assert practice.state() == "prepared"


def interrupted(practice: Practice) -> None:
    """A run whose process died with calls on the wire."""
    fault = f"wire.after:{practice.provider.middle_call}"
    assert practice("send", practice.run, "--yes", fault=fault).code == KILLED


def doubtful(practice: Practice) -> None:
    """A finished run with messages in doubt."""
    interrupted(practice)
    practice.must("resume", practice.run, codes=(5,))


def sent(practice: Practice) -> None:
    """A finished run."""
    practice.must("send", practice.run, "--yes")


def failed(practice: Practice) -> None:
    """A finished run with two failures, of recipients who would be accepted now."""
    practice.provider.refuse(practice, 3, 5)
    practice.must("send", practice.run, "--yes", codes=(4,))
    practice.provider.refuse(practice)


def old(practice: Practice) -> None:
    """A finished run of last year."""
    sent(practice)
    year = 365 * 86400 * 1_000_000
    practice.change(f"UPDATE run SET finished_at = finished_at - {year}")


def half_prepared(practice: Practice) -> None:
    """A run whose process died while preparing."""
    assert practice("prepare", "einladung", fault="freeze.before_commit").code == KILLED


def blank(practice: Practice) -> None:
    """A ledger in which the practice has never been."""
    for table in metadata.tables:
        practice.change(f"DELETE FROM {table}")
    for mark in practice.folder.glob("*.mark"):
        mark.unlink()


def suppressed(practice: Practice) -> None:
    """An address on the suppression list."""
    practice.must("suppress", "add", "null-7@example.org")


def put_off(practice: Practice) -> None:
    """A due date that waits to be prepared."""
    consent, away = (practice.folder / name for name in ("consent.jsonl", "away"))
    consent.rename(away)
    practice.must("run", "einladung", "--yes", "--for", FAR, codes=(75,))
    away.rename(consent)


def told(practice: Practice) -> None:
    """A practice that is told by mail, from an account of its own, of what fails unattended."""
    config = (practice.folder / "serienpost.yaml").read_text("utf-8")
    practice.write("serienpost.yaml", config.replace("accounts:\n", MAILS))


MAILS = """\
notify: {account: mails, to: praxis@example.org}
accounts:
  mails: {channel: null-email, oracle: mails.tsv, sender: "Praxis Null <praxis@example.org>"}
"""


def scheduled(practice: Practice) -> None:
    """A schedule whose moment came since anybody looked, of a mailing for nobody."""
    come_due(practice, "niemand", 0)


def come_due(practice: Practice, name: str, people: int) -> None:
    """A mailing with a schedule whose moment came since anybody looked."""
    text = (practice.folder / "mailings/einladung.yaml").read_text("utf-8")
    mailing = text.replace(f"count: {ROWS}", f"count: {people}")
    practice.write(f"mailings/{name}.yaml", f"{mailing}schedule: daily 00:00\n")
    practice.must("resume", "--due")
    day = 86400 * 1_000_000
    practice.change(f"UPDATE schedule SET entered_until = entered_until - {day}")


def asked(practice: Practice) -> None:
    """A worker was asked to prepare the mailing."""
    practice.must(*ASK)


def asked_in_vain(practice: Practice) -> None:
    """A worker was asked to prepare what is not there."""
    practice.must("ask", "niemand")


# A due date that is not over while a test runs.
FAR = "2999-12-31"

PREPARE = ("prepare", "einladung", "--summary")
SEND = ("send", "{run}", "--yes")
RESUME = ("resume", "{run}")
# Ends by the point alone; nobody waits for it a second time.
WORKER = ("worker",)
ASK = ("ask", "einladung")
RESEND = ("resolve", "{run}", "--recipient", "{doubtful}", "--as", "resend")

# By the name of the transaction, or the part of a point's name before the dot.
SCENARIOS = {
    "practice": Scenario(blank, PREPARE),
    "create": Scenario(fresh, PREPARE),
    "batch": Scenario(fresh, PREPARE),
    "freeze": Scenario(fresh, PREPARE),
    "discard": Scenario(half_prepared, PREPARE),
    "review": Scenario(fresh, ("review", "{run}", "--exclude", "patient:3", "--csv", "marks.csv")),
    "test": Scenario(fresh, ("test", "{run}", "--to", "{own}")),
    "notify": Scenario(told, ("run", "nobody", "--yes")),
    "approve": Scenario(fresh, SEND),
    "due": Scenario(put_off, ("cancel", "einladung", "--due", FAR)),
    "schedule": Scenario(scheduled, ("resume", "--due")),
    "begin": Scenario(fresh, SEND),
    "share": Scenario(fresh, SEND),
    "claim": Scenario(fresh, SEND),
    "recheck": Scenario(fresh, SEND),
    "commit": Scenario(fresh, SEND),
    "wire": Scenario(fresh, SEND),
    "idle": Scenario(fresh, SEND),
    "release": Scenario(fresh, SEND),
    "settle": Scenario(fresh, SEND),
    "finishing": Scenario(fresh, SEND),
    "finish": Scenario(fresh, SEND),
    "archive": Scenario(fresh, SEND, "archive"),
    "takeover": Scenario(interrupted, RESUME),
    "lookup": Scenario(interrupted, RESUME, "lookup"),
    "pause": Scenario(interrupted, ("pause", "{run}")),
    "cancel": Scenario(interrupted, ("cancel", "{run}")),
    "resolve": Scenario(doubtful, RESEND, "doubt"),
    "retry": Scenario(failed, ("retry", "{run}", "--failed")),
    "serve": Scenario(fresh, WORKER),
    "chore": Scenario(fresh, WORKER),
    "ask": Scenario(fresh, ASK),
    "take": Scenario(asked, WORKER),
    "task": Scenario(asked_in_vain, WORKER),
    "events": Scenario(sent, ("events", "mail"), "events"),
    "selection": Scenario(fresh, ("select",)),
    "selected": Scenario(fresh, ("select",)),
    "purge": Scenario(old, ("purge",)),
    "erase": Scenario(sent, ("erase-person", "patient:5", "--yes")),
    "suppress": Scenario(fresh, ("suppress", "add", "null-9@example.org")),
    "unsuppress": Scenario(suppressed, ("suppress", "remove", "null-7@example.org")),
    "users": Scenario(with_user, ("users", "remove", USER)),
    "login": Scenario(with_user, ("log-in",)),
    "draft": Scenario(fresh, ("write-draft",)),
    "upload": Scenario(fresh, ("write-draft",)),
}


def scenario(name: str) -> Scenario:
    """The scenario of a point by the name before its dot; channels' own points are passed by
    sending."""
    return SCENARIOS.get(name) or Scenario(fresh, SEND)


def points(package: str = "serienpost") -> dict[str, list[str]]:
    """Every fault point in the source of a package: name of its scenario -> points."""
    found: dict[str, set[str]] = {}
    for path in _folder(package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = _constant(node)
            if _called(node) == "begin" and _is_ledger(node):
                assert name, f"{path.name}:{node.lineno} writes without a fault point"
                both = {f"{name}.{when}_commit" for when in ("before", "after")}
                found.setdefault(name, set()).update(both)
            elif _called(node) == "faultpoint" and name:
                found.setdefault(name.partition(".")[0], set()).add(name)
    return {name: sorted(each) for name, each in sorted(found.items())}


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_ledger(node: ast.Call) -> bool:
    """Whether this opens a transaction; the ledger itself does so with `self`, and a name."""
    assert isinstance(node.func, ast.Attribute)
    owner = node.func.value
    last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    own = last == "self" and bool(_constant(node))
    return last == "ledger" or own or isinstance(owner, ast.Call)


def _constant(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def fill_in(practice: Practice, command: tuple[str, ...]) -> tuple[str, ...]:
    """The command with the practice's run and, where wanted, a row in doubt."""
    own = practice.provider.own_address
    values = {"run": practice.run, "own": own, "doubtful": ""}
    if "{doubtful}" in command:
        rows = practice.messages().items()
        values["doubtful"] = next(row for row, m in rows if m["state"] == "in_doubt")
    return tuple(word.format(**values) for word in command)


def go_on(practice: Practice, command: tuple[str, ...]) -> None:
    """What a person does after a crash: decide again, then send or resume until it is over."""
    if command[0] == "prepare":
        practice.prepare()
    elif command[0] not in ("send", "resume", *WORKER):
        practice.must(*command, codes=DONE_AGAIN)
    if command[0] == "purge":
        return
    state = practice.state()
    if state == "prepared":
        practice.must("send", practice.run, "--yes", codes=(0, 4, 5))
    elif state == "cancelled":
        practice.must("cancel", practice.run)
    else:
        practice.resume("--confirm")
