"""The keys of a draft: those of a mailing file as plain JSON, half-written text included."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serienpost.config.mailing import MAILING_KEYS, OF_DRAFTS
from serienpost.config.nodes import MAX_DEPTH
from serienpost.config.problems import Collector, did_you_mean
from serienpost.config.reader import MAX_BYTES
from serienpost.errors import DraftProblem, Problem
from serienpost.text import NOT_STORABLE, displayed
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from serienpost.config.document import Loc
    from serienpost.config.mailing import Mailing
    from serienpost.documents import Plain
    from serienpost.ledger.selections import SelectionRow

_ = Texts(__name__)

# A schedule sends where nobody looks: it is written into a file by whoever answers for it.
_OF_FILES = ("schedule", "holidays")

# What a draft may hold; its id was chosen when it was begun and is kept beside the keys.
DRAFT_KEYS = (*(key for key in MAILING_KEYS if key not in ("id", *_OF_FILES)), *OF_DRAFTS)

# Those that say whom it is for.
_OF_PEOPLE = ("source", "select", "rows", "include", "limit", "order_by")

# As large as a number of a mailing's file.
_LARGEST = 10**18


def draft_name(draft_id: str) -> str:
    """What problems name instead of a file."""
    return _("draft {id}", id=draft_id)


def draft_title(keys: Mapping[str, Any], mailing_id: str) -> str:
    """What people call a draft with these keys."""
    title = keys.get("title")
    return displayed(title) if isinstance(title, str) and title.strip() else mailing_id


def keys_taken_over(mailing: Mailing) -> Plain:
    """The keys of a mailing's file as they are written there, without its schedule."""
    return {key: value for key, value in mailing.written.items() if key in DRAFT_KEYS}


def keys_for_selection(
    keys: Mapping[str, Any], people: SelectionRow, signatures: Collection[str]
) -> Plain:
    """Keys for people who are chosen already: account and purpose are those that they were
    checked for; who signs is said where only one can."""
    kept = {key: value for key, value in keys.items() if key not in _OF_PEOPLE}
    signs = {"signature": next(iter(signatures))} if len(signatures) == 1 else {}
    signs = signs if people.kind != "sms" else {}
    said = {"account": people.account, "purpose": people.purpose}
    return {**signs, **kept, **{key: value for key, value in said.items() if value}}


def checked_keys(draft_id: str, mailing_id: str, keys: Mapping[str, Any]) -> Plain:
    """The keys as they are stored. Nothing is asked of their values but that they are JSON.

    Raises:
        ConfigError: everything that is none, or that a draft may not have.
    """
    place = draft_name(draft_id)
    collector = Collector(lambda _loc: (place, None))
    for key, value in keys.items():
        if key in DRAFT_KEYS:
            _refuse_unstorable(value, (key,), collector)
        elif key in _OF_FILES:
            text = _("a draft has no schedule")
            collector.add((key,), text, _("write it into the mailing's file"))
        elif key != "id":
            collector.add((str(key),), _("unknown key"), did_you_mean(key, DRAFT_KEYS))
        elif value != mailing_id:
            text = _("the draft is sent as {id}", id=mailing_id)
            collector.add((key,), text, _("begin another draft for another mailing"))
    collector.raise_if_any()
    plain = json.dumps({key: value for key, value in keys.items() if key != "id"})
    if len(plain) > MAX_BYTES:
        collector.add((), _("is larger than 1 MiB"), _("split it or shorten it"))
        collector.raise_if_any()
    stored: Plain = json.loads(plain)
    return stored


def _refuse_unstorable(value: object, loc: Loc, collector: Collector) -> None:
    """Note what is no JSON, or what a ledger could not give back as it was."""
    if len(loc) > MAX_DEPTH:
        collector.add(loc[:2], _("nested too deeply"), _("use fewer levels"))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _refuse_unstorable(inner, (*loc, number), collector)
    elif isinstance(value, dict):
        for key, inner in value.items():
            own: Loc = (*loc, str(key))
            if isinstance(key, str):
                _refuse_unstorable(key, own, collector)
            else:
                collector.add(own, _("a key must be text"), _("write it in quotes"))
            _refuse_unstorable(inner, own, collector)
    else:
        _refuse_scalar(value, loc, collector)


def _refuse_scalar(value: object, loc: Loc, collector: Collector) -> None:
    if isinstance(value, str):
        if NOT_STORABLE.search(value):
            collector.add(loc, _("holds a character that is not text"), _("remove it"))
    elif isinstance(value, float | int):
        if abs(value) > _LARGEST or math.isnan(value):
            collector.add(loc, _("the number is too long"), _("write it in quotes"))
    elif value is not None:
        collector.add(loc, _("is neither text nor a number, a list or a map"))


def at_key(place: str, names: Mapping[str, str], problem: Problem) -> Problem:
    """A problem of a draft at its key, or at the file by the name that it was given.

    Args:
        place: what stands for the draft's file.
        names: of its files, by their paths.
        problem: as it was found.
    """
    written = problem.file or ""
    if written in names:
        return replace(problem, file=names[written])
    file, _colon, key = written.partition(": ")
    # Within the name of a text's place the draft's is said in the reader's language.
    if file not in (place, str(place)):
        return problem
    return DraftProblem(
        problem.message, problem.hint, place, problem.line if key else None, key or problem.key
    )
