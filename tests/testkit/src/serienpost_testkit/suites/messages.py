"""Made-up drafts and messages for the channel suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Draft, Message

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost import AccountSettings, Capabilities, Content, Context

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

PLAIN = "Guten Tag, Ihr Termin ist am Dienstag."
UNICODE = "Grüße an Zoë Çelik-Şahin: „Müßiggang“ – 12 €, Žižkov, Ωμέγα."
LOOKS_LIKE_CODE = "<b>fett</b> & {{Name}} =?utf-8?q?x?= %s\n.\n..\nFrom hier"

# A made-up address of each of the core's kinds, in the form that `Kind.address` gives.
ADDRESSES = {
    "email": "kim.kanarie@example.org",
    "sms": "+4915228817386",
    "letter": "Kim Kanarie\nLindenallee 5\n01067 Dresden",
}


def reference(number: int) -> str:
    """A reference such as the core makes: 12 characters of Crockford base32."""
    digits = [_CROCKFORD[number // 32**place % 32] for place in range(11)]
    return "T" + "".join(reversed(digits))


def draft(
    kind: str, capabilities: Capabilities, address: str, text: str = PLAIN, subject: str = ""
) -> Draft:
    """A draft that uses the subject and the formatted part where the channel has them."""
    return Draft(
        kind=kind,
        language="de",
        address=address,
        subject=(subject or "Ihr Termin") if capabilities.subject else "",
        text=text,
        html=_as_html(text) if capabilities.html else None,
        values={},
    )


def message(number: int, content: Content, send_at: datetime | None = None) -> Message:
    """A message of a made-up run."""
    return Message(
        ref=reference(number), run="run-1", position=number, content=content, send_at=send_at
    )


def secrets_of(context: Context, settings: AccountSettings) -> list[str]:
    """The secrets that the account refers to."""
    given = map(str, settings.model_dump().values())
    return [context.secret(value) for value in given if value.startswith("secret:")]


def _as_html(text: str) -> str:
    from html import escape

    return f"<p>{escape(text)}</p>"
