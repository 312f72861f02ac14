"""The kinds of contact that belong to the core: e-mail, SMS, letter.

Another kind comes with the channel that writes to it, as its `Channel.kind`; what it says of itself
is `contracts.kinds.Kind`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.contracts.kinds import Kind

CORE_KINDS = ("email", "sms", "letter")


def core_kind(name: str) -> Kind:
    """One of the three kinds that belong to the core.

    Raises:
        KeyError: no core kind has this name.
    """
    if name == "email":
        from serienpost.kinds.email import EmailKind

        return EmailKind()
    if name == "sms":
        from serienpost.kinds.sms import SmsKind

        return SmsKind()
    if name == "letter":
        from serienpost.kinds.letter import LetterKind

        return LetterKind()
    raise KeyError(name)
