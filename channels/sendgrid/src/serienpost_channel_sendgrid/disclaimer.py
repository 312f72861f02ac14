"""What a practice accepts before data go to SendGrid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Disclaimer

if TYPE_CHECKING:
    from serienpost_channel_sendgrid.account import SendGridAccount

_GERMAN = """\
Haftungsausschluss: Die E-Mail-Adressen und alle Angaben, die der Text verwendet, werden an
{name} ({region}) übertragen und dort verarbeitet. Schon dass jemand Post dieser Praxis bekommt, ist
eine geschützte Angabe. Die Praxis hat selbst zu prüfen und steht dafür ein, dass sie einen
Vertrag zur Auftragsverarbeitung mit Verschwiegenheitspflicht hat, dass die Empfänger eingewilligt
haben, soweit es nötig ist, und dass der Inhalt so übertragen werden darf. Angenommen heißt nicht
zugestellt: SendGrid nimmt auch Nachrichten an, die es später verwirft."""

_ENGLISH = """\
Disclaimer: the e-mail addresses and all data that the text uses are transmitted to {name}
({region}) and processed there. That somebody gets mail from this practice is protected
information in itself. The practice must check, and answers for it, that it has a contract about
processing with a duty of secrecy, that the recipients have consented where that is needed, and that
the content may be transmitted this way. Accepted is not delivered: SendGrid also accepts messages
that it drops later."""


def disclaimer(account: SendGridAccount) -> Disclaimer:
    """The disclaimer in German and English, and who accepted it in the account."""
    facts = {"name": account.processor.name, "region": account.region}
    accepted = account.disclaimer
    return Disclaimer(
        _GERMAN.format(**facts),
        _ENGLISH.format(**facts),
        accepted.accepted_by if accepted else None,
        accepted.accepted_on if accepted else None,
    )
