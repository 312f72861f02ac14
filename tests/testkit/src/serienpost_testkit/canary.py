"""Planted personal data, and the search for it where it must never be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_SHORTEST = 4


class CanaryLog:
    """Finds planted values in everything that was logged or printed since the test began.

    Args:
        caplog: pytest's capture of log records; set to the most talkative level.
        capsys: pytest's capture of standard output and standard error.
    """

    def __init__(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self._capsys = capsys
        self._planted: set[str] = set()

    def plant(self, *values: object) -> None:
        """Watch for these values; other things than text of four characters or more are left."""
        self._planted.update(
            value for value in values if isinstance(value, str) and len(value) >= _SHORTEST
        )

    def leaks(self, ignore: Iterable[str] = ()) -> list[str]:
        """Where a planted value was found: `logger NAME: value`.

        Args:
            ignore: loggers, with all below them, that belong to the test's own fakes.
        """
        ignored = tuple(ignore)
        written = [
            (f"logger {record.name}", self._caplog.handler.format(record))
            for record in self._caplog.records
            if not any(f"{record.name}.".startswith(f"{name}.") for name in ignored)
        ]
        printed = self._capsys.readouterr()
        written += [("stdout", printed.out), ("stderr", printed.err)]
        return [
            f"{where}: {value}"
            for where, text in written
            for value in sorted(self._planted)
            if value in text
        ]

    def check(self, ignore: Iterable[str] = ()) -> None:
        """Fail if a planted value was logged or printed."""
        assert self._planted, "nothing was planted, so nothing can be found"
        assert self.leaks(ignore) == []
