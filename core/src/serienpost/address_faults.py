"""Whether an answer tells of a wrong address for good: the one reason to write there no more.

One rule for all channels that pass on the words of a mail server. The worst mistake is to give up
somebody who can be reached, so even a code is not enough where the words speak of something else.
"""

from __future__ import annotations

import re

from serienpost.status_codes import telling_status

_WHO = (
    r"(?:e-?mail |local |destination |recipient |virtual |domain |mail ?)?(?:user|recipient|"
    r"mailbox|account|address|addressee|alias|customer|person|destinataire|host|domain|inbox)"
)
_IS_NOT = (
    r"(?:is |are |was )?(?:unknown|not found|not exist|notfound|inconnu|unallocated|discontinued"
    r"|closed|disabled|deactivated|deaktiviert"
    r"|no longer (?:valid|available|on|exists?|in use))"
)
# Nothing else can be meant: no such person, mailbox or domain, or it is closed for good.
_NO_SUCH_ADDRESS = re.compile(
    rf"{_WHO}(?: name| e-?mail)?(?: address)?(?:'s)?\b[^.;:]{{0,25}}\b{_IS_NOT}"
    r"|\b(?:unknown|no such|invalid|nonexistent|non-existent|inactive|bad) (?:or \w+ )?"
    rf"{_WHO}"
    rf"|(?:this|the|local) {_WHO}\b.{{0,60}}(?:does(?: not|n't) (?:exist|have an?)"
    r"|(?:is|was|has been) (?:disabled|inactive|deactivated|discontinued))"
    r"|marked as invalid|not a valid e-?mail|no mailbox|not our (?:user|customer)"
    r"|recip(?:ient)?notfound|recipient address rejected: in(?:active|valid)"
    r"|no longer (?:valid|on (?:this )?server|works? here)|mailbox not (?:found|here)"
    r"|is not a (?:known|valid|local) (?:user|mailbox|recipient)|user doesn't have"
    r"|address\b.{0,30}(?:does not|doesn't|did not) exist"
    r"|empfänger(?:adresse)?\b.{0,40}(?:unbekannt|existiert|ungültig)"
    r"|(?:benutzer|postfach|mailbox|adresse)\b.{0,30}(?:unbekannt|existiert nicht|nicht gefunden)"
)
# Speaks of something else, whatever the code says.
_SOMETHING_ELSE = re.compile(
    r"polic|spam|junk|\bvirus|block|black|banned|denied|prefer|abuse|reputation|authenticat"
    r"|\blimit|quota|too many|too much|temporar|suspend|later\b|try again|wait|volume|frequen"
    r"|relay(?!=)|sender|\bips?\b|\bfull\b|size|filter|\bacl\b|not accepted (?!--)"
    r"|unverified|verification|verify fail|previously"
    r"|richtlinie|gesperrt|vorübergehend|abgelehnt wegen|später"
)
_URL = re.compile(r"\bhttps?:\S+|\bwww\.\S+")
_TEMPORARY = re.compile(r"\W*4(?:\d\d\b|\.\d)")

# Codes under which servers tell of a wrong address in words, beside those that nobody registered.
_OPEN = frozenset({(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (4, 4), (5, 0), (5, 4), (7, 1)})


def is_address_fault(status: str, words: str) -> bool:
    """Whether a final refusal leaves no doubt that the address reaches nobody.

    That is an enhanced code of 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 or 5.2.1 (RFC 3463, RFC 7505), or
    words that mean the same, and in either case no word of a limit, a blocklist, a policy, the
    sender, or that it is for now.

    Args:
        status: an enhanced code, or empty.
        words: the reply, with its own codes if it has any.
    """
    said = " ".join(words.lower().split())
    if _TEMPORARY.match(status) or _TEMPORARY.match(said):
        return False
    if _SOMETHING_ELSE.search(_URL.sub(" ", said)):
        return False
    code = telling_status(f"{status} {said}", 5)
    if code and code.fault == "address":
        return True
    is_open = code is None or code.says_nothing or (code.subject, code.detail) in _OPEN
    return is_open and _NO_SUCH_ADDRESS.search(said) is not None
