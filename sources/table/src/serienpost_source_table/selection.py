"""What `select:` may say about a file."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from serienpost import CATALOGUE, FLAG_PURPOSES, Sensitivity, StrictModel, Texts, known_field
from serienpost_source_table.limits import MOST_ROWS
from serienpost_source_table.table import Reading, header_name

_ = Texts(__name__)

ID = "id"
# The field with the beginning of an appointment; a day and its time may stand in two columns.
BEGIN = "termin_beginn"


def _letters(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalpha())


_PROTECTED = {
    _letters(name): field
    for name, field in CATALOGUE.items()
    if field.sensitivity >= Sensitivity.PROTECTED
}


class ColumnModel(StrictModel):
    """What a column of the file holds. A bare text is short for `{field: text}`."""

    field: str = Field(
        pattern=r"^[^\W\d]\w*$", description=_("Name of the field."), examples=["email"]
    )
    class_: Literal["plain", "identity", "contact", "appointment"] | None = Field(
        default=None,
        alias="class",
        description=_("Class of a field that serienpost does not know."),
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_field(cls, value: Any) -> Any:  # noqa: ANN401
        return {"field": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _may_leave(self) -> Self:
        known = CATALOGUE.get(self.field)
        if self.field == ID:
            return self
        if known is None and self.class_ is None:
            own = f"{{field: {self.field}, class: plain}}"
            raise ValueError(
                _("field {field} is not known; give it a class: {own}", field=self.field, own=own)
            )
        if known is not None and known.sensitivity >= Sensitivity.PROTECTED:
            raise ValueError(
                _(
                    "field {field} is {label}, it never leaves; leave the column out, no message"
                    " needs it",
                    field=self.field,
                    label=known.sensitivity.label,
                )
            )
        if known and self.class_ and Sensitivity.named(self.class_) < known.sensitivity:
            label = known.sensitivity.label
            raise ValueError(_("field {field} is {label}", field=self.field, label=label))
        return self


class TableSelection(StrictModel):
    """The rows of a CSV or XLSX file."""

    file: str = Field(
        min_length=1,
        description=_("The file, .csv or .xlsx; a path starts at the practice folder."),
        examples=["listen/infoabend.csv"],
    )
    columns: dict[str, ColumnModel] = Field(
        default_factory=dict,
        description=_(
            "Header -> field, or {field: ..., class: ...}. Columns that are not named are "
            "not used, except one with the header id. Two columns may give termin_beginn: the day "
            "and the time."
        ),
        examples=[
            {"E-Mail": "email", "Kurs": {"field": "kurs", "class": "plain"}},
            {"Datum": "termin_beginn", "Uhrzeit": "termin_beginn"},
        ],
    )
    consent_column: str | None = Field(
        default=None,
        min_length=1,
        description=_(
            "Header of the column in which people without an id say yes (ja, j, yes, y, x, "
            "1, true, t, wahr) or no (nein, n, no, 0, false, f, falsch, or nothing). Any other "
            "entry is refused with its row."
        ),
        examples=["Einwilligung"],
    )
    column_purposes: list[str] = Field(
        default=list(FLAG_PURPOSES),
        min_length=1,
        description=_(
            "Purposes that a yes in consent_column allows. Name marketing only where the "
            "people of the list agreed to just that."
        ),
        examples=[["information", "marketing"]],
    )
    id: str | None = Field(
        default=None,
        min_length=1,
        description=_(
            "Header of the column with ids of the master data; default id, where the file has it."
        ),
        examples=["Patienten-Id"],
    )
    key: str | None = Field(
        default=None,
        min_length=1,
        description=_(
            "Header of the list's own key: a column that has another entry in every row, in"
            " which a person keeps theirs, whatever else changes in the file, and in each new file"
            " with this header. Needed for run --yes, once_per: recipient and"
            " exclude_recipients_of."
        ),
        examples=["Teilnehmer-Nr"],
    )
    person: Literal["patient", "interessent"] = Field(
        default="patient",
        description=_("Whose ids stand in the file where they are bare numbers."),
    )
    sheet: str | None = Field(
        default=None,
        min_length=1,
        description=_("Sheet of an XLSX file; needed where several could be meant."),
        examples=["Tabelle1"],
    )
    header_row: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ROWS,
        description=_(
            "Number of the row (XLSX) or line (CSV) with the headers; default the first "
            "that is not empty."
        ),
        examples=[3],
    )
    encoding: str | None = Field(
        default=None,
        min_length=1,
        description=_(
            "Encoding of a CSV file, where it is not certain: utf-8, windows-1252, "
            "mac-roman, cp850, cp437, windows-1250, windows-1254, iso-8859-15, "
            "utf-8-twice or another that Python knows."
        ),
        examples=["windows-1252"],
    )
    separator: str | None = Field(
        default=None,
        pattern=r"^([^\"\r\n\w\s]|\t|tab)$",
        description=_(
            "Sign between the columns of a CSV file, where it is not certain; tab for a tabulator."
        ),
        examples=[";"],
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_headers(cls, given: Any) -> Any:  # noqa: ANN401
        """Headers as the file's own are named."""
        if not isinstance(given, dict):
            return given
        plain: dict[str, Any] = {
            key: header_name(value)
            for key in ("consent_column", "id", "key")
            if isinstance(value := given.get(key), str)
        }
        columns = given.get("columns")
        if isinstance(columns, dict):
            names = {header: header_name(str(header)) for header in columns}
            if len(set(names.values())) == len(columns):
                plain["columns"] = {names[header]: one for header, one in columns.items()}
        return {**given, **plain}

    @model_validator(mode="after")
    def _nothing_protected(self) -> Self:
        """A column called like a protected field holds it, whatever its values are called here."""
        for header in self.columns:
            known = _PROTECTED.get(_letters(header))
            if known:
                raise ValueError(
                    _(
                        "the column {column} is called like the field {field}, which is"
                        " {label} and never leaves; leave it out, or call it by"
                        " another header if it holds something else",
                        column=header,
                        field=known.name,
                        label=known.sensitivity.label,
                    )
                )
        return self

    @model_validator(mode="after")
    def _one_column_per_field(self) -> Self:
        fields = [column.field for column in self.columns.values()]
        for field in sorted(set(fields)):
            most = 2 if known_field(field).type == "datetime" else 1
            if fields.count(field) > most:
                raise ValueError(
                    _("columns: two columns give the field {field}", field=field)
                    if most == 1
                    else _("columns: three or more columns give the field {field}", field=field)
                )
        return self

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        mapped = [header for header, column in self.columns.items() if column.field == ID]
        if self.id and mapped not in ([], [self.id]):
            raise ValueError(
                _(
                    "id names {id}, columns name {other}: leave one of them out",
                    id=self.id,
                    other=mapped[0],
                )
            )
        if self.key and self.key in (self.id, *mapped):
            raise ValueError(
                _(
                    "id and key both name {column}: id names people of the master data,"
                    " key those of the list",
                    column=self.key,
                )
            )
        return self

    def reading(self) -> Reading:
        """How the file is read, as far as it is said here."""
        named = {name for name in (self.consent_column, self.id, self.key) if name}
        return Reading(
            self.sheet,
            self.encoding,
            self.separator,
            self.header_row,
            frozenset(self.columns) | named,
        )

    def id_header(self) -> str | None:
        """The header of the column with ids of the master data; the file need not have it where it
        is called `id`. None where the header `id` is that of the list's own key."""
        named = (header for header, column in self.columns.items() if column.field == ID)
        return self.id or next(named, None if self.key == ID else ID)

    def fields(self) -> dict[str, str | None]:
        """The fields that columns give, with their class where it is given here."""
        return {c.field: c.class_ for c in self.columns.values() if c.field != ID}
