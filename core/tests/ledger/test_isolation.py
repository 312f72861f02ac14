"""Two practices in one ledger, with the same run ids, keys and accounts, never see each other."""

from __future__ import annotations

import importlib
import inspect
import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from serienpost.contracts.accounts import Rate
from serienpost.contracts.channels import Event
from serienpost.ledger import (
    claims,
    connections,
    delivery,
    drafts,
    due,
    logins,
    permits,
    returned,
    runs,
    selections,
    suppressions,
    tasks,
    transitions,
    users,
)
from serienpost.ledger.delivery import Result
from serienpost.ledger.drafts import DraftRow, UploadRow
from serienpost.ledger.reviewed import rows_of_run
from serienpost.ledger.schema import (
    account,
    attempt,
    event,
    permit,
    selected,
    selection,
    session,
    suppression,
    worker,
)
from serienpost.ledger.schema import task as task_table
from serienpost.run.prepare import choose, freeze, plan, selection_marks, taking_over
from serienpost.run.report import history, recipients, summary
from serienpost.run.report import selections as chosen
from serienpost.run.send import approve, doubts, events, finish, parts, schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ClauseElement

    from serienpost.ledger.store import Ledger, Tx

    Desk = Any

MODULES = [
    "ledger.claims",
    "ledger.connections",
    "ledger.delivery",
    "ledger.drafts",
    "ledger.due",
    "ledger.logins",
    "ledger.permits",
    "ledger.returned",
    "ledger.runs",
    "ledger.selections",
    "ledger.suppressions",
    "ledger.tasks",
    "ledger.transitions",
    "ledger.users",
    "run.prepare.choose",
    "run.prepare.freeze",
    "run.prepare.plan",
    "run.prepare.selection_marks",
    "run.prepare.taking_over",
    "run.report.history",
    "run.report.recipients",
    "run.report.selections",
    "run.report.summary",
    "run.send.approve",
    "run.send.doubts",
    "run.send.events",
    "run.send.finish",
    "run.send.parts",
    "run.send.schedule",
]
LEASE = timedelta(minutes=5)
ZONE = ZoneInfo("Europe/Berlin")
DEAD = "999999-DEAD"
DAY, GIVEN_UP, OVER = "2026-03-02", "2026-03-01", "2026-02-28"
RESEND = SimpleNamespace(on_doubt="resend", max_attempts=8)
PARTLESS: Any = SimpleNamespace(part_size=None)
# `u` stands in each header: it is read by every run.
UPLOAD = UploadRow("u", "d", "list", "list.csv", 1)
# Everybody's own file is the same one.
OWN_FILES: Any = SimpleNamespace(
    own_files=SimpleNamespace(one_person_each=True, identities=lambda _: [("{{Nr}}.pdf", (1, 1))])
)


class Intent(NamedTuple):
    """What the send loop calls `Ready`."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


CHANGES: dict[str, Callable[[Any], object]] = {
    "claim": lambda tx: claims.claim(tx, "r", "me", 10, LEASE),
    "claim_parts": lambda tx: claims.claim_parts(tx, "r", "me", 1, LEASE),
    "claims.release": lambda tx: claims.release(tx, "r", DEAD),
    "renew": lambda tx: claims.renew(tx, "r", DEAD, LEASE),
    "take_over": lambda ledger: claims.take_over(ledger, "r", repeatable=False),
    "write_intents": lambda tx: delivery.write_intents(
        tx, "r", DEAD, [Intent(2, 1, 1, ["e"])], LEASE
    ),
    "write_results": lambda tx: delivery.write_results(
        tx, "r", DEAD, [Result(3, 2, 1, "failed", "rejected")]
    ),
    "lock_state": lambda tx: delivery.lock_state(tx, "r", progress=True),
    "cancel_pending": lambda tx: delivery.cancel_pending(tx, "r", [1]),
    "free_once": lambda tx: delivery.free_once(tx, "r", [6]),
    "take_permits": lambda tx: permits.take_permits(tx, "post", [Rate(3, 60)], 9),
    "take_share": lambda tx: connections.take_share(tx, "me", "r", "post", 5, 0, lease=LEASE),
    "leave": lambda tx: connections.leave(tx, DEAD),
    "suppress": lambda tx: suppressions.suppress(tx, "email", "h2", "manual", "user"),
    "suppressions.release": lambda tx: suppressions.release(tx, "email", "h1"),
    "approve": lambda ledger: approve.approve(ledger, "p", "user"),
    "cancel": lambda ledger: approve.cancel(ledger, "r", "user"),
    "pause": lambda ledger: approve.pause(ledger, "r", "user"),
    "set_paused": lambda tx: runs.set_paused(tx, "r", "quota", ""),
    "resolve": lambda ledger: doubts.resolve(ledger, "r", ["patient:5"], "failed", "user"),
    "apply_rule": lambda tx: doubts.apply_rule(tx, "r", RESEND),
    "give_back": lambda tx: doubts.give_back(tx, "r", [4], PARTLESS),
    "retry_failed": lambda ledger: doubts.retry_failed(ledger, "r", "user"),
    "reopen": lambda tx: doubts.reopen(tx, "f"),
    "take_events": lambda ledger: events.take_events(
        ledger,
        "post",
        "email",
        [
            Event("e1", "complained", datetime(2026, 3, 2, tzinfo=UTC), ref="REF000000007"),
            Event("e2", "bounced", datetime(2026, 3, 2, tzinfo=UTC), provider_ref="q8"),
        ],
    ),
    "begin_finishing": lambda ledger: finish.begin_finishing(ledger, "c", "me"),
    "cut_parts": lambda tx: parts.cut_parts(tx, "s", 2),
    "write_plan_hash": lambda tx: plan.write_plan_hash(tx, "p"),
    "discard": lambda ledger: freeze.discard(ledger, "g"),
    "transitions.move_messages": lambda tx: transitions.move_messages(
        tx, "r", "pending", "cancelled"
    ),
    "transitions.move": lambda tx: tx.execute(transitions.move(tx, "r", "pending", "cancelled")),
    "transitions.move_run": lambda tx: transitions.move_run(tx, "r", "sending", "paused"),
    "unmark_recipients_of": lambda tx: freeze.unmark_recipients_of(tx, "p", ["m"]),
    "unmark_same_address": lambda tx: freeze.unmark_same_address(tx, "p"),
    "discard_dead": freeze.discard_dead,
    "put_off": lambda ledger: _put_off(ledger, "2026-03-03"),
    "end_due": lambda tx: due.end_due(tx, "m", DAY, "r", None),
    "give_up": lambda ledger: due.give_up(ledger, _due(ledger, OVER)),
    "still_open": lambda ledger: due.still_open(ledger, _due(ledger), "away"),
    "was_told": lambda ledger: due.was_told(ledger, _due(ledger, GIVEN_UP)),
    "remove_due": lambda ledger: due.remove_due(ledger, "m", DAY, "user"),
    "cancel_run": lambda tx: approve.cancel_run(tx, "p", "user"),
    "add_draft": lambda tx: drafts.add_draft(tx, _draft(tx, "new")),
    "save_draft": lambda tx: drafts.save_draft(tx, _draft(tx, "d")._replace(title="other"), 1),
    "name_run": lambda tx: drafts.name_run(tx, "d", "r", 1),
    "change_keys": lambda tx: drafts.change_keys(tx, _draft(tx, "d"), {}, "other", "user"),
    "remove_draft": lambda tx: drafts.remove_draft(tx, "d"),
    "add_upload": lambda tx: drafts.add_upload(tx, UPLOAD._replace(id="w"), "user"),
    "give_lists": lambda tx: drafts.give_lists(tx, "asked", ["l"]),
    "forget_waiting_lists": lambda tx: drafts.forget_waiting_lists(
        tx, datetime(2999, 1, 1, tzinfo=UTC)
    ),
    "remove_upload": lambda tx: drafts.remove_upload(tx, "d", "u"),
    "move_due": lambda tx: transitions.move_due(tx, "m", DAY, "open", "done"),
    "insert_user": lambda tx: users.insert_user(tx, "Eva", "hash", ["read"]),
    "update_user": lambda tx: users.update_user(tx, _user(tx), "other", ["read"]),
    "replace_hash": lambda tx: users.replace_hash(tx, _user(tx), "other"),
    "delete_user": lambda tx: users.delete_user(tx, "ada"),
    "begin_session": lambda tx: logins.begin_session(tx, "d3", "ada"),
    "use_session": lambda tx: logins.use_session(tx, "d1"),
    "end_session": lambda tx: logins.end_session(tx, "d1"),
    "end_sessions": lambda tx: logins.end_sessions(tx, "ada"),
    "lock_failed_logins": lambda tx: logins.lock_failed_logins(tx, ["k1", "k2"]),
    "write_failed_logins": lambda tx: logins.write_failed_logins(tx, {"k1": 3}),
    "forgive_failed_logins": lambda tx: logins.forgive_failed_logins(tx, {"k1": 0}),
    "forget_old_logins": logins.forget_old_logins,
    "move_task": lambda tx: transitions.move_task(tx, "t", "waiting", "cancelled"),
    "enter_task": lambda ledger: tasks.enter_task(ledger, "n", "user", {"what": "prepare"}),
    "note_done": lambda ledger: tasks.note_done(ledger, "w", DEAD, 7),
    "end_task": lambda tx: tasks.end_task(tx, "w", DEAD, "done", run="r"),
    "close_task": lambda ledger: tasks.close_task(ledger, "w", DEAD, "failed"),
    "leave_task": lambda ledger: tasks.leave_task(ledger, "w", DEAD),
    "cancel_task": lambda ledger: tasks.cancel_task(ledger, "t"),
    "note_left": lambda tx: tasks.note_left(tx, "w", DEAD),
    "forget_test": lambda tx: tasks.forget_test(tx, tasks.find_task(tx, "i")),
    "forget_ended": tasks.forget_ended,
    "forget_log_ins": lambda tx: users.forget_log_ins(tx, tx.now + timedelta(days=1)),
    "taken": lambda ledger: _is_taken(ledger),  # noqa: PLW0108  # defined below
    "lock_selection": lambda tx: selections.lock_selection(tx, "dead"),
    "end_reading": lambda tx: selections.end_reading(tx, "asked", "failed", reason="away"),
    "forget_selection": lambda tx: selections.forget_selection(tx, "s"),
    "back_to_hits": lambda ledger: choose.back_to_hits(ledger, "hits", "user"),
    "ask_again": lambda ledger: choose.ask_again(ledger, "s", "user"),
    "change_rows": lambda ledger: selection_marks.change_rows(
        ledger, "s", "user", ["patient:1"], mark=False
    ),
    "change_all": lambda ledger: selection_marks.change_all(
        ledger, "s", "user", [], {}, mark=False
    ),
    "discard_selection": lambda ledger: selection_marks.discard_selection(ledger, "s", "user"),
    "move_selection": lambda tx: transitions.move_selection(tx, "s", "ready", "reading"),
    "selection_status": lambda ledger: chosen.selection_status(ledger, "dead", ZONE),
    "selection_statuses": lambda ledger: chosen.selection_statuses(ledger, ZONE),
    "unmark_files_of_several": lambda tx: freeze.unmark_files_of_several(tx, OWN_FILES, "p"),
}

READS: dict[str, Callable[[Any], object]] = {
    "under_way": lambda tx: claims.under_way(tx, "r", DEAD),
    "is_on_the_wire": lambda tx: claims.is_on_the_wire(tx, "r", 999999),
    "count_overridden": lambda tx: runs.count_overridden(tx, "p"),
    "reason_of": lambda tx: suppressions.reason_of(tx, "email", "h1"),
    "files_of_several": lambda tx: freeze.files_of_several(tx, OWN_FILES, "p"),
    "message_story": lambda tx: history.message_story(
        tx, runs.find_run(tx, "r"), runs.find_rows(tx, "r", "patient:3")[0], ZONE
    ),
    "sent_tests": lambda tx: history.sent_tests(tx, ZONE),
    "deliverers": lambda tx: connections.deliverers(tx, "r"),
    "find_run": lambda tx: runs.find_run(tx, "r"),
    "lock_run": lambda tx: runs.find_run(tx, "r"),
    "open_run": lambda tx: runs.open_run(tx, "m", "2026-03-02"),
    "released_runs": lambda tx: runs.released_runs(tx, "m", "2026-03-02"),
    "runs_to_continue": runs.runs_to_continue,
    "taken_up": lambda ledger: _is_taken_up(ledger),  # noqa: PLW0108  # defined below
    "due_rows": lambda tx: due.due_rows(tx, "open"),
    "find_due": lambda tx: due.find_due(tx, "m", DAY),
    "due_dates": lambda ledger: history.due_dates(ledger, ZONE),
    "keeps_returning": returned.keeps_returning,
    "find_selection": lambda tx: selections.find_selection(tx, "s"),
    "require_read": lambda tx: selections.require_read(tx, "s"),
    "old_selections": lambda tx: selections.old_selections(tx, datetime(2999, 1, 1, tzinfo=UTC)),
    "marked_hits": lambda ledger: choose.marked_hits(
        ledger,
        "hits",
        [SimpleNamespace(id="patient:1")],  # type: ignore[list-item]  # as a row is
    ),
    "refuse_used": lambda tx: choose.refuse_used(tx, "s"),
    "drafts_writing_to": lambda tx: drafts.drafts_writing_to(tx, "asked"),
    "lists_of": lambda tx: drafts.lists_of(tx, "s"),
    "waiting_lists": lambda tx: drafts.waiting_lists(tx, ["l"]),
    "require_ready": lambda tx: selections.require_ready(tx, "s"),
    "all_selections": selections.all_selections,
    "count_selected": lambda tx: selections.count_selected(tx, "s"),
    "ready_selection": lambda ledger: taking_over.ready_selection(ledger, "s"),
    "taken_selection": lambda tx: taking_over.taken_selection(tx, "p"),
    "selection_reasons": lambda ledger: chosen.selection_reasons(ledger, "s"),
    "explain_selected": lambda ledger: chosen.explain_selected(ledger, "s", "patient:1", ZONE),
    "shared_rows": lambda ledger: recipients.shared_rows(ledger, rows_of_run("p")),
    "place": lambda ledger: recipients.place(ledger, rows_of_run("p"), "patient:3"),
    "split_names": lambda tx: runs.split_names(tx, "r", ["patient:5,patient:6"]),
    "find_rows": lambda tx: runs.find_rows(tx, "r", "patient:5"),
    "list_runs": lambda ledger: history.list_runs(ledger, 50, ZoneInfo("UTC")),
    "message_page": lambda ledger: history.message_page(ledger, "r", 1, 5, ()),
    "messages_of": lambda ledger: list(history.messages_of(ledger, "r")),
    "run_status": lambda ledger: history.run_status(ledger, "r", ZONE),
    "story": lambda ledger: history.story(ledger, "r", "patient:3", ZONE),
    "other_messages": lambda ledger: history.other_messages(ledger, "r", "patient:3", ZONE, 9),
    "explain": lambda ledger: history.explain(ledger, "p", "patient:3", ZONE),
    "mark_changes": lambda ledger: history.mark_changes(ledger, "p", ZONE),
    "compute_plan_hash": lambda tx: plan.compute_plan_hash(tx, "p"),
    "count_plan": lambda tx: plan.count_plan(tx, "p"),
    "review_head": lambda ledger: recipients.review_head(ledger, "p"),
    "costly_signs": lambda ledger: recipients.costly_signs(ledger, "p"),
    "sheets": lambda ledger: recipients.sheets(ledger, "p"),
    "held_runs": schedule.held_runs,
    "owed": lambda ledger: schedule.owed(ledger, "post"),
    "plan_counts": lambda ledger: recipients.plan_counts(ledger, "p"),
    "page_of": lambda ledger: recipients.page_of(ledger, rows_of_run("p"), 1, 5, None),
    "reasons": lambda ledger: recipients.reasons(ledger, "p"),
    "recipients": lambda ledger: list(recipients.recipients(ledger, rows_of_run("p"))),
    "report": lambda ledger: summary.report(ledger, "r", ZONE),
    "write_failures": lambda ledger: _csv(ledger, "r"),
    "cancelled_runs_to_settle": lambda tx: tx.all(finish.cancelled_runs_to_settle(tx)),
    "count_states": lambda tx: runs.count_states(tx, "r"),
    "last_part": lambda tx: parts.last_part(tx, "r"),
    "generation_of": lambda ledger: parts.generation_of(ledger, "r"),
    "count_open": lambda tx: finish.count_open(tx, "r"),
    "entries": suppressions.entries,
    "entries_page": lambda tx: suppressions.entries_page(tx, 1, 9),
    "entry_of": lambda tx: suppressions.entry_of(tx, "email", "h1"),
    "suppressions.reports": lambda tx: suppressions.reports(tx, ["event e"]),
    "last_log_ins": users.last_log_ins,
    "log_ins_before": lambda tx: users.log_ins_before(tx, datetime(2999, 1, 1, tzinfo=UTC)),
    "newest_task": lambda tx: tasks.newest_task(tx, "prepare", "waiting", "working"),
    "all_users": users.all_users,
    "lock_users": users.lock_users,
    "find_user": lambda tx: users.find_user(tx, "ada"),
    "lock_user": lambda tx: users.lock_user(tx, "ada"),
    "find_session": lambda tx: logins.find_session(tx, "d1"),
    "failed_logins": lambda tx: logins.failed_logins(tx, ["k1"]),
    "find_task": lambda tx: tasks.find_task(tx, "t"),
    "newest_tasks": lambda tx: tasks.newest_tasks(tx, 9),
    "newest_reading": lambda tx: tasks.newest_reading(tx, "s"),
    "newest_of": lambda tx: tasks.newest_of(tx, "prepare", 9),
    "user_lines": lambda tx: users.user_lines(tx, 9),
    "open_tasks": tasks.open_tasks,
    "open_tests": tasks.open_tests,
    "is_wanted": lambda tx: tasks.is_wanted(tx, "w", DEAD),
    "is_free": lambda ledger: tasks.is_free(ledger, _task(ledger, "w")),
    "mailings_of_runs": runs.mailings_of_runs,
    "has_drafts": drafts.has_drafts,
    "find_draft": lambda tx: drafts.find_draft(tx, "d"),
    "all_drafts": drafts.all_drafts,
    "old_drafts": lambda tx: drafts.old_drafts(tx, datetime(2999, 1, 1, tzinfo=UTC)),
    "runs_reading": lambda tx: drafts.runs_reading(tx, [UPLOAD]),
    "uploads_of": lambda tx: drafts.uploads_of(tx, "d"),
    "known_uploads": lambda tx: drafts.known_uploads(tx, ["u", "w"]),
    "draft_heads": drafts.draft_heads,
    "draft_of_run": lambda tx: drafts.draft_of_run(tx, "p"),
}


def _user(tx: Tx) -> users.UserRow:
    row = users.find_user(tx, "ada")
    assert row is not None
    return row


def _draft(tx: Tx, draft_id: str) -> DraftRow:
    said: dict[str, Any] = {"mailing": "m", "title": "title", "user": "user", "keys": {"rows": []}}
    return DraftRow(
        id=draft_id,
        **said,
        version=1,
        selection=None,
        run="p",
        run_version=1,
        created_at=tx.now,
        saved_at=tx.now,
        saved_by="user",
    )


def _put_off(ledger: Ledger, day: str) -> None:
    until = datetime(2999 if day == DAY else 2020, 1, 1, tzinfo=UTC)
    due.put_off(ledger, "m", day, name="m", archive=None, reason="away", by="os:user", until=until)


def _due(ledger: Ledger, day: str = DAY) -> due.DueRow:
    with ledger.read() as tx:
        row = due.find_due(tx, "m", day)
    assert row is not None
    return row


def _is_taken_up(ledger: Ledger) -> bool:
    with due.taken_up(ledger, "m", DAY) as owner:
        return owner is not None


def _task(ledger: Ledger, name: str) -> tasks.TaskRow:
    with ledger.read() as tx:
        return tasks.find_task(tx, name)


def _is_taken(ledger: Ledger) -> bool:
    with tasks.taken(ledger, _task(ledger, "t")) as owner:
        return owner is not None


def _csv(ledger: Ledger, run: str) -> str:
    file = io.StringIO()
    summary.write_failures(ledger, run, file)
    return file.getvalue()


def _fill(desk: Desk, count: int) -> None:
    """The same ids in each practice; `count` rows per run."""
    desk.add_run("r")
    desk.add_run("p", "prepared", plan_hash="?")
    desk.add_run("g", "preparing", owner=DEAD)
    desk.add_run("f", "finished", approved_at=datetime(2026, 3, 2, tzinfo=UTC))
    desk.add_run("c", "cancelled")
    cost = {"unit": "credits", "amount": 2, "because": "ž", "sheets": 1}
    desk.add_messages("p", count, "planned", consent=[], once_key=None, cost=cost, macro_values={})
    later = datetime(2999, 1, 1, tzinfo=UTC)
    held = {**desk.header.to_json(), "hand_over": "now"}
    desk.add_run("h", "finished", send_at=later, header=held, account="post")
    desk.add_messages("h", count, "accepted", cost=cost)
    states = ["pending", "claimed", "sending", "failed", "in_doubt", "cancelled"]
    states += ["accepted"] * (count - len(states))
    desk.add_messages("r", count, "pending")
    desk.add_run("s")
    desk.add_messages("s", 3, "pending")
    with desk.ledger.begin() as tx:
        from serienpost.ledger.schema import message

        for no, state in enumerate(states, start=1):
            held = state in ("claimed", "sending")
            tx.execute(
                tx.update(message)
                .where(message.c.run == "r", message.c.no == no)
                .values(
                    state=state,
                    part=None if no == 2 else no,
                    ref=f"REF{no:09}",
                    provider_ref=f"q{no}",
                    address_hash=f"a{no}",
                    owner=DEAD if held else None,
                    lease_until=tx.now + LEASE if held else None,
                    fence=2 if state == "sending" else 1,
                    attempts=1 if state == "sending" else 0,
                    sent_at=tx.now if state == "accepted" else None,
                )
            )
        tx.insert(
            attempt,
            [
                {
                    "run": "r",
                    "no": 3,
                    "attempt": 1,
                    "owner": DEAD,
                    "fence": 2,
                    "started_at": tx.now,
                }
            ],
        )
        tx.insert(account, [{"account": "post", "last_permit": 1, "last_stamp": tx.now}])
        tx.insert(permit, [{"account": "post", "seq": 1, "stamp": tx.now}])
        dead = {"owner": DEAD, "role": "deliver", "run": "r", "account": "post", "connections": 2}
        tx.insert(worker, [{**dead, "since": tx.now, "seen_at": tx.now}])
        entry = {"kind": "email", "address_hash": "h1", "reason": "manual", "source": "user"}
        tx.insert(suppression, [{**entry, "since": tx.now}])
        told = {"id": "e", "account": "post", "kind": "bounce", "at": tx.now, "code": str(count)}
        tx.insert(event, [told])
        users.insert_user(tx, "Ada", "hash", ["read"] * count)
        logins.begin_session(tx, "d1", "ada")
        over = {"digest": "d2", "user": "ada", "used_at": tx.now}
        tx.insert(session, [{**over, "began_at": tx.now - logins.ENDS_AFTER}])
        logins.lock_failed_logins(tx, ["k1"])
        logins.write_failed_logins(tx, {"k1": count})
        asked = {"what": "prepare", "asked_by": "user", "asked_at": tx.now, "done": 0}
        asked["selection"] = None
        held = {"owner": DEAD, "tries": 1, "ended_at": None}
        free = {"owner": None, "tries": 0, "ended_at": None}
        long_ago = tx.now - tasks.KEPT - LEASE
        tx.insert(
            task_table,
            [
                {"id": "t", "state": "waiting", **asked, **free},
                {"id": "w", "state": "working", **asked, **held},
                {"id": "e", "state": "done", **asked, **free, "ended_at": long_ago},
                {"id": "i", "state": "waiting", **asked, **free, "what": "test"},
                {"id": "r", "state": "waiting", **asked, **free, "what": "read", "selection": "s"},
            ],
        )
        for name in ("d", "e"):
            drafts.add_draft(
                tx,
                _draft(tx, name)._replace(keys={"rows": ["x"] * count}, selection="asked"),
            )
            drafts.add_upload(
                tx, UPLOAD._replace(id=f"list-{name}", draft=None, selection="s"), "user"
            )
        drafts.add_upload(tx, UPLOAD, "user")
        drafts.add_upload(tx, UPLOAD._replace(id="l", draft=None), "user")
        _choose(tx, desk, count)
        taken = {"selection": "s", "vanished": 0, "vanished_rows": []}
        tx.note("user", "log in")
        tx.note("user", "prepare", "p", detail=taken)
        tx.note("user", "exclude", "p", 1)
        tx.note("user", "test", "p", 1, {"to": "h1"})
    desk.hold_once("r", 1, 2, 3, 5, 6)
    for day in (DAY, GIVEN_UP, OVER):
        _put_off(desk.ledger, day)
    due.give_up(desk.ledger, _due(desk.ledger, GIVEN_UP))


def _choose(tx: Tx, desk: Desk, count: int) -> None:
    """A selection that is ready, one that waits, and one whose reader died; the rows of each."""
    plain = desk.header.to_json()
    names = ["kind", "channel", "account", "purpose", "due", "blocks", "extra"]
    header = {name: plain[name] for name in names}
    row = {name: plain[name] for name in ("kind", "account", "purpose", "due")}
    row |= {"header": header, "created_at": tx.now, "created_by": "user"}
    states = {"s": ("ready", None), "asked": ("reading", None), "dead": ("reading", DEAD)}
    states["hits"] = ("ready", None)
    for name, (state, owner) in states.items():
        at = tx.now if name == "hits" else None
        found = {"id": name, "state": state, "owner": owner, "found_at": at}
        tx.insert(selection, [row | found])
        rows = [
            {
                "selection": name,
                "no": no,
                "row_id": f"patient:{no}",
                "block": 0,
                "person": f"patient:{no}",
                "consent": [],
                "allowed": no != 2,
                "marked": no != 2,
                "because": "flags.no" if no == 2 else None,
            }
            for no in range(1, count + 1)
        ]
        tx.insert(selected, rows)
        if at:
            tx.insert(selected, [one | {"selection": f"{name}~"} for one in rows])


def _call(desk: Desk, name: str, function: Callable[[Any], object]) -> object:
    if _first_parameter(name) == "Ledger":
        return function(desk.ledger)
    with desk.ledger.begin() as tx:
        return function(tx)


def _repository() -> dict[str, str]:
    """Public functions over a practice's ledger -> type of their first parameter."""
    found: dict[str, str] = {}
    for name in MODULES:
        module = importlib.import_module(f"serienpost.{name}")
        for function, value in inspect.getmembers(module, inspect.isfunction):
            types = list(value.__annotations__.values())
            if (
                value.__module__ == module.__name__
                and not function.startswith("_")
                and types[0] in ("Tx", "Ledger")
            ):
                found[f"{name.rpartition('.')[2]}.{function}"] = types[0]
    return found


def _first_parameter(name: str) -> str:
    (kind,) = {kind for known, kind in _repository().items() if f".{known}".endswith(f".{name}")}
    return kind


def test_every_function_over_a_ledger_is_tried() -> None:
    tried = {*CHANGES, *READS}
    known = _repository()
    missing = [n for n in known if n not in tried and n.partition(".")[2] not in tried]
    assert missing == []
    assert len(known) == len(tried)


@pytest.mark.parametrize("name", CHANGES)
def test_changing_one_practice_leaves_the_other(desk_of: Callable[[str], Desk], name: str) -> None:
    mine, theirs = desk_of("a"), desk_of("b")
    for desk in (mine, theirs):
        _fill(desk, 8)
    before_mine, before_theirs = mine.everything(), theirs.everything()
    mine.clock.forward(1)
    _call(mine, name, CHANGES[name])
    assert theirs.everything() == before_theirs
    assert mine.everything() != before_mine


def test_what_one_practice_reads_does_not_depend_on_the_other(
    desk_of: Callable[[str], Desk],
) -> None:
    mine, theirs = desk_of("a"), desk_of("b")
    _fill(mine, 8)
    before = {name: _call(mine, name, function) for name, function in READS.items()}
    _fill(theirs, 11)
    after = {name: _call(mine, name, function) for name, function in READS.items()}
    assert after == before
    empty = {
        "cancelled_runs_to_settle",
        "keeps_returning",
        "refuse_used",
        "shared_addresses",
        "shared_rows",
        "deliverers",
        "reasons",
        "under_way",
        "count_overridden",
    }
    assert all(value or name in empty for name, value in before.items())


def test_an_unknown_practice_is_empty(desk_of: Callable[[str], Desk]) -> None:
    _fill(desk_of("a"), 8)
    empty = desk_of("c").everything()
    assert {name for name, rows in empty.items() if rows} == {"practice"}


def test_statements_of_a_transaction_name_the_practice(desk: Desk) -> None:
    def practices(tx: Tx, statement: ClauseElement) -> set[str]:
        compiled = statement.compile(tx.connection)
        return {value for value in compiled.params.values() if value == tx.practice}

    with desk.ledger.begin() as tx:
        for statement in (tx.select(permit), tx.update(permit).values(seq=1), tx.delete(permit)):
            assert practices(tx, statement) == {"sonnenschein"}
