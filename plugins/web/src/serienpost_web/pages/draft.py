"""A draft: who sends, which text, which files; each step saves, right or not. What a kind of
message has beside its text, the core says of the account that sends it.

What stands in the form lies over the keys of the draft as they are now: what has no field stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost import SerienpostError, Texts
from serienpost.service import (
    AskBalances,
    Conflict,
    accounts,
    is_for_past,
    macros,
    sources,
    templates,
)
from serienpost_web.draft_form import LINE, put, wording_of
from serienpost_web.pages.blocked import obstacle_of
from serienpost_web.pages.draft_count import counted_for, nothing_counted, sends, written_keys
from serienpost_web.pages.selection import chosen_people
from serienpost_web.pages.task import NEXT, after, ask_to_prepare
from serienpost_web.table import Moved, Route, Sent, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from serienpost import Problem, Text
    from serienpost.service import (
        CheckedMailing,
        Draft,
        MacroEntry,
        UploadedFile,
    )
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# Keys that have a field of their own -> what it is called.
FIELDS: Mapping[str, Text] = {
    "title": _("Title"),
    "account": _("Sender"),
    "signature": _("Signature"),
    "purpose": _("Purpose"),
    "template": _("Template"),
    "subject": _("Subject"),
    "text": _("Text"),
    "due": _("Day"),
}


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
        would_lose: the template's text was wanted, and somebody's own stands in its place.
    """

    draft: Draft
    keys: dict[str, Any]
    version: int
    conflict: Conflict | None = None
    checked: CheckedMailing | None = None
    problems: Sequence[Problem] = ()
    extra: Sequence[str] = field(default=())
    would_lose: bool = False


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
    practice, keys, draft = asked.practice, writing.keys, writing.draft
    known, chosen, line = accounts(practice), chosen_people(asked, draft), draft.line()
    kind, can = sends(known, keys, chosen)
    of_kind = [one for one in known if one.kind == kind]
    values: dict[str, object] = {
        "draft": draft,
        "line": line,
        "chosen": chosen,
        "keys": keys,
        "version": writing.version,
        "conflict": writing.conflict,
        "checked": writing.checked,
        "problems": writing.problems,
        "at": _at_fields(writing.problems),
        "labels": FIELDS,
        "attached": _attached(keys, draft.files(), writing.extra),
        "extra": writing.extra,
        "would_lose": writing.would_lose,
        "blocked": obstacle_of(practice.run(line.run)) if line.run and line.run_state else None,
        "is_for_past": is_for_past(draft),
        "kind": kind,
        "accounts": of_kind,
        "account": next((one for one in of_kind if one.name == keys.get("account")), None),
        "signatures": list(practice.context.config.signatures),
        "purposes": practice.context.config.purposes_known(),
        "templates": [one.name for one in templates(practice)[0] if kind in one.kinds],
        "texts": wording_of(practice, keys, kind),
        "kept": keys.get("sendgrid_template"),
        "due": asked.form.one("due", 100) or practice.today().isoformat(),
        "from_where": _sources(asked, keys),
        "macros": _macros(asked, kind),
        "different": _different(writing.conflict),
    }
    if asked.query.one("count"):
        values |= counted_for(asked, draft)
    else:
        values |= nothing_counted(asked, can)
    return Shown("draft", values, status)


def _sources(asked: Asked, keys: Mapping[str, Any]) -> list[str]:
    """What people call the places from which the draft's people come."""
    blocks = keys.get("select")
    listed = blocks if isinstance(blocks, list) else [blocks]
    named = [one.get("source") for one in listed if isinstance(one, dict)]
    names = [one or keys.get("source") for one in named or [None]]
    titles = {one.name: one.title for one in sources(asked.practice)}
    return list(dict.fromkeys(titles[one] for one in names if one in titles))


def _macros(asked: Asked, kind: str) -> dict[str, list[tuple[MacroEntry, list[str]]]]:
    """Those that a text may name and those that it may not, each with what stands against it."""
    found: dict[str, list[tuple[MacroEntry, list[str]]]] = {"allowed": [], "blocked": []}
    for one in macros(asked.practice, kind=kind).macros:
        reasons = list(dict.fromkeys(each.reason for each in one.blocked if each.kind == kind))
        found["allowed" if kind in one.allowed else "blocked"].append((one, reasons))
    return found


def _at_fields(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Problems by the field that they stand at; those of keys without one under the empty name."""
    found: dict[str, list[Problem]] = {}
    for one in problems:
        key, _dot, rest = (one.key or "").partition(".")
        if key == "other_languages":
            tag, _dot, part = rest.partition(".")
            found.setdefault(f"{part or 'text'}-{tag}", []).append(one)
            continue
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
    keys = written_keys(asked, draft)
    kept = {one.reference for one in draft.files()}
    extra = [one for one in form.all("attach") if one in kept]
    try:
        if form.file and form.file.name:
            extra.append(draft.add_file(form.file.name, form.file.stream).reference)
    except SerienpostError as error:
        problems = [_at("attachments", one) for one in error.problems]
        return _page(asked, Writing(draft, keys, version, problems=problems, extra=extra), 422)
    removed = form.one("remove", LINE)
    entries = keys.get("attachments")
    entries = [
        *(one for one in (entries if isinstance(entries, list) else []) if _reference(one)),
        *(one for one in extra if one not in _references(keys)),
    ]
    put(keys, "attachments", [one for one in entries if _reference(one) != removed])
    if form.one("then") == "take" and keys.get("template") and keys.get("text"):
        writing = Writing(draft, keys, version, extra=extra, would_lose=True)
        return _page(asked, writing, 422)
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
    removed = form.one("remove", LINE)
    for one in saved.files():
        if removed and one.reference == removed:
            saved.remove_file(one.id)
    here, then = f"/entwurf/{draft.id}", form.one("then")
    if then == "balance":
        asked.practice.ask(AskBalances(), token=form.some("form", 50))
    if then in NEXT:
        return _onward(asked, saved, then)
    return {
        "check": Moved(f"{here}?check=1"),
        "take": Moved(f"{here}#field-text"),
        "drop": Moved(f"{here}#field-text"),
        "count": Moved(f"{here}?count=1#count"),
        "balance": Moved(f"{here}?count=1#count"),
    }.get(then, Moved(here, said="saved"))


def _onward(asked: Asked, draft: Draft, to: str) -> Answer:
    """On to the messages: those of the run that there is, if nothing was changed since, else of a
    new one that a worker prepares. What is wrong with the draft is said first."""
    writing = Writing(draft, draft.keys, draft.version)
    try:
        draft.check()
    except SerienpostError as error:
        return _page(asked, replace(writing, problems=error.problems), 422)
    if is_for_past(draft):  # the page says what goes on
        return _page(asked, writing, 422)
    day = asked.form.one("due", 100).strip()
    try:
        due = asked.practice.day(day) if day else None
    except SerienpostError as error:
        problems = [_at("due", one) for one in error.problems]
        return _page(asked, replace(writing, problems=problems), 422)
    line = draft.line()
    is_new = asked.form.one("anew") == "yes" or asked.form.one("again") == "no"
    # Those of a selection are taken over each time: they may be marked otherwise by now.
    is_new = is_new or draft.selection is not None
    is_there = line.state == line.run_state == "prepared" and not is_new
    if is_there and line.run and _can_stay(asked, line.run, due):
        return Moved(after(to, line.run, asked))
    return ask_to_prepare(asked, draft.id, draft.version, due, to=to)


def _day(asked: Asked, run: str) -> str | None:
    """From which day a run counts."""
    return next((one.due for one in asked.practice.runs(200) if one.run == run), None)


def _can_stay(asked: Asked, run: str, due: date | None) -> bool:
    """Whether the messages that there are count from the day that is wanted, and can leave."""
    if due is not None and due.isoformat() != _day(asked, run):
        return False
    why = asked.practice.run(run).obstacle()
    return why is None or why.can_wait


def save_quietly(asked: Asked) -> Answer:
    """Save what stands in the fields before the desk is locked; answers with the new version. What
    cannot be saved this way is left to whoever is there."""
    draft, form = asked.draft(), asked.form
    keys = written_keys(asked, draft)
    saved = draft.save(keys, form.number("version", 0))
    version = "" if isinstance(saved, Conflict) else str(saved.version)
    return Sent(version.encode(), "text/plain")


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
        keeps_text=True,
    ),
    Route(
        "/entwurf/{draft}/sichern",
        save_quietly,
        "prepare",
        "POST",
        back="/entwurf/{draft}",
        is_polled=True,
    ),
)
