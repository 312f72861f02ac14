"""The review of the demo practice, row by row, against what its hard cases must get.

The expectations were written from the sentences of the cases, not from the code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

NO, UNKNOWN, OTHER = "flags.flag_no", "flags.flag_unknown", "register.other_purpose"
DEAD, BLOCKED, NOBODY = "status.deceased", "status.blocked", "consent.no_permission"
GONE = "unreachable"

# Everybody who is not named gets JA.
INFORMATION = {
    "email": {
        1: OTHER, 3: GONE, 4: GONE, 5: GONE, 6: GONE, 7: GONE, 8: GONE, 14: NO, 15: UNKNOWN, 16: NO,
        17: OTHER, 18: NO, 19: OTHER, 20: OTHER, 25: GONE, 26: NO, 43: DEAD, 44: BLOCKED, 51: GONE,
    },
    "sms": {
        1: OTHER, 10: GONE, 11: GONE, 13: GONE, 14: NO, 15: UNKNOWN, 16: NO, 17: OTHER, 18: NO,
        25: GONE, 26: NO, 43: DEAD, 44: BLOCKED, 45: GONE, 51: GONE,
    },
    "letter": {
        14: NO, 15: UNKNOWN, 16: NO, 17: UNKNOWN, 25: GONE, 26: NO, 43: DEAD, 44: BLOCKED, 49: GONE,
        51: GONE,
    },
}  # fmt: skip
# Reminders: 1 signed for SMS, 17 for e-mail and SMS.
APPOINTMENT = {
    "email": {**INFORMATION["email"], 17: "JA"},
    "sms": {**INFORMATION["sms"], 1: "JA", 17: "JA"},
    "letter": INFORMATION["letter"],
}
# Marketing by e-mail needs a signature: 1 gave one, 19 withdrew, 20 signed for another address.
MARKETING = {
    **{number: NOBODY for number in range(1, 55) if number not in INFORMATION["email"]},
    **INFORMATION["email"],
    1: "JA", 19: "register.withdrawn", 20: "register.other_address",
}  # fmt: skip

ACCOUNTS = {"email": "mail", "sms": "null-sms", "letter": "brief"}
MAILING = """\
source: patients
account: {account}
purpose: {purpose}
{subject}
text: "Guten Tag aus der Praxis Dr. Sonnenschein. {stop}"
"""


@pytest.fixture
def cases(demo: Practice) -> Practice:
    """With register and SMS that ask no provider; hard cases are the patients 1 to 54."""
    demo.edit(
        "serienpost.yaml",
        "  - serienpost-consent-flags ",
        "  - serienpost-consent-register\n  - serienpost-testkit\n  - serienpost-consent-flags ",
    )
    demo.edit(
        "serienpost.yaml",
        "accounts:\n",
        '"null": {default: abstain}\naccounts:\n  null-sms: {channel: null-sms}\n',
    )
    return demo


def reviewed(cases: Practice, kind: str, purpose: str) -> dict[int, str]:
    text = MAILING.format(
        account=ACCOUNTS[kind],
        purpose=purpose,
        subject="" if kind == "sms" else "subject: Nachricht",
        stop="{{Abmelde_Link}}" if purpose == "marketing" else "",
    )
    (cases.folder / "mailings" / "faelle.yaml").write_text(text, "utf-8")
    rows = cases.json("prepare", "faelle")["recipients"][:54]
    for row in rows:
        assert row["marked"] is (row["allowed"] and row["unmarked"] is None)
    return {int(row["id"].removeprefix("patient:")): said(row) for row in rows}


def said(row: dict[str, object]) -> str:
    if not row["reachable"]:
        return GONE
    if row["allowed"]:
        return "JA"
    denials = [a for a in row["consent"] if a["verdict"] == "deny"]  # type: ignore[attr-defined]
    of_flags = [a for a in denials if a["check"] == "flags"]
    first = (of_flags or denials)[0]
    return f"{first['check']}.{first['code']}"


@pytest.mark.parametrize("kind", ["email", "sms", "letter"])
@pytest.mark.parametrize(
    ("purpose", "expected"), [("information", INFORMATION), ("appointment", APPOINTMENT)]
)
def test_every_hard_case(
    cases: Practice, kind: str, purpose: str, expected: dict[str, dict[int, str]]
) -> None:
    wanted = {number: expected[kind].get(number, "JA") for number in range(1, 55)}
    assert reviewed(cases, kind, purpose) == wanted


def test_every_hard_case_for_marketing(cases: Practice) -> None:
    cases.edit("serienpost.yaml", "  require: []", "  require: {default: [], marketing: []}")
    assert reviewed(cases, "email", "marketing") == MARKETING


def test_the_review_says_it_in_words_and_in_order(cases: Practice) -> None:
    done = cases("review", cases.run, "--sort=-number")
    assert done.code == 0
    lines = done.out.splitlines()
    head = next(line for line in lines if line.startswith("row "))
    shown = [head.index(word) for word in ("number", "reachable", "allowed", "marked")]
    assert shown == sorted(shown)
    numbers = re.findall(r"^patient:\d+ +(P0\d+)", done.out, re.MULTILINE)
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 200
    for column in ("name", "address", "why not"):  # what does not fit stands under its row
        assert column in head or f"    {column}: " in done.out
    assert "YES" in done.out
    assert "NO" in done.out
    cases.refused("review", cases.run, "--sort", "beruf")


def test_explain_names_check_record_day_and_remedy(cases: Practice) -> None:
    cases.run = cases.json("prepare", "information", "--summary")["run"]
    document = cases.json("review", cases.run, "--explain", "patient:17")
    (row,) = document["recipients"]
    (denial,) = (a for a in row["consent"] if a["verdict"] == "deny")
    assert denial["check"] == "register"
    assert "einwilligung:" in denial["reason"]
    assert denial["remedy"]
    assert document["asked_at"]
    out = " ".join(cases("review", cases.run, "--explain", "patient:17").out.split())
    assert denial["reason"] in out
    assert denial["remedy"] in out
