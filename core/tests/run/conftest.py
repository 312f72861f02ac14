"""A practice made of small real objects: a source, a check, macros, a channel, a ledger."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from ledger_clock import Clock

from serienpost import (
    Accepted,
    AccountSettings,
    Allow,
    Capabilities,
    Content,
    Cost,
    CurrentState,
    NotStarted,
    Refused,
    Row,
    Sensitivity,
    StrictModel,
)
from serienpost.config.mailing import Mailing, SelectBlock
from serienpost.config.models import ConsentConfig, PracticeConfig
from serienpost.context import PracticeContext
from serienpost.contracts.practice import PracticeInfo
from serienpost.core_plugin import register_core
from serienpost.ledger.engine import open_engine
from serienpost.ledger.schema import message as message_table
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.store import open_ledger
from serienpost.registry import Provider, Registry
from serienpost.run.prepare.check import check_mailing
from serienpost.run.prepare.freeze import prepare
from serienpost.run.send.approve import approve
from serienpost.run.send.session import Options, continue_run
from serienpost.run.send.stop import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from pydantic import BaseModel
    from sqlalchemy import Table

    from serienpost import (
        ConsentQuestion,
        Context,
        Draft,
        FieldValue,
        Go,
        MacroSetting,
        Message,
        Occasion,
        Outcome,
        Processor,
        RowRef,
        RowRequest,
        Verdict,
    )
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer

TOY = Provider("serienpost-toys", "1.0")


@dataclass
class Person:
    fields: dict[str, FieldValue]
    occasion: Occasion | None = None
    consenting: str | None = None


class Choice(StrictModel):
    group: str = "all"


class People:
    """People that the test adds, changes and takes away."""

    title = "Made-up people"
    selection = Choice

    def __init__(self, name: str) -> None:
        self.name = name
        self.people: dict[str, list[Person]] = defaultdict(list)
        self.gone: dict[str, tuple[str, str]] = {}
        self.failure: Exception | None = None
        self.short = 0
        self.relative = False
        self.asked_for: list[date] = []

    def add(self, id: str, name: str, *, occasion: Occasion | None = None) -> Person:  # noqa: A002
        fields: dict[str, FieldValue] = {
            "nummer": id.partition(":")[2],
            "vorname": name,
            "nachname": "Muster",
            "email": f"{name.lower()}@example.org",
        }
        self.people[id].append(Person(fields, occasion))
        return self.people[id][-1]

    def offers(self, context: Context, selection: BaseModel) -> Mapping[str, str | None]:
        return dict.fromkeys(("nummer", "vorname", "nachname", "email"))

    def is_relative(self, selection: BaseModel) -> bool:
        return self.relative

    def rows(
        self, context: Context, selection: BaseModel, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        self.asked_for.append(request.judged_on)
        found = [
            Row(id, self._asked(person, request), person.occasion, person.consenting)
            for id, persons in self.people.items()  # noqa: A001
            for person in persons
        ]
        for start in range(0, len(found), 3):
            if self.failure and start:
                raise self.failure
            yield found[start : start + 3]

    def current(
        self, context: Context, selection: BaseModel, rows: Sequence[RowRef], request: RowRequest
    ) -> Sequence[CurrentState]:
        if self.failure:
            raise self.failure
        self.asked_for.append(request.judged_on)
        states = []
        for ref in rows:
            persons = self.people.get(ref.person_id, [])
            found = [
                p for p in persons if (p.occasion.id if p.occasion else None) == ref.occasion_id
            ]
            gone = self.gone.get(ref.person_id) or (None if found else ("deleted", "is not there"))
            fields = self._asked(found[0], request) if found else None
            states.append(CurrentState(gone, fields, found[0].consenting if found else None))
        return states[: len(states) - self.short]

    def _asked(self, person: Person, request: RowRequest) -> dict[str, FieldValue]:
        return {name: value for name, value in person.fields.items() if name in request.fields}


class Club:
    """Allows everybody, unless the test says otherwise for a person."""

    name = "club"

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.failure: Exception | None = None
        self.asked: list[ConsentQuestion] = []

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        if self.failure:
            raise self.failure
        self.asked += questions
        return [self.verdicts.get(q.person_id, Allow(f"{q.consenting_id} club")) for q in questions]


@dataclass
class FirstName:
    name: str = "Vorname"
    description: str = "Der Vorname."
    example: str = "Erika"
    fields: frozenset[str] = frozenset({"vorname"})
    sensitivity: Sensitivity = Sensitivity.IDENTITY
    kinds: frozenset[str] | None = None
    is_dated: bool = False
    suffix: str = ""

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        given = fields["vorname"]
        return f"{given}{self.suffix}" if given else None


class PigeonAccount(AccountSettings):
    host: str = "localhost"
    port: int = 25


# A row of the ledger.
Record: TypeAlias = Any

# An outcome, a list of outcomes, an exception to raise, or a coroutine function to call.
Answer: TypeAlias = Any


async def nothing() -> None:
    """What happens between the beginning of a call and its first octet."""


@dataclass
class Loft:
    """The wire: what was sent, in order, and what the test wants it to answer."""

    slots: int = 2
    batch: int = 1
    sent: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    most_busy: int = 0
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    always: Answer = field(default_factory=lambda: Accepted("q"))
    readied: list[int] = field(default_factory=list)
    dawdle: Callable[[], Awaitable[None]] = nothing

    def calls(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        return [messages[i : i + self.batch] for i in range(0, len(messages), self.batch)]

    async def ready(self, slot: int) -> None:
        assert slot not in self.busy
        self.readied.append(slot)

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        assert slot not in self.busy
        self.busy.add(slot)
        self.most_busy = max(self.most_busy, len(self.busy))
        try:
            await self.dawdle()
            if not await go():
                return [NotStarted()] * len(call)
            self.messages += call
            self.sent += [message.content.address.partition("@")[0] for message in call]
            answers = self.answers[self.sent[-1]]
            return await self._say(answers.pop(0) if answers else self.always, call)
        finally:
            self.busy.discard(slot)

    async def _say(self, answer: Answer, call: Sequence[Message]) -> Sequence[Outcome]:
        if callable(answer) and asyncio.iscoroutinefunction(answer):
            answer = await answer()
        if isinstance(answer, BaseException):
            raise answer
        made: list[Outcome] = answer if isinstance(answer, list) else [answer] * len(call)
        return made


class Pigeon:
    name = "pigeon"
    title = "Brieftaube"
    kind = "email"
    capabilities = Capabilities(subject=True, attachments=True)
    account = PigeonAccount
    repeatable = False
    longest_call = 30.0

    def __init__(self) -> None:
        self.loft = Loft()
        self.addition = ""
        self.refused: str | None = None
        self.opened = 0

    def processor(self, account: AccountSettings) -> Processor | None:
        return None

    def compose(
        self, context: Context, account: AccountSettings, draft: Draft
    ) -> Content | Refused:
        if self.refused and self.refused in draft.text:
            return Refused("bad_word", "a pigeon does not say this")
        return Content(
            draft.kind,
            account.sender,
            draft.address,
            draft.subject,
            draft.text + self.addition,
            attachments=draft.attachments,
        )

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:
        return None

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        return {".txt": message.content.text.encode()}

    @asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Loft]:
        self.opened += 1
        yield self.loft


class Office:
    """The practice, and the commands of a run's life in one line each."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry()
        register_core(self.registry)
        self.source, self.other, self.club = People("people"), People("others"), Club()
        self.pigeon, self.macro = Pigeon(), FirstName()
        for group, thing in (
            ("sources", self.source),
            ("sources", self.other),
            ("consent_checks", self.club),
            ("channels", self.pigeon),
            ("macros", self.macro),
        ):
            self.registry.add(group, thing.name, thing, TOY)
        self.registry.versions["serienpost-toys"] = "1.0"
        self.context = PracticeContext(folder, self.config(), self.registry)
        self.ledger: Ledger = open_ledger(self.context)
        self.clock = self.ledger.clock = Clock()
        self.stop = Stop()

    @property
    def loft(self) -> Loft:
        return self.pigeon.loft

    def config(self, *, override: bool = False, **account: object) -> PracticeConfig:
        settings: dict[str, Any] = {
            "channel": "pigeon",
            "sender": "Praxis <praxis@example.org>",
            **account,
        }
        return PracticeConfig(
            practice=PracticeInfo(id="sonnenschein", name="Praxis"),
            accounts={"post": PigeonAccount(**settings)},
            consent=ConsentConfig(override=override),
        )

    def reconfigure(self, *, override: bool = False, **account: object) -> None:
        self.context.config = self.config(override=override, **account)

    def add(self, *names: str) -> None:
        """People patient:1, patient:2, ... in this order."""
        for name in names:
            self.source.add(f"patient:{len(self.source.people) + 1}", name)

    def mailing(self, **changes: object) -> Mailing:
        values: dict[str, Any] = {
            "id": "einladung",
            "account": "post",
            "purpose": "event",
            "subject": "Einladung",
            "text": "Hallo {{Vorname}}!",
            "once_per": "none",
        }
        values |= changes
        sources = values.pop("sources", ["people"])
        attachments = values.pop("files", {})
        for name, data in attachments.items():
            self.attach(name, data)
        made = Mailing(**values, attachments=list(attachments))
        blocks = tuple(SelectBlock(name, Choice()) for name in sources)
        return made.model_copy(update={"blocks": blocks, "source_path": Path("einladung.yaml")})

    def attach(self, name: str, data: bytes) -> Path:
        """Put a file into the folder for attachments."""
        path = self.context.path("anhaenge") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def renderer(self, **changes: object) -> RunRenderer:
        due = date.fromisoformat(str(changes.pop("due", "2026-03-02")))
        return check_mailing(self.context, self.mailing(**changes), due)

    def prepare(self, **changes: object) -> str:
        excluding = bool(changes.pop("exclude_already_sent", False))
        renderer = self.renderer(**changes)
        return prepare(renderer, self.ledger, "user", exclude_already_sent=excluding)

    def approved(self, **changes: object) -> str:
        run = self.prepare(**changes)
        approve(self.ledger, run, "user")
        return run

    def send(
        self,
        run: str,
        *,
        wait: bool = False,
        confirm: bool = False,
        by_itself: bool = False,
        report: Callable[[Any], None] = lambda _: None,
    ) -> str:
        """Deliver what is open; returns state and reason of the run."""
        confirmed_by = "user" if confirm else None
        options = Options(wait=wait, confirmed_by=confirmed_by, by_itself=by_itself)
        continue_run(self.context, self.ledger, run, options, report=report, stop=self.stop)
        return self.state(run)

    def run(self, run: str) -> Record:
        with self.ledger.read() as tx:
            return tx.first(tx.select(run_table).where(run_table.c.id == run))

    def state(self, run: str) -> str:
        row = self.run(run)
        return f"{row.state} {row.reason}" if row.reason else str(row.state)

    def messages(self, run: str) -> list[Record]:
        with self.ledger.read() as tx:
            c = message_table.c
            return list(tx.all(tx.select(message_table).where(c.run == run).order_by(c.no)))

    def message(self, run: str, row_id: str) -> Record:
        (found,) = (row for row in self.messages(run) if row.row_id == row_id)
        return found

    def states(self, run: str) -> list[str]:
        return [row.state for row in self.messages(run)]

    def unmarked(self, run: str) -> dict[str, str | None]:
        """Row id -> code of the reason why it is not marked, None where it is."""
        return {
            row.row_id: None
            if row.marked
            else (row.unmarked or {}).get("code")
            or ("denied" if row.unreachable is None else "unreachable")
            for row in self.messages(run)
        }

    def rows(self, table: Table) -> list[Record]:
        with self.ledger.read() as tx:
            return list(tx.all(tx.select(table).order_by(*table.primary_key)))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an empty ledger, so that not every test migrates one."""
    folder = tmp_path_factory.mktemp("migrated")
    open_engine("sqlite:///ledger.db", folder).dispose()
    return (folder / "ledger.db").read_bytes()


@pytest.fixture
def office(tmp_path: Path, migrated: bytes) -> Iterator[Office]:
    (tmp_path / "versandbuch.db").write_bytes(migrated)
    (tmp_path / "versandbuch.db").chmod(0o600)
    made = Office(tmp_path)
    yield made
    made.context.close()
