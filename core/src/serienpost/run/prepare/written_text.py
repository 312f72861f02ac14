"""The text of a mailing: its template's, its own, or its template's as a draft changes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError, Problem, TemplateError
from serienpost.run.prepare.languages import Variants
from serienpost.run.prepare.people_check import placed_at
from serienpost.templates.folder import from_text, load_template
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.config.mailing import ChangedText, Mailing
    from serienpost.context import PracticeContext
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)


def template_folders(context: PracticeContext) -> list[Path]:
    """Where templates are looked for: the practice's own folder, then the packs."""
    packs = context.registry.template_packs.values()
    return [context.path("templates"), *(pack.folder for pack in packs)]


def read_text(context: PracticeContext, mailing: Mailing, suffix: str) -> TemplateFiles:
    """The mailing's template, its text changed where a draft changes it, or its own subject and
    text.

    Raises:
        TemplateError: there is no such template, or it has a page that its text does not make.
    """
    places = {key: f"{mailing.file}: {key}" for key in ("subject", "text")}
    own, file = mailing.text or "", places["text"]
    if mailing.template is not None:
        try:
            files = load_template(mailing.template, suffix, template_folders(context))
            if not mailing.is_changed:
                return files
            refuse_page(files)
        except TemplateError as error:
            placed = [placed_at(mailing, "template", problem) for problem in error.problems]
            raise TemplateError(*placed) from error
        return files.with_text(mailing.subject, own, file, places["subject"])
    if not mailing.is_file:
        return from_text(mailing.subject, own, file, subject_file=places["subject"])
    return from_text(
        mailing.subject,
        own,
        _seen_from(context.folder, mailing.file),
        subject_line=mailing.line("subject") or 1,
        text_line=mailing.text_line() or 1,
    )


def refuse_page(files: TemplateFiles) -> None:
    """Refuse to change the text of a template that has a page of its own.

    Raises:
        TemplateError: it has one.
    """
    if page := files.page:
        raise TemplateError(
            _(
                "{template} has a page of its own, {file}, which cannot be changed for one run",
                template=files.name,
                file=page,
            ),
            hint=_("change the template itself, or a copy of it"),
        )


def variants_of(
    context: PracticeContext, mailing: Mailing, files: TemplateFiles, *, edited: bool
) -> Variants:
    """The text in other languages. Where it is changed, those that are changed, too: what was not
    may say something else by now.

    Raises:
        TemplateError: one cannot be read, or has a page of its own.
        ConfigError: the template is not in a language that is changed.
    """
    folders = template_folders(context)
    changed = {} if edited else mailing.other_languages
    found = Variants.of(files, folders, edited=edited or (mailing.is_changed and not changed))
    if not mailing.is_changed or not changed:
        return found
    strange = [tag for tag in changed if tag not in found.files]
    if strange:
        said = _("the template has no text in the language {tag}", tag=strange[0])
        key = f"other_languages.{strange[0]}.text"
        raise ConfigError(Problem(said, _("empty these fields"), mailing.file, None, key))
    texts = {tag: _changed(mailing, tag, found.files[tag], text) for tag, text in changed.items()}
    return replace(found, files=texts)


def _changed(mailing: Mailing, tag: str, files: TemplateFiles, text: ChangedText) -> TemplateFiles:
    refuse_page(files)
    place = f"{mailing.file}: other_languages.{tag}"
    return files.with_text(text.subject, text.text, f"{place}.text", f"{place}.subject")


def _seen_from(folder: Path, file: str) -> str:
    """The mailing's file without the way to the practice folder: it is frozen with the text, which
    is the same wherever the folder lies and however it is named."""
    path = Path(file).resolve()
    home = folder.resolve()
    return str(path.relative_to(home)) if path.is_relative_to(home) else path.name
