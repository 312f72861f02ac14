"""What the rules forbid when a run is released, or later, is not honoured, whenever it was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.ledger import store

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice

FINE, SIGNED = "patient:2", "patient:20"
REASON = ("--reason", "am Telefon gefragt")
NEWS = """\
source: patients
select: {ids: [2, 20]}
account: mail
purpose: information
once_per: none
stale_after: 30 days
subject: Neue Sprechzeiten
text: "Guten Tag {{Nachname}}. {{Praxis}}"
"""


@pytest.fixture
def demo(demo: Practice) -> Practice:
    """Two people, of whom the written consent of one is for another purpose."""
    register = "  - serienpost-consent-register\n  - serienpost-consent-flags "
    demo.edit("serienpost.yaml", "  - serienpost-consent-flags ", register)
    (demo.folder / "mailings" / "neues.yaml").write_text(NEWS, "utf-8")
    return demo


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policy of the machine."""
    file = tmp_path / "etc" / "policy.yaml"
    file.parent.mkdir()
    monkeypatch.setattr("serienpost.config.layers.POLICY_FILE", file)
    return file


def permit(practice: Practice, *, overrides: bool) -> None:
    words = ("false", "true") if overrides else ("true", "false")
    practice.edit("serienpost.yaml", *(f"override: {word}" for word in words))


def prepared(practice: Practice) -> None:
    practice.run = practice.json("prepare", "neues", "--summary")["run"]


def recipients(post: Post) -> int:
    return len(post.mails())


# At the release


def test_an_override_of_a_lenient_hour_is_not_honoured(demo: Practice, post: Post) -> None:
    """The attack: permit, override, forbid again, send."""
    prepared(demo)
    permit(demo, overrides=True)
    demo.json("review", demo.run, "--override", SIGNED, *REASON)
    permit(demo, overrides=False)
    before = demo.contents()
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert problem["message"].startswith("1 row of run")
    assert demo.contents() == before
    demo.json("review", demo.run, "--drop-not-allowed")
    demo.json("send", demo.run, "--yes")
    assert {row: m["state"] for row, m in demo.messages().items()} == {
        FINE: "accepted",
        SIGNED: "suppressed",
    }
    assert recipients(post) == 1


def test_a_policy_that_comes_after_the_override_counts(
    demo: Practice, post: Post, tmp_path: Path
) -> None:
    permit(demo, overrides=True)
    prepared(demo)
    demo.json("review", demo.run, "--override", SIGNED, *REASON)
    policy = tmp_path / "policy.yaml"
    policy.write_text("consent: {override: false}\nlocked: [consent.override]\n")
    demo.env["SERIENPOST_POLICY"] = str(policy)
    demo.edit("serienpost.yaml", "override: true", "override: false")
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert "consent.override" in problem["message"]
    assert recipients(post) == 0


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("consent.require", "require: []", "require: [register]"),
        ("consent.flags_purposes", "event, information]", "event]"),
        ("consent checks", "  - serienpost-consent-register\n", ""),
        ("appointment_types_harmless", "consent:\n", "appointment_types_harmless: [X]\nconsent:\n"),
    ],
)
def test_a_run_is_released_under_the_rules_of_its_review(
    demo: Practice, post: Post, rule: str, old: str, new: str
) -> None:
    prepared(demo)
    demo.edit("serienpost.yaml", old, new)
    (problem,) = demo.refused("send", demo.run, "--yes")
    assert rule in problem["message"]
    assert "prepare the mailing again" in problem["hint"]
    demo.edit("serienpost.yaml", new or "plugins:\n", old if new else f"plugins:\n{old}")
    demo.json("send", demo.run, "--yes")
    assert recipients(post) == 1


def test_what_is_no_rule_may_change(demo: Practice, post: Post) -> None:
    prepared(demo)
    demo.edit("serienpost.yaml", "connections: 4", "connections: 2\n    rate: [250/hour]")
    demo.edit("serienpost.yaml", "unapproved: 7 days", "unapproved: 9 days")
    demo.json("send", demo.run, "--yes")
    assert recipients(post) == 1


# Between release and sending


def test_rules_that_change_after_the_release_pause_the_run(
    demo: Practice, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit(demo, overrides=True)
    prepared(demo)
    demo.json("review", demo.run, "--override", SIGNED, *REASON)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    at = f"{tomorrow:%Y-%m-%d}T10:00"
    demo.json("send", demo.run, "--yes", "--at", at, "--no-wait", code=75)
    permit(demo, overrides=False)
    monkeypatch.setattr(store, "utc_now", lambda: datetime.now(UTC) + timedelta(days=2))
    for command in (["resume", "--due"], ["resume", demo.run], ["resume", demo.run, "--confirm"]):
        demo.json(*command, code=75)
        assert demo.state() == ("paused", "policy_changed")
    assert recipients(post) == 0
    permit(demo, overrides=True)
    demo.json("resume", demo.run)
    assert recipients(post) == 2


def sent_while(null: Practice, line: str) -> dict[str, Any]:
    """How a process ended that was delivering when a line came into the configuration."""
    null.edit("serienpost.yaml", "slots: 4, sender: \"Praxis Null <",
              "slots: 1, delay_ms: 250, sender: \"Praxis Null <")  # fmt: skip
    sending = null.start("send", null.run, "--yes", "--json")
    null.wait_until(lambda: len(null.oracle()) > 1)
    null.edit("serienpost.yaml", "accounts:", f"{line}\naccounts:")
    return null.document(null.finish(sending), ["send"], 75)


def test_rules_that_change_while_a_process_delivers_stop_it(null: Practice) -> None:
    done = sent_while(null, "consent: {override: true}")
    assert (done["state"], done["reason"]) == ("paused", "policy_changed")
    assert done["counts"]["pending"] > 0
    assert done["counts"]["accepted"] == len(null.oracle())


def test_a_file_that_is_broken_while_a_process_delivers_is_no_rule(null: Practice) -> None:
    """It cannot be read: nothing leaves, and `resume --due` goes on when it is mended."""
    done = sent_while(null, "consent: {")
    assert (done["state"], done["reason"]) == ("paused", "check_unavailable")
    null.edit("serienpost.yaml", "consent: {\n", "")
    null.edit("serienpost.yaml", "slots: 1, delay_ms: 250", "slots: 4")
    null.json("resume", "--due")
    assert null.states() == {"accepted": 40}


def test_a_check_that_is_added_while_a_process_delivers_is_asked_before_more_leaves(
    null: Practice,
) -> None:
    null.edit("serienpost.yaml", "slots: 4, sender: \"Praxis Null <",
              "slots: 1, delay_ms: 250, sender: \"Praxis Null <")  # fmt: skip
    sending = null.start("send", null.run, "--yes", "--json")
    null.wait_until(lambda: len(null.oracle()) > 1)
    added = "plugins: [serienpost-testkit, serienpost-consent-flags]"
    null.edit("serienpost.yaml", "plugins: [serienpost-testkit]", added)
    done = null.document(null.finish(sending), ["send"], 75)
    assert (done["state"], done["reason"]) == ("paused", "check_unavailable")
    assert len(null.oracle()) < 40


# The policy of the machine


def test_the_environment_does_not_replace_the_policy_of_the_machine(
    demo: Practice, machine: Path, tmp_path: Path
) -> None:
    machine.write_text("consent: {override: false}\nlocked: [consent.override]\n")
    own = tmp_path / "own.yaml"
    own.write_text("secrets: [env]\n")
    permit(demo, overrides=True)
    demo.env["SERIENPOST_POLICY"] = str(own)
    (problem,) = demo.refused("prepare", "neues")
    assert (problem["key"], problem["message"]) == ("consent.override", "is locked by the policy")
    assert problem["file"].endswith("serienpost.yaml")


def test_what_the_machine_locks_another_policy_cannot_change(
    demo: Practice, machine: Path, tmp_path: Path
) -> None:
    machine.write_text("consent: {require: [flags]}\nlocked: [consent.require]\n")
    own = tmp_path / "own.yaml"
    own.write_text("consent:\n  require: []\n")
    demo.edit("serienpost.yaml", "  require: [] ", "  # ")
    demo.env["SERIENPOST_POLICY"] = str(own)
    (problem,) = demo.refused("prepare", "neues")
    assert (problem["file"], problem["line"]) == (str(own), 2)


def test_another_policy_adds_to_that_of_the_machine(
    demo: Practice, machine: Path, tmp_path: Path
) -> None:
    machine.write_text("required_plugins: [serienpost-a]\nlocked: [dispatcher]\n")
    own = tmp_path / "own.yaml"
    own.write_text("required_plugins: [serienpost-b]\nlocked: [consent.override]\n")
    demo.env["SERIENPOST_POLICY"] = str(own)
    permit(demo, overrides=True)
    messages = {problem["message"] for problem in demo.refused("check", "neues")}
    assert {
        "the policy requires serienpost-a",
        "the policy requires serienpost-b",
        "is locked by the policy",
    } <= messages
