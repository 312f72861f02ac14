"""What is known about a person, to be given out (Art. 15 GDPR) or erased (Art. 17)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from serienpost import LedgerUnavailableError, SerienpostError, Texts
from serienpost_web import search_form
from serienpost_web.pages.entrance import proved
from serienpost_web.table import Entry, Moved, Route, Sent, Shown

if TYPE_CHECKING:
    from serienpost.service import PersonExport, Practice
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# Characters of an id at most.
_LONGEST = 200


def search_page(_asked: Asked) -> Answer:
    """The form in which a person is looked for."""
    return Shown("persons", {"typed": "", "found": None, "problem": None})


def search(asked: Asked) -> Answer:
    """Whom the words mean; they stand in no address of the desk, and nothing is kept of them."""
    words = " ".join(asked.form.one("words", 200).split())
    if not words:
        problem = _("Type a name or a number first.")
        return Shown("persons", {"typed": "", "found": None, "problem": problem}, 422)
    blocks = search_form.word_blocks(asked.practice, words)
    found = asked.practice.find_persons(words, blocks)
    return Shown("persons", {"typed": words, "found": found, "problem": None})


def person_page(asked: Asked) -> Answer:
    """What is known about one person, in words."""
    person = asked.query.one("person", _LONGEST)
    if not person:
        return Moved(_PATH)
    return Shown("person", _told(asked.practice, person))


def _told(practice: Practice, person: str) -> dict[str, object]:
    known = _export(practice, person)
    names = [one.name for one in known.messages if one.name] if known else []
    if known and not names:
        names = [one.name for one in known.selections if one.name]
    return {"person": person, "known": known, "name": names[-1] if names else None}


def _export(practice: Practice, person: str) -> PersonExport | None:
    """What is known; None for nothing."""
    try:
        return practice.export_person(person)
    except LedgerUnavailableError:
        raise
    except SerienpostError:
        return None


def export(asked: Asked) -> Answer:
    """All of it as a file to hand over, as `export-person` writes it."""
    person = asked.query.one("person", _LONGEST)
    known = _export(asked.practice, person) if person else None
    if known is None:
        return Moved(_PATH)
    text = json.dumps(known.document(), ensure_ascii=False, indent=1)
    name = re.sub(r"[^\w-]+", "-", person)
    return Sent(text.encode(), "application/json", f"auskunft-{name}.json")


def erase_page(asked: Asked) -> Answer:
    """The step before: what goes, what stays and why."""
    person = asked.query.one("person", _LONGEST)
    told = _told(asked.practice, person) if person else {"known": None}
    if told["known"] is None:
        return Moved(_PATH)
    return Shown("person_erase", {**told, "problems": {}})


def erase(asked: Asked) -> Answer:
    """The person is replaced everywhere by a number from which nobody is known."""
    person, problems = asked.form.some("person", _LONGEST), dict[str, str]()
    if (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if problems:
        told = _told(asked.practice, person)
        return Shown("person_erase", {**told, "problems": problems}, 422)
    asked.practice.erase_person(person)
    return Moved(_PATH, said="erased")


_PATH = "/verwaltung/auskunft"
_PAGE = Route(_PATH, search_page, "administer")
ENTRY = Entry(
    _PAGE,
    _("Information and erasure"),
    _("Tell a person what is known here, or erase it, where the person asks for it."),
)
ROUTES = (
    _PAGE,
    Route(_PATH, search, "administer", "POST", back=_PATH),
    Route(f"{_PATH}/person", person_page, "administer"),
    Route(f"{_PATH}/auskunft.json", export, "administer"),
    Route(f"{_PATH}/loeschen", erase_page, "administer"),
    Route(f"{_PATH}/loeschen", erase, "administer", "POST", back=_PATH),
)
