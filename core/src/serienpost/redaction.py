"""What is stored and shown without what it must not hold: replies of providers without addresses
and numbers, texts without the passwords of URLs."""

from __future__ import annotations

import re
import unicodedata
from binascii import a2b_base64
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

# A secret by its name within a text, such as a URL.
SECRET_WITHIN = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")

LONGEST = 200
_ENHANCED = r"\b[245]\.\d{1,3}\.\d{1,3}\b(?!\.\d)"
_PERSONAL = re.compile(
    rf"(?P<keep>{_ENHANCED})"
    r"|<[^<>]*>"
    r"|[^\s<>()\[\]\"',;:=]+@[^\s<>()\[\]\"',;]+"
    r"|\+?\d[\d ()/.:-]{5,}\d"
)
_NO_WORD = re.compile(r"[^\w]+")


def redact(text: str, address: str = "") -> str:
    """Mask addresses, long numbers, this recipient's local part and the secrets that were looked
    up, as whoever they were sent to might repeat them; cut to 200 characters."""
    plain = without_secrets(without_passwords(" ".join(text.split())), tuple(_SECRETS))
    masked = _PERSONAL.sub(lambda found: found["keep"] or "…", plain)
    local = address.rpartition("@")[0]
    lowered = masked.lower()
    for word in sorted({local, *_NO_WORD.split(local)}, key=len, reverse=True):
        if len(word) > 2 and word.lower() in lowered:
            masked = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", masked, flags=re.IGNORECASE)
    return masked if len(masked) <= LONGEST else masked[: LONGEST - 1] + "…"


def remember_secret(secret: str) -> None:
    """Keep a secret out of what `redact` gives back from now on, plain or in base64."""
    if len(secret) >= _SHORTEST_SECRET and secret not in _SECRETS:
        _SECRETS.append(secret)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` for each of these secrets, as whoever they were sent to might repeat
    them: plain or in base64."""
    known = [secret for secret in secrets if secret]
    for secret in known:
        text = text.replace(secret, "***")
    octets = [secret.encode("utf-8", "surrogatepass") for secret in known]

    def masked(found: re.Match[str]) -> str:
        decoded = _decoded(found[0])
        return "***" if any(secret in decoded for secret in octets) else found[0]

    return _BASE64.sub(masked, text) if octets else text


def _decoded(base64: str) -> bytes:
    try:
        return a2b_base64(base64.rstrip("=") + "==")
    except ValueError:
        return b""


def is_secret_name(name: object) -> bool:
    """Whether a key, parameter or header is called like a secret: `smtp_password`, `X-Api-Key`,
    `datenbankkennwort`; what only describes one, such as `token_url` or `password_file`, is not."""
    if not isinstance(name, str):
        return False
    words = _WORD.findall(unicodedata.normalize("NFKC", name))
    plain = [word.casefold() for word in words]
    if not plain or plain[-1] in _DESCRIBES:
        return False
    return bool(_SECRET_WORDS.search("".join(plain))) or not _SHORT.isdisjoint(plain)


def without_passwords(text: str) -> str:
    """The text with `***` for every password in a URL, however it is written, and for the value in
    `password=value`.

    A password stands before the last `@` of a URL, whatever signs it holds, or is the value of a
    parameter that is called so; either may be percent-encoded. `${secret:NAME}` is none. Blanks
    belong to a URL that the text begins with, or where user and password surround them.
    """
    shown = _without_in_urls(text)
    return _ASSIGNED.sub(_masked_value, shown) if "=" in shown else shown


def _without_in_urls(text: str) -> str:
    if not _BEGIN.search(text):
        return text
    begin = _BEGIN.match(text.lstrip())
    if begin and re.search(r"\s", text.strip()) and not _is_web(begin["scheme"]):
        return _masked(text)
    return _URL.sub(lambda found: _masked(found[0]), text)


def has_password(text: str) -> bool:
    """Whether a text holds a URL with a password that `without_passwords` would mask."""
    return _without_in_urls(text) != text


def _masked_value(found: re.Match[str]) -> str:
    secret = is_secret_name(found["name"]) and not found["value"].startswith(_KNOWN)
    return f"{found['name']}{found['sign']}***" if secret else found[0]


def _masked(url: str) -> str:
    references: list[str] = _REFERENCE.findall(url)
    hidden = _masked_rest(*_masked_user(_REFERENCE.sub(_STANDS_FOR, url)))
    for reference in references:
        hidden = hidden.replace(_STANDS_FOR, reference, 1)
    return hidden


def _masked_user(url: str) -> tuple[str, str]:
    """The URL up to its user and password, masked, and what comes after."""
    found = _BEGIN.search(url)
    assert found is not None  # noqa: S101  # that is how it was found
    begin, rest = url[: found.end()], url[found.end() :]
    is_web = _is_web(found["scheme"])
    user, at, behind = rest.rpartition("@")
    if is_web:
        # Of these the host ends before the first /, ? or #, unless what looks like its port is
        # none: then a password goes on there (RFC 3986, 3.2).
        authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
        port = authority.rpartition(":")[2] if ":" in authority else ""
        if "@" in authority:
            user, at, behind = authority.rpartition("@")
            behind += rest[len(authority) :]
        elif not port or port.isdigit():
            return begin, rest
    if not at:
        return begin, rest
    name, colon, password = user.partition(":")
    if not colon and ":" not in unquote(user) and not is_web:
        return f"{begin}{user}@", behind
    if password == _STANDS_FOR or (not colon and user == _STANDS_FOR):
        return f"{begin}{user}@", behind
    return (f"{begin}{name}:***@" if colon else f"{begin}***@"), behind


def _is_web(scheme: str | None) -> bool:
    return scheme is None or scheme.lower() in _WEB


def _masked_rest(begin: str, rest: str) -> str:
    """Parameters that are called like a password, and URLs with one within parameters."""
    return begin + _PARAMETER.sub(_masked_parameter, rest)


def _masked_parameter(found: re.Match[str]) -> str:
    mark, name, value = found["mark"], found["name"], found["value"]
    inner = unquote(value)
    is_secret = bool(_SECRET_NAME.search(unquote(name))) and value not in ("", _STANDS_FOR)
    if is_secret or _SECRET_WITHIN.search(inner) or has_password(inner):
        return f"{mark}{name}=***"
    return found[0]


# Secrets that this process looked up; shorter ones would be found within words.
_SECRETS: list[str] = []
_SHORTEST_SECRET = 6
_BASE64 = re.compile(r"[A-Za-z0-9+/]{6,}={0,2}")
# Words of a name: at signs between, and where a small letter meets a large one.
_WORD = re.compile(r"[A-ZÄÖÜ]*[^\W\d_A-ZÄÖÜ]+|[A-ZÄÖÜ]+")
_SECRET_WORDS = re.compile(
    r"pass(?:w(?:or)?d|wrd|phrase|code)|passwort|kennwort|geheim|secret|token|credential"
    r"|zugangsdaten|authorization"
    r"|(?:api|access|private|secret|encryption|signing|auth|account|shared|master|client)key"
    r"|(?:api|zugangs|zugriffs|geheim|privat)schl(?:ü|ue)ssel"
)
_SHORT = frozenset({"pass", "pw", "pwd", "pin", "apikey"})
# A name that ends so says something about a secret.
_DESCRIPTIONS = """
    file datei path pfad folder url uri endpoint host server name env variable store type kind
    length laenge min max policy age ttl lifetime expiry expires seconds hint header field column
    spalte scope required rotation method label
    """
_DESCRIBES = frozenset(_DESCRIPTIONS.split())
# What is no secret in `name=value`: references and what is masked already.
_KNOWN = ("secret:", "${secret:", "***", "\x00")
_ASSIGNED = re.compile(
    r"(?<![?&#\w.-])(?P<name>[\w.-]+)(?P<sign>\s?=\s?)(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&,\"']+)"
)

_WEB = ("http", "https", "ws", "wss")
# How a URL begins, also with a slash too few, the wrong ones, or without its scheme.
_SCHEME = r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)\s?:\s?[/\\]{1,2}"
_BEGIN = re.compile(rf"(?:{_SCHEME}|(?<![\w:/\\.$}}])[/\\]{{2}})")
# User and password with a blank, but no port: `u:my word@`.
_BLANKS = r"[^\s:/@]*:(?!\d+[\s/])[^\s@]*\s[^@]{0,200}@"
_URL = re.compile(rf"{_BEGIN.pattern}(?:{_BLANKS})?(?:\$\{{[^}}\s]*\}}|[^\s])*")
_REFERENCE = re.compile(r"\$\{secret:[A-Za-z_][A-Za-z0-9_]*\}")
# Stands for a reference while a URL is taken apart; no URL holds it.
_STANDS_FOR = "\x00"
_AUTHORITY_END = re.compile(r"[/?#]")
_PARAMETER = re.compile(r"(?P<mark>[?&;#])(?P<name>[^=?&;#]*)=(?P<value>[^&;#]*)")
_WORDS = r"pass(?:w(?:or)?d|phrase)|passwort|kennwort|pwd|secret|token|api[_-]?key"
_SECRET_NAME = re.compile(rf"{_WORDS}|^\s*(?:pass|pw)\s*$", re.IGNORECASE)
# As in `odbc_connect=DRIVER=...;PWD=...`.
_SECRET_WITHIN = re.compile(rf"(?:{_WORDS})\s*=\s*[^\s\x00;]", re.IGNORECASE)
