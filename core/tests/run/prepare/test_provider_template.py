"""A template that the provider keeps: compared at `check`, frozen, watched while sending."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import (
    Accepted,
    Content,
    FilledTemplate,
    ProviderTemplate,
    SerienpostError,
    TemplateError,
    Variable,
)
from serienpost.run.prepare import provider_template as kept
from serienpost.run.prepare.plan import Header
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.preview import preview
from serienpost.run.send.trial import send_test

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from serienpost import AccountSettings, Context, Draft, Go, MacroSetting, Message, Outcome

    Office = Any

pytestmark = pytest.mark.timeout(30)
NAME = Variable("Vorname", ("subject", "html"), as_text=True)
TEMPLATE = ProviderTemplate("d-1", "v-1", "abc", "Einladung", (NAME,), ("a hint",))


class Poste:
    """The pigeon, with a provider that keeps one template."""

    name = "poste"

    def __init__(self, pigeon: Any) -> None:  # noqa: ANN401
        self._pigeon, self.loft = pigeon, pigeon.loft
        self.bulk = type(pigeon.loft)(slots=1, batch=5)
        self.kept: ProviderTemplate | Exception = TEMPLATE
        self.asked = 0
        self.drafts: list[Draft] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._pigeon, name)

    async def provider_template(
        self, context: Context, account: AccountSettings, wanted: str
    ) -> ProviderTemplate:
        self.asked += 1
        if isinstance(self.kept, Exception):
            raise self.kept
        if wanted not in (self.kept.id, self.kept.title):
            raise TemplateError(f"there is no template {wanted}")
        return self.kept

    def compose(self, context: Context, account: AccountSettings, draft: Draft) -> Content:
        self.drafts.append(draft)
        assert draft.template
        sent = FilledTemplate(draft.template.id, draft.template.version, draft.values)
        return Content(draft.kind, account.sender, draft.address, "", "", template=sent)

    def preview(self, account: AccountSettings, message: Message) -> dict[str, bytes]:
        assert message.content.template
        return {".json": repr(message.content.template.data).encode()}

    @asynccontextmanager
    async def open_for_template(
        self, context: Context, account: AccountSettings
    ) -> AsyncIterator[object]:
        yield self.bulk


@dataclass
class LastName:
    """A second macro."""

    name: str = "Nachname"
    description: str = "Der Nachname."
    example: str = "Muster"
    fields: frozenset[str] = frozenset({"nachname"})
    sensitivity: Any = None
    kinds: None = None
    is_dated: bool = False

    def value(self, fields: Mapping[str, str], setting: MacroSetting) -> str | None:
        return fields["nachname"]


@pytest.fixture
def poste(office: Office) -> Poste:
    made = Poste(office.pigeon)
    last = LastName(sensitivity=office.macro.sensitivity)
    toys = office.registry.providers["macros", "Vorname"]
    office.registry.add("channels", made.name, made, toys)
    office.registry.add("macros", last.name, last, toys)
    office.reconfigure(channel="poste")
    office.add("Ada", "Kim", "Uwe")
    return made


def wanted(**changes: object) -> dict[str, object]:
    return {
        "subject": None,
        "text": "{{Vorname}} {{Nachname}}",
        "sendgrid_template": "Einladung",
        **changes,
    }


def test_only_macros_that_both_texts_use_are_read_and_sent(office: Office, poste: Poste) -> None:
    renderer = office.renderer(**wanted())
    assert list(renderer.macros) == ["Vorname"]
    assert "nachname" in renderer.request(renderer.blocks[0]).fields, "it is shown in the review"
    assert renderer.header.provider_template == TEMPLATE
    assert kept.notes(renderer) == [
        "template Einladung (d-1), version v-1",
        "a hint",
        "not sent, since the template does not use it: Nachname",
    ]
    draft = poste.drafts[-1]
    assert (draft.subject, draft.text, draft.html) == ("", "", None)
    assert draft.values == {"Vorname": "Erika"}
    assert draft.template == TEMPLATE


@pytest.mark.parametrize("sources", [{}, {"html": "<p>{{Vorname}}</p>"}])
def test_the_header_comes_back_as_it_was(
    office: Office, poste: Poste, sources: dict[str, str]
) -> None:
    poste.kept = replace(TEMPLATE, sources=sources)
    header = office.renderer(**wanted()).header
    plain = header.to_json()
    assert Header.from_json(plain) == header
    assert ("sources" in plain["kept_template"]) is bool(sources), "a plan from before is the same"


def test_a_variable_that_the_text_does_not_name_is_an_error(office: Office, poste: Poste) -> None:
    poste.kept = replace(TEMPLATE, variables=(NAME, Variable("Nachnam", ("html",))))
    with pytest.raises(SerienpostError) as caught:
        office.renderer(**wanted(text="{{Nachname}}"))
    problems = {p.key: (p.message, p.hint) for p in caught.value.problems}
    assert problems["Vorname"] == (
        "the template Einladung uses Vorname, which the text does not name",
        "write {{Vorname}} in the text, so that it is sent",
    )
    assert problems["Nachnam"][1] == "nearest macro: Nachname"


def test_a_template_that_does_not_exist(office: Office, poste: Poste) -> None:
    with pytest.raises(TemplateError, match="sendgrid_template: there is no template Nichts"):
        office.renderer(**wanted(sendgrid_template="Nichts"))
    office.reconfigure()
    with pytest.raises(SerienpostError, match="channel pigeon has no templates"):
        office.renderer(**wanted())


def test_an_empty_value_may_be_provided_for_by_either_text(office: Office, poste: Poste) -> None:
    office.source.people["patient:1"][0].fields["vorname"] = None
    run = office.prepare(**wanted())
    assert office.unmarked(run)["patient:1"] == "missing_value"
    poste.kept = replace(TEMPLATE, variables=(replace(NAME, may_be_empty=True),))
    run = office.prepare(**wanted())
    assert office.unmarked(run)["patient:1"] is None


def test_sent_in_batches_over_the_sender_for_templates(office: Office, poste: Poste) -> None:
    run = office.approved(**wanted())
    assert office.send(run) == "finished"
    assert poste.bulk.sent == ["ada", "kim", "uwe"]
    assert poste.loft.sent == []
    data = [m.content.template.data for m in poste.bulk.messages]
    assert data == [{"Vorname": "Ada"}, {"Vorname": "Kim"}, {"Vorname": "Uwe"}]


@pytest.mark.parametrize(
    "now",
    [
        replace(TEMPLATE, version="v-2"),
        replace(TEMPLATE, digest="edited in place"),
        TemplateError("it is gone"),
    ],
)
def test_changed_before_the_run_nothing_is_sent(
    office: Office, poste: Poste, now: ProviderTemplate | Exception
) -> None:
    run = office.approved(**wanted())
    poste.kept = now
    assert office.send(run) == "paused template_changed"
    assert office.send(run, by_itself=True) == "paused template_changed"
    assert poste.bulk.sent == []
    assert office.states(run) == ["pending"] * 3
    with pytest.raises(SerienpostError):
        send_test(load_renderer(office.context, office.ledger, run), office.ledger, run,
                  "ich@example.org", None, "user", lambda _: None)  # fmt: skip
    assert poste.bulk.sent == []
    poste.kept = TEMPLATE
    assert office.send(run) == "finished"
    assert len(poste.bulk.sent) == 3


def test_changed_during_the_run_the_rest_stays(
    office: Office, poste: Poste, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WATCH_SECONDS", 0)
    poste.bulk.batch = 1

    async def change() -> Accepted:
        poste.kept = replace(TEMPLATE, version="v-2")
        return Accepted("q")

    poste.bulk.answers["ada"] = [change]
    monkeypatch.setattr("serienpost.run.send.loop.LARGEST_RECHECK", 1)
    run = office.approved(**wanted())
    assert office.send(run) == "paused template_changed"
    assert "version v-1" in office.run(run).reason_text
    assert office.states(run) == ["accepted", "pending", "pending"]


def test_a_provider_that_does_not_answer_pauses_until_it_does(
    office: Office, poste: Poste, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = office.approved(**wanted())
    poste.kept = OSError("secret inside")
    assert office.send(run) == "paused check_unavailable"
    assert office.run(run).reason_text == "the template Einladung cannot be looked at: OSError"
    monkeypatch.setattr(kept, "ASK_SECONDS", 0.01)

    async def silent(*_: object) -> ProviderTemplate:
        await asyncio.sleep(10)
        return TEMPLATE

    monkeypatch.setattr(poste, "provider_template", silent)
    assert office.send(run, by_itself=True) == "paused check_unavailable"
    assert poste.bulk.sent == []
    monkeypatch.undo()
    poste.kept = TEMPLATE
    assert office.send(run, by_itself=True) == "finished"


def test_preview_asks_nobody(office: Office, poste: Poste) -> None:
    run = office.prepare(**wanted())
    asked = poste.asked
    renderer = load_renderer(office.context, office.ledger, run)
    files = dict(preview(renderer, office.ledger, run, None, every=False))
    assert files == {"patient:1": {".json": b"{'Vorname': 'Ada'}"}}
    assert poste.asked == asked


def test_calls_are_filled_before_they_leave(
    office: Office, poste: Poste, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add(*(f"Ida{n}" for n in range(39)))
    run = office.approved(**wanted())
    poste.bulk.batch = 10
    poste.bulk.calls = lambda messages: [c for c in (messages[:8], messages[8:]) if c]
    monkeypatch.setattr("serienpost.run.send.loop.LARGEST_RECHECK", 4)
    sizes: list[int] = []
    send = poste.bulk.send

    async def counted(call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        sizes.append(len(call))
        return await send(call, slot, go)  # type: ignore[no-any-return]

    monkeypatch.setattr(poste.bulk, "send", counted)
    assert office.send(run) == "finished"
    assert sizes == [8, 8, 8, 8, 8, 2]
