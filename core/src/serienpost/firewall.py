"""The firewall: which macro may stand in which part of which kind of message.

Pure rules over classes of fields. There is no setting that lets protected or medical data pass.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from serienpost import words
from serienpost.errors import Problem
from serienpost.fields import APPOINTMENT_TYPE, CATALOGUE, Field, Part, Sensitivity, known_field
from serienpost.kinds import CORE_KINDS
from serienpost.text import nearest
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.macros import Macro
    from serienpost.fields import FieldValue

_ = Texts(__name__)

# A name in a text, the part it stands in, and what is wrong with it; the caller knows where.
Finding: TypeAlias = tuple[str, Part, Problem]


def effective(macro: Macro, classes: Mapping[str, Sensitivity]) -> Sensitivity:
    """The strictest of the macro's own class and those of its fields.

    Args:
        macro: any macro.
        classes: classes that the practice's schema gives to fields.
    """
    return max([macro.sensitivity, *(field.sensitivity for field in _fields(macro, classes))])


def blocked(
    macro: Macro,
    kind: Kind,
    part: Part,
    classes: Mapping[str, Sensitivity],
    harmless_types: bool,
) -> str | None:
    """Why the macro's data must not leave in this part of this kind of message; None: it may.

    Args:
        macro: the macro.
        kind: the kind of message; contact data goes only to the kind it belongs to.
        part: subject, text or html.
        classes: classes that the practice's schema gives to fields.
        harmless_types: the practice listed types of appointment that anybody may read.
    """
    fields = _fields(macro, classes)
    for field in fields:
        reason = _field_blocked(field, kind, part, harmless_types)
        if reason:
            return _(
                "macro {macro} needs field {field} of class {label}, {reason}",
                macro=macro.name,
                field=field.name,
                label=words.sensitivity(field.sensitivity.label),
                reason=reason,
            )
    own = macro.sensitivity
    if own >= Sensitivity.PROTECTED:
        return _(
            "macro {macro} is of class {label}, which never enters a mailing",
            macro=macro.name,
            label=words.sensitivity(own.label),
        )
    if own == Sensitivity.CONTACT and not any(_is_contact_of(field, kind) for field in fields):
        return _(
            "macro {macro} is of class contact, but has no field that belongs to {kind}",
            macro=macro.name,
            kind=kind.name,
        )
    return None


def refusal(
    macro: Macro,
    kind: Kind,
    part: Part,
    classes: Mapping[str, Sensitivity],
    *,
    offered: Collection[str],
    harmless_types: bool,
) -> str | None:
    """Why a text must not use the macro here: forbidden, not for this kind, or no data for it."""
    reason = blocked(macro, kind, part, classes, harmless_types)
    if reason:
        return reason
    if macro.kinds is not None and kind.name not in macro.kinds:
        return _(
            "macro {macro} is only for {kinds}, not for {kind}",
            macro=macro.name,
            kinds=sorted(macro.kinds),
            kind=kind.name,
        )
    absent = sorted(macro.fields - set(offered))
    if absent:
        return _(
            "macro {macro} needs what the source does not offer: {fields}",
            macro=macro.name,
            fields=absent,
        )
    return None


def check_names(
    used: Mapping[Part, Collection[str]],
    macros: Mapping[str, Macro],
    kind: Kind,
    classes: Mapping[str, Sensitivity],
    *,
    offered: Collection[str],
    harmless_types: bool,
) -> list[Finding]:
    """Everything that is wrong with the names a text uses, with the nearest name allowed there.

    Args:
        used: the names in each part of the text.
        macros: all macros by name.
        kind: the kind of message.
        classes: classes that the practice's schema gives to fields.
        offered: fields that the mailing's source can deliver.
        harmless_types: the practice listed types of appointment that anybody may read.
    """
    findings: list[Finding] = []
    for part, names in used.items():
        refusals = {
            name: refusal(
                macro, kind, part, classes, offered=offered, harmless_types=harmless_types
            )
            for name, macro in macros.items()
        }
        allowed = [name for name, reason in refusals.items() if reason is None]
        for name in sorted(set(names)):
            message = refusals.get(name) if name in refusals else _unknown(name, classes)
            if message:
                findings.append((name, part, Problem(message, _hint(name, allowed))))
    return findings


def exposes_type(
    used: Mapping[Part, Collection[str]], macros: Mapping[str, Macro], kind: Kind
) -> bool:
    """Whether a text shows the type of an appointment where anybody may read it.

    Args:
        used: the names in each part of the text.
        macros: the macros that the text uses, by name.
        kind: the kind of message.
    """
    return any(
        APPOINTMENT_TYPE in macros[name].fields
        for part, names in used.items()
        if _is_open(kind, part)
        for name in names
    )


def is_harmless(appointment_type: FieldValue, harmless: Collection[str]) -> bool:
    """Whether the practice listed this type of appointment; none at all is harmless too."""
    given = _folded(str(appointment_type or ""))
    return not given or given in map(_folded, harmless)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _is_open(kind: Kind, part: Part) -> bool:
    """A subject stands in lists and notifications, an SMS on the lock screen."""
    return part == "subject" or kind.name == "sms"


def values_for(macro: Macro, fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    """What the macro's `value` gets: exactly the fields it declares, read-only."""
    return MappingProxyType({name: fields.get(name) for name in macro.fields})


def _fields(macro: Macro, classes: Mapping[str, Sensitivity]) -> list[Field]:
    """The macro's fields, the strictest first."""
    fields = (known_field(name, dict(classes)) for name in macro.fields)
    return sorted(fields, key=lambda field: (-field.sensitivity, field.name))


def _field_blocked(field: Field, kind: Kind, part: Part, harmless_types: bool) -> str | None:
    if field.sensitivity >= Sensitivity.PROTECTED:
        return _("which never enters a mailing")
    if field.sensitivity == Sensitivity.CONTACT and not _is_contact_of(field, kind):
        return _("which does not belong to {kind}", kind=kind.name)
    if field.name == APPOINTMENT_TYPE and not harmless_types and _is_open(kind, part):
        if kind.name == "sms":
            return _("which must not stand in an SMS")
        return _("which must not stand in a subject")
    return None


def _is_contact_of(field: Field, kind: Kind) -> bool:
    """A core kind's own fields are in the catalogue; another kind declares its own."""
    if field.sensitivity != Sensitivity.CONTACT:
        return False
    if kind.name in CORE_KINDS:
        return field.kinds is not None and kind.name in field.kinds
    return field.name in kind.fields


def _unknown(name: str, classes: Mapping[str, Sensitivity]) -> str:
    """Say of a field that no macro may show why there is none for it."""
    field = name.casefold()
    if field in CATALOGUE or field in classes:
        sensitivity = known_field(field, dict(classes)).sensitivity
        if sensitivity >= Sensitivity.PROTECTED:
            return _(
                "there is no macro {name}: data of class {label} never enters a mailing",
                name=name,
                label=words.sensitivity(sensitivity.label),
            )
    return _("there is no macro {name}", name=name)


def _hint(name: str, allowed: Collection[str]) -> str:
    by_folded = {known.casefold(): known for known in allowed}
    near = nearest(name.casefold(), by_folded)
    if near:
        return _("nearest allowed name: {name}", name=by_folded[near])
    return _("`serienpost macros` lists them")
