"""What a practice lacks before its first mailing can go, in the order in which it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.service.finding import Finding
from serienpost.translation import Text, Texts, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost.context import PracticeContext

_ = Texts(__name__)

_NAME = _("first mailing")
_SOURCE = _(
    "recipients: under plugins: name serienpost-source-table (a CSV or XLSX list), or"
    " serienpost-practice-db and serienpost-source-patients (the practice's database)"
)
_CONSENT = _(
    "who may be written to: under plugins: name serienpost-source-table (consent_column: of a"
    " list), serienpost-consent-flags (master data) or serienpost-consent-register"
)
_MACROS = _("Briefanrede and the like: under plugins: name serienpost-macros-practice")
_CHANNEL = _(
    "a way to send: under plugins: name serienpost-channel-smtp, -letter, -smscreator or -sendgrid"
)
_ACCOUNT = _("who sends: write accounts: as in serienpost.yaml's own example")
_SIGNATURE = _("who signs: write signatures: as in serienpost.yaml's own example")
_MAILING = _("a mailing: write mailings/NAME.yaml, as in mailings/information.yaml.example")
_FOLDER = _("a practice folder: `serienpost init DIR`, then doctor in it")
_THEN = _("then `serienpost check NAME`, `serienpost prepare NAME`")


def missing_folder() -> Finding:
    """The first step where there is no practice folder at all."""
    return Finding.missing(_NAME, _numbered(1, _FOLDER))


def missing_pieces(context: PracticeContext, mailings: Sequence[str]) -> Iterator[Finding]:
    """What is missing, numbered, as long as there is no account or no mailing.

    Args:
        context: the practice.
        mailings: those that there are.
    """
    registry, config = context.registry, context.config
    if config.accounts and mailings:
        return
    plugins = registry.providers.items()
    has_check = any(
        group == "consent_checks" and by.distribution != "serienpost"
        for (group, _name), by in plugins
    )
    steps: tuple[tuple[object, str], ...] = (
        (registry.sources, _SOURCE),
        (has_check, _CONSENT),
        (registry.macros, _MACROS),
        (registry.channels, _CHANNEL),
        (config.accounts, _ACCOUNT),
        (config.signatures, _SIGNATURE),
        (mailings, _MAILING),
    )
    lacking = [text for there, text in steps if not there]
    lacking.append(_THEN)
    for number, text in enumerate(lacking, start=1):
        yield Finding.missing(_NAME, _numbered(number, text))


def _numbered(number: int, step: str) -> Text:
    return joined(" ", (f"{number}.", step))
