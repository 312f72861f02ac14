"""What a person can do about messages that were refused or came back.

As far as code and words say it for every channel; a channel's own rules decide more while sending.
"""

from __future__ import annotations

from serienpost.address_faults import is_address_fault
from serienpost.status_codes import telling_status
from serienpost.translation import Texts

_ = Texts(__name__)


_ADDRESS = _(
    "the address is wrong: ask the person for another and correct it in the master data;"
    " serienpost suppress remove ADDRESS, if it is right after all"
)
_BY_FAULT = {
    "time": _(
        "it may go another time: mailbox full, or the other side was not reached;"
        " serienpost doctor names whose mail keeps coming back"
    ),
    "account": _(
        "it is about your account, sender or server: give this reason to your mail provider"
    ),
    "message": _("it is about this text: change it, or reach the person another way"),
}
# Said where neither code nor words say whose fault it is.
UNCLEAR = _(
    "the other side refuses: where it speaks of a list, a server or authentication, give this"
    " reason to your mail provider, else reach the person another way"
)


def advice(state: str, code: str | None, text: str | None) -> str | None:
    """A sentence for messages in this state; None where nothing needs to be done."""
    if state not in ("failed", "bounced"):
        return None
    code, said = code or "", str.__str__(text or "")  # in English, as rules are written
    if is_address_fault("", f"{code} {said}"):
        return _ADDRESS
    status = telling_status(f"{code} {said}", 4 if code.startswith("4") else 5)
    fault = status.fault if status and status.fault != "address" else None
    if code.startswith("4"):
        fault = fault or "time"
    return _BY_FAULT[fault] if fault else UNCLEAR
