"""A draft of an e-mail: who sends, which text, which files; each step saves, right or not.

What stands in the form lies over the keys of the draft as they are now: what has no field stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost import SerienpostError, Texts
from serienpost.service import Conflict, accounts, macros, template_text, templates
from serienpost_web.pages.selection import chosen_people
from serienpost_web.table import BrokenFormError, Moved, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost import Problem, Text
    from serienpost.service import AccountLine, CheckedMailing, Draft, MacroEntry, UploadedFile
    from serienpost_web.table import Answer, Asked, Field

_ = Texts(__name__)

EMAIL = "email"

# Signs of one line and of a text; what the core takes as a whole is less.
_LINE, _TEXT = 1_000, 200_000

# Keys that have a field of their own -> what it is called.
FIELDS: Mapping[str, Text] = {
    "title": _("Title"),
    "account": _("Sender"),
    "signature": _("Signature"),
    "purpose": _("Purpose"),
    "template": _("Template"),
    "subject": _("Subject"),
    "text": _("Text"),
}
_CHOICES = ("title", "account", "signature", "purpose")


class Attached(NamedTuple):
    """One entry of `attachments`: what the keys say, what people read."""

    reference: str
    name: str
    size: int | None


@dataclass(frozen=True)
class Writing:
    """What the form shows: the draft as it is saved, or what somebody has just written.

    Args:
        keys: that stand in the fields.
        version: over which the next save goes.
        extra: references of files that no saved key names yet.
    """

    draft: Draft
    keys: dict[str, Any]
    version: int
    conflict: Conflict | None = None
    checked: CheckedMailing | None = None
    problems: Sequence[Problem] = ()
    extra: Sequence[str] = field(default=())


def draft_page(asked: Asked) -> Answer:
    """The form; with `check` what is wrong, each at its field."""
    draft = asked.draft()
    writing = Writing(draft, draft.keys, draft.version)
    if asked.query.one("check"):
        try:
            writing = Writing(draft, draft.keys, draft.version, checked=draft.check())
        except SerienpostError as error:
            writing = Writing(draft, draft.keys, draft.version, problems=error.problems)
    return _page(asked, writing)


def _page(asked: Asked, writing: Writing, status: int = 200) -> Shown:
    practice, keys = asked.practice, writing.keys
    known = accounts(practice)
    kind = _kind(known, keys)
    line = writing.draft.line()
    values: dict[str, object] = {
        "draft": writing.draft,
        "line": line,
        "chosen": chosen_people(asked, writing.draft),
        "keys": keys,
        "version": writing.version,
        "conflict": writing.conflict,
        "checked": writing.checked,
        "problems": writing.problems,
        "at": _at_fields(writing.problems),
        "labels": FIELDS,
        "attached": _attached(keys, writing.draft.files(), writing.extra),
        "extra": writing.extra,
        "runs": [one for one in practice.runs(200) if one.run == line.run],
    }
    if kind != EMAIL:
        return Shown("draft_other", values | {"kind": kind}, status)
    account = next((one for one in known if one.name == keys.get("account")), None)
    values |= {
        "accounts": [one for one in known if one.kind == EMAIL],
        "account": account,
        "signatures": list(practice.context.config.signatures),
        "purposes": practice.context.config.purposes_known(),
        "templates": [one.name for one in templates(practice)[0] if EMAIL in one.kinds],
        "is_own": keys.get("template") is None,
        "kept": keys.get("sendgrid_template"),
        "macros": _macros(asked),
        "different": _different(writing.conflict),
    }
    return Shown("draft", values, status)


def _kind(known: Sequence[AccountLine], keys: Mapping[str, Any]) -> str:
    """Of message; a draft without an account that there is may still become an e-mail."""
    return next((one.kind for one in known if one.name == keys.get("account")), EMAIL)


def _macros(asked: Asked) -> dict[str, list[tuple[MacroEntry, list[str]]]]:
    """Those that a text may name and those that it may not, each with what stands against it."""
    found: dict[str, list[tuple[MacroEntry, list[str]]]] = {"allowed": [], "blocked": []}
    for one in macros(asked.practice, kind=EMAIL).macros:
        reasons = list(dict.fromkeys(each.reason for each in one.blocked if each.kind == EMAIL))
        found["allowed" if EMAIL in one.allowed else "blocked"].append((one, reasons))
    return found


def _at_fields(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Problems by the field that they stand at; those of keys without one under the empty name."""
    found: dict[str, list[Problem]] = {}
    for one in problems:
        key = (one.key or "").partition(".")[0]
        has_place = key in FIELDS or key == "attachments"
        found.setdefault(key if has_place else "", []).append(one)
    return found


def _attached(
    keys: Mapping[str, Any], files: Sequence[UploadedFile], extra: Sequence[str]
) -> list[Attached]:
    given = {one.reference: one for one in files}
    found = []
    for reference in [*_references(keys), *extra]:
        file = given.get(reference)
        name, size = (file.name, file.size) if file else (reference, None)
        found.append(Attached(reference, name, size))
    return found


def _references(keys: Mapping[str, Any]) -> list[str]:
    entries = keys.get("attachments")
    listed = entries if isinstance(entries, list) else []
    return [one for one in map(_reference, listed) if one]


def _reference(entry: object) -> str:
    if isinstance(entry, dict):
        entry = entry.get("file")
    return entry if isinstance(entry, str) else ""


def _different(conflict: Conflict | None) -> list[tuple[Text, str, str]]:
    """What two people wrote differently: the field, theirs, mine."""
    if conflict is None:
        return []
    return [
        (label, _said(conflict.theirs.get(key)), _said(conflict.mine.get(key)))
        for key, label in FIELDS.items()
        if conflict.theirs.get(key) != conflict.mine.get(key)
    ]


def _said(value: object) -> str:
    return "" if value is None else str(value)


def save(asked: Asked) -> Answer:
    """Save what was written, and do what the button says."""
    draft, form = asked.draft(), asked.form
    version = form.number("version", 0)
    keys = _written(form, draft.keys)
    kept = {one.reference for one in draft.files()}
    extra = [one for one in form.all("attach") if one in kept]
    try:
        if form.file and form.file.name:
            extra.append(draft.add_file(form.file.name, form.file.stream).reference)
    except SerienpostError as error:
        problems = [_at("attachments", one) for one in error.problems]
        return _page(asked, Writing(draft, keys, version, problems=problems, extra=extra), 422)
    if form.one("then") == "edit":
        try:
            keys |= _own_text(asked, keys)
        except SerienpostError as error:
            problems = [_at("template", one) for one in error.problems]
            return _page(asked, Writing(draft, keys, version, problems=problems, extra=extra), 422)
        keys.pop("template", None)
    removed = form.one("remove", _LINE)
    entries = keys.get("attachments")
    entries = [
        *(one for one in (entries if isinstance(entries, list) else []) if _reference(one)),
        *(one for one in extra if one not in _references(keys)),
    ]
    _set(keys, "attachments", [one for one in entries if _reference(one) != removed])
    return _saved(asked, draft, keys, version, extra)


def _saved(
    asked: Asked, draft: Draft, keys: dict[str, Any], version: int, extra: Sequence[str]
) -> Answer:
    form = asked.form
    try:
        saved = draft.save(keys, version)
    except SerienpostError as error:
        writing = Writing(draft, keys, version, problems=error.problems)
        return _page(asked, writing, 422)
    if isinstance(saved, Conflict):
        writing = Writing(draft, saved.mine, saved.version, conflict=saved, extra=extra)
        return _page(asked, writing, 409)
    removed = form.one("remove", _LINE)
    for one in saved.files():
        if removed and one.reference == removed:
            saved.remove_file(one.id)
    here = f"/entwurf/{draft.id}"
    return {
        "check": Moved(f"{here}?check=1"),
        "prepare": Moved(f"{here}/vorbereiten"),
        "edit": Moved(f"{here}#field-text"),
    }.get(form.one("then"), Moved(here, said="saved"))


def _written(form: Field, keys: dict[str, Any]) -> dict[str, Any]:
    """The keys of a draft with what stands in the form over them."""
    for key in _CHOICES:
        _set(keys, key, form.one(key, _LINE).strip())
    subject, text = form.one("subject", _LINE).strip(), form.text("text", _TEXT)
    how = form.one("how")
    if how not in ("template", "own"):
        raise BrokenFormError
    if how == "template" and not keys.get("sendgrid_template"):
        keys["template"] = form.one("template", _LINE)
        keys.pop("subject", None)
        keys.pop("text", None)
    else:
        keys.pop("template", None)
        _set(keys, "subject", subject)
        _set(keys, "text", text if text.strip() else "")
    return keys


def _own_text(asked: Asked, keys: Mapping[str, Any]) -> dict[str, str]:
    """Subject and text of the chosen template, to be changed for this run.

    Raises:
        SerienpostError: there is no such template, or its text alone does not make its page.
    """
    name = keys.get("template")
    if not isinstance(name, str):
        raise BrokenFormError
    found = template_text(asked.practice, name, EMAIL)
    if found.page:
        said = _("The template has a page of its own, which cannot be changed for one run.")
        raise SerienpostError(said)
    return {"subject": found.subject, "text": found.text}


def _set(keys: dict[str, Any], key: str, value: object) -> None:
    """A key that says nothing is left out."""
    if value:
        keys[key] = value
    else:
        keys.pop(key, None)


def _at(key: str, problem: Problem) -> Problem:
    """The problem at a field."""
    return replace(problem, key=key, file=None)


ROUTES = (
    Route("/entwurf/{draft}", draft_page, "prepare"),
    Route(
        "/entwurf/{draft}",
        save,
        "prepare",
        "POST",
        back="/entwurf/{draft}",
        takes_file=True,
    ),
)
