"""The message's reference inside its own text, as the link to unsubscribe carries it.

A text is rendered and hashed before a message has its reference, and the same text may go out as
a test under another one. So a macro writes `PLACEHOLDER`, and the reference takes its place in
the last step, when content becomes a message.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from serienpost.contracts.content import Content

# As long as a reference (12 characters), plain in SMS, in links and in HTML, so that neither the
# length of a message nor its form changes when the reference is put in.
PLACEHOLDER = "--REFERENZ--"

_UNSUBSCRIBE = {"de": "Abmeldung", "en": "Unsubscribe"}


def with_reference(content: Content, ref: str) -> Content:
    """The content as it leaves under this reference.

    Args:
        content: as composed and hashed.
        ref: the message's reference, the same over all attempts.
    """
    if not _is_anywhere(content):
        return content
    template = content.template
    if template is not None:
        data = {name: text.replace(PLACEHOLDER, ref) for name, text in template.data.items()}
        template = replace(template, data=data)
    return replace(
        content,
        subject=content.subject.replace(PLACEHOLDER, ref),
        text=content.text.replace(PLACEHOLDER, ref),
        html=None if content.html is None else content.html.replace(PLACEHOLDER, ref),
        template=template,
        headers=tuple((name, value.replace(PLACEHOLDER, ref)) for name, value in content.headers),
        layout=tuple((name, value.replace(PLACEHOLDER, ref)) for name, value in content.layout),
    )


def _is_anywhere(content: Content) -> bool:
    """Whether there is a place to put a reference; most texts have none."""
    pairs = (*content.headers, *content.layout)
    texts = [content.subject, content.text, content.html or "", *(value for _, value in pairs)]
    if content.template is not None:
        texts += content.template.data.values()
    return any(PLACEHOLDER in text for text in texts)


def unsubscribe_mail(address: str, language: str) -> str:
    """The link that writes an e-mail to say so (RFC 6068). The subject carries the reference, by
    which the answer is matched to its message.

    Args:
        address: who is written to.
        language: of the text; German for every language but English.
    """
    word = _UNSUBSCRIBE["en" if language.lower().startswith("en") else "de"]
    return f"mailto:{quote(address, safe='@+')}?subject={word}%20{PLACEHOLDER}"


def holds_reference(content: Content) -> bool:
    """Whether every version of the text that may be read carries the reference."""
    if content.template is not None:
        return any(PLACEHOLDER in text for text in content.template.data.values())
    return PLACEHOLDER in content.text and (content.html is None or PLACEHOLDER in content.html)
