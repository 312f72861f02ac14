"""What a text must say whoever reads it: who writes, and how to stop it.

Checked on the text with made-up values, once with all of them and once without those that may be
empty, so that no branch of the text can leave it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.errors import Problem
from serienpost.reference import holds_reference
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.content import Content
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# Purposes that people can object to at any time (Art. 21 GDPR, section 7 (3) UWG).
STOPPABLE = frozenset({"survey", "marketing"})

STOP_MACRO = "Abmelde_Link"


def lint(renderer: RunRenderer, contents: Sequence[Content]) -> list[Problem]:
    """What the text leaves out, as problems of the template.

    Args:
        renderer: the mailing.
        contents: the text as composed with made-up values.
    """
    return [*_nameless(renderer, contents), *_endless(renderer, contents)]


def _nameless(renderer: RunRenderer, contents: Sequence[Content]) -> list[Problem]:
    """A letter has its letterhead; a provider's template is read by its channel."""
    name = _folded(renderer.setting.practice.name)
    if renderer.kind.name == "letter" or all(_names(content, name) for content in contents):
        return []
    return [
        Problem(
            _("nothing in this message says which practice writes"),
            _(
                "write {macro} in the text, or the practice's name in the sender of the account"
                " {account}",
                macro="{{Praxis}}",
                account=renderer.header.account,
            ),
            *_place(renderer),
        )
    ]


def _names(content: Content, name: str) -> bool:
    if content.template is not None:
        return True
    if name in _folded(f"{content.sender}\n{content.subject}"):
        return True
    if content.html is None:
        return name in _folded(content.text)
    from serienpost.templates.markup import shown_text

    return name in _folded(content.text) and name in _folded(shown_text(content.html))


def _endless(renderer: RunRenderer, contents: Sequence[Content]) -> list[Problem]:
    purpose = renderer.header.purpose
    if (
        purpose not in STOPPABLE
        or renderer.kind.name == "letter"
        or all(map(holds_reference, contents))
    ):
        return []
    return [
        Problem(
            _("a message for {purpose} must say how to get no more of them", purpose=purpose),
            _(
                "write {macro} in the text, outside of every if",
                macro=f"{{{{{STOP_MACRO}}}}}",
            ),
            *_place(renderer),
        )
    ]


def _place(renderer: RunRenderer) -> tuple[str, int]:
    return renderer.template.begin


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
