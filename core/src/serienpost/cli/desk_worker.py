"""A worker that a desk has started; `serienpost.service.desk_worker` starts it.

Not a command: it is called by this program alone. It says the number of its process, then nothing
but what stands in its log.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

# Bytes of its log; one older log of that size stays.
_LONGEST = 1_000_000


def main(folder: str, language: str, handle: str) -> int:
    """Serve a practice until nobody needs that any more; returns the exit code.

    Args:
        folder: of the practice.
        language: of the log.
        handle: of the post, which was taken for this process.
    """
    post = int(handle)
    os.set_inheritable(post, False)
    # Whoever started this process waits for it and need not know when the worker ends.
    if child := os.fork():
        os.write(1, b"%d\n" % child)
        os._exit(0)
    from serienpost.errors import SerienpostError
    from serienpost.service.desk_worker import LOG

    log = _Log(Path(folder) / LOG)
    sys.stdout = sys.stderr = log
    from serienpost.cli.complaints import complain, log_bug

    try:
        return _serve(Path(folder), language, post)
    except SerienpostError as error:
        complain(error.exit_code, error.problems)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # nobody else would hear of it
        from serienpost.errors import Exit

        complain(Exit.BUG, (log_bug(error, Path(folder)),))
        return Exit.BUG


def _serve(folder: Path, language: str, handle: int) -> int:
    from serienpost.cli.notices import tell
    from serienpost.cli.practice import login
    from serienpost.cli.worker import serve
    from serienpost.config.loading import load_practice
    from serienpost.errors import Exit
    from serienpost.service import Practice
    from serienpost.service.desk_worker import WorkerPost
    from serienpost.translation import speak

    speak(language)
    context = load_practice(folder)
    speak(language, context.zone)
    with Practice(context, f"os:{login()}", tell) as practice:
        serve(practice, WorkerPost(folder, handle), for_desk=True)
    return Exit.DONE


class _Log(io.TextIOBase):
    """A private file instead of stdout and stderr, with the time before each line. At its size it
    is put aside, in place of what was put aside before."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._is_new_line = True
        self._open()

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            TypeError: it is none; by that click tells a stream of text from one of bytes.
        """
        if not isinstance(text, str):
            raise TypeError(type(text).__name__)
        if self._is_new_line and os.fstat(2).st_size > _LONGEST:
            with suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                self._open()
        for line in text.splitlines(keepends=True):
            stamp = f"{datetime.now(UTC).isoformat(timespec='seconds')} "
            said = f"{stamp if self._is_new_line else ''}{line}"
            with suppress(OSError):  # a full disk ends no delivery
                os.write(2, said.encode("utf-8", "backslashreplace"))
            self._is_new_line = line.endswith("\n")
        return len(text)

    def writable(self) -> bool:
        """Yes."""
        return True

    def _open(self) -> None:
        """Put the file where the system and plugins write, too."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        opened = os.open(self._path, flags, 0o600)
        for standard in (1, 2):
            os.dup2(opened, standard)
        os.close(opened)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
