"""A process that helps another one to deliver a run; `serienpost.service.helping` starts it.

Not a command: it is called by this program alone, and tells by JSON lines.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from serienpost.errors import Exit, SerienpostError


def main(folder: str, run: str, actor: str, language: str, wait: str) -> int:
    """Help to deliver a run; returns the exit code."""
    # Heard when it has begun, which takes a moment.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    from serienpost.service.helping import ProgressWriter, help_to_deliver, own_streams

    orders, answers = own_streams()
    writer = ProgressWriter(answers)
    try:
        from serienpost.config.loading import load_practice
        from serienpost.service import Practice
        from serienpost.service.notices import log_notice
        from serienpost.translation import speak

        context = load_practice(Path(folder))
        speak(language, context.zone)
        with Practice(context, actor, log_notice) as practice:
            help_to_deliver(practice, run, wait=wait == "wait", orders=orders, writer=writer)
    except SerienpostError as error:
        writer.failure(error.sentence)
        return error.exit_code
    except (Exception, SystemExit) as error:  # noqa: BLE001  # said by who started it
        from serienpost.cli.complaints import log_bug

        writer.failure(log_bug(error, Path(folder)).sentence)
        return Exit.BUG
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
