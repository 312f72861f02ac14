from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

NO_YES = "kontakt_email IS NULL OR kontakt_email <> 'ja'"
NO, UNKNOWN = "patient:14", "patient:15"


def addresses(post: Post) -> set[str]:
    return {recipient for recipient, _ in post.mails().values()}


def test_nobody_without_a_yes_receives_whatever_the_mailing_says(
    demo: Practice, post: Post
) -> None:
    """Everybody of age whose own entry is not ja, named in every way that a mailing has."""
    denied = sorted(demo.patients(f"({NO_YES}) AND vertreter_id IS NULL"))
    assert len(denied) > 30
    names = ", ".join(f'"{row}"' for row in denied)
    select = "[{}, {city: Dresden}, {search: a}]"
    demo.edit("mailings/information.yaml", "select: {}", f"include: [{names}]\nselect: {select}")
    prepared = demo.json("prepare", "information")
    demo.run = prepared["run"]
    rows = {row["row"]: row for row in prepared["recipients"]}
    assert [row for row in denied if rows[row]["allowed"] or rows[row]["marked"]] == []

    demo.json("send", demo.run, "--yes")
    states = {row: demo.messages()[row]["state"] for row in denied}
    assert set(states.values()) == {"suppressed"}
    allowed = {row["address"] for row in rows.values() if row["marked"]}
    assert addresses(post) == allowed


@pytest.mark.parametrize("row", [NO, UNKNOWN])
@pytest.mark.parametrize(
    "option", [("--include",), ("--reason", "am Telefon gefragt", "--override")]
)
def test_a_review_cannot_mark_who_is_not_allowed(
    demo: Practice, row: str, option: tuple[str, ...]
) -> None:
    before = demo.contents()
    demo.refused("review", demo.run, *option, row)
    assert demo.contents() == before


def test_a_no_cannot_be_overridden_where_overrides_are_permitted(demo: Practice) -> None:
    demo.edit("serienpost.yaml", "override: false", "override: true")
    (problem,) = demo.refused("review", demo.run, "--override", NO, "--reason", "wollte doch")
    assert "cannot be overridden" in problem["message"]
    assert demo.json("review", demo.run, "--summary")["counts"]["marked"] > 0
    assert demo.messages()[NO]["marked"] == 0


def test_an_empty_entry_cannot_be_overridden_whatever_else_is_set(
    demo: Practice, post: Post
) -> None:
    """Overrides permitted, no check required, and a written consent for all purposes."""
    unknown = sorted(demo.patients("kontakt_email IS NULL AND vertreter_id IS NULL"))
    numbers = [row.partition(":")[2] for row in unknown]
    assert UNKNOWN in unknown
    for number in numbers:
        demo.change("INSERT INTO einwilligung (person_typ, person_id, kontaktart, zweck,"
                    " erteilt_am) VALUES ('patient', ?, 'email', 'alle', '2025-04-01')",
                    number)  # fmt: skip
    demo.edit("serienpost.yaml", "override: false", "override: true")
    register = "  - serienpost-consent-register\n  - serienpost-consent-flags "
    demo.edit("serienpost.yaml", "  - serienpost-consent-flags ", register)
    demo.edit("mailings/information.yaml", "select: {}", f"select: {{ids: [{', '.join(numbers)}]}}")
    prepared = demo.json("prepare", "information")
    demo.run = prepared["run"]
    assert prepared["counts"]["reachable"] > 10
    (known,) = (row for row in prepared["recipients"] if row["row"] == UNKNOWN)
    verdicts = {answer["check"]: answer["verdict"] for answer in known["consent"]}
    assert (verdicts["flags"], verdicts["register"]) == ("deny", "allow")

    before = demo.contents()
    (problem,) = demo.refused("review", demo.run, "--override", UNKNOWN, "--reason", "gefragt")
    assert "cannot be overridden" in problem["message"]
    assert demo.contents() == before
    demo.json("send", demo.run, "--yes")
    assert demo.states() == {"suppressed": len(unknown)}
    assert post.mails() == {}


def test_without_a_consent_plugin_nobody_is_allowed(demo: Practice, post: Post) -> None:
    demo.edit("serienpost.yaml", "  - serienpost-consent-flags ", "  # ")
    prepared = demo.json("prepare", "information")
    demo.run = prepared["run"]
    assert prepared["counts"]["reachable"] > 100
    assert prepared["counts"]["allowed"] == prepared["counts"]["marked"] == 0
    for row in prepared["recipients"]:
        reasons = [answer["reason"] for answer in row["consent"] if answer["verdict"] == "deny"]
        assert all(reasons)
        assert bool(reasons) is row["reachable"], row["row"]
    none = "no consent check is set up"
    assert none in demo("review", demo.run, "--summary").out
    assert none in demo("review", demo.run, "--explain", "patient:1").out

    demo.json("send", demo.run, "--yes")
    assert demo.states() == {"suppressed": 300}
    assert post.mails() == {}


CHANGES = {
    "withdrawn": ("UPDATE patient SET kontakt_email = 'nein' WHERE id = ?", "flags.flag_no"),
    "forgotten": ("UPDATE patient SET kontakt_email = NULL WHERE id = ?", "flags.flag_unknown"),
    "deceased": ("UPDATE patient SET verstorben = 1 WHERE id = ?", "status.deceased"),
    "blocked": ("UPDATE patient SET gesperrt = 1 WHERE id = ?", "status.blocked"),
    "moved": ("UPDATE patient SET email = 'neu@example.org' WHERE id = ?", "address_changed"),
    "no address": ("UPDATE patient SET email = NULL WHERE id = ?", "address_changed"),
    "removed": ("DELETE FROM patient WHERE id = ?", None),
}


def test_what_changes_between_review_and_sending_counts(demo: Practice, post: Post) -> None:
    """One marked person of age, with an address of their own, for each change."""
    single = "SELECT email FROM patient GROUP BY email HAVING count(*) = 1"
    represent = "SELECT vertreter_id FROM patient WHERE vertreter_id IS NOT NULL"
    alone = demo.patients(f"email IN ({single}) AND id NOT IN ({represent}) AND id > 54")
    before = demo.messages()
    marked = [row for row in alone if before[row]["marked"]]
    chosen = dict(zip(CHANGES, marked, strict=False))
    for what, row in chosen.items():
        demo.change(CHANGES[what][0], row.partition(":")[2])

    demo.json("send", demo.run, "--yes")
    after = demo.messages()
    for what, row in chosen.items():
        assert after[row]["state"] == "suppressed", what
        assert CHANGES[what][1] in {None, after[row]["code"]}, what
        assert after[row]["text"], what
        assert before[row]["address"] not in addresses(post), what
    others = {r for r, m in before.items() if m["marked"]} - set(chosen.values())
    assert {row for row, m in after.items() if m["state"] == "accepted"} == others
    assert len(post.mails()) == len(others)
    assert "neu@example.org" not in addresses(post)


def test_a_withdrawal_while_sending_stops_the_messages_that_wait(few: Practice, post: Post) -> None:
    post.script.delay(0.4)
    marked = [row for row, m in few.messages().items() if m["marked"]]
    last = marked[-1]
    sending = few.start("send", few.run, "--yes")
    post.wait_for(1)
    few.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = ?", last.partition(":")[2])
    assert sending.wait(60) == 0
    sending.communicate()
    assert few.messages()[last]["code"] == "flags.flag_no"
    assert few.states()["accepted"] == len(post.mails()) == len(marked) - 1


def test_a_suppressed_address_is_written_to_by_nobody(demo: Practice, post: Post) -> None:
    """One address before the review, another between review and sending."""
    mine = {row: m["address"] for row, m in demo.messages().items() if m["marked"]}
    early, late = mine["patient:1"], mine["patient:10"]
    demo.json("suppress", "add", late)
    demo.json("send", demo.run, "--yes")
    assert demo.messages()["patient:10"]["state"] == "suppressed"
    assert late not in addresses(post)
    assert early in addresses(post)

    demo.json("suppress", "add", early)
    again = demo.json("prepare", "information")
    denied = {r["row"] for r in again["recipients"] if r["reachable"] and not r["allowed"]}
    assert {"patient:1", "patient:10"} <= denied
    demo.edit("serienpost.yaml", "override: false", "override: true")
    demo.refused("review", again["run"], "--override", "patient:1", "--reason", "bittet darum")
