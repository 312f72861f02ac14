"""Who writes: any sender that `check` takes arrives as one mailbox, under its whole name."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

MAILING = """\
source: table
select:
  file: listen/infoabend.csv
  columns: {Nachname: nachname, E-Mail: email}
  consent_column: Einwilligung
account: mail
purpose: information
subject: Hallo
text: "Guten Tag, hier ist die {{Praxis}}."
"""
LONG = "Hausarztpraxis am Park, Dr. med. Sonja Sonnenschein, Dr. med. Bernd Beispielmann, MVZ GmbH"
SENDERS = [
    (f"{LONG} <p@example.org>", LONG),
    ('"Praxis via info@example.org" <p@example.org>', "Praxis via info@example.org"),
    (r'"Praxis \"Am Park\"" <p@example.org>', 'Praxis "Am Park"'),
    ("Praxis für Innere Medizin, Ärztehaus Süd <p@example.org>", None),
    ("Praxis 🩺 Müller, Müller & Co. <p@example.org>", None),
    ("Gemeinschaftspraxis für Kinder- und Jugendmedizin " * 6 + "<p@example.org>", None),
    ("<p@example.org>", ""),
]


def mailboxes(raw: bytes, header: str) -> list[tuple[str, str]]:
    """Names and addresses of a header, read by other code than wrote it."""
    unfolded = re.sub(
        r"\r?\n(?=[ \t])", "", str(message_from_bytes(raw, policy=policy.compat32)[header])
    )
    found = getaddresses([unfolded])
    return [(str(make_header(decode_header(name))), address) for name, address in found]


@pytest.mark.parametrize(("sender", "name"), SENDERS, ids=[s[:20] for s, _ in SENDERS])
def test_a_sender_that_check_takes_arrives_whole(
    list_practice: Practice, post: Post, sender: str, name: str | None
) -> None:
    (list_practice.folder / "mailings/m.yaml").write_text(MAILING, "utf-8")
    quoted = sender.replace("'", "''")
    both = f"sender: '{quoted}', reply_to: '{quoted}'"
    list_practice.edit("serienpost.yaml", 'sender: "P <p@example.org>"', both)
    list_practice.json("check", "m")
    list_practice.run = list_practice.json("prepare", "m", "--summary")["run"]
    list_practice.json("send", list_practice.run, "--yes")
    (caught,) = post.catcher.messages
    wanted = sender.partition("<")[0].strip() if name is None else name
    for header in ("From", "Reply-To"):
        assert mailboxes(caught.data, header) == [(wanted, "p@example.org")]


@pytest.mark.parametrize(
    "sender",
    [
        "Praxis via info@example.org <p@example.org>",
        'Praxis "Am Park" <p@example.org>',
        "p@example.org, q@example.org",
        r'"Praxis =\?utf-8?q?a?=" <p@example.org>',
    ],
)
def test_any_other_is_refused_at_check_with_its_place(list_practice: Practice, sender: str) -> None:
    (list_practice.folder / "mailings/m.yaml").write_text(MAILING, "utf-8")
    line = list_practice.edit(
        "serienpost.yaml", 'sender: "P <p@example.org>"', f"sender: '{sender}'"
    )
    (problem,) = list_practice.refused("check", "m")
    assert problem["file"].endswith("serienpost.yaml")
    assert problem["line"] == line
    assert "a sender " in problem["message"] + (problem["hint"] or "")
