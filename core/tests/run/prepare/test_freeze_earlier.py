"""`exclude_recipients_of`: who got another mailing stays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost import ConfigError
from serienpost.ledger.schema import message, run

if TYPE_CHECKING:
    Office = Any


def settle(office: Office, run_id: str, state: str) -> None:
    """The first person's message ends in this state."""
    with office.ledger.begin() as tx:
        c = message.c
        tx.execute(tx.update(message).where(c.run == run_id, c.no == 1).values(state=state))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("pending", "already_sent"),
        ("sending", "already_sent"),
        ("in_doubt", "already_sent"),
        ("accepted", "already_sent"),
        ("delivered", "already_sent"),
        ("complained", "already_sent"),
        ("bounced", None),
        ("failed", None),
        ("suppressed", None),
        ("cancelled", None),
    ],
)
def test_who_got_another_mailing_is_left_out(
    office: Office, state: str, expected: str | None
) -> None:
    office.add("Ada")
    settle(office, office.approved(id="einladung"), state)
    office.add("Kim")
    later = office.prepare(id="nachfassen", exclude_recipients_of=["einladung"])
    assert office.unmarked(later) == {"patient:1": expected, "patient:2": None}


def test_a_mailing_that_nobody_knows_is_refused(office: Office) -> None:
    office.add("Ada")
    office.approved(id="einladung")
    before = len(office.rows(run))
    with pytest.raises(ConfigError, match="did you mean 'einladung'"):
        office.prepare(id="nachfassen", exclude_recipients_of=["einladun"])
    assert len(office.rows(run)) == before
