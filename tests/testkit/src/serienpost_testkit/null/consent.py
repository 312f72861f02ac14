"""A consent check that answers what a file says, and misbehaves when told to."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny, Problem, SerienpostError, Texts
from serienpost_testkit.null.settings import null_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from serienpost import ConsentQuestion, Context, Verdict

_ = Texts(__name__)

_ANY = None


class NullConsent:
    """Reads its evidence at each call, so that a test can withdraw consent during a run.

    Each line of evidence has an `id`, a `verdict` (`allow`, `deny`, `abstain`) and optionally a
    `kind` and a `purpose`; without these it holds for all. The last line that fits decides.
    In SQLite these are the columns of the table `consent`, in the order of `rowid`.
    """

    name = "null-consent"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """The verdicts of the evidence, by `consenting_id`, else of `default`."""
        settings = null_settings(context)
        if settings.default == "raise":
            raise RuntimeError("null-consent was told to raise")
        if settings.default == "slow":
            time.sleep(settings.slow_seconds)
        if settings.default == "wrong":
            return ["allow" for _each in questions]  # type: ignore[misc]
        wanted = {question.consenting_id for question in questions}
        evidence = _latest(context.path(settings.consent), wanted) if settings.consent else {}
        fallback = "allow" if settings.default == "slow" else settings.default
        return [_verdict(question, evidence, fallback) for question in questions]


_Evidence = dict[tuple[str, str | None, str | None], tuple[int, str]]


def _verdict(question: ConsentQuestion, evidence: _Evidence, fallback: str) -> Verdict:
    person = question.consenting_id
    fitting = [
        evidence[key]
        for kind in (question.kind, _ANY)
        for purpose in (question.purpose, _ANY)
        if (key := (person, kind, purpose)) in evidence
    ]
    line, word = max(fitting, default=(0, fallback))
    where = f"line {line}" if line else "default"
    if word == "allow":
        return Allow(f"{person} null-consent {where}")
    if word == "abstain":
        return Abstain()
    if line:
        return Deny("withdrawn", _("consent was withdrawn"), _("add a line that allows it"))
    return Deny(
        "no_consent", _("there is no consent"), _("add a line that allows it"), overridable=True
    )


def _latest(path: Path, people: set[str]) -> _Evidence:
    read = _sqlite if path.suffix in {".db", ".sqlite"} else _json_lines
    found: _Evidence = {}
    for number, person, kind, purpose, verdict in read(path, people):
        if verdict not in {"allow", "deny", "abstain"}:
            raise SerienpostError(
                Problem(_("a verdict is allow, deny or abstain"), file=str(path), line=number)
            )
        found[person, kind, purpose] = (number, verdict)
    return found


_Line = tuple[int, str, str | None, str | None, str]


def _json_lines(path: Path, people: set[str]) -> Iterator[_Line]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                entry = json.loads(line)
                if entry["id"] in people:
                    yield (
                        number,
                        entry["id"],
                        entry.get("kind"),
                        entry.get("purpose"),
                        entry["verdict"],
                    )


def _sqlite(path: Path, people: set[str]) -> Iterator[_Line]:
    import sqlite3

    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        yield from database.execute(
            "SELECT rowid, id, kind, purpose, verdict FROM consent"
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY rowid",
            (json.dumps(sorted(people)),),
        )
