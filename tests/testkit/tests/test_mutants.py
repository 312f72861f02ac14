"""Broken plugins: each is caught by the test that names its fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    RunSuite = Callable[..., tuple[set[str], set[str]]]

pytest_plugins = ["pytester"]

GOOD = {
    "source": "class Plugin(NullSource): pass",
    "consent": "class Plugin(Members): pass",
    "address owners": "class Plugin(Register): pass",
    "macro": "class Plugin(NullName): pass",
    "channel": "class Plugin(PostboxChannel): pass",
}

SOURCES = {
    "test_selection_has_at_least_three_rows": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        yield from itertools.islice(super().rows(context, selection, request), 0)
""",
    "test_selection_model_refuses_unknown_keys": """
class Loose(NullSelection):
    model_config = {"extra": "ignore"}
class Plugin(NullSource):
    selection = Loose
""",
    "test_selection_model_describes_its_keys": """
class Silent(NullSelection):
    more: int = 0
class Plugin(NullSource):
    selection = Silent
""",
    "test_offers_fields_with_known_classes": """
class Plugin(NullSource):
    def offers(self, context, selection):
        return dict.fromkeys(super().offers(context, selection), "secret")
""",
    "test_rows_is_an_iterator": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        return list(super().rows(context, selection, request))
""",
    "test_rows_come_lazily": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        yield from list(super().rows(context, selection, request))
""",
    "test_batches_are_not_larger_than_asked": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        yield from super().rows(context, selection, dataclasses.replace(request, batch=500))
""",
    "test_batch_size_changes_nothing_else": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield batch[:1] if request.batch == 2 else batch
""",
    "test_order_is_stable": """
class Plugin(NullSource):
    calls = itertools.count()
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield batch[:: -1 if next(self.calls) % 2 else 1]
""",
    "test_order_by_is_kept_or_refused": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        yield from super().rows(context, selection, dataclasses.replace(request, order_by=()))
""",
    "test_row_ids_are_unique": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield from (batch, batch)
""",
    "test_ids_are_kind_and_key": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield [row._replace(person_id=row.person_id[8:]) for row in batch]
""",
    "test_occasion_times_are_aware_and_utc": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield [
                row._replace(occasion=dataclasses.replace(
                    row.occasion, starts_at=row.occasion.starts_at.replace(tzinfo=None)))
                for row in batch
            ]
""",
    "test_rows_have_exactly_the_fields_asked_for": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        everything = frozenset(self.offers(context, selection))
        yield from super().rows(context, selection, dataclasses.replace(request, fields=everything))
""",
    "test_values_are_plain": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield [
                row._replace(fields={name: [1] for name in row.fields})
                for row in batch
            ]
""",
    "test_values_are_of_their_fields_types": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield [
                row._replace(fields={
                    name: "nein" if value is False else value
                    for name, value in row.fields.items()
                })
                for row in batch
            ]
""",
    "test_current_answers_in_order": """
class Plugin(NullSource):
    def current(self, context, selection, rows, request):
        rows = sorted(rows, key=lambda row: row.person_id)
        return super().current(context, selection, rows, request)
""",
    "test_current_names_who_consents": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            yield [row._replace(consenting_id="patient:2") for row in batch]
""",
    "test_current_reads_only_the_fields_asked_for": """
class Plugin(NullSource):
    def current(self, context, selection, rows, request):
        request = dataclasses.replace(request, fields=request.fields | {"nachname"})
        return super().current(context, selection, rows, request)
""",
    "test_unknown_rows_are_gone": """
class Plugin(NullSource):
    def current(self, context, selection, rows, request):
        states = super().current(context, selection, rows, request)
        return [state for state in states if not state.gone]
""",
    "test_nothing_personal_is_logged": """
class Plugin(NullSource):
    def rows(self, context, selection, request):
        for batch in super().rows(context, selection, request):
            logging.getLogger("vendor").debug("rows %s", batch)
            yield batch
""",
}

ADDRESS_OWNERS = {
    "test_it_says_whom_it_knows": """
class Plugin(Register):
    persons = frozenset({"interessent"})
""",
    "test_all_owners_of_an_address_are_found": """
class Plugin(Register):
    def of(self, address):
        return super().of(address)[:1]
""",
    "test_owners_come_in_the_order_of_the_addresses": """
class Plugin(Register):
    def owners(self, context, kind, addresses, judged_on):
        return super().owners(context, kind, sorted(addresses), judged_on)
""",
    "test_who_consents_is_judged_for_the_day_of_leaving": """
class Plugin(Register):
    def owners(self, context, kind, addresses, judged_on):
        return super().owners(context, kind, addresses, BIRTHDAY)
""",
    "test_thousands_of_addresses_may_come_at_once": """
class Plugin(Register):
    def owners(self, context, kind, addresses, judged_on):
        return super().owners(context, kind, addresses[-999:], judged_on)
""",
    "test_no_addresses_no_owners": """
class Plugin(Register):
    def owners(self, context, kind, addresses, judged_on):
        return super().owners(context, kind, addresses, judged_on) or [[]]
""",
    "test_no_address_is_logged": """
class Plugin(Register):
    def of(self, address):
        logging.getLogger("register").info("looking for %s", address)
        return super().of(address)
""",
}

CONSENT_CHECKS = {
    "test_one_verdict_per_question": """
class Plugin(Members):
    def check(self, context, questions):
        return [v for v in super().check(context, questions) if not isinstance(v, Abstain)]
""",
    "test_verdicts_are_of_the_exact_types": """
class Yes(Allow): pass
class Plugin(Members):
    def one(self, question):
        verdict = super().one(question)
        return Yes("members") if isinstance(verdict, Allow) else verdict
""",
    "test_order_is_kept": """
class Plugin(Members):
    def check(self, context, questions):
        return super().check(context, sorted(questions, key=lambda q: (q.kind, q.person_id)))
""",
    "test_a_batch_is_answered_like_single_questions": """
class Plugin(Members):
    def check(self, context, questions):
        verdicts = super().check(context, questions)
        by_person = {q.person_id: v for q, v in zip(questions, verdicts)}
        return [by_person[q.person_id] for q in questions]
""",
    "test_is_deterministic": """
class Plugin(Members):
    asked = False
    def one(self, question):
        verdict = Abstain() if self.asked else super().one(question)
        self.asked = question.kind == "sms"
        return verdict
""",
    "test_no_questions_no_verdicts": """
class Plugin(Members):
    def check(self, context, questions):
        return super().check(context, questions) or [Abstain()]
""",
    "test_a_large_batch_is_answered": """
class Plugin(Members):
    def check(self, context, questions):
        return super().check(context, questions[:999])
""",
    "test_a_stranger_is_never_allowed": """
class Plugin(Members):
    def one(self, question):
        return super().one(question._replace(consenting_id=question.person_id))
""",
    "test_an_unknown_purpose_is_answered": """
class Plugin(Members):
    def one(self, question):
        {"event": 1}[question.purpose]
        return super().one(question)
""",
    "test_an_unknown_kind_is_never_allowed": """
class Plugin(Members):
    def one(self, question):
        return Abstain() if question.kind == "sms" else super().one(
            question._replace(kind="email"))
""",
    "test_evidence_names_a_record_by_ids": """
class Plugin(Members):
    def one(self, question):
        verdict = super().one(question)
        return Allow(f"mail to {question.address}") if isinstance(verdict, Allow) else verdict
""",
    "test_a_denial_says_why_and_what_would_help": """
class Plugin(Members):
    def one(self, question):
        verdict = super().one(question)
        return Deny("Has left!", "no", "") if isinstance(verdict, Deny) else verdict
""",
    "test_nothing_personal_is_logged": """
class Plugin(Members):
    def one(self, question):
        print("asked for", question)
        return super().one(question)
""",
}

MACROS = {
    "test_a_text_can_name_it": 'class Plugin(NullName): name = "Null-Name"',
    "test_has_an_example": 'class Plugin(NullName): example = ""',
    "test_declares_its_fields": 'class Plugin(NullName): fields = ("vorname", "nachname")',
    "test_declares_its_class": "class Plugin(NullName): sensitivity = 1",
    "test_declares_its_kinds": "class Plugin(NullName): kinds = frozenset()",
    "test_reads_only_declared_fields": """
class Plugin(NullName):
    def value(self, fields, setting):
        return fields.get("geburtsdatum") or super().value(fields, setting)
""",
    "test_value_is_plain": """
class Markup(str): pass
class Plugin(NullName):
    def value(self, fields, setting):
        return Markup(super().value(fields, setting))
""",
    "test_is_deterministic": """
class Plugin(NullName):
    calls = itertools.count()
    def value(self, fields, setting):
        return next(self.calls)
""",
    "test_says_whether_it_is_dated": """
class Plugin(NullName):
    def value(self, fields, setting):
        return setting.due
""",
    "test_missing_values_are_no_fault": """
class Plugin(NullName):
    def value(self, fields, setting):
        return fields["vorname"].strip()
""",
    "test_any_one_value_may_be_missing": """
class Plugin(NullName):
    def value(self, fields, setting):
        return f"{fields['vorname']} {fields['nachname']}" if any(fields.values()) else ""
""",
    "test_serves_all_its_kinds_and_languages": """
class Plugin(NullName):
    def value(self, fields, setting):
        return {"de": "Name"}[setting.language]
""",
    "test_nothing_personal_is_logged": """
class Plugin(NullName):
    def value(self, fields, setting):
        logging.warning("no title for %s", fields["nachname"])
        return super().value(fields, setting)
""",
}

CHANNELS = {
    "test_declares_what_it_is": 'class Plugin(PostboxChannel): kind = "telegram"',
    "test_account_model_refuses_unknown_keys": """
class Loose(PostboxAccount):
    model_config = {"extra": "ignore"}
class Plugin(PostboxChannel):
    account = Loose
""",
    "test_account_model_describes_its_keys": """
class Silent(PostboxAccount):
    more: int = 0
class Plugin(PostboxChannel):
    account = Silent
""",
    "test_processor_is_named": """
class Plugin(PostboxChannel):
    def processor(self, account):
        return Processor("", "")
""",
    "test_compose_keeps_kind_and_address": """
class Plugin(PostboxChannel):
    def compose(self, context, account, draft):
        content = super().compose(context, account, draft)
        return dataclasses.replace(content, address="0049" + draft.address[3:])
""",
    "test_compose_is_deterministic": """
class Plugin(PostboxChannel):
    calls = itertools.count()
    def compose(self, context, account, draft):
        content = super().compose(context, account, draft)
        return dataclasses.replace(content, sender=str(next(self.calls)))
""",
    "test_compose_tells_drafts_apart": """
class Plugin(PostboxChannel):
    def compose(self, context, account, draft):
        content = super().compose(context, account, draft)
        return dataclasses.replace(content, text="see the attachment")
""",
    "test_compose_refuses_what_it_cannot_express": """
class Plugin(PostboxChannel):
    def compose(self, context, account, draft):
        return super().compose(context, account, dataclasses.replace(draft, attachments=()))
""",
    "test_cost_is_countable": """
class Plugin(PostboxChannel):
    def cost(self, account, content):
        return Cost("euros", 1)
""",
    "test_preview_is_files": """
class Plugin(PostboxChannel):
    def preview(self, account, message):
        return {".txt": message.content.text}
""",
    "test_sender_has_slots_and_batches": """
class Sender(PostboxSender):
    slots = 0
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_calls_hold_each_message_once": """
class Sender(PostboxSender):
    def calls(self, messages):
        return [messages[at : at + 3] for at in range(0, len(messages) - 2, 3)]
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_one_outcome_per_message": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        return (await super().send(call, slot, go))[:1]
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_accepted_means_that_it_arrived": """
class Sender(PostboxSender):
    def put(self, message):
        if message.position:
            super().put(message)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_reference_and_address_are_passed_on": """
class Sender(PostboxSender):
    def put(self, message):
        super().put(dataclasses.replace(message, ref=message.ref.lower()))
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_text_arrives_unchanged": """
class Sender(PostboxSender):
    def put(self, message):
        text = message.content.text.encode("latin-1", "replace").decode("latin-1")
        content = dataclasses.replace(message.content, text=text)
        super().put(dataclasses.replace(message, content=content))
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_a_schedule_is_passed_on": """
class Sender(PostboxSender):
    def put(self, message):
        super().put(dataclasses.replace(message, send_at=None))
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_the_account_can_be_opened_again": """
class Plugin(PostboxChannel):
    opened = False
    def open(self, context, account):
        assert not self.opened
        self.opened = True
        return super().open(context, account)
""",
    "test_no_task_is_left_behind": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        self.keep_alive = asyncio.ensure_future(asyncio.sleep(60))
        return await super().send(call, slot, go)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_cancellation_leaves_no_task": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        wire = asyncio.ensure_future(asyncio.sleep(0.05))
        await asyncio.shield(wire)
        return await super().send(call, slot, go)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_outcomes_hold_no_address": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        await super().send(call, slot, go)
        return [Accepted(message.ref, f"250 <{message.content.address}> ok") for message in call]
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_nothing_personal_is_logged": """
class Sender(PostboxSender):
    def put(self, message):
        logging.getLogger("vendor.wire").info("sending to %s", message.content.address)
        super().put(message)
class Plugin(PostboxChannel):
    sender = Sender
""",
}

FAULTS_OF_CHANNELS = {
    "test_impossible_faults_are_explained": """
class Plugin(PostboxChannel): pass
class ChannelSuite(ChannelSuite):
    impossible = {"quota": "no"}
""",
    "test_a_fault_has_its_outcome": """
class Sender(PostboxSender):
    def refused(self, fault, message):
        return Deferred("busy", "try again")
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_a_definite_no_did_not_leave": """
class Sender(PostboxSender):
    def refused(self, fault, message):
        self.put(message)
        return super().refused(fault, message)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_after_a_fault_it_works_again": """
class Sender(PostboxSender):
    failed = None
    async def send(self, call, slot, go):
        if self.failed:
            return [self.failed for _ in call]
        outcomes = await super().send(call, slot, go)
        if type(outcomes[0]) is Deferred:
            self.failed = outcomes[0]
        return outcomes
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_a_fault_tells_nothing_personal": """
class Sender(PostboxSender):
    def refused(self, fault, message):
        outcome = super().refused(fault, message)
        return dataclasses.replace(outcome, text=f"550 <{message.content.address}> unknown")
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_the_formatted_part_arrives": """
class Plugin(PostboxChannel):
    capabilities = Capabilities(scheduling=True, html=True, longest_text=500)
    def compose(self, context, account, draft):
        return super().compose(context, account, dataclasses.replace(draft, html=None))
""",
    "test_attachments_arrive": """
class Plugin(PostboxChannel):
    capabilities = Capabilities(scheduling=True, attachments=True, longest_text=500)
    def compose(self, context, account, draft):
        return super().compose(context, account, dataclasses.replace(draft, attachments=()))
""",
    "test_a_killed_run_is_resumed": """
import contextlib
class Sender(PostboxSender):
    def __init__(self, folder):
        super().__init__(folder)
        self.kept = []
    def put(self, message):
        self.kept.append(message)
    def flush(self):
        for message in self.kept:
            super().put(message)
class Plugin(PostboxChannel):
    sender = Sender
    @contextlib.asynccontextmanager
    async def open(self, context, account):
        async with super().open(context, account) as sender:
            yield sender
            sender.flush()
""",
    "test_a_run_tells_nothing_personal": """
class Sender(PostboxSender):
    def put(self, message):
        print("posting", message.content.text)
        super().put(message)
class Plugin(PostboxChannel):
    sender = Sender
""",
}

ABLE_CHANNELS = {
    "test_probe_finds_the_account_in_order": """
class Plugin(PostboxChannel):
    async def probe(self, context, account):
        return []
""",
    "test_probe_finds_a_refused_login": """
class Plugin(PostboxChannel):
    async def probe(self, context, account):
        return [ProbeResult(True, "there is a folder")]
""",
    "test_balance_is_a_number": """
class Plugin(PostboxChannel):
    async def balance(self, context, account):
        return float("inf")
""",
    "test_lookup_tells_sent_from_unsent": """
class Plugin(PostboxChannel):
    async def lookup(self, context, account, messages):
        return [Accepted(message.ref) for message in messages]
""",
    "test_events_are_told_apart": """
from datetime import UTC, datetime
class Plugin(PostboxChannel):
    calls = itertools.count()
    async def events(self, context, account, since):
        for file in context.path("box").glob("*.json"):
            yield Event(f"{next(self.calls)}", "delivered", datetime.now(UTC), ref=file.stem)
""",
    "test_finish_is_idempotent": """
class Plugin(PostboxChannel):
    calls = itertools.count()
    def part_size(self, account):
        return 1
    def finish(self, context, account, generation):
        file = context.path("box") / f"{generation.run}-{next(self.calls)}.txt"
        file.write_text("all")
        return [file]
""",
}

MUTANTS = [
    pytest.param(kind, name, plugin, id=f"{kind}-{name.removeprefix('test_')}")
    for kind, mutants in {
        "source": SOURCES,
        "consent": CONSENT_CHECKS,
        "address owners": ADDRESS_OWNERS,
        "macro": MACROS,
        "channel": {**CHANNELS, **FAULTS_OF_CHANNELS, **ABLE_CHANNELS},
    }.items()
    for name, plugin in mutants.items()
]


LOUD = """
class Account(PostboxAccount):
    key: SecretRef = Field(description="The key.")

class Plugin(PostboxChannel):
    account = Account
    def open(self, context, account):
        logging.getLogger("vendor").info("key %s", context.secret(account.key))
        return super().open(context, account)

class ChannelSuite(ChannelSuite):
    @pytest.fixture
    def settings(self, channel):
        return Account(folder="box", key="secret:POSTBOX_KEY")
"""


def test_a_logged_secret_is_found(run_suite: RunSuite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTBOX_KEY", "geheim-4711")
    _, failed = run_suite("channel", LOUD, "nothing_personal_is_logged")
    assert failed == {"test_nothing_personal_is_logged"}


@pytest.mark.parametrize(("kind", "plugin"), GOOD.items(), ids=GOOD)
def test_a_good_plugin_passes_everything(run_suite: RunSuite, kind: str, plugin: str) -> None:
    passed, failed = run_suite(kind, plugin)
    assert failed == set()
    assert len(passed) >= 13


@pytest.mark.parametrize(("kind", "name", "plugin"), MUTANTS)
def test_a_broken_plugin_is_caught_by_the_test_that_names_its_fault(
    run_suite: RunSuite, kind: str, name: str, plugin: str
) -> None:
    _, failed = run_suite(kind, plugin, name)
    assert failed == {name}
