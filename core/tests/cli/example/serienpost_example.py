"""A plugin with one of everything that the commands show."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from serienpost import (
    Abstain,
    AccountSettings,
    Capabilities,
    Content,
    CurrentState,
    Macro,
    ProbeResult,
    Row,
    SecretRef,
    Sensitivity,
    SourceError,
    StrictModel,
    hookimpl,
)
from serienpost.contracts.services import Settings, TemplatePack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from serienpost import (
        ConsentQuestion,
        Context,
        Draft,
        FieldValue,
        MacroSetting,
        Message,
        RowRef,
        RowRequest,
        Sender,
    )


class Club(StrictModel):
    address: str = "https://club.example.org"
    is_open: bool = True


class ClubSelection(StrictModel):
    town: str | None = Field(default=None, description="Where they live.", examples=["Dresden"])
    level: Literal["new", "old"] = Field(default="new", description="Since when.")
    years: list[int] = Field(default=[2025], description="Years of entry.", examples=[[2024, 2025]])


class AskingSelection(StrictModel):
    query: str = Field(description="What to ask.", examples=["all"])


class ClubSource:
    name = "club"
    title = "Members of the club"
    selection = ClubSelection

    def offers(self, context: Context, selection: BaseModel) -> Mapping[str, str | None]:
        return {"vorname": None, "email": None, "geburtsdatum": None, "badge": "identity"}

    def is_relative(self, selection: BaseModel) -> bool:
        return False

    def rows(
        self, context: Context, selection: BaseModel, request: RowRequest
    ) -> Iterator[list[Row]]:
        club = context.settings("club")
        assert isinstance(club, Club)
        if not club.is_open:
            raise SourceError("the club is closed", hint="set club.is_open")
        assert not request.fields
        yield [Row("patient:1", {})]

    def current(
        self, context: Context, rows: Sequence[RowRef], request: RowRequest
    ) -> list[CurrentState]:
        return [CurrentState() for _ in rows]


class AskingSource(ClubSource):
    name = "asking"
    title = "Whoever a query finds"
    selection = AskingSelection  # type: ignore[assignment]


class ClubCheck:
    name = "club"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> list[Abstain]:
        if context.path("consent-is-down").exists():
            raise RuntimeError("the person Ada Lovelace broke it")
        return [Abstain() for _ in questions]


class Named:
    description = "Ein Beispiel."
    is_dated = False

    def __init__(self, name: str, field: str, kinds: frozenset[str] | None = None) -> None:
        self.name = name
        self.example = f"Beispiel {name}"
        self.fields = frozenset({field})
        self.kinds = kinds
        self.sensitivity = Sensitivity.PLAIN

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        return fields[next(iter(self.fields))]


class PigeonAccount(AccountSettings):
    sender: str = "Praxis Beispiel <pigeons@example.org>"
    key: SecretRef | None = None
    answers: bool = True


class Pigeon:
    name = "pigeon"
    title = "Brieftauben"
    kind = "email"
    capabilities = Capabilities(subject=True)
    account = PigeonAccount
    repeatable = False
    longest_call = 1.0

    def processor(self, account: AccountSettings) -> None:
        return None

    def compose(self, context: Context, account: AccountSettings, draft: Draft) -> Content:
        return Content("email", account.sender, draft.address, draft.subject, draft.text)

    def cost(self, account: AccountSettings, content: Content) -> None:
        return None

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        return {}

    @asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Sender]:
        raise NotADirectoryError
        yield

    async def probe(self, context: Context, account: AccountSettings) -> list[ProbeResult]:
        assert isinstance(account, PigeonAccount)
        if account.answers:
            return [ProbeResult(ok=True, text="the pigeons are in")]
        return [ProbeResult(ok=False, text="the loft is empty", remedy="whistle")]

    async def balance(self, context: Context, account: AccountSettings) -> float:
        return 7.5


@hookimpl
def serienpost_sources() -> list[object]:
    return [ClubSource(), AskingSource()]


@hookimpl
def serienpost_consent_checks() -> list[object]:
    return [ClubCheck()]


@hookimpl
def serienpost_macros() -> list[Macro]:
    return [
        Named("Vorname", "vorname"),
        Named("Abzeichen", "badge"),
        Named("Geburtstag", "geburtsdatum"),
        Named("Kurz", "vorname", frozenset({"sms"})),
        Named("Raum", "termin_raum"),
    ]


@hookimpl
def serienpost_channels() -> list[object]:
    return [Pigeon()]


@hookimpl
def serienpost_settings() -> list[Settings]:
    return [Settings("club", Club, required=True)]


@hookimpl
def serienpost_templates() -> list[TemplatePack]:
    return [TemplatePack("example-pack", Path(__file__).parent / "pack")]
