"""Makes the register of written consents (`einwilligung`) for people just made."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost_demo.practice.cases import Case, Consent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from serienpost_demo.practice.drawing import Draw, Record

_FLAG = {"email": "kontakt_email", "sms": "kontakt_sms", "letter": "kontakt_brief"}
_PURPOSES = ("appointment", "appointment", "recall", "information", "event", "marketing")
_WORDING = {
    "appointment": "Ich möchte an meine Termine erinnert werden.",
    "recall": "Ich möchte an Vorsorge und Kontrollen erinnert werden.",
    "information": "Ich möchte Neuigkeiten aus der Praxis erhalten.",
    "event": "Ich möchte zu Veranstaltungen der Praxis eingeladen werden.",
    "marketing": "Ich möchte über Angebote der Praxis informiert werden.",
}


def consents(
    draw: Draw,
    person: str,
    people: Iterable[Record],
    cases: Mapping[int, Case],
    today: date,
) -> Iterator[Record]:
    """Yield what these people signed; about every second who agrees to something has signed.

    Args:
        draw: the choices.
        person: `patient` or `interessent`.
        people: the rows of that table.
        cases: hard cases by id; they have exactly the consents that the case names.
        today: what days count from.
    """
    for record in people:
        number = int(record["id"] or 0)
        signed = cases[number].consents if number in cases else _signed(draw, record)
        for consent in signed:
            yield _row(person, record, consent, today)


def _signed(draw: Draw, record: Record) -> tuple[Consent, ...]:
    kinds = [kind for kind, flag in _FLAG.items() if record[flag] == "ja"]
    if not kinds or not draw.chance(0.5):
        return ()
    withdrawn = draw.below(200) if draw.chance(0.05) else None
    return (Consent(draw.one(kinds), draw.one(_PURPOSES), 200 + draw.below(1500), withdrawn),)


def _row(person: str, record: Record, consent: Consent, today: date) -> Record:
    address = {"email": record["email"], "sms": record["mobil"]}.get(consent.kind)
    withdrawn = None if consent.withdrawn is None else _before(today, consent.withdrawn)
    return {
        "person_typ": person,
        "person_id": record["id"],
        "kontaktart": consent.kind,
        "zweck": consent.purpose,
        "adresse": consent.address or address,
        "wortlaut": _WORDING[consent.purpose],
        "erteilt_am": _before(today, consent.given),
        "widerrufen_am": withdrawn,
        "dokument": f"einwilligungen/{person}-{record['id']}.pdf",
    }


def _before(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()
