"""Every extension point of serienpost. This file and `contracts/` are the architecture.

Hooks register, objects work: each hook is synchronous, decides nothing and returns an iterable of
typed objects that the core calls later. A plugin is a distribution with one entry point in the
group `serienpost`, named like the distribution, whose module holds functions marked `@hookimpl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from serienpost.contracts.channels import Channel
    from serienpost.contracts.consent import ConsentCheck
    from serienpost.contracts.macros import Macro
    from serienpost.contracts.rows import Source
    from serienpost.contracts.services import (
        Archive,
        Dispatcher,
        SecretStore,
        Settings,
        TemplatePack,
    )

hookspec = pluggy.HookspecMarker("serienpost")
hookimpl = pluggy.HookimplMarker("serienpost")


@hookspec
def serienpost_sources() -> Iterable[Source[Any]]:  # type: ignore[empty-body]
    """Register where recipients come from. Called once, when plugins are loaded.

    Example::

            from collections.abc import Iterator, Mapping, Sequence

            from pydantic import Field

            from serienpost import (
                Context, CurrentState, Row, RowRef, RowRequest, Source, StrictModel, hookimpl
            )

            NAMES = {"patient:1": "Ada", "patient:2": "Kim"}

            class Choice(StrictModel):
                people: list[str] = Field(default=["patient:1", "patient:2"], description="Who.")

            class TwoPeople:
                name = "two"
                title = "Two made-up people"
                selection = Choice

                def offers(self, context: Context, selection: Choice) -> dict[str, None]:
                    return {"vorname": None, "nachname": None, "email": None}

                def is_relative(self, selection: Choice) -> bool:
                    return False

                def rows(
                    self, context: Context, selection: Choice, request: RowRequest
                ) -> Iterator[Sequence[Row]]:
                    for id in selection.people:
                        yield [Row(id, self._fields(NAMES[id], request))]

                def current(
                    self,
                    context: Context,
                    selection: Choice,
                    rows: Sequence[RowRef],
                    request: RowRequest,
                ) -> Sequence[CurrentState]:
                    found = (self._fields(NAMES[row.person_id], request) for row in rows)
                    return [CurrentState(fields=fields) for fields in found]

                def _fields(self, name: str, request: RowRequest) -> Mapping[str, str]:
                    known = {"vorname": name, "nachname": "Muster", "email": f"{name}@example.org"}
                    return {field: known[field] for field in request.fields if field in known}

            @hookimpl
            def serienpost_sources() -> list[Source[Choice]]:
                return [TwoPeople()]
    """


@hookspec
def serienpost_consent_checks() -> Iterable[ConsentCheck]:  # type: ignore[empty-body]
    """Register who may be written to. Called once, when plugins are loaded.

    Example::

            from collections.abc import Sequence

            from serienpost import (
                Abstain, Allow, ConsentCheck, ConsentQuestion, Context, Deny, Verdict, hookimpl
            )

            class Club:
                name = "club"

                def check(
                    self, context: Context, questions: Sequence[ConsentQuestion]
                ) -> Sequence[Verdict]:
                    return [self._one(question) for question in questions]

                def _one(self, question: ConsentQuestion) -> Verdict:
                    if question.purpose != "event":
                        return Abstain()
                    if question.consenting_id == "patient:1":
                        return Allow("club list, line 1")
                    return Deny("no_member", "is not in the club", "let the person join the club")

            @hookimpl
            def serienpost_consent_checks() -> list[ConsentCheck]:
                return [Club()]
    """


@hookspec
def serienpost_macros() -> Iterable[Macro]:  # type: ignore[empty-body]
    """Register named values for texts. Called once, when plugins are loaded.

    Example::

            from collections.abc import Mapping

            from serienpost import FieldValue, Macro, MacroSetting, Sensitivity, hookimpl

            class Initials:
                name = "Initialen"
                description = "Die Anfangsbuchstaben des Namens."
                example = "A. M."
                fields = frozenset({"vorname", "nachname"})
                sensitivity = Sensitivity.IDENTITY
                kinds = None
                is_dated = False

                def value(
                    self, fields: Mapping[str, FieldValue], setting: MacroSetting
                ) -> FieldValue:
                    names = (str(fields[name] or "") for name in ("vorname", "nachname"))
                    return " ".join(f"{name[0]}." for name in names if name)

            @hookimpl
            def serienpost_macros() -> list[Macro]:
                return [Initials()]
    """


@hookspec
def serienpost_channels() -> Iterable[Channel[Any]]:  # type: ignore[empty-body]
    """Register ways for messages to leave. Called once, when plugins are loaded.

    Example::

            import contextlib
            from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

            from serienpost import (
                Accepted, AccountSettings, Capabilities, Channel, Content, Context, Cost, Draft,
                Go, Message, NotStarted, Outcome, Processor, Refused, Sender, hookimpl
            )

            class Pigeons:
                slots = 2
                batch = 1

                def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
                    return [[message] for message in messages]

                async def ready(self, slot: int) -> None:
                    pass

                async def send(
                    self, call: Sequence[Message], slot: int, go: Go
                ) -> Sequence[Outcome]:
                    if not await go():
                        return [NotStarted() for _ in call]
                    return [Accepted(ref=f"pigeon-{slot}") for _ in call]

            class PigeonPost:
                name = "pigeon"
                title = "Brieftaube"
                kind = "sms"
                capabilities = Capabilities(longest_text=60)
                account = AccountSettings
                repeatable = False
                longest_call = 3600.0

                def processor(self, account: AccountSettings) -> Processor | None:
                    return Processor("Pigeon Post", "Saxony")

                def compose(
                    self, context: Context, account: AccountSettings, draft: Draft
                ) -> Content | Refused:
                    if len(draft.text) > 60:
                        return Refused("too_long", "a pigeon carries 60 characters")
                    return Content(draft.kind, "loft", draft.address, "", draft.text)

                def cost(self, account: AccountSettings, content: Content) -> Cost | None:
                    return Cost("messages", 1)

                def preview(
                    self, account: AccountSettings, message: Message
                ) -> Mapping[str, bytes]:
                    return {".txt": message.content.text.encode()}

                @contextlib.asynccontextmanager
                async def open(
                    self, context: Context, account: AccountSettings
                ) -> AsyncIterator[Sender]:
                    yield Pigeons()

            @hookimpl
            def serienpost_channels() -> list[Channel[AccountSettings]]:
                return [PigeonPost()]
    """


@hookspec
def serienpost_secrets() -> Iterable[SecretStore]:  # type: ignore[empty-body]
    """Register where `secret:NAME` is looked up. Called once, when plugins are loaded.

    Example::

            from serienpost import Context, SecretStore, hookimpl

            class Drawer:
                name = "drawer"

                def get(self, context: Context, name: str) -> str | None:
                    file = context.folder / "drawer" / name
                    return file.read_text().strip() if file.is_file() else None

            @hookimpl
            def serienpost_secrets() -> list[SecretStore]:
                return [Drawer()]
    """


@hookspec
def serienpost_archives() -> Iterable[Archive]:  # type: ignore[empty-body]
    """Register stores of sent messages. Called once, when plugins are loaded.

    Example::

            from collections.abc import Sequence

            from serienpost import Archive, ArchiveEntry, Context, hookimpl

            class Shelf:
                name = "shelf"
                kinds = frozenset({"letter"})

                def store(
                    self, context: Context, entries: Sequence[ArchiveEntry]
                ) -> Sequence[str | None]:
                    shelf = context.folder / "shelf"
                    shelf.mkdir(mode=0o700, exist_ok=True)
                    for entry in entries:
                        (shelf / f"{entry.message}.txt").write_text(entry.content)
                    return [None for _ in entries]

            @hookimpl
            def serienpost_archives() -> list[Archive]:
                return [Shelf()]
    """


@hookspec
def serienpost_dispatchers() -> Iterable[Dispatcher]:  # type: ignore[empty-body]
    """Register what wakes workers. Called once, when plugins are loaded.

    Example::

            from collections.abc import Callable
            from datetime import UTC, datetime
            from threading import Event, Lock

            from serienpost import Context, Dispatcher, hookimpl

            class Bell:
                name = "bell"
                needs_shared_ledger = False

                def __init__(self) -> None:
                    self._rung: dict[tuple[str, str], datetime | None] = {}
                    self._lock = Lock()

                def wake(self, context: Context, run: str, not_before: datetime | None) -> None:
                    with self._lock:
                        self._rung[context.practice.id, run] = not_before

                def work(
                    self, context: Context, continue_run: Callable[[str], None], stop: Event
                ) -> None:
                    while not stop.wait(0.1):
                        for run in self._taken(context.practice.id, datetime.now(UTC)):
                            continue_run(run)

                def _taken(self, practice: str, now: datetime) -> list[str]:
                    with self._lock:
                        due = [
                            key
                            for key, at in self._rung.items()
                            if key[0] == practice and (at is None or at <= now)
                        ]
                        for key in due:
                            del self._rung[key]
                    return [run for _, run in due]

            @hookimpl
            def serienpost_dispatchers() -> list[Dispatcher]:
                return [Bell()]
    """


@hookspec
def serienpost_templates() -> Iterable[TemplatePack]:  # type: ignore[empty-body]
    """Register folders of ready templates. Called once, when plugins are loaded.

    Example::

            from pathlib import Path

            from serienpost import TemplatePack, hookimpl

            @hookimpl
            def serienpost_templates() -> list[TemplatePack]:
                return [TemplatePack("club", Path(__file__).parent / "templates")]
    """


@hookspec
def serienpost_settings() -> Iterable[Settings]:  # type: ignore[empty-body]
    """Register top-level keys of serienpost.yaml. Called before the file is checked.

    Example::

            from pydantic import Field

            from serienpost import Settings, StrictModel, hookimpl

            class Loft(StrictModel):
                birds: int = Field(default=2, ge=1, description="Pigeons in the loft.")

            @hookimpl
            def serienpost_settings() -> list[Settings]:
                return [Settings("loft", Loft)]
    """


@hookspec
def serienpost_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Register commands for the CLI. Called when the command line is built.

    Example::

            import click

            from serienpost import hookimpl

            @click.command(help="Feed the pigeons.")
            def feed() -> None:
                click.echo("fed")

            @hookimpl
            def serienpost_commands() -> list[click.Command]:
                return [feed]
    """
