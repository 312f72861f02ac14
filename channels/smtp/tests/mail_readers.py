"""Headers as programs of others read them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import getaddresses


def mailboxes(raw: bytes, header: str) -> list[tuple[str, str]]:
    """Names and addresses of a header, as the older half of the standard library reads them: the
    newer one of Python 3.11 puts blanks between encoded words."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", str(message_from_bytes(raw, policy=compat32)[header]))
    return [
        (str(make_header(decode_header(name))), address)
        for name, address in getaddresses([unfolded])
    ]
