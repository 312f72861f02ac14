"""What a process without a reader says: each thing once, not each minute the same again."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from serienpost.errors import Exit, LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from serienpost.errors import Problem, SerienpostError
    from serienpost.service.notices import Notice, Notify

# What the whole worker depends on.
CONFIGURATION, LEDGER = "configuration", "ledger"

# So many subjects are remembered; of older ones the same may be told again.
_MOST = 1_000


class Told(NamedTuple):
    """Something that a person should hear.

    Args:
        exit: what it is, by the exit code that a command would have ended with.
        problems: the same in sentences.
        bug: the error, where it is a bug; it has no problems.
        reference: the id under which somebody else was told of the bug.
    """

    exit: Exit
    problems: tuple[Problem, ...] = ()
    bug: Exception | None = None
    reference: str = ""


class Teller:
    """Tells what is said about a subject unless it was the last that was said about it.

    Args:
        tell: is told; called in any thread, one at a time.
        notify: is told the notices.
    """

    def __init__(self, tell: Callable[[Told], None], notify: Notify) -> None:
        self._tell = tell
        self._notify = notify
        self._last: dict[Hashable, Hashable] = {}
        self._lock = Lock()

    def tell(self, subject: Hashable, key: Hashable, told: Told) -> None:
        """Tell how a subject stands; nothing to say is all right.

        Args:
            subject: what it is about.
            key: what makes it another thing than the last time.
            told: what to say.
        """
        if not (told.problems or told.bug):
            self.all_right(subject)
        elif self._is_new(subject, key):
            with self._lock:
                self._tell(told)

    def refused(self, subject: Hashable, error: SerienpostError) -> None:
        """Tell why something could not be done. A ledger that is away is so in many words."""
        is_away = isinstance(error, LedgerUnavailableError)
        subject, key = (LEDGER, "") if is_away else (subject, str(error.sentence))
        code = Exit.OPEN if is_away else error.exit_code
        self.tell(subject, key, Told(code, error.problems))

    def bug(self, subject: Hashable, error: Exception, reference: str = "") -> None:
        """Tell a bug; it is the same while it is raised at the same place."""
        trace, place = error.__traceback__, ("", 0)
        while trace is not None:
            place, trace = (trace.tb_frame.f_code.co_filename, trace.tb_lineno), trace.tb_next
        self.tell(subject, (type(error).__name__, place), Told(Exit.BUG, (), error, reference))

    def notice(self, notice: Notice) -> None:
        """Pass on a notice, unless it was the last of its kind about the same run or mailing."""
        about = notice.parameters.get("run") or notice.parameters.get("mailing")
        if self._is_new(("notice", notice.code, about), str(dict(notice.parameters))):
            with self._lock:
                self._notify(notice)

    def all_right(self, subject: Hashable) -> None:
        """Nothing is to be said about the subject any more; what is said next is new."""
        with self._lock:
            self._last.pop(subject, None)

    def _is_new(self, subject: Hashable, key: Hashable) -> bool:
        with self._lock:
            is_new = self._last.pop(subject, None) != key
            self._last[subject] = key  # the latest stand at the end
            while len(self._last) > _MOST:
                del self._last[next(iter(self._last))]
        return is_new
