"""`python -m serienpost` and the `serienpost` script."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its documented code."""
    _open_closed_streams()
    from serienpost.cli.main import run

    sys.exit(run(sys.argv[1:]))


def _open_closed_streams() -> None:
    """A stream that the caller closed (`2>&-`) becomes one of nothing: else the next file that is
    opened, the ledger perhaps, would get its number and what is meant for the stream."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))


if __name__ == "__main__":
    main()
