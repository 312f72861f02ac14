"""Placeholders that nobody would fill in: in the text, around it, in a template of the provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.errors import Problem
from serienpost.run.prepare.provider_template import KEY
from serienpost.templates.placeholders import TAG
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from serienpost.config.mailing import Mailing
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.templates.foreign_placeholders import ForeignPlaceholder
    from serienpost.translation import Text

_ = Texts(__name__)

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# A tag of the provider's template language, with all of its braces.
_PROVIDER_TAG = re.compile(r"\{\{\{?[^{}]*\}?\}\}")


def unfilled_placeholders(renderer: RunRenderer, mailing: Mailing) -> list[Problem]:
    """What would go out as it stands, with the right spelling where there is one."""
    names = renderer.known_macros
    found = [
        unfilled_problem(placeholder, file, line)
        for file, line, placeholder in renderer.template.misspelt(names)
    ]
    return [*found, *_around(renderer, mailing), *_at_provider(renderer, mailing)]


def unfilled_problem(found: ForeignPlaceholder, file: str | None, line: int | None) -> Problem:
    """What is wrong with a placeholder in the spelling of another program."""
    right = (
        _("write {macro}", macro=f"{{{{{found.name}}}}}")
        if found.name
        else _("`serienpost macros` lists the names")
    )
    return Problem(_stands(found.written), right, file, line, found.name)


def _stands(written: str) -> Text:
    return _("{written} would go out as it stands", written=written)


def _around(renderer: RunRenderer, mailing: Mailing) -> Iterator[Problem]:
    """In practice, signature and account, where macros are not read at all."""
    from serienpost.templates.foreign_placeholders import foreign_placeholders

    header, config = renderer.header, renderer.context.config
    models: list[tuple[str, BaseModel]] = [
        ("practice", config.practice),
        (f"accounts.{header.account}", renderer.account),
    ]
    if mailing.signature and renderer.setting.signature:
        models.append((f"signatures.{mailing.signature}", renderer.setting.signature))
    for home, model in models:
        for key, text in _texts(model):
            written = [tag[0] for tag in _TAG.finditer(text)]
            rest = foreign_placeholders(_TAG.sub(TAG, text), renderer.known_macros)
            for each in (*written, *(one.written for one in rest)):
                place = f"{home}.{key}"
                yield Problem(
                    _stands(each),
                    _("macros stand in the text of a mailing; write here what it stands for"),
                    *config.place(place),
                    place,
                )


def _texts(model: BaseModel) -> Iterator[tuple[str, str]]:
    """The texts of a model and of its lists, each with its key."""
    for key in type(model).model_fields:
        value = getattr(model, key)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield key, text


def _at_provider(renderer: RunRenderer, mailing: Mailing) -> Iterator[Problem]:
    from serienpost.templates.foreign_placeholders import foreign_placeholders, placeholders_in_page

    template, names = renderer.header.provider_template, renderer.known_macros
    if template is None:
        return
    for part, source in template.sources.items():
        text = _PROVIDER_TAG.sub(TAG, source)
        read = placeholders_in_page if part == "html" else foreign_placeholders
        for found in read(text, names):
            problem = unfilled_problem(found, mailing.file, mailing.line(KEY))
            message = _(
                "the template {template}: {part}: {problem}",
                template=template.title,
                part=part,
                problem=problem.message,
            )
            yield Problem(message, problem.hint, problem.file, problem.line, KEY)
