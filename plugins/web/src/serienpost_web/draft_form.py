"""The form of a draft: what stands in its fields, and the keys that it says.

The fields always show the text that leaves: the template's, until somebody changes it. What has no
field stays as it is in the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost import SerienpostError
from serienpost.service import template_text
from serienpost_web.table import BrokenFormError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Practice, Problem
    from serienpost.service import TemplateText
    from serienpost_web.table import Field

# Signs of one line and of a text; what the core takes as a whole is less.
LINE, TEXT = 1_000, 200_000

_CHOICES = ("title", "account", "signature", "purpose")
# What a draft says of its text, beside the template's name.
_OF_TEXT = ("subject", "text", "other_languages")


class Written(NamedTuple):
    """Subject and text in one language, as they stand in the fields."""

    subject: str
    text: str


@dataclass(frozen=True)
class Wording:
    """What the fields of the text show.

    Args:
        template: whose text they show; empty for a text of one's own.
        own: in the template's language, or the only one.
        others: by the other languages of the template.
        is_changed: it stands in the place of the template's.
        has_page: the template has a page of its own, so that its text cannot be changed.
        images: that the text may show.
        problems: why the template cannot be read.
    """

    template: str
    own: Written
    others: Mapping[str, Written]
    is_changed: bool = False
    has_page: bool = False
    images: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def wording_of(practice: Practice, keys: Mapping[str, Any], kind: str) -> Wording:
    """What the keys of a draft of this kind of message say in its fields."""
    template = _text(keys.get("template"))
    own = Written(_text(keys.get("subject")), _text(keys.get("text")))
    told = keys.get("other_languages")
    told = told if isinstance(told, dict) else {}
    others = {tag: _written_in(said) for tag, said in told.items()}
    is_changed = bool(own.text or own.subject or others)
    if not template:
        return Wording("", own, {})
    try:
        found = template_text(practice, template, kind)
    except SerienpostError as error:
        return Wording(template, own, others, is_changed, problems=error.problems)
    has_page, images = found.page is not None, found.images
    if is_changed:
        missing = {tag: Written("", "") for tag in found.others if tag not in others}
        return Wording(template, own, {**others, **missing}, True, has_page, images)
    main, *rest = _texts(found).items()
    return Wording(template, main[1], dict(rest), False, has_page, images)


def keys_of(
    practice: Practice, form: Field, keys: Mapping[str, Any], kind: str, *, people: bool
) -> dict[str, Any]:
    """The keys of a draft with what stands in the form over them.

    Args:
        practice: the practice.
        form: as it was sent.
        keys: of the draft now.
        kind: of message.
        people: whether they are chosen already, for a purpose that stays.
    """
    found = dict(keys)
    for key in _CHOICES[:3] if people else _CHOICES:
        if key not in form.values:
            continue
        put(found, key, form.one(key, LINE).strip())
    template, texts = form.one("template", LINE), _texts_in(form)
    for key in ("template", *_OF_TEXT):
        found.pop(key, None)
    put(found, "template", template)
    is_dropped = form.one("then") == "drop"
    if template and (is_dropped or _is_untouched(practice, form.one("shown", LINE), texts, kind)):
        return found
    own = texts.pop("")
    if template and not own.text.strip():  # emptied: the template's text again
        return found
    put(found, "subject", own.subject)
    put(found, "text", own.text if own.text.strip() else "")
    if template:
        others = {
            tag: one._asdict() if f"subject-{tag}" in form.values else {"text": one.text}
            for tag, one in texts.items()
            if one.text.strip()
        }
        put(found, "other_languages", others)
    return found


def put(keys: dict[str, Any], key: str, value: object) -> None:
    """Set a key; one that says nothing is left out."""
    if value:
        keys[key] = value
    else:
        keys.pop(key, None)


def _is_untouched(practice: Practice, shown: str, texts: Mapping[str, Written], kind: str) -> bool:
    """Whether nobody changed the text of the template that the fields showed."""
    if not any(one.subject or one.text.strip() for one in texts.values()):
        return True
    try:
        found = _texts(template_text(practice, shown, kind)) if shown else {}
    except SerienpostError:
        return False
    return dict(texts) == {
        tag: Written(one.subject.strip(), one.text) for tag, one in found.items()
    }


def _texts(found: TemplateText) -> dict[str, Written]:
    """A template's texts by language; its own, without a name, comes first."""
    others = {tag: Written(*one) for tag, one in found.others.items()}
    return {"": Written(found.subject, found.text), **others}


def _texts_in(form: Field) -> dict[str, Written]:
    """The texts in a form by language, lines ended as in a template."""
    tags = ["", *(name.removeprefix("text-") for name in form.values if name.startswith("text-"))]
    found = {}
    for tag in tags:
        if tag and not (len(tag) == 2 and tag.isascii() and tag.isalpha()):
            raise BrokenFormError
        end = f"-{tag}" if tag else ""
        subject, text = form.one(f"subject{end}", LINE), form.text(f"text{end}", TEXT)
        found[tag] = Written(subject.strip(), text)
    return found


def _written_in(said: object) -> Written:
    values = said if isinstance(said, dict) else {}
    return Written(_text(values.get("subject")), _text(values.get("text")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
