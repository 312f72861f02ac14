"""Notices of the service as lines on stderr."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from serienpost.cli.output import say
from serienpost.text import day

if TYPE_CHECKING:
    from serienpost.service import Notice

_SENTENCES = {
    "balance_unknown": "{text}",
    "given_up": (
        "{mailing} for {due} was not sent and is given up: {text}. Look at it, then "
        "serienpost run {mailing} --yes --for a date that helps, or serienpost cancel {mailing} "
        "--due {due}"
    ),
    "incomplete": "run {run} is cancelled, but what was delivered before is not complete: {text}",
    "left_out": "{mailing}: {people} of these people had this mailing on {on} and are left out",
    "ledger_closed": (
        "other users of this machine could read the ledger; now its owner alone can (mode 0600)"
    ),
    "not_continued": "{run}: {text}",
    "not_prepared": "{mailing} for {due} still waits to be prepared: {text}",
    "orders_unknown": "{run}: what the provider holds was not looked at: {text}",
    "sent_again": (
        "{mailing}: {people} of these people had this mailing on {on} and get it again "
        "(once_per: none)"
    ),
    "signs_stay": (
        "{mailing}: signs that make an SMS longer could be rewritten: {changes}. "
        "They stay; transliterate: always rewrites them."
    ),
}


def tell(notice: Notice) -> None:
    """Say a notice on stderr."""
    parameters = {
        name: day(value) if isinstance(value, date) else value
        for name, value in notice.parameters.items()
    }
    if notice.code == "test_data":
        say(_whose_data(**parameters), err=True)  # type: ignore[arg-type]  # texts
    else:
        sentence = _SENTENCES[notice.code].format(**parameters)
        say(sentence, err=True)


def _whose_data(row: str, processor: str | None = None, region: str | None = None) -> str:
    whom = f"{processor} ({region})" if processor else "your own mail server"
    return f"the data of {row} goes to the address you named, by {whom}"
