"""Notices of the service as lines on stderr."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from serienpost.cli.output import say
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost.service import Notice

_ = Texts(__name__)


def tell(notice: Notice) -> None:
    """Say a notice on stderr."""
    say(_SENTENCES[notice.code](notice.parameters), err=True)


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _whose_data(row: str, processor: str | None = None, region: str | None = None) -> str:
    if processor is None:
        return _(
            "the data of {row} goes to the address you named, by your own mail server", row=row
        )
    return _(
        "the data of {row} goes to the address you named, by {processor} ({region})",
        row=row,
        processor=processor,
        region=region or "-",
    )


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "balance_unknown": lambda told: told["text"],
    "given_up": lambda told: _(
        "{mailing} for {due} was not sent and is given up: {text}. Look at it, then "
        "serienpost run {mailing} --yes --for a date that helps, or serienpost cancel "
        "{mailing} --due {due}",
        mailing=told["mailing"],
        due=told["due"],
        text=told["text"],
    ),
    "helper_lost": lambda told: _(
        "{run}: one of the processes that deliver ({process}) is lost, the others go on: {text}",
        run=told["run"],
        process=told["process"],
        text=told["text"],
    ),
    "incomplete": lambda told: _(
        "run {run} is cancelled, but what was delivered before is not complete: {text}",
        run=told["run"],
        text=told["text"],
    ),
    "left_out": lambda told: _.ngettext(
        "{mailing}: {n} of these people had this mailing on {on} and is left out",
        "{mailing}: {n} of these people had this mailing on {on} and are left out",
        told["people"],
        mailing=told["mailing"],
        on=_day(told["on"]),
    ),
    "ledger_closed": lambda _told: _(
        "other users of this machine could read the ledger; now its owner alone can (mode 0600)"
    ),
    "not_continued": lambda told: joined(": ", (told["run"], told["text"])),
    "not_mailed": lambda told: _(
        "the mail about this (notify:) did not leave: {text}", text=told["text"]
    ),
    "not_prepared": lambda told: _(
        "{mailing} for {due} still waits to be prepared: {text}",
        mailing=told["mailing"],
        due=told["due"],
        text=told["text"],
    ),
    "not_woken": lambda told: _(
        "{run}: the dispatcher {name} could not be told ({text}); a worker finds the run by itself",
        run=told["run"],
        name=told["dispatcher"],
        text=told["text"],
    ),
    "orders_unknown": lambda told: _(
        "{run}: what the provider holds was not looked at: {text}",
        run=told["run"],
        text=told["text"],
    ),
    "schedule": lambda told: joined(": ", (told["mailing"], told["text"])),
    "sent_again": lambda told: _.ngettext(
        "{mailing}: {n} of these people had this mailing on {on} and gets it again "
        "(once_per: none)",
        "{mailing}: {n} of these people had this mailing on {on} and get it again (once_per: none)",
        told["people"],
        mailing=told["mailing"],
        on=_day(told["on"]),
    ),
    "signs_stay": lambda told: _(
        "{mailing}: signs that make an SMS longer could be rewritten: {changes}. "
        "They stay; transliterate: always rewrites them.",
        mailing=told["mailing"],
        changes=told["changes"],
    ),
    "test_data": lambda told: _whose_data(**told),
}
