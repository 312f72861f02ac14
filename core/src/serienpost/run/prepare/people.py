"""The people of a run or a selection, before any text: sources, account and kind of contact brought
to life, and what each source is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from serienpost.contracts.kinds import read_for
from serienpost.contracts.rows import RowRequest
from serienpost.errors import ConfigError, Problem
from serienpost.fields import Sensitivity
from serienpost.run.prepare.plan import read_selection
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.channels import Channel
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.rows import Source
    from serienpost.run.prepare.plan import Scope

_ = Texts(__name__)

T = TypeVar("T")

# Read for the review, so that people see whom a row means.
DISPLAY_FIELDS = frozenset(
    {"nummer", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz"}
)


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A source with its checked selection, and what its rows can carry."""

    source: Source[Any]
    selection: BaseModel
    offers: frozenset[str]
    classes: dict[str, Sensitivity]


class People:
    """Whom a scope means: all that is needed to read and judge people, and nothing of a text.

    Raises:
        ConfigError: an account, channel or source that it needs is no longer there.
    """

    def __init__(self, context: PracticeContext, header: Scope) -> None:
        self.context = context
        self.header = header

    @cached_property
    def account(self) -> AccountSettings:
        """The account that sends."""
        return configured(self.context.config.accounts, self.header.account, "account")

    @cached_property
    def channel(self) -> Channel[Any]:
        """The account's channel."""
        return configured(self.context.registry.channels, self.header.channel, "channel")

    @cached_property
    def kind(self) -> Kind:
        """The kind of contact."""
        return self.context.registry.kind(self.channel)

    @cached_property
    def blocks(self) -> list[SourceBlock]:
        """The sources, their selections checked again by their own models."""
        return [self._block(b.source, b.selection) for b in self.header.blocks]

    def _block(self, name: str, plain: dict[str, object]) -> SourceBlock:
        source = configured(self.context.registry.sources, name, "source")
        selection = frozen_selection(source, plain)
        offers: Mapping[str, str | None] = self.context.registry.answered(
            "sources", name, "offers", source.offers(self.context, selection), Mapping
        )
        classes = {
            field: Sensitivity.named(given) for field, given in offers.items() if given is not None
        }
        return SourceBlock(source, selection, frozenset(offers), classes)

    @cached_property
    def classes(self) -> dict[str, Sensitivity]:
        """Classes that the sources' schema gives; the strictest where several differ."""
        merged: dict[str, Sensitivity] = {}
        for block in self.blocks:
            for name, given in block.classes.items():
                merged[name] = max(given, merged.get(name, given))
        return merged

    @cached_property
    def due(self) -> date:
        """The date that relative days count from."""
        return date.fromisoformat(self.header.due)

    @property
    def of_kind(self) -> frozenset[str]:
        """The fields that the address of the kind of contact is made of; none where nobody has said
        yet how people are written to."""
        return read_for(self.kind) if self.header.kind else frozenset()

    @property
    def needed(self) -> frozenset[str]:
        """What people are asked for beside address, name and number: nothing, without a text."""
        return frozenset()

    def request(self, block: SourceBlock, now: datetime | None = None) -> RowRequest:
        """What is read in the review: the address, the name, and what a text needs.

        Args:
            block: of these rows.
            now: when; the run leaves on its due date, or today where that is later.
        """
        wanted = self.needed | self.of_kind | DISPLAY_FIELDS
        return RowRequest(
            fields=wanted & block.offers,
            due=self.due,
            order_by=self.header.order_by,
            leaves_on=self.leaves_on(now) if now else None,
        )

    def leaves_on(self, now: datetime) -> date:
        """The day for which the review judges: the due date, or today where that is later."""
        return max(self.due, self.day(now))

    def address_request(self, block: SourceBlock, leaves_at: datetime) -> RowRequest:
        """What is read again in the recheck: the address alone, as it is when the row leaves."""
        fields = read_for(self.kind) & block.offers
        return RowRequest(fields, self.due, leaves_on=self.day(leaves_at))

    def day(self, at: datetime) -> date:
        """The practice's date at a moment."""
        return at.astimezone(self.context.zone).date()


def configured(
    objects: Mapping[str, T], name: str, thing: Literal["account", "channel", "source"]
) -> T:
    """What a run was prepared with, as it is today.

    Raises:
        ConfigError: it is not there any more.
    """
    try:
        return objects[name]
    except KeyError:
        gone = {
            "account": _(
                "the run needs the account {name}, which is no longer configured", name=name
            ),
            "channel": _(
                "the run needs the channel {name}, which is no longer configured", name=name
            ),
            "source": _(
                "the run needs the source {name}, which is no longer configured", name=name
            ),
        }
        raise ConfigError(Problem(gone[thing])) from None


def frozen_selection(source: Source[Any], plain: dict[str, object]) -> BaseModel:
    """A selection as a run keeps it, checked again by its source's own model.

    Raises:
        ConfigError: the model does not take it any more.
    """
    checked: BaseModel | None = read_selection(source.selection, plain)
    if checked is None:
        message = _(
            "the source {source} no longer takes the selection of this run", source=source.name
        )
        raise ConfigError(Problem(message, _("prepare the mailing again")))
    return checked
