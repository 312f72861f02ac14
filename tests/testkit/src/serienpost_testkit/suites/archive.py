"""The contract of an archive, executable."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from serienpost import ArchiveEntry
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.messages import LOOKS_LIKE_CODE, UNICODE
from serienpost_testkit.suites.sentences import unsayable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import Archive, Context
    from serienpost_testkit.canary import CanaryLog

    Stored = Callable[[], "Sequence[Kept]"]

_SENT_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_PDF = b"%PDF-1.7 made up"


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry as it lies in the archive.

    Args:
        message: the entry's `message`.
        person_id: in whose record it lies.
        subject: the subject.
        content: the text.
        pdf: the file, None where there is none.
    """

    message: str
    person_id: str
    subject: str
    content: str
    pdf: bytes | None = None


class ArchiveSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `archive`: the archive.
    - fixture `kept`: a function without arguments that returns what lies in it, as `Kept`.
    - fixture `context`: the practice, with the people's records (default: a made-up one).
    - `people`: ids of two persons who have a record.
    - `stranger`: id of a person without one; None where the archive takes everybody.
    - `keeps_pdf`: whether files are kept.
    """

    people: tuple[str, str] = ("patient:1", "patient:2")
    stranger: str | None = "patient:999999999"
    keeps_pdf = True

    @pytest.fixture
    def subject(self, archive: Archive) -> Archive:
        """The object under test, for the tests that all suites share."""
        return archive

    def _entry(
        self, number: int, content: str = "Guten Tag", pdf: bytes | None = None
    ) -> ArchiveEntry:
        person = self.people[number % 2]
        return ArchiveEntry(
            f"m-{number}", "run-1", person, _SENT_AT, f"Grüße Nr. {number}", content, pdf
        )

    def test_declares_its_name(self, archive: Archive) -> None:
        """The archive has a name.

        When it fails: use a-z, 0-9, `-` and `_`, a letter first.
        """
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", archive.name)

    def test_each_entry_is_kept_as_it_is(
        self, archive: Archive, context: Context, kept: Stored
    ) -> None:
        """What was stored lies in the right person's record, unchanged; the answer is None.

        When it fails: look at encodings, at escaping and at whose record it is.
        """
        entries = [self._entry(1, UNICODE), self._entry(2, LOOKS_LIKE_CODE)]
        assert list(archive.store(context, entries)) == [None, None]
        found = {each.message: each for each in kept()}
        for entry in entries:
            got = found[entry.message]
            assert (got.person_id, got.subject, got.content.split()) == (
                entry.person_id,
                entry.subject,
                entry.content.split(),
            )

    def test_files_are_kept_octet_for_octet(
        self, archive: Archive, context: Context, kept: Stored
    ) -> None:
        """A letter's PDF lies beside its entry; an entry without one has none.

        When it fails: write bytes, or set `keeps_pdf = False` and say so in the README.
        """
        archive.store(context, [self._entry(1, pdf=_PDF), self._entry(2)])
        found = {each.message: each.pdf for each in kept()}
        assert found == {"m-1": _PDF if self.keeps_pdf else None, "m-2": None}

    def test_a_message_is_kept_once(self, archive: Archive, context: Context, kept: Stored) -> None:
        """Storing a message again changes nothing: after a crash a part is stored again.

        When it fails: make `message` unique and ignore what is there already.
        """
        first, second, third = (self._entry(number) for number in (1, 2, 3))
        for entries in ([first, second], [second, third], [first, second, third]):
            assert list(archive.store(context, entries)) == [None] * len(entries)
        assert Counter(each.message for each in kept()) == Counter(["m-1", "m-2", "m-3"])

    def test_a_person_without_record_is_told(
        self, archive: Archive, context: Context, kept: Stored
    ) -> None:
        """Who has no record gets a reason; the others of the call are kept all the same.

        When it fails: answer for each entry in order, None or a sentence, instead of raising; in a
        package that uses `_` the sentence is made by it.
        """
        if self.stranger is None:
            return
        foreign = ArchiveEntry("m-9", "run-1", self.stranger, _SENT_AT, "Betreff", "Text")
        answers = archive.store(context, [self._entry(1), foreign, self._entry(2)])
        assert [answer is None for answer in answers] == [True, False, True]
        assert (answers[1] or "").strip()
        assert unsayable(archive, answers) == []
        assert {each.message for each in kept()} == {"m-1", "m-2"}

    def test_nothing_and_many(self, archive: Archive, context: Context, kept: Stored) -> None:
        """No entries, no answers; many entries, as many answers.

        When it fails: cut a long statement into pieces.
        """
        assert list(archive.store(context, [])) == []
        entries = [self._entry(number) for number in range(1200)]
        assert list(archive.store(context, entries)) == [None] * 1200
        assert len(kept()) == 1200

    def test_nothing_personal_is_logged(
        self, archive: Archive, context: Context, canary_log: CanaryLog
    ) -> None:
        """Log, output and reasons hold no text of a message.

        When it fails: log `message` and `run` only.
        """
        canary_log.plant("Kanarienvogel", "Grüße Nr. 1")
        answers = archive.store(context, [self._entry(1, "Kanarienvogel")])
        assert "Kanarienvogel" not in str(answers)
        canary_log.check(self.foreign_loggers)
