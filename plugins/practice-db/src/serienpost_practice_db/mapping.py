"""Where in the practice's tables our fields are: typed records and the reference schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

from serienpost import CATALOGUE, FieldType, Sensitivity, Texts, known_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_ = Texts(__name__)

# What databases are called in their URLs.
DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")

BIRTH_DATE = "geburtsdatum"
REPRESENTATIVE_ID = "vertreter_id"
PRACTITIONER_ID = "behandler_id"
REPRESENTATIVE = "vertreter_"
IS_MINOR = "minderjaehrig"

# The largest BIGINT, in digits and as a number.
_LONGEST_KEY = 19
_LARGEST_KEY = 2**63 - 1
SYSTEM_SETTINGS = "systemkuerzel"
NEVER_READ = _("the settings of the practice software are never read")

# The kinds of person that are written to.
PERSONS = ("patient", "interessent")

# Fields that say who somebody is.
IDENTITY = frozenset(
    name for name, known in CATALOGUE.items() if known.sensitivity == Sensitivity.IDENTITY
)

# Fields that a postal address may do without.
POSTAL_EXTRAS = frozenset({"adresszusatz", "postfach", "land"})

PRACTITIONER = "behandler_"
BEGIN = "termin_beginn"
STATUS = "termin_status"


# What a key column holds: as a schema says, or the database, of numbers that its driver gives as
# Decimal and of texts that it fills up with blanks.
KeyType: TypeAlias = Literal["integer", "text", "uuid", "numeric", "char"]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where one field is.

    Args:
        sql: name of a column, or an SQL expression over the columns of the entity's table.
        is_expression: which of the two.
        values: stored text -> our value; other values stay as they are.
        type: what the database holds.
        table: the joined table that holds the column, None for the entity's own.
        given: the class that the schema gives it.
        because: why that may be lower than that of a column nothing is known of.
    """

    sql: str
    is_expression: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    type: FieldType = "text"
    table: str | None = None
    given: Sensitivity | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """One kind of record (`patient`, `interessent`): its table, its key, its fields.

    `key_type` decides what `patient:17` means: the number 17 or the text "17"; where the database
    tells the type of the column, that counts, see `keys`. `joins` are tables
    with at most one record per person, each with the condition that finds it. Records that do not
    meet every condition of `where` do not exist.
    """

    name: str
    table: str
    id: str
    fields: Mapping[str, FieldMapping]
    key_type: KeyType = "integer"
    joins: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()

    @property
    def has_minors(self) -> bool:
        """Whether age and representative are known, so that minors can be told apart."""
        return {BIRTH_DATE, REPRESENTATIVE_ID} <= self.fields.keys()

    def key(self, text: str) -> int | str | None:
        """The database key in the part of an id after the colon, None where it cannot be one."""
        if self.key_type in {"text", "char"}:
            return None if "\0" in text else text or None
        if self.key_type == "uuid":
            return _uuid(text)
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_KEY):
            return None
        key = int(text)
        return key if key <= _LARGEST_KEY else None

    def keys(self, texts: Sequence[str]) -> list[int | str | None]:
        """The keys in the parts of ids after the colon, as ids are written: no leading zeros."""
        joined = "".join(texts)
        if self.key_type == "integer" and joined.isascii() and joined.isdigit():
            lengths = set(map(len, texts))
            fits = 0 < min(lengths) <= max(lengths) < _LONGEST_KEY
            if fits and "0" not in {text[0] for text in texts}:
                return list(map(int, texts))
        found = map(self.key, texts)
        return [k if str(k) == text else None for k, text in zip(found, texts, strict=True)]


@dataclass(frozen=True, slots=True)
class SchemaMapping:
    """All entities of a practice, the classes of fields that are not the catalogue's, and the
    reasons why a vendor lowered some, see `column_classes`."""

    entities: Mapping[str, EntityMapping]
    classes: Mapping[str, Sensitivity] = field(default_factory=dict)
    lowered: Mapping[str, str] = field(default_factory=dict)
    # Zone of the times in the database, None for the practice's.
    timezone: str | None = None

    @property
    def settings_tables(self) -> frozenset[str]:
        """The tables with the settings of the practice software, passwords among them, by
        `last_name`: no field, no condition and no query reads them."""
        return frozenset({SYSTEM_SETTINGS, last_name(self.entities[SYSTEM_SETTINGS].table)})

    def sensitivity(self, name: str) -> Sensitivity:
        """The class of a field: the catalogue's, or a stricter one of the schema."""
        return known_field(name, dict(self.classes)).sensitivity

    def may_leave(self, name: str) -> bool:
        """Whether a field may stand in a result column at all."""
        return self.sensitivity(name) < Sensitivity.PROTECTED

    def offers(self, entity: str) -> dict[str, str | None]:
        """Fields that rows of an entity can carry, as `Source.offers` reports them.

        People have all fields that say who they are, and those of a postal address that may be
        missing; what the practice does not keep of them is None, so that one text and one layout
        serve for patients and Interessenten.
        """
        names = set(self.entities[entity].fields)
        if entity in PERSONS:
            names = completed(names | IDENTITY)
        return {
            name: self.classes[name].label if name in self.classes else None
            for name in sorted(names)
            if self.may_leave(name)
        }

    def offers_of_appointments(self, persons: Iterable[str]) -> dict[str, str | None]:
        """Fields of appointment and practitioner, and those of the kinds of person."""
        offered = self.offers("termin")
        for name, label in self.offers("behandler").items():
            if self.may_leave(f"{PRACTITIONER}{name}"):
                offered[f"{PRACTITIONER}{name}"] = label
        for kind in persons:
            offered |= self.offers(kind)
        return offered


def _uuid(text: str) -> str | None:
    """As databases write it: small letters and four hyphens (RFC 9562, section 4)."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def last_name(table: str) -> str:
    """A table's name in small letters, without the schema it is in."""
    return table.lower().rpartition(".")[2]


def completed(names: AbstractSet[str]) -> set[str]:
    """Fields, with one of a name also its others, with a place what an address may do without."""
    found = set(names)
    if IDENTITY & found:
        found |= IDENTITY
    if {"plz", "ort"} <= found:
        found |= POSTAL_EXTRAS
    return found


def _columns(names: str, *keys: str) -> dict[str, FieldMapping]:
    """Fields in columns of their names; those of the catalogue have its type, keys are numbers."""
    return {
        name: FieldMapping(name, type="integer" if name in keys else known_field(name).type)
        for name in names.split()
    }


_PERSON = "anrede titel vorname nachname geschlecht strasse plz ort land telefon mobil email"
_FLAGS = "kontakt_email kontakt_sms kontakt_brief gesperrt"

_PATIENT = _columns(
    f"""{_PERSON} {_FLAGS} nummer vorsatzwort namenszusatz geburtsdatum beruf versicherungsnummer
    krankenkasse adresszusatz postfach sprache behandler_id letzter_besuch vertreter_id
    verstorben""",
    "behandler_id",
    "vertreter_id",
)
_INTERESSENT = _columns(f"{_PERSON} {_FLAGS} anliegen quelle status")
_BEHANDLER = _columns("titel vorname nachname")
_TERMIN = {
    **_columns(
        "patient_id interessent_id behandler_id terminart",
        "patient_id",
        "interessent_id",
        "behandler_id",
    ),
    BEGIN: FieldMapping("beginn", type=CATALOGUE[BEGIN].type),
    "termin_dauer": FieldMapping("dauer", type=CATALOGUE["termin_dauer"].type),
    "termin_raum": FieldMapping("raum"),
    STATUS: FieldMapping("status"),
}
_EINWILLIGUNG = _columns(
    "person_typ person_id kontaktart zweck adresse wortlaut erteilt_am widerrufen_am dokument",
    "person_id",
)

_SYSTEMKUERZEL = EntityMapping(
    "systemkuerzel", "systemkuerzel", "kuerzel", MappingProxyType(_columns("wert")), "text"
)

# The tables of the demo practice; assumed where a practice has no `schema.yaml`.
REFERENCE_SCHEMA = SchemaMapping(
    MappingProxyType(
        {
            name: EntityMapping(name, name, "id", MappingProxyType(fields))
            for name, fields in (
                ("patient", _PATIENT),
                ("interessent", _INTERESSENT),
                ("behandler", _BEHANDLER),
                ("termin", _TERMIN),
                ("einwilligung", _EINWILLIGUNG),
            )
        }
        | {"systemkuerzel": _SYSTEMKUERZEL}
    )
)
