"""A mailing: source, selection, account, purpose and text, as in `mailings/NAME.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PrivateAttr

from serienpost.contracts.durations import Duration  # noqa: TC001  # the model needs it
from serienpost.contracts.strict import StrictModel
from serienpost.scheduling.rules import parse_rule
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.config.document import Document
    from serienpost.scheduling.rules import Rule

_ = Texts(__name__)

_ID = re.compile(r"[a-z0-9_-]+\Z")


@dataclass(frozen=True, slots=True)
class SelectBlock:
    """One block of `select:`: a source and its checked selection."""

    source: str
    selection: BaseModel


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _id(value: str) -> str:
    if not _ID.match(value):
        plain = value.lower().translate(_UMLAUTS)
        lowered = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")
        if not _ID.match(lowered):
            raise ValueError(_("use only a-z, 0-9, _ and -"))
        raise ValueError(
            _("use only a-z, 0-9, _ and -; write id: {id}, or rename the file", id=lowered)
        )
    return value


def _blocks(value: object) -> object:
    blocks = value if isinstance(value, list) else [value]
    if not blocks or not all(isinstance(block, dict) for block in blocks):
        raise ValueError(_("must be a map of filters, or a list of such maps"))
    return blocks


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _attached(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


def _rules(value: list[str]) -> list[str]:
    if not value:
        raise ValueError(_("names no moment; write one, as in mon-fri 09:00, or leave the key out"))
    for text in value:
        parse_rule(text)
    return value


def _country(value: str) -> str:
    if not _COUNTRY.match(value):
        raise ValueError(_("write its two letters, as in DE"))
    return value.upper()


_COUNTRY = re.compile(r"[A-Za-z]{2}\Z")


class Holidays(StrictModel):
    """`holidays:` of a mailing."""

    country: Annotated[str, AfterValidator(_country)] = Field(
        description="The country whose public holidays count, as in `DE`."
    )
    state: str | None = Field(
        default=None, description="The part of the country, as in `SN` or `BY`."
    )
    on: Literal["next", "skip"] = Field(
        default="next",
        description="What a holiday does: the mailing goes out on the next day that is neither a"
        " holiday nor on a weekend, or not at all.",
    )


class AttachedFile(StrictModel):
    """One entry of `attachments:`; a text stands for its `file`."""

    file: str = Field(description="The file in the folder for attachments.")
    shared: bool = Field(
        default=False,
        description="Whether one file may go to several people although its name has macros.",
    )


# A list of texts; one text stands for a list of one.
TextList = Annotated[list[str], BeforeValidator(_texts)]


class ChangedText(StrictModel):
    """A template's text in one language, as it was changed for one run."""

    subject: str | None = None
    text: str = Field(min_length=1)


class Mailing(StrictModel):
    """A checked mailing."""

    id: Annotated[str, AfterValidator(_id)] = Field(
        description="Identity for `once_per`; default: the file name (a-z, 0-9, _, -)."
    )
    title: str = Field(default="", description="What people call it.")
    source: str | None = Field(default=None, description="Where recipients come from.")
    select: Annotated[list[dict[str, Any]], BeforeValidator(_blocks)] = Field(
        default=[{}],
        description="Filters of the source: a map, or a list of maps that may each name a"
        " `source` of their own.",
    )
    account: str = Field(description="The account that sends.")
    purpose: str = Field(description="Why we write; consent is asked for it.")
    template: str | None = Field(default=None, description="Name of a template.")
    subject: str | None = Field(default=None, description="Subject, with `text`.")
    text: str | None = Field(default=None, description="The text itself, instead of a template.")
    other_languages: dict[str, ChangedText] = Field(
        default={},
        description="Of a draft that changes its template's text: that in the template's other"
        " languages.",
    )
    sendgrid_template: str | None = Field(
        default=None,
        description="Id or name of a template kept at SendGrid that is filled in there, with the"
        " macros that both it and our text name.",
    )
    signature: str | None = Field(default=None, description="Who signs.")
    rows: Literal["all"] | list[str] = Field(
        default="all", description="Row or person ids that are marked; all others are not."
    )
    include: list[str] = Field(default=[], description="Row or person ids marked in any case.")
    exclude: list[str] = Field(default=[], description="Row or person ids that are not marked.")
    limit: Literal["all"] | Annotated[int, Field(ge=1)] = Field(
        default="all", description="Rows at most."
    )
    order_by: TextList = Field(
        default=[], description="Fields to sort by, `-` before a name: descending."
    )
    exclude_recipients_of: TextList = Field(
        default=[], description="Mailings whose recipients are left out."
    )
    once_per: Literal["occasion", "recipient", "none"] = Field(
        default="occasion",
        description="Per what this mailing is sent once; `occasion` where rows have one.",
    )
    same_address: Literal["separate", "one"] = Field(
        default="separate", description="Whether people who share an address get one message."
    )
    on_doubt: Literal["hold", "resend", "assume_accepted"] = Field(
        default="hold", description="What to do when nobody knows whether a message was accepted."
    )
    stale_after: Duration = Field(
        default=timedelta(hours=6), description="Standstill after which a person must confirm."
    )
    max_attempts: int = Field(default=8, ge=1, le=100, description="Attempts per message.")
    attachments: list[Annotated[AttachedFile, BeforeValidator(_attached)]] = Field(
        default=[],
        description="Files of the practice's `attachments_folder` that go with every message; with"
        " macros in its name, the file of each recipient, who is left out where it is missing or"
        " is another's too, unless `{file: ..., shared: true}` says that it may be.",
        examples=[["anfahrt.pdf", "befunde/{{PatientenNr}}.pdf"]],
    )
    transliterate: Literal["ask", "always", "never"] = Field(
        default="ask",
        description="Whether an SMS is written with the GSM alphabet where that saves a part.",
    )
    hand_over: Literal["now", "due"] = Field(
        default="now",
        description="With `send --at`: give messages to the provider now, to be held there, or"
        " when they are due.",
    )
    archive: Literal["entry", "pdf", "ask"] = Field(
        default="entry", description="What is stored in the record; `ask` asks at `send`."
    )
    schedule: Annotated[TextList, AfterValidator(_rules)] = Field(
        default=[],
        description="When `serienpost worker` or `resume --due` sends the mailing by itself, in"
        " practice time: days (`daily`, `mon-fri`, `mon,wed`, `monthly 1`) and a time. A text, or a"
        " list of them.",
        examples=["mon-fri 09:00"],
    )
    holidays: Holidays | None = Field(
        default=None, description="The public holidays that its schedule knows."
    )
    blocks: tuple[SelectBlock, ...] = Field(
        default=(), description="The checked blocks of `select`."
    )
    source_path: Path = Field(default=Path(), description="The file.")
    _document: Document | None = PrivateAttr(default=None)
    _uploads: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def row_ids(self) -> tuple[str, ...] | None:
        """The ids under `rows`, None for all."""
        return None if self.rows == "all" else tuple(self.rows)

    @property
    def row_limit(self) -> int | None:
        """The number under `limit`, None for all."""
        return None if self.limit == "all" else self.limit

    @property
    def order(self) -> tuple[str, ...]:
        """The fields under `order_by`."""
        return tuple(self.order_by)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What stands under `schedule`."""
        return tuple(map(parse_rule, self.schedule))

    @property
    def file(self) -> str:
        """The file as problems name it."""
        return self._document.file if self._document else str(self.source_path)

    @property
    def is_changed(self) -> bool:
        """Whether its text stands in the place of its template's, as in drafts alone."""
        return self.template is not None and self.text is not None

    @property
    def is_file(self) -> bool:
        """Whether it stands in a file, not in a draft of the desk."""
        return self._document is None or self._document.is_file

    @property
    def written(self) -> dict[str, Any]:
        """Its keys as they were written."""
        return dict(self._document.data) if self._document else {}

    @property
    def uploads(self) -> Mapping[str, str]:
        """The files that were given to a draft to be attached: as `attachments` refers to them ->
        what they are called."""
        return self._uploads

    def line(self, key: str) -> int | None:
        """The line of a dotted key in the file."""
        return self._document.line_of(key) if self._document else None

    def text_line(self) -> int | None:
        """The line that the mailing's own text begins on."""
        return self._document.text_line_of("text") if self._document else None

    def read_from(self, document: Document, uploads: Mapping[str, str]) -> Mailing:
        """Remember the file, so that later checks can say where a key stands, and what was given
        to a draft."""
        self._document = document
        self._uploads = dict(uploads)
        return self


# Keys that a draft of the desk alone may have.
OF_DRAFTS = ("other_languages",)

# The keys of a mailing file.
MAILING_KEYS = tuple(
    name for name in Mailing.model_fields if name not in {"blocks", "source_path", *OF_DRAFTS}
)
