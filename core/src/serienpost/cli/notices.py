"""Notices of the service as lines on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.cli.output import say

if TYPE_CHECKING:
    from serienpost.service import Notice

_SENTENCES = {
    "already_sent": (
        "{mailing}: {people} of these people had this mailing on {on}; "
        "once_per: recipient leaves them out"
    ),
    "balance_unknown": "{text}",
    "incomplete": "run {run} is cancelled, but what was delivered before is not complete: {text}",
    "ledger_closed": (
        "other users of this machine could read the ledger; now its owner alone can (mode 0600)"
    ),
    "not_continued": "{run}: {text}",
    "orders_unknown": "{run}: what the provider holds was not looked at: {text}",
    "signs_stay": (
        "{mailing}: signs that make an SMS longer could be rewritten: {changes}. "
        "They stay; transliterate: always rewrites them."
    ),
}


def tell(notice: Notice) -> None:
    """Say a notice on stderr."""
    parameters = notice.parameters
    if notice.code == "test_data":
        say(_whose_data(**parameters), err=True)  # type: ignore[arg-type]  # texts
    else:
        sentence = _SENTENCES[notice.code].format(**parameters)
        say(sentence, err=True)


def _whose_data(row: str, processor: str | None = None, region: str | None = None) -> str:
    whom = f"{processor} ({region})" if processor else "your own mail server"
    return f"the data of {row} goes to the address you named, by {whom}"
