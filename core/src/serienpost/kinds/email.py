"""E-mail addresses, senders, and what may stand in a header."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from serienpost import words
from serienpost.contracts.kinds import Address, Unreachable
from serienpost.text import field_text, has_control
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.fields import FieldValue

_ = Texts(__name__)

_SEPARATOR = re.compile(r"[\s,;/|]+")
# A name and an address: the name as a quoted string (RFC 5322, 3.2.4), or without what needs one to
# be no address of its own.
_NAMED = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"\s*|(?P<name>[^"<>@\\]*))<(?P<address>[^<>\s]+)>'
)
_QUOTED_PAIR = re.compile(r"\\(.)")

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*@[A-Za-z0-9.-]+")
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
# Within these a local part of plain letters is valid beside any valid domain (RFC 5321, 4.5.3.1),
# so that a domain is examined once and not for each person.
_LONGEST_LOCAL, _LONGEST = 64, 200

_ORDINARY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
# Domains under which nobody is reached (RFC 6761).
_RESERVED = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})

_MISSING = Unreachable("missing", _("There is no e-mail address on record."))
_INVALID = Unreachable("invalid", _("The e-mail address on record is not valid."))
_SEVERAL = Unreachable(
    "several_addresses", _("There are several e-mail addresses on record; only one may be.")
)
_NON_ASCII = Unreachable(
    "non_ascii_local",
    _(
        "The e-mail address has umlauts or special characters before the @, to which no provider"
        " delivers reliably."
    ),
)


class EmailKind:
    """E-mail. The value has an ASCII local part as written and the domain in lower-case ASCII."""

    name = "email"
    title = words.kind("email")
    fields = frozenset({"email"})
    template_suffix = "email.md"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """The address in `email`, or `missing`, `several_addresses`, `non_ascii_local`, `invalid`.

        Syntax only (RFC 5321 and 5322 without quotes and comments); whether the domain exists is
        not asked. A local part outside ASCII would need SMTPUTF8 (RFC 6531) all the way.
        """
        written = fields.get("email")
        if type(written) is str and len(written) <= _LONGEST_LOCAL and _PLAIN.fullmatch(written):
            local, _, domain = written.partition("@")
            ascii_domain = _domain(domain)
            return Address(local + ascii_domain) if ascii_domain else _INVALID
        text = field_text(written)
        if not text:
            return _MISSING
        if refused_in_header(text):
            return _INVALID
        if sum("@" in part for part in _SEPARATOR.split(text)) > 1:
            return _SEVERAL
        return _checked(text)


def _checked(text: str) -> Address | Unreachable:
    local, _, domain = text.rpartition("@")
    if len(local) <= _LONGEST_LOCAL and len(text) <= _LONGEST and _PLAIN_LOCAL.fullmatch(local):
        return _with_domain(local, domain)
    return _validated(text)


def _with_domain(local: str, written: str) -> Address | Unreachable:
    domain = _domain(written)
    return Address(local + domain) if domain else _INVALID


@lru_cache(maxsize=4096)
def _domain(written: str) -> str | None:
    """`@` and the domain as it is used, None where it is none.

    An ordinary one is known at once; the library takes a tenth of a second to be imported.
    """
    if len(written) <= _LONGEST and "--" not in written and _ORDINARY.fullmatch(written):
        domain = written.lower()
        if domain.rpartition(".")[2] not in _RESERVED:
            return f"@{domain}"
    sample = _validated(f"a@{written}")
    return sample.value[1:] if isinstance(sample, Address) else None


@lru_cache(maxsize=4096)
def _validated(text: str) -> Address | Unreachable:
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return _INVALID
    if valid.ascii_email is None:
        return _NON_ASCII
    return Address(valid.ascii_email)


def refused_in_header(value: str) -> str | None:
    """What is wrong with this value in a header, None where it may stand in one.

    The reason is half a sentence behind a subject, as in "holds a control character", and never
    repeats the value. Refused are control characters of every kind and encoded words (RFC 2047):
    some Python versions decode `=?utf-8?q?a=0D=0ABcc:...?=` while folding and so write a second
    header (CVE-2024-6923).
    """
    if has_control(value):
        return _("holds a control character")
    if "?=" in value.partition("=?")[2]:
        return _("holds an encoded word (=?...?=)")
    return None


class Mailbox(NamedTuple):
    """Who writes, as in `Praxis <praxis@example.org>`; the name may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@lru_cache(maxsize=256)
def parse_sender(text: str) -> Mailbox:
    """Split `Name <address>`, `"Name" <address>` or `address` into name and normalised address.

    In quotes a name holds whatever it likes, `"` and `\\` behind a `\\` (RFC 5322, 3.2.4 and 3.4).
    Beyond that standard a name without quotes may hold a comma and the like, but no `@`.

    Raises:
        ValueError: a sentence for the user; the text is not exactly one valid sender.
    """
    if reason := refused_in_header(text):
        raise ValueError(_("a sender {reason}", reason=reason))
    named = _NAMED.fullmatch(text.strip())
    name, written = "", text
    if named:
        written = named["address"]
        quoted = _QUOTED_PAIR.sub(r"\1", named["quoted"] or "")
        name = " ".join((quoted or named["name"] or "").split())
        if reason := refused_in_header(name):
            raise ValueError(_("a sender {reason}", reason=reason))
    match EmailKind().address({"email": written}):
        case Address(value):
            return Mailbox(name, value)
    raise ValueError(
        _(
            "a sender is one valid e-mail address, or a name and <address>;"
            """ write a name with @ as '"Name" <address>', with both kinds of quotes"""
        )
    )


def message_id(ref: str, sender: str) -> str:
    """The Message-ID header (RFC 5322, 3.6.4), the same over all attempts of one message.

    Raises:
        ValueError: `sender` is not a valid sender.
    """
    return f"<{ref}@{parse_sender(sender).domain}>"
