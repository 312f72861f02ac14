"""What may stand in a header: the guard between values and the structure of a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import Texts, refused_in_header

if TYPE_CHECKING:
    from serienpost import Attachment

_ = Texts(__name__)

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
_LONGEST_ADDRESS = 254
_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[A-Za-z0-9.+-]+")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@+-]+")


def is_address(value: str) -> bool:
    """Whether this is a plain ASCII address (RFC 5321), without quotes, comments or brackets."""
    return (
        len(value) <= _LONGEST_ADDRESS
        and _ADDRESS.fullmatch(value) is not None
        and ".." not in value
        and refused_in_header(value) is None
    )


def unsafe_attachment(attachment: Attachment) -> str | None:
    """Why this file cannot go with a message, None where it can."""
    if reason := refused_in_header(attachment.filename):
        return _("the name of an attachment {reason}", reason=reason)
    if not attachment.filename or "/" in attachment.filename or "\\" in attachment.filename:
        return _("the name of an attachment is empty or holds a path")
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        return _("the media type of an attachment is not type/subtype")
    if attachment.content_id is not None and not _CONTENT_ID.fullmatch(attachment.content_id):
        return _(
            "the content id of an image holds other characters than letters, digits, . _ @ + -"
        )
    return None
