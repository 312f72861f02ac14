"""Replies and reports of real servers that are published, and what is at fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from serienpost import Fault, read_status_codes
from serienpost_channel_smtp.reply_rules import FAULTS, Stage, meaning_of
from serienpost_channel_smtp.reports import report_meaning

FAULTS_AT = ("address", "account", "message", "time")
# As the rules were written; as they were read when the rules stood.
FILES = ("published_replies.txt", "published_replies_held_out.txt")
DOCS = Path(__file__).parents[3] / "docs" / "smtp.md"


class Published(NamedTuple):
    where: str
    code: str
    fault: Fault
    origin: str
    text: str

    @property
    def judged(self) -> Fault:
        """What the rules say."""
        if self.where == "report":
            return FAULTS[report_meaning(self.code, self.text)]
        stage: Stage = self.where  # type: ignore[assignment]
        return FAULTS[meaning_of(stage, int(self.code), self.text)]


def published(name: str) -> list[Published]:
    lines = Path(__file__).with_name(name).read_text("utf-8").splitlines()
    rows = (line.split(maxsplit=4) for line in lines if line and not line.startswith("#"))
    return [Published(*row[:4], row[4].replace("\\n", "\n")) for row in rows]  # type: ignore[arg-type]


def confusion(rows: list[Published]) -> str:
    """The table of the manual: what is at fault, and how often the rules say what."""
    judged = Counter((row.fault, row.judged) for row in rows)
    lines = [f"| {' | '.join(['at fault', *FAULTS_AT])} |", f"|{'---|' * 5}"]
    for fault in FAULTS_AT:
        cells = [str(judged[fault, other]) for other in FAULTS_AT]
        lines.append(f"| {' | '.join([fault, *cells])} |")
    return "\n".join(lines)


@pytest.mark.parametrize("name", FILES)
def test_the_manual_shows_how_they_are_judged(name: str) -> None:
    table = confusion(published(name))
    assert table in DOCS.read_text("utf-8"), f"the table of {name} is now:\n{table}"


def test_there_are_enough_of_them() -> None:
    rows = [row for name in FILES for row in published(name)]
    assert len(rows) >= 250
    assert len({row.text for row in rows}) == len(rows)
    assert {row.fault for row in rows} == set(FAULTS_AT)
    assert not [row.text for row in rows if "@" in row.text and "example." not in row.text.lower()]


def test_nobody_who_can_be_reached_is_taken_for_a_wrong_address() -> None:
    wrong = [
        row.text
        for name in FILES
        for row in published(name)
        if row.judged == "address" != row.fault
    ]
    # It names no reason, but has the code of a mailbox that does not exist.
    assert wrong == [
        (
            "550 5.1.1 <erika@example.com>: Recipient address rejected: example.com"
            " (in reply to RCPT TO command)"
        )
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.2.252", "smtp; 554 5.2.252 SendAsDenied"),
        ("5.1.100", "nothing more"),
        ("5.1.1", "550 5.1.1 listed by zen.spamhaus.example, see our page"),
        ("5.1.1", "550 5.1.1 you sent too many messages today"),
        ("5.1.1", "550 5.7.1 IP address blacklisted by recipient"),
        ("5.2.1", "550 5.2.1 mailbox temporarily disabled"),
        ("5.1.2", "550 5.1.2 refused for policy reasons"),
        ("5.4.4", ""),
        ("", "550 Requested action not taken: mailbox unavailable"),
        ("", "550 Access denied"),
        ("", "Delivery failed"),
        ("4.1.1", "450 4.1.1 user unknown, will keep trying"),
        ("5.4.7", "delivery time expired"),
        ("5.4.6", "too many hops"),
        ("5.2.2", "mailbox full"),
        ("5.7.13", "525 5.7.13 user account disabled"),
    ],
)
def test_no_definite_fault_of_the_address(status: str, words: str) -> None:
    assert report_meaning(status, words) != "address"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.1", ""),
        ("5.1.2", "no reason given"),
        ("5.1.3", "501 5.1.3"),
        ("5.1.6", "moved"),
        ("5.1.10", "550 null MX"),
        ("5.2.1", "550 this mailbox is disabled"),
        ("", "550 there is no such person at this address: no such user"),
        ("5.0.0", "550 Empfänger existiert nicht"),
        ("5.7.1", "550 5.7.1 user unknown"),
        ("5.5.0", "550 5.1.1 unknown mailbox"),
    ],
)
def test_a_definite_fault_of_the_address(status: str, words: str) -> None:
    assert report_meaning(status, words) == "address"


def test_codes_are_read_as_codes() -> None:
    (code,) = read_status_codes("554 5.2.252 SendAsDenied from 192.0.2.2 or 10.5.2.2")
    assert (str(code), code.name, code.fault) == ("5.2.252", "unknown status code", None)
    (code,) = read_status_codes("#5.1.1)")
    assert (code.name, code.fault) == ("bad destination mailbox address", "address")
    assert [str(one) for one in read_status_codes("550-5.7.26 a 550 5.7.26 b, 5.1.10.")] == [
        *("5.7.26", "5.7.26"),
        "5.1.10",
    ]
