"""What `doctor` asks about the practice's database and its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import CATALOGUE, ProbeResult, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context

_ = Texts(__name__)


def account_rights(context: Context) -> Iterator[ProbeResult]:
    """What the account of the database may do beyond reading people and appointments."""
    from serienpost_practice_db.database import PracticeDb

    db = PracticeDb.of(context)
    rights = db.rights()
    if rights.files:
        yield ProbeResult(
            False,
            _("the account can read or write files of the server, so no query is run with it"),
            _("name an account that is no superuser and has no right to files"),
        )
    if rights.writes:
        yield ProbeResult(
            False, _("the account can write to tables"), _("grant it SELECT and nothing else")
        )
    if db.dialect != "sqlite" and db.sees("systemkuerzel"):
        yield ProbeResult(
            True,
            _(
                "the account sees the table of Systemkürzel, which holds secrets; take that right"
                " away unless `secrets:` names the store systemkuerzel"
            ),
        )


def schema_fit(context: Context) -> Iterator[ProbeResult]:
    """Whether records are found by their keys, then what `field_classes` says."""
    from serienpost_practice_db.database import PracticeDb
    from serienpost_practice_db.lookups import lookups

    yield from lookups(PracticeDb.of(context))
    yield from field_classes(context)


def field_classes(context: Context) -> Iterator[ProbeResult]:
    """The fields whose class the schema lowered, and those of which it made nothing that leaves."""
    from serienpost_practice_db.database import PracticeDb

    schema = PracticeDb.of(context).schema
    for name, because in schema.lowered.items():
        label = schema.sensitivity(name).label
        text = _(
            "field {name} may leave as {label}, because: {because}",
            name=name,
            label=label,
            because=because,
        )
        yield ProbeResult(True, text)
    for name in CATALOGUE:
        label = schema.sensitivity(name).label
        if label != CATALOGUE[name].sensitivity.label and not schema.may_leave(name):
            text = _(
                "field {name} is {label} here, by the columns it reads", name=name, label=label
            )
            yield ProbeResult(True, text)
