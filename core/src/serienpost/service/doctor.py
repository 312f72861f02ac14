"""Looks at everything a practice needs and goes on after each thing that is broken."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from serienpost.errors import SerienpostError
from serienpost.service.finding import Finding, with_causes
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
    from pathlib import Path

    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.consent import ConsentCheck
    from serienpost.contracts.rows import Source
    from serienpost.contracts.services import Archive, Settings

_ = Texts(__name__)

T = TypeVar("T")
_SECRET = re.compile(r"\bsecret:([A-Za-z_][A-Za-z0-9_]*)")

# Domains that belong to nobody (RFC 2606, section 2 and 3).
_RESERVED = re.compile(r"@(?:.+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)>?\s*\Z")

_SERVE = _("`serienpost demo --serve` starts what a demo practice needs")
_MAINTAINER = _("tell who maintains it")

# How long one account, source or check may take to answer.
PROBE_SECONDS = 60.0


def examine(folder: Path) -> Iterator[Finding]:
    """Everything that a practice needs, one finding after the other, each with the one that tells
    its cause.

    Args:
        folder: the practice folder, which need not be one yet.
    """
    yield from with_causes([*_system(), *_practice(folder)])


def _system() -> Iterator[Finding]:
    import platform
    import sqlite3

    from serienpost import __version__

    yield Finding("serienpost", True, __version__)
    yield Finding("python", True, platform.python_version())
    yield Finding("sqlite", True, sqlite3.sqlite_version)


def _practice(folder: Path) -> Iterator[Finding]:
    from serienpost.config.layers import PRACTICE_FILE
    from serienpost.config.loading import load_practice
    from serienpost.service.first_mailing import missing_folder

    plugins = _guarded(_("plugins"), partial(_plugins, folder))
    yield from plugins
    known = {finding.problem.message for finding in plugins if finding.problem}
    opened: list[PracticeContext] = []

    def config() -> Iterator[Finding]:
        opened.append(load_practice(folder))
        yield Finding(_("config"), True, _("serienpost.yaml is valid"))

    for finding in _guarded(_("config"), config):
        if finding.problem is None or finding.problem.message not in known:
            yield finding
    if opened:
        with opened[0] as context:
            yield from _opened(context)
    elif not (folder / PRACTICE_FILE).exists():
        yield missing_folder()
    else:
        rest = _("ledger, sources, accounts, mailings")
        remedy = _("mend the configuration first, then run doctor again")
        yield Finding(rest, False, _("not looked at"), remedy)


def _opened(context: PracticeContext) -> Iterator[Finding]:
    from serienpost.config.mailing_file import mailing_names
    from serienpost.service.doctor_ledger import ledger_findings
    from serienpost.service.first_mailing import missing_pieces

    for name in _secrets_named(context):
        yield from _guarded(_("secret {name}", name=name), partial(_secret, context, name))
    yield from _guarded(_("ledger"), partial(ledger_findings, context))
    for settings in context.registry.settings.values():
        yield from _guarded(settings.key, partial(_settings, context, settings))
    for source in context.registry.sources.values():
        yield from _guarded(_source_named(source), partial(_source, context, source))
    yield from _consent(context)
    for archive in context.registry.archives.values():
        yield from _guarded(_archive_named(archive), partial(_archive, context, archive))
    for name in context.config.accounts:
        yield from account_findings(context, name)
    yield from _guarded(_("mailings"), partial(_mailings, context))
    yield from missing_pieces(context, mailing_names(context))


def _guarded(name: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What was found; whatever goes wrong is a finding too. A bug's own text is not shown."""
    findings: list[Finding] = []
    try:
        findings.extend(look())
    except SerienpostError as error:
        findings += [Finding.of(name, problem) for problem in error.problems]
    except TimeoutError:
        remedy = _("look whether its server runs")
        findings.append(Finding(name, False, _("does not answer"), remedy))
    except Exception as error:  # noqa: BLE001  # doctor outlives every broken thing
        said = _("fails with {error}", error=type(error).__name__)
        findings.append(Finding(name, False, said, _MAINTAINER))
    return findings


def _plugins(folder: Path) -> Iterator[Finding]:
    from serienpost.config.loading import plugin_names
    from serienpost.manager import survey_plugins

    reports = survey_plugins(plugin_names(folder))[1]
    for report in reports:
        name = _("plugin {name}", name=report.name)
        for problem in report.problems:
            yield Finding.of(name, problem)
        if not report.problems:
            yield Finding(name, True, f"{report.version}")


def _secrets_named(context: PracticeContext) -> list[str]:
    """The secrets that the configuration names."""
    from serienpost.config.models import leaves, plain_values

    values = (value for _way, value in leaves(plain_values(context.config)))
    text = "\n".join(map(str, values))
    return sorted(set(_SECRET.findall(text)))


def _secret(context: PracticeContext, name: str) -> Iterator[Finding]:
    """Which store answers for a secret; one that is missing is found where it is needed."""
    store = context.secret_store(name)
    if store:
        answers = _("the store {store} answers", store=store)
        yield Finding(_("secret {name}", name=name), True, answers)


def _settings(context: PracticeContext, settings: Settings) -> Iterator[Finding]:
    """Ask the plugin that claims a key what there is to say about it."""
    from serienpost.contracts.channels import ProbeResult
    from serienpost.timelimit import within

    if settings.probe is None:
        return
    answered = partial(context.registry.answered, "settings", settings.key, "probe")
    probe = settings.probe
    for one in within(PROBE_SECONDS, settings.key, lambda: list(probe(context))):
        result: ProbeResult = answered(one, ProbeResult)
        yield Finding(settings.key, result.ok, result.text, result.remedy)


def _source(context: PracticeContext, source: Source[Any]) -> Iterator[Finding]:
    """Read the id of the first row, without any field: the way to the database is open."""
    from datetime import datetime

    from pydantic import ValidationError

    from serienpost.contracts.rows import RowRequest
    from serienpost.timelimit import within

    name = _source_named(source)
    try:
        selection = source.selection.model_validate({})
    except ValidationError:
        yield Finding(name, True, _("needs a selection; check each mailing that uses it"))
        return
    request = RowRequest(frozenset(), datetime.now(context.zone).date(), batch=1)

    def first() -> tuple[int, bool]:
        fields = source.offers(context, selection)
        batch = next(iter(source.rows(context, selection, request)), ())
        return len(fields), bool(batch)

    fields, has_rows = within(PROBE_SECONDS, name, first)
    found = (
        _.ngettext("can be read, has rows, {n} field", "can be read, has rows, {n} fields", fields)
        if has_rows
        else _.ngettext(
            "can be read, is empty, {n} field", "can be read, is empty, {n} fields", fields
        )
    )
    yield Finding(name, True, found)


def _consent(context: PracticeContext) -> Iterator[Finding]:
    """Ask each plugin's check about a person who does not exist."""
    checks = [
        check
        for name, check in context.registry.consent_checks.items()
        if context.registry.providers["consent_checks", name].distribution != "serienpost"
    ]
    for check in checks:
        yield from _guarded(_check_named(check), partial(_check, context, check))
    if context.config.accounts and not checks:
        yield Finding(
            _("consent"),
            False,
            _("no plugin says who may be written to, so nobody may"),
            _("name one under plugins:, for example serienpost-consent-flags"),
        )


def _check(context: PracticeContext, check: ConsentCheck) -> Iterator[Finding]:
    from serienpost.contracts.consent import Abstain, Allow, ConsentQuestion, Deny
    from serienpost.timelimit import within

    name = _check_named(check)
    nobody = ConsentQuestion("patient:0", "patient:0", "email", "information", "n@example.org")
    verdicts = within(PROBE_SECONDS, name, lambda: check.check(context, [nobody]))
    if len(verdicts) == 1 and type(verdicts[0]) in (Allow, Deny, Abstain):
        yield Finding(name, True, _("answers"))
    else:
        yield Finding(name, False, _("does not answer with a verdict"), _MAINTAINER)


def _archive(context: PracticeContext, archive: Archive) -> Iterator[Finding]:
    """Let it store nothing: the way to the records is open."""
    from serienpost.timelimit import within

    name = _archive_named(archive)
    answers = within(PROBE_SECONDS, name, lambda: archive.store(context, ()))
    context.registry.answered("archives", archive.name, "store", answers, (list, tuple))
    yield Finding(name, True, _("can be reached"))


def account_findings(context: PracticeContext, name: str) -> list[Finding]:
    """What there is to find about one account; asks its provider."""
    account = context.config.accounts[name]
    return _guarded(_account_named(name), partial(_account, context, name, account))


def _account(context: PracticeContext, name: str, account: AccountSettings) -> Iterator[Finding]:
    from serienpost.contracts.channels import HasBalance, HasProbe, ProbeResult
    from serienpost.run.prepare.check import secret_problems

    label = _account_named(name)
    missing = secret_problems(context, name, account)
    if missing:
        yield from (_silent(context, account, Finding.of(label, one)) for one in missing)
        return
    channel = context.registry.channels[account.channel]
    answered = partial(context.registry.answered, "channels", channel.name)
    is_silent = False
    if isinstance(channel, HasProbe):
        made = _wait_for(channel.probe(context, account))
        results: Sequence[object] = answered("probe", made, (list, tuple))
        for one in results:
            result: ProbeResult = answered("probe", one, ProbeResult)
            found = Finding(label, result.ok, result.text, result.remedy)
            if result.ok is False:
                found = _silent(context, account, found, is_tried=True)
            is_silent = is_silent or found.is_missing
            yield found
    else:
        untried = _("{channel}: nothing to try without sending", channel=channel.title)
        yield Finding(label, True, untried)
    if isinstance(channel, HasBalance) and not is_silent:
        balance = _wait_for(channel.balance(context, account))
        credit: float = answered("balance", balance, (int, float))
        yield Finding(label, True, _("balance {amount}", amount=credit))


def _silent(
    context: PracticeContext, account: AccountSettings, found: Finding, *, is_tried: bool = False
) -> Finding:
    """What is wrong with an account, as missing where it is one to try things with whose server is
    not running: on this machine, for a sender whose address belongs to nobody. That nobody answered
    who was tried is then all there is to say."""
    sender = account.sender if "@" in account.sender else context.config.practice.email or ""
    if not (_RESERVED.search(sender) and _is_idle(account)):
        return found
    text = _("its server on this machine is not running")
    text = text if is_tried else joined(": ", (text, found.text))
    return Finding.missing(found.name, text, _SERVE, None if is_tried else found.problem)


def _is_idle(account: AccountSettings) -> bool:
    """Whether a setting names a server on this machine, and nothing listens there."""
    import socket

    from serienpost.network import is_loopback

    values = account.model_dump()
    for value in values.values():
        if not isinstance(value, str):
            continue
        try:
            parts = urlsplit(value if "://" in value else f"//{value}")
            host, port = parts.hostname or "", parts.port or values.get("port")
        except ValueError:
            continue
        if is_loopback(host) and isinstance(port, int):
            with socket.socket() as tried:
                tried.settimeout(1)
                return tried.connect_ex((host, port)) != 0
    return False


def _wait_for(answer: Coroutine[Any, Any, T]) -> T:
    import asyncio

    async def limited() -> T:
        return await asyncio.wait_for(answer, PROBE_SECONDS)

    return asyncio.run(limited())


def _mailings(context: PracticeContext) -> Iterator[Finding]:
    from serienpost.config.loading import mailing_names

    for mailing in mailing_names(context):
        yield from _guarded(_mailing_named(mailing), partial(_mailing, context, mailing))


def _mailing(context: PracticeContext, mailing: str) -> Iterator[Finding]:
    from datetime import datetime

    from serienpost.config.loading import load_mailing
    from serienpost.run.prepare.check import check_mailing, secret_problems
    from serienpost.run.prepare.provider_template import ProviderTemplateUnavailableError

    due = datetime.now(context.zone).date()
    loaded = load_mailing(context, mailing)
    account = context.config.accounts[loaded.account]
    secrets = secret_problems(context, loaded.account, account)
    try:
        renderer = check_mailing(context, loaded, due)
    except SerienpostError as error:
        unasked = isinstance(error, ProviderTemplateUnavailableError)
        if not (unasked or set(error.problems) <= set(secrets)):
            raise
        for problem in error.problems:
            found = Finding.of(_mailing_named(mailing), problem)
            yield _silent(context, account, found, is_tried=unasked)
        return
    text = _("{kind} from account {account}", kind=renderer.kind.title, account=loaded.account)
    yield Finding(_mailing_named(mailing), True, text)


def _source_named(source: Source[Any]) -> str:
    return _("source {name}", name=source.name)


def _check_named(check: ConsentCheck) -> str:
    return _("consent {name}", name=check.name)


def _archive_named(archive: Archive) -> str:
    return _("archive {name}", name=archive.name)


def _account_named(name: str) -> str:
    return _("account {name}", name=name)


def _mailing_named(mailing: str) -> str:
    return _("mailing {name}", name=mailing)
