"""Which language a person is written to in, and what a run freezes of each.

A text in another language is a renderer of its own behind that of the run (`renderer.py`): with its
own template, salutations and signature, and everything else in common. Which one a row gets stands
among its values, so that whoever renders it again takes the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from serienpost.recorded_language import primary, recorded_language
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from serienpost.contracts.practice import Signature
    from serienpost.fields import FieldValue
    from serienpost.run.prepare.plan import Header
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

# The field of a person.
FIELD = "sprache"

# Prefix of the frozen files of another language: `language/en/template.json`.
PREFIX = "language/"

# Keys in the header's `extra`: the other languages with what differs in each; why there are none
# although the template has some; those that nobody is greeted in.
LANGUAGES = "languages"
ONLY_OWN = "one_language"
SILENT = "silent_languages"

# Among the values of a row, under names that no macro has: the language of its text and, where it
# is another one, the recorded language: empty for none, `UNKNOWN` for a text not understood.
GIVEN = "@language"
WANTED = "@recorded"
UNKNOWN = "?"

# Why everybody gets a template in its own language that has others.
Reason: TypeAlias = Literal["edited", "no_field", "protected"]


@dataclass(frozen=True, slots=True)
class Variants:
    """The other languages of a mailing's text, and files that are called alike and are none."""

    files: Mapping[str, TemplateFiles]
    strange: tuple[str, ...] = ()
    only_own: Reason | None = None

    @classmethod
    def of(cls, files: TemplateFiles, folders: Sequence[Path], *, edited: bool) -> Variants:
        """Those of a template; a text that was edited for one run has its language alone.

        Raises:
            TemplateError: one cannot be read, or is in another language than it is called.
        """
        from serienpost.templates.folder import other_languages

        found, strange = other_languages(files, folders)
        if edited and found:
            return cls({}, strange, "edited")
        return cls(found, strange)

    def without_place(self) -> Variants:
        """The same texts, wherever they stand."""
        return replace(self, files={tag: one.without_place() for tag, one in self.files.items()})

    def assets(self) -> dict[str, bytes]:
        """What is frozen besides the template itself; images are the same in all languages."""
        return {
            f"{PREFIX}{tag}/{name}": data
            for tag, files in self.files.items()
            for name, data in files.to_assets().items()
            if name not in files.images
        }

    def frozen(self, signature: Signature | None) -> dict[str, Any]:
        """What stands in the header; nothing where there is nothing but the template's own."""
        found = {
            tag: {
                "language": files.language,
                "signature": signature.plain(tag) if signature else None,
            }
            for tag, files in self.files.items()
        }
        only = {ONLY_OWN: self.only_own} if self.only_own else {}
        return {**({LANGUAGES: found} if found else {}), **only}


def in_language(
    header: Header, assets: Mapping[str, bytes], tag: str
) -> tuple[Header, dict[str, bytes]]:
    """Header and files as they are for the rows of one of the other languages.

    Args:
        header: of the run.
        assets: all that are frozen.
        tag: the language.
    """
    rest = {key: value for key, value in header.extra.items() if key != LANGUAGES}
    mine = f"{PREFIX}{tag}/"
    common = {n: d for n, d in assets.items() if not _is_of_one_language(n)}
    own = {n.removeprefix(mine): d for n, d in assets.items() if n.startswith(mine)}
    return replace(header, extra=rest, **header.extra[LANGUAGES][tag]), {**common, **own}


def _is_of_one_language(asset: str) -> bool:
    """Whether a frozen file is one of the template, but for its images, which all have."""
    is_text = PurePath(asset).suffix.lower() in (".json", ".html", ".css")
    return asset.startswith(PREFIX) or (is_text and "/" not in asset)


def said_in(value: FieldValue, own: str, others: Collection[str]) -> dict[str, FieldValue]:
    """What stands among a row's values about its language.

    Args:
        value: what is recorded of the person.
        own: the template's own language.
        others: those that it has besides.
    """
    recorded = recorded_language(value)
    given = recorded if recorded in others else primary(own)
    if recorded == given:
        return {GIVEN: given}
    return {GIVEN: given, WANTED: UNKNOWN if recorded is None else recorded}


def why_only_own(reason: str) -> str:
    """Why everybody gets a template in its own language that has others."""
    if reason == "edited":
        return _("The text was changed for this run; everybody gets it in that language.")
    if reason == "protected":
        return _(
            "The language of people is protected data here; everybody gets the text in the"
            " template's own."
        )
    return _(
        "No source of this mailing has {field}; everybody gets the text in the template's own"
        " language.",
        field=FIELD,
    )
