"""The invariants of the delivery, checked against the provider's own knowledge."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import OPEN
from serienpost.service.desk_worker import LOG

if TYPE_CHECKING:
    from fault_harness.practice import Practice

ARRIVED = {"accepted", "delivered", "bounced", "complained"}
SAME = ("ref", "content_hash", "message_id", "address_hash")
# Addresses and names of the made-up people; none may be in a log or an error.
CANARIES = re.compile(r"null-\d+@|Nullstraße|\+491522|Böhm|Çelik|Dvořák|Ekström|Bülent|Chloé|Dörte")

Snapshot = dict[tuple[str, int], dict[str, Any]]


def snapshot(practice: Practice) -> Snapshot:
    """What must not change from now on: references, contents, and fences only upwards."""
    tables = practice.tables()["message"]
    return {(m["run"], m["no"]): m for m in tables if m["practice"] == practice.id}


def assert_always(practice: Practice, before: Snapshot) -> None:
    """What holds at any moment, also right after a kill."""
    oracle, found = practice.oracle(), snapshot(practice)
    resends, decided = _decisions(practice)
    known = ARRIVED | {"sending", "in_doubt"}
    if practice.provider.repeatable:
        known |= set(OPEN)
    for key, row in found.items():
        ref, state = row["ref"], row["state"]
        assert not oracle[ref] or state in known or key in decided, f"hidden send: {key} is {state}"
        assert oracle[ref] <= 1 + resends[key], f"silent duplicate: {key}"
        earlier = before.get(key)
        if earlier:
            same = SAME if row["marked"] and earlier["marked"] else ("ref",)
            assert row["fence"] >= earlier["fence"], f"fence fell: {key}"
            assert [row[k] for k in same] == [earlier[k] for k in same], f"changed: {key}"
    unknown = set(oracle) - {row["ref"] for row in found.values()}
    tests = sum(done.args[0] == "test" for done in practice.said)
    assert len(unknown) <= tests, "an unknown reference was sent"
    doubtful = sum(row["state"] == "in_doubt" for row in found.values())
    most = practice.provider.most_in_doubt * max(1, practice.deaths)
    assert doubtful <= most, f"{doubtful} in doubt"
    _assert_attempts(practice, found)
    assert_no_canary(practice)


def assert_clean(practice: Practice, before: Snapshot) -> None:
    """What holds after a clean resume."""
    assert_always(practice, before)
    assert practice.is_sound()
    oracle = practice.oracle()
    states = {row["id"]: row["state"] for row in practice.rows(run_table)}
    for key, row in snapshot(practice).items():
        if states[row["run"]] in ("preparing", "prepared"):
            continue
        assert states[row["run"]] in ("finished", "cancelled"), f"run is {states[row['run']]}"
        assert row["state"] not in OPEN, f"lost: {key} is {row['state']}"
        assert row["owner"] is None, f"owned: {key}"
        claims_wire = row["state"] in ARRIVED and row["basis"] in (None, "lookup", "late answer")
        assert not claims_wire or oracle[row["ref"]], f"false sent: {key}"
    assert [a for a in practice.attempts() if a["outcome"] is None] == []
    practice.provider.assert_clean(practice)


def assert_no_canary(practice: Practice) -> None:
    """No patient's data in what the commands said or logged."""
    for done in practice.said:
        spoken = done.err if {"review", "show", "prepare"} & {*done.args} else done.out + done.err
        assert not CANARIES.search(spoken), f"patient data printed by {done.args}"
    heard = practice.folder / LOG
    assert not heard.exists() or not CANARIES.search(heard.read_text("utf-8"))
    log = practice.folder / "serienpost.log"
    assert not log.exists(), log.read_text("utf-8")


def _decisions(practice: Practice) -> tuple[Counter[tuple[str, int]], set[tuple[str, int]]]:
    """Recorded resends, and messages about which anything was decided."""
    resends: Counter[tuple[str, int]] = Counter()
    decided = set()
    for line in practice.decisions():
        if not line["action"].startswith("resolve "):
            continue
        key = (line["run"], line["no"])
        decided.add(key)
        resends[key] += line["action"] == "resolve resend"
    return resends, decided


def _assert_attempts(practice: Practice, found: Snapshot) -> None:
    """At most one open attempt per message, numbered without gaps, fences rising."""
    attempts = defaultdict(list)
    for one in practice.attempts():
        attempts[one["run"], one["no"]].append(one)
    for key, made in attempts.items():
        assert [a["attempt"] for a in made] == list(range(1, len(made) + 1)), f"gap: {key}"
        fences = [a["fence"] for a in made]
        assert fences == sorted(set(fences)), f"fences of attempts: {key}"
        still = [a for a in made if a["outcome"] is None]
        assert len(still) <= 1, f"two attempts under way: {key}"
        assert bool(still) == (found[key]["state"] == "sending"), f"attempt and state: {key}"
