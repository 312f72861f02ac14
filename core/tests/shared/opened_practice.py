"""A practice of the null plugins, opened in this process by way of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger_clock import Clock

from serienpost import Capabilities, Cost, Disclaimer, SerienpostError
from serienpost.service import Answers, Notice, Run, open_practice
from serienpost_testkit.null.channels import NullChannel, null_email

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from serienpost import (
        AccountSettings,
        ArchiveEntry,
        Content,
        Context,
        Generation,
        Practice,
    )
    from serienpost.service import Confirmation
    from serienpost.service.answers import RunStatus

ACTOR = "desk:ada"
OTHER = "desk:bea"
ROWS = 6

CONFIGURATION = """\
practice: {id: sonnenschein, name: "Praxis Null", timezone: Europe/Berlin}
plugins: [serienpost-testkit]
ledger: sqlite:///versandbuch.db
consent: {override: true}
accounts:
  mail: {channel: null-email, oracle: oracle.tsv, sender: "Praxis Null <n@example.org>"}
  kurz: {channel: null-sms, oracle: oracle.tsv, sender: "Praxis Null"}
  brief: {channel: null-letter, oracle: oracle.tsv, sender: "Praxis Null"}
"null": {consent: consent.jsonl, gone: gone.json}
"""
MAILING = f"""\
source: "null"
select: {{count: {ROWS}}}
account: mail
purpose: event
once_per: none
subject: Einladung
text: "Guten Tag {{{{Null_Name}}}}, Ihre Nummer ist {{{{Null_Nr}}}}."
"""
FILES = {
    "serienpost.yaml": CONFIGURATION,
    "mailings/einladung.yaml": MAILING,
    "consent.jsonl": "",
    "gone.json": "{}",
}

TERMS = Disclaimer("Die Daten fliegen.", "The data fly.")
KEPT_TERMS = Disclaimer("Die Daten fliegen.", "The data fly.", "Dr. Sonnenschein", "2026-11-01")


@dataclass(frozen=True)
class Paid(NullChannel):
    """Each message costs two credits; the provider tells `balances`, the last one for ever."""

    balances: list[float | Exception] = field(default_factory=list)

    def cost(self, account: AccountSettings, content: Content) -> Cost:
        return Cost("credits", 2)

    async def balance(self, context: Context, account: AccountSettings) -> float:
        told = self.balances.pop(0) if len(self.balances) > 1 else self.balances[0]
        if isinstance(told, Exception):
            raise told
        return told


@dataclass(frozen=True)
class Bound(NullChannel):
    """A channel with terms."""

    terms: Disclaimer | None = TERMS

    def disclaimer(self, account: AccountSettings) -> Disclaimer | None:
        return self.terms


@dataclass(frozen=True)
class Bindery(NullChannel):
    """A channel that makes something of what left, unless it is `broken`."""

    broken: list[SerienpostError] = field(default_factory=list)

    def part_size(self, account: AccountSettings) -> int:
        return 1

    def finish(
        self, context: Context, account: AccountSettings, generation: Generation
    ) -> Sequence[Path]:
        for error in self.broken:
            raise error
        return []


@dataclass(frozen=True)
class Demanding(Paid, Bound):
    """Both."""


def like_email(kind: type[NullChannel], **more: Any) -> NullChannel:  # noqa: ANN401
    """A channel of this class that is called `null-email` as the one that it replaces."""
    null = null_email()
    can = more.pop("capabilities", null.capabilities)
    return kind(null.name, null.title, null.kind, can, null.account, **more)


def held_orders(practice: Practice) -> None:
    """From now on the provider takes e-mails before their time and holds them."""
    can = Capabilities(subject=True, html=True, attachments=True, scheduling=True)
    practice.context.registry.channels["null-email"] = like_email(NullChannel, capabilities=can)


class Shelf:
    """The persons' records."""

    name = "shelf"
    kinds = frozenset({"email"})

    def __init__(self) -> None:
        self.entries: list[ArchiveEntry] = []
        self.failure: Exception | None = None

    def store(self, context: Context, entries: Sequence[ArchiveEntry]) -> Sequence[str | None]:
        if self.failure:
            raise self.failure
        self.entries += entries
        return [None] * len(entries)


class Practices:
    """The folder, whoever opens it, and what they were told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.told: list[Notice] = []
        self.opened: list[Practice] = []

    def open(self, actor: str = ACTOR) -> Practice:
        practice = open_practice(self.folder, actor=actor, notify=self.told.append)
        practice.ledger.clock = self.clock
        self.opened.append(practice)
        return practice

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text("utf-8")
        assert text.count(old) == 1
        self.write(name, text.replace(old, new))

    def accepted(self) -> int:
        """How many messages the provider took."""
        oracle = self.folder / "oracle.tsv"
        return len(oracle.read_text("ascii").splitlines()) if oracle.exists() else 0

    def codes(self) -> list[str]:
        """The codes of what was told, which is then forgotten."""
        codes = [notice.code for notice in self.told]
        self.told.clear()
        return codes


def prepared(practice: Practice, mailing: str = "einladung", **how: Any) -> Run:  # noqa: ANN401
    """A prepared run; nothing is to be asked about its text."""
    run = practice.prepare(mailing, **how)
    assert isinstance(run, Run)
    return run


def released(run: Run, **answers: Any) -> RunStatus | Confirmation:  # noqa: ANN401
    """Release with a yes and these answers."""
    return run.approve(Answers(release=True, **answers))


def away() -> SerienpostError:
    return SerienpostError("the provider does not answer")
