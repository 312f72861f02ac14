"""Enhanced status codes, read by class, subject and detail.

Sources: RFC 3463, RFC 5248 and the IANA registry "SMTP Enhanced Status Codes". A code that is not
registered is unknown, whatever registered one it begins with: `5.2.252` is not `5.2.2`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

# What the registry's own words say is at fault. `None`: the code says too little or is used for
# too much, so the words of the reply decide.
Fault: TypeAlias = Literal["address", "account", "message", "time"]

UNKNOWN = "unknown status code"


@dataclass(frozen=True, slots=True)
class StatusCode:
    """An enhanced code: `5.1.1` is class 5, subject 1, detail 1."""

    klass: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"

    @property
    def name(self) -> str:
        """What the registry calls it."""
        return _CODES.get((self.subject, self.detail), (UNKNOWN, None))[0]

    @property
    def fault(self) -> Fault | None:
        """What is at fault by the code alone."""
        return _CODES.get((self.subject, self.detail), (UNKNOWN, None))[1]

    @property
    def says_nothing(self) -> bool:
        """Whether it leaves everything open: `x.0.0`, or one that nobody registered."""
        return (self.subject, self.detail) == (0, 0) or self.name == UNKNOWN


_WRITTEN = re.compile(
    r"(?<![\d.])(?P<class>[245])\.(?P<subject>\d{1,3})\.(?P<detail>\d{1,3})(?![\d.]*\d)"
)


def read_status_codes(text: str) -> list[StatusCode]:
    """The codes in a text, in their order."""
    return [
        StatusCode(int(found["class"]), int(found["subject"]), int(found["detail"]))
        for found in _WRITTEN.finditer(text)
    ]


def telling_status(text: str, klass: int) -> StatusCode | None:
    """Of the codes of this class in a text the one that says most, None without any.

    Servers pass on each other's replies, so there may be several. Where one names the address and
    another something else, it is the other: then the address has no definite fault.
    """
    found = [one for one in read_status_codes(text) if one.klass == klass]
    telling = [one for one in found if not one.says_nothing] or found
    return next((one for one in telling if one.fault != "address"), None) or next(
        iter(telling), None
    )


_CODES: dict[tuple[int, int], tuple[str, Fault | None]] = {
    (0, 0): ("other undefined status", None),
    (1, 0): ("other address status", None),
    (1, 1): ("bad destination mailbox address", "address"),
    (1, 2): ("bad destination system address", "address"),
    (1, 3): ("bad destination mailbox address syntax", "address"),
    (1, 4): ("destination mailbox address ambiguous", None),
    (1, 5): ("destination address valid", None),
    (1, 6): ("destination mailbox has moved, no forwarding address", "address"),
    (1, 7): ("bad sender's mailbox address syntax", "account"),
    (1, 8): ("bad sender's system address", "account"),
    (1, 9): ("message relayed to non-compliant mailer", None),
    (1, 10): ("recipient address has null MX", "address"),
    (2, 0): ("other or undefined mailbox status", None),
    (2, 1): ("mailbox disabled, not accepting messages", "address"),
    (2, 2): ("mailbox full", "time"),
    (2, 3): ("message length exceeds administrative limit", "message"),
    (2, 4): ("mailing list expansion problem", None),
    (3, 0): ("other or undefined mail system status", None),
    (3, 1): ("mail system full", "time"),
    (3, 2): ("system not accepting network messages", "time"),
    (3, 3): ("system not capable of selected features", "message"),
    (3, 4): ("message too big for system", "message"),
    (3, 5): ("system incorrectly configured", "time"),
    (3, 6): ("requested priority was changed", None),
    (4, 0): ("other or undefined network or routing status", None),
    (4, 1): ("no answer from host", None),
    (4, 2): ("bad connection", "time"),
    (4, 3): ("directory server failure", "time"),
    (4, 4): ("unable to route", None),
    (4, 5): ("mail system congestion", None),
    (4, 6): ("routing loop detected", None),
    (4, 7): ("delivery time expired", "time"),
    (5, 0): ("other or undefined protocol status", None),
    (5, 1): ("invalid command", None),
    (5, 2): ("syntax error", None),
    (5, 3): ("too many recipients", "account"),
    (5, 4): ("invalid command arguments", None),
    (5, 5): ("wrong protocol version", None),
    (5, 6): ("authentication exchange line is too long", "account"),
    (6, 0): ("other or undefined media error", "message"),
    (6, 1): ("media not supported", "message"),
    (6, 2): ("conversion required and prohibited", "message"),
    (6, 3): ("conversion required but not supported", "message"),
    (6, 4): ("conversion with loss performed", "message"),
    (6, 5): ("conversion failed", "message"),
    (6, 6): ("message content not available", "message"),
    (6, 7): ("non-ASCII addresses not permitted for that sender or recipient", "message"),
    (6, 8): ("UTF-8 string reply is required, but not permitted", "message"),
    (6, 9): ("UTF-8 header message cannot be transferred", "message"),
    (6, 10): ("UTF-8 string reply is required", "message"),
    (7, 0): ("other or undefined security status", None),
    (7, 1): ("delivery not authorized, message refused", None),
    (7, 2): ("mailing list expansion prohibited", None),
    (7, 3): ("security conversion required but not possible", None),
    (7, 4): ("security features not supported", None),
    (7, 5): ("cryptographic failure", None),
    (7, 6): ("cryptographic algorithm not supported", None),
    (7, 7): ("message integrity failure", "message"),
    (7, 8): ("authentication credentials invalid", None),
    (7, 9): ("authentication mechanism is too weak", None),
    (7, 10): ("encryption needed", "account"),
    (7, 11): ("encryption required for requested authentication mechanism", "account"),
    (7, 12): ("a password transition is needed", "account"),
    (7, 13): ("user account disabled", None),
    (7, 14): ("trust relationship required", "account"),
    (7, 15): ("priority level is too low", "time"),
    (7, 16): ("message is too big for the specified priority", "message"),
    (7, 17): ("mailbox owner has changed", None),
    (7, 18): ("domain owner has changed", None),
    (7, 19): ("RRVS test cannot be completed", None),
    (7, 20): ("no passing DKIM signature found", "account"),
    (7, 21): ("no acceptable DKIM signature found", "account"),
    (7, 22): ("no valid author-matched DKIM signature found", "account"),
    (7, 23): ("SPF validation failed", "account"),
    (7, 24): ("SPF validation error", "account"),
    (7, 25): ("reverse DNS validation failed", "account"),
    (7, 26): ("multiple authentication checks failed", "account"),
    (7, 27): ("sender address has null MX", "account"),
    (7, 28): ("mail flood detected", "account"),
    (7, 29): ("ARC validation failure", "account"),
    (7, 30): ("REQUIRETLS support required", "account"),
}
