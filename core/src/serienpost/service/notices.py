"""What a person should hear that is no answer and no error: a code and its parameters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from serienpost.redaction import without_passwords

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told while a use case goes on; faces make the sentence. What it says was done
    is done.

    Args:
        code: `balance_unknown`, `signs_stay`, `left_out`, `sent_again`, `incomplete`,
            `not_continued`, `not_prepared`, `given_up`, `orders_unknown`, `schedule`,
            `test_data`, `ledger_closed`, `helper_lost`, `not_mailed`, `not_woken`.
        parameters: ids, numbers and texts without personal data.
    """

    code: str
    parameters: Mapping[str, object] = field(default_factory=dict)


Notify: TypeAlias = Callable[[Notice], None]


def log_notice(notice: Notice) -> None:
    """Where no face listens, notices go to the log."""
    _log.warning("%s: %s", notice.code, without_passwords(str(dict(notice.parameters))))
