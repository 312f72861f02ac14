"""A run's header and frozen files brought to life: everything needed to render any of its rows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from serienpost.contracts.channels import HasLayout, Processor
from serienpost.contracts.content import Content, Draft, Message, Refused
from serienpost.contracts.macros import MacroSetting
from serienpost.errors import LedgerError
from serienpost.fields import APPOINTMENT_TYPE
from serienpost.firewall import exposes_type, is_harmless, values_for
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import asset
from serienpost.reference import PLACEHOLDER, with_reference
from serienpost.run.prepare.disclosed_fields import ADDRESS, CARRIED, DisclosedFields
from serienpost.run.prepare.field_macros import with_own_fields
from serienpost.run.prepare.languages import (
    FIELD,
    GIVEN,
    LANGUAGES,
    PREFIX,
    in_language,
    said_in,
)
from serienpost.run.prepare.layout import LAYOUT, frozen_files
from serienpost.run.prepare.opened_account import open_account
from serienpost.run.prepare.people import People
from serienpost.run.prepare.plan import Header
from serienpost.run.prepare.row_attachments import OwnFiles, file_attachment
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from serienpost.context import PracticeContext
    from serienpost.contracts.channels import Sender
    from serienpost.contracts.content import Attachment, Variable
    from serienpost.contracts.macros import Macro
    from serienpost.fields import FieldValue, Part
    from serienpost.ledger.rows import Outgoing
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.people import SourceBlock
    from serienpost.templates.compiled import CompiledTemplate
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

T = TypeVar("T")

# Prefix of frozen files that go with every message.
ATTACHMENT = "attachment/"

# Key in the header's `extra`: the attachments that each row has of its own.
OWN_FILES = "own_files"
# Key beside it: those of them of which one file may go to several people.
SHARED_FILES = "shared_files"


class RunRenderer(People):
    """Renders rows of one run. Built from the frozen header and files alone, so that the same
    values give the same content now, in the recheck and in a preview next week.

    It is that of the template's own language; the rows of the others are rendered by `others`.

    Raises:
        ConfigError: an account, channel or source that the run needs is no longer there.
    """

    def __init__(
        self,
        context: PracticeContext,
        header: Header,
        assets: Mapping[str, bytes],
        main: RunRenderer | None = None,
    ) -> None:
        super().__init__(context, header)
        self.assets = dict(assets)
        self._main = main

    @cached_property
    def blocks(self) -> list[SourceBlock]:
        """The sources, their selections checked again by their own models."""
        return self._main.blocks if self._main else super().blocks

    header: Header

    @property
    def needed(self) -> frozenset[str]:
        """What people are asked for beside what every review needs: the fields of the macros."""
        needed = {field for macro in self.all_macros.values() for field in macro.fields}
        return frozenset(needed | ({FIELD} if self.others else set()))

    @cached_property
    def others(self) -> dict[str, RunRenderer]:
        """The renderers of the other languages that the template has."""
        tags = self.header.extra.get(LANGUAGES, ())
        made = {tag: in_language(self.header, self.assets, tag) for tag in tags}
        return {tag: RunRenderer(self.context, *one, main=self) for tag, one in made.items()}

    @property
    def in_languages(self) -> tuple[RunRenderer, ...]:
        """This one and the others."""
        return (self, *self.others.values())

    def of(self, values: Mapping[str, FieldValue]) -> RunRenderer:
        """The renderer of a row with these values."""
        return self.others.get(str(values.get(GIVEN)), self) if self.others else self

    @cached_property
    def files(self) -> TemplateFiles:
        """The template as it was frozen."""
        from serienpost.templates.folder import TemplateFiles

        return TemplateFiles.from_assets(
            {
                name: data
                for name, data in self.assets.items()
                if not name.startswith((ATTACHMENT, LAYOUT, PREFIX))
            }
        )

    @cached_property
    def template(self) -> CompiledTemplate:
        """The compiled text."""
        from serienpost.templates.compiled import CompiledTemplate

        return CompiledTemplate(
            self.files,
            self.header.kind,
            html=self.channel.capabilities.html,
            zone=self.context.zone,
            append="Signatur" if self.header.kind == "email" and self.header.signature else None,
        )

    @cached_property
    def own_files(self) -> OwnFiles:
        """The attachments that each row has of its own; their names are the same in all
        languages."""
        if self._main:
            return self._main.own_files
        extra = self.header.extra
        patterns, shared = extra.get(OWN_FILES, ()), extra.get(SHARED_FILES, ())
        return OwnFiles(self.context, patterns, shared, self.header.language)

    @cached_property
    def used(self) -> dict[Part, frozenset[str]]:
        """The macros in each part, also in those where a template of the provider has them. A
        file's name is as open to view as a subject."""
        used = dict(self.template.used)
        if self.own_files.names:
            used["subject"] = used.get("subject", frozenset()) | self.own_files.names
        for variable in self._variables:
            for part in variable.parts:
                used[part] = used.get(part, frozenset()) | {variable.name}
        if self.layout_macros:
            used["html"] = used.get("html", frozenset()) | self.layout_macros
        return used

    @cached_property
    def _variables(self) -> list[Variable]:
        """What a template of the provider uses and our text names."""
        template = self.header.provider_template
        return (
            [each for each in template.variables if each.name in self.template.names]
            if template
            else []
        )

    @cached_property
    def macros(self) -> dict[str, Macro]:
        """The macros of `macro_names`."""
        known: Mapping[str, Macro] = self.context.registry.macros
        if not known.keys() >= set(self.macro_names):
            known = self.known_macros
        return {name: known[name] for name in self.macro_names}

    @cached_property
    def all_macros(self) -> dict[str, Macro]:
        """The macros of the texts in all languages."""
        found = {n: macro for one in self.in_languages for n, macro in one.macros.items()}
        return dict(sorted(found.items()))

    @cached_property
    def known_macros(self) -> dict[str, Macro]:
        """All macros of the plugins, and for each field that the selection gives a class of its own
        one that shows it: by the field's name, and as the text writes it (`{{Kurs}}`)."""
        return with_own_fields(self.context.registry.macros, self.classes, self.template.names)

    @cached_property
    def macro_names(self) -> list[str]:
        """The macros that the text, its layout and the names of its files use; with a template of
        the provider those that both texts use."""
        names = self.template.names
        if self.header.provider_template:
            names = frozenset(variable.name for variable in self._variables)
        return sorted(names | self.layout_macros | self.own_files.names)

    @cached_property
    def _may_be_empty(self) -> frozenset[str]:
        provided = frozenset(each.name for each in self._variables if each.may_be_empty)
        unseen = self.own_files.names - self.template.names
        return (self.template.may_be_empty | provided | unseen) - self.own_files.needed

    @cached_property
    def layout_macros(self) -> frozenset[str]:
        """The macros that the channel sets around the text."""
        channel = self.channel
        return channel.layout_macros if isinstance(channel, HasLayout) else frozenset()

    @cached_property
    def _named(self) -> frozenset[str]:
        used = self.template.used
        return used["html"] if "html" in used else used["text"]

    @cached_property
    def _draft_files(self) -> dict[str, bytes]:
        """The files of the template, and those that the channel sets around the text."""
        own = {name: self.assets[name] for name in self.files.files}
        return own | frozen_files(self.assets)

    @cached_property
    def setting(self) -> MacroSetting:
        """What macros are told about the run."""
        from serienpost.contracts.practice import Signature

        header = self.header
        return MacroSetting(
            practice=self.context.config.practice,
            signature=Signature.model_validate(header.signature) if header.signature else None,
            kind=header.kind,
            language=header.language,
            due=date.fromisoformat(header.due),
            zone=self.context.zone,
            reply_to=header.reply_to or (header.sender if header.kind == "email" else None),
        )

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Files that go with every message: those of the mailing, then the text's images."""
        files = (
            file_attachment(name.removeprefix(ATTACHMENT), data)
            for name, data in sorted(self.assets.items())
            if name.startswith(ATTACHMENT)
        )
        images = (
            file_attachment(name, self.assets[name], content_id=name)
            for name in sorted(self.template.images)
        )
        return (*files, *images)

    @cached_property
    def carried(self) -> DisclosedFields:
        """Says of each row which fields its message carries."""
        macros = self.all_macros.items()
        uses = [(field, name) for name, macro in macros for field in sorted(macro.fields)]
        uses += [(field, ADDRESS) for field in sorted(self.kind.fields)]
        uses += [(FIELD, CARRIED)] if self.others else []
        return DisclosedFields(uses, self.classes, self._printed)

    def _printed(self, values: Mapping[str, FieldValue]) -> frozenset[str]:
        return self.of(values).template.printed(values) | self.layout_macros

    @cached_property
    def _shows_type(self) -> bool:
        return exposes_type(self.used, self.macros, self.kind)

    def hides(self, fields: Mapping[str, FieldValue]) -> bool:
        """Whether this row's appointment is of a type that must not leave in the open."""
        return any(one._shows_type for one in self.in_languages) and not is_harmless(
            fields.get(APPOINTMENT_TYPE), self.context.config.appointment_types_harmless
        )

    def values(self, fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        """The values of the used macros for one row; each macro sees only its own fields. With
        several languages they say which one the row gets."""
        others = self.others
        said = said_in(fields.get(FIELD), self.header.language, others) if others else {}
        one = self.of(said)
        for name, macro in one.macros.items():
            said[name] = macro.value(values_for(macro, fields), one.setting)
        return said

    def example_values(self) -> dict[str, FieldValue]:
        """The made-up values of the used macros; those without fields are real."""
        return {
            name: macro.example if macro.fields else macro.value({}, self.setting)
            for name, macro in self.macros.items()
        }

    def least_values(self) -> dict[str, FieldValue]:
        """The made-up values without those that a row may lack."""
        return {
            name: None if self.macros[name].fields and name in self._may_be_empty else value
            for name, value in self.example_values().items()
        }

    def missing(self, values: Mapping[str, FieldValue]) -> str | None:
        """The first used macro that is empty without the text allowing for it."""
        may_be_empty = self.of(values)._may_be_empty
        for name, value in values.items():
            if value in (None, "") and name not in may_be_empty and name in self.all_macros:
                return name
        return None

    def content(
        self, values: Mapping[str, FieldValue], address: str, *, examples: bool = False
    ) -> Content | Refused:
        """Render and compose one message; `examples` are made-up values of the right look."""
        return self.of(values)._content(values, address, examples=examples)

    def _content(
        self, values: Mapping[str, FieldValue], address: str, *, examples: bool
    ) -> Content | Refused:
        from serienpost.templates.compiled import Rendered, ValueRefused

        template = self.header.provider_template
        for name, value in values.items():
            if isinstance(value, str) and PLACEHOLDER in value and self.macros[name].fields:
                held = _("the macro {macro} holds {sign}", macro=name, sign=PLACEHOLDER)
                return Refused("value_refused", held)
        try:
            if template:
                rendered = Rendered("", "", None)
            else:
                rendered = self.template.render(values, examples=examples)
            shown = self.template.shown(values, self.layout_macros)
        except ValueRefused as error:
            return Refused(error.code, error.sentence)
        own = () if examples else self.own_files.read(values)
        if isinstance(own, Refused):
            return own
        capabilities = self.channel.capabilities
        text = self._written(rendered.text)
        longest = capabilities.longest_text
        if longest is not None and len(text) > longest:
            reason = _(
                "the text has {length} characters, more than the {most} that {channel} carries",
                length=len(text),
                most=longest,
                channel=self.channel.name,
            )
            return Refused("value_refused", reason)
        draft = Draft(
            kind=self.header.kind,
            language=self.header.language,
            address=address,
            subject=rendered.subject if capabilities.subject else "",
            text=text,
            html=rendered.html if capabilities.html else None,
            values={each.name: shown[each.name] for each in self._variables} if template else shown,
            attachments=self.attachments + own,
            template=template,
            named=self._named,
            files=self._draft_files,
            setting=self.setting,
        )
        answer = self._composed(draft)
        if isinstance(answer, Refused) and self._rewrites:
            from serienpost.kinds.gsm import transliterate

            # A channel may refuse signs outside of the alphabet, however few SMS they take.
            return self._composed(replace(draft, text=transliterate(rendered.text)))
        return answer

    def _composed(self, draft: Draft) -> Content | Refused:
        answer: Content | Refused = self.context.registry.answered(
            "channels",
            self.channel.name,
            "compose",
            self.channel.compose(self.context, self.account, draft),
            (Content, Refused),
        )
        return answer

    def is_same(self, content: Content, digest: str) -> bool:
        """Whether this is the content that a digest was made of when the run was prepared."""
        return content.digest() == digest

    def processor(self) -> Processor | None:
        """Who gets the data."""
        processor: Processor | None = self.context.registry.answered(
            "channels",
            self.channel.name,
            "processor",
            self.channel.processor(self.account),
            (Processor, type(None)),
        )
        return processor

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Sender]:
        """Open the account for this run's messages.

        Raises:
            PluginError: the channel knows no last look before the first octet.
        """
        by_template = self.header.provider_template is not None
        opened = open_account(self.context, self.channel, self.account, by_template=by_template)
        async with opened as sender:
            yield sender

    @property
    def _rewrites(self) -> bool:
        return self.header.transliterate == "always"

    def _written(self, text: str) -> str:
        if not self._rewrites:
            return text
        from serienpost.kinds.gsm import cheaper

        return cheaper(text)


class Trial(NamedTuple):
    """Stands in place of a row for a message to an own address."""

    ref: str
    run: str
    no: int = 0
    part: int | None = None
    cost: Mapping[str, Any] | None = None


def message_of(row: Outgoing | Trial, content: Content, send_at: datetime | None = None) -> Message:
    """What a channel gets of a row, with the row's reference in it.

    Args:
        row: of the ledger, or what stands for one in a test.
        content: as composed and hashed.
        send_at: when the provider is to send it, where it holds it until then.
    """
    return Message(
        ref=row.ref,
        run=row.run,
        position=row.no,
        content=with_reference(content, row.ref),
        send_at=send_at,
        part=row.part,
        cost=row.cost["amount"] if row.cost else None,
        is_test=isinstance(row, Trial),
    )


def load_renderer(context: PracticeContext, ledger: Ledger, run_id: str) -> RunRenderer:
    """The run's header and frozen files, from the ledger alone.

    Raises:
        LedgerError: there is no such run.
    """
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        if row.purged_at:
            raise LedgerError(
                _("the values of run {run} were removed after the retention period", run=run_id)
            )
        assets = {
            a.name: a.data
            for a in tx.all(
                tx.select(asset, asset.c.name, asset.c.data).where(asset.c.run == run_id)
            )
        }
    return RunRenderer(context, Header.from_json(row.header), assets)
