"""An e-mail's formatted part as one file for a browser, which loads nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serienpost.contracts.content import Attachment

# Content Security Policy level 3: what is in the file is shown, nothing is asked for or sent.
_POLICY = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="'
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'\">"
)
# A page without one is shown by the rules of old browsers, so one that has none is given one.
_DOCTYPE = re.compile(r"\s*(?:<!doctype[^>]*>)?", re.IGNORECASE)
_IMAGE = re.compile(r"""(=\s*["']?)cid:([A-Za-z0-9_.@-]+)""")


def browser_page(html: str, attachments: Iterable[Attachment] = ()) -> bytes:
    """The page with its images in it. A browser that opens it loads nothing from elsewhere: what
    the page would fetch when the message is read stays away."""
    images = {each.content_id: each for each in attachments if each.content_id}

    def filled(found: re.Match[str]) -> str:
        image = images.get(found[2])
        if image is None:
            return found[0]
        return f"{found[1]}data:{image.media_type};base64,{b64encode(image.data).decode()}"

    begin = _DOCTYPE.match(html)
    end = begin.end() if begin else 0
    doctype = html[:end] if html[:end].strip() else "<!doctype html>"
    page = f"{doctype}{_POLICY}{_IMAGE.sub(filled, html[end:])}"
    return page.encode("utf-8", "replace")
