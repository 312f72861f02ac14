"""Tables of the ledger. Every table and every unique key starts with the practice id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

from serienpost.translation import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.operators import OperatorType
    from sqlalchemy.types import TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(time: datetime) -> int:
    """A time as the ledger stores it; naive times are refused."""
    return (time - _EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, stored as whole microseconds since 1970 on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To microseconds; naive times are refused."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """From microseconds."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Sentence(TypeDecorator[str]):
    """A sentence for people: its message and values are stored, what is read is said in the
    reader's language (`translation.pack`)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To what is stored."""
        return None if value is None else pack(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """From what is stored; sentences of older ledgers as they are."""
        return None if value is None else unpack(value)


class SpokenJson(TypeDecorator[Any]):
    """A JSON document whose texts may be sentences for people, stored as `Sentence` does."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002
        """To what is stored."""
        return _each_text(value, pack)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002
        """From what is stored."""
        return _each_text(value, unpack)

    def coerce_compared_value(self, op: OperatorType | None, value: object) -> TypeEngine[Any]:
        """What is taken out of it (`["code"]`) has the types that JSON gives it."""
        return self.impl_instance.coerce_compared_value(op, value)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  # JSON
    # For each row of a run: most of what is in it is a plain `str` or nothing.
    if value is None:
        return None
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            name: None if one is None else _each_text(one, change) for name, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_each_text(one, change) for one in value]
    return value


metadata = MetaData()


def _practice() -> Column[str]:
    return Column("practice", Text, primary_key=True)


# One row per practice: the key of its hashes, drawn when the practice first opens the ledger.
practice = Table("practice", metadata, _practice(), Column("hash_key", LargeBinary, nullable=False))

# `header` is what the plan hash covers besides the rows; `owner` the process that prepares or
# finishes it; `carries` the fields and macros that the bits of a message's `carried` stand for;
# `archive` what goes into the records (`entry`, `pdf`); `edition` is the number of the generation:
# how often a finished run of parts was reopened; `first_part` is that generation's first; `files`
# are what finishing it made.
run = Table(
    "run",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("mailing", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("reason_text", Sentence),
    Column("owner", Text),
    Column("header", SpokenJson, nullable=False),
    Column("carries", JSON(none_as_null=True)),
    Column("plan_hash", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("prepared_at", UtcTime),
    Column("approved_at", UtcTime),
    Column("approved_by", Text),
    Column("send_at", UtcTime),
    Column("until", UtcTime),
    Column("progress_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("disclaimer_by", Sentence),
    Column("disclaimer_at", UtcTime),
    Column("archive", Text),
    Column("edition", Integer, nullable=False, server_default="0"),
    Column("first_part", Integer, nullable=False, server_default="1"),
    Column("files", JSON(none_as_null=True)),
    Column("purged_at", UtcTime),
)

# The frozen copy of template, style sheet, images and free text of a run.
asset = Table(
    "asset",
    metadata,
    _practice(),
    Column("run", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

message = Table(
    "message",
    metadata,
    _practice(),
    Column("run", Text, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("row_id", Text, nullable=False),
    Column("block", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("consenting", Text),
    Column("occasion", Text),
    Column("occasion_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("number", Text),
    Column("name", Text),
    Column("address", Text),
    Column("address_hash", Text),
    Column("unreachable", SpokenJson(none_as_null=True)),
    Column("consent", SpokenJson(none_as_null=True)),
    Column("allowed", Boolean, nullable=False),
    Column("marked", Boolean, nullable=False),
    Column("unmarked", SpokenJson(none_as_null=True)),
    Column("override", SpokenJson(none_as_null=True)),
    Column("macro_values", JSON(none_as_null=True)),
    Column("carried", Text),
    Column("content_hash", Text),
    Column("cost", JSON(none_as_null=True)),
    Column("ref", Text, nullable=False),
    Column("message_id", Text),
    Column("once_key", Text),
    Column("part", Integer),
    Column("state", Text, nullable=False),
    Column("basis", Text),
    Column("evidence", JSON(none_as_null=True)),
    Column("owner", Text),
    Column("lease_until", UtcTime),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempts_before", Integer, nullable=False),
    Column("first_attempt_at", UtcTime),
    Column("next_attempt_at", UtcTime),
    Column("provider_ref", Text),
    Column("code", Text),
    Column("text", Sentence),
    Column("sent_at", UtcTime),
    Column("updated_at", UtcTime),
    Index("message_row", "practice", "run", "row_id", unique=True),
    Index("message_state", "practice", "run", "state", "no"),
    Index("message_ref", "practice", "ref", unique=True),
    Index("message_person", "practice", "person"),
    Index("message_part", "practice", "run", "part"),
)

attempt = Table(
    "attempt",
    metadata,
    _practice(),
    Column("run", Text, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("outcome", Text),
    Column("stage", Text),
    Column("code", Text),
    Column("text", Sentence),
    Column("provider_ref", Text),
)

# One row per account: the lock under which permits are given.
account = Table(
    "account",
    metadata,
    _practice(),
    Column("account", Text, primary_key=True),
    Column("last_permit", Integer, nullable=False),
    Column("last_stamp", UtcTime),
)

permit = Table(
    "permit",
    metadata,
    _practice(),
    Column("account", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("stamp", UtcTime, nullable=False),
)

# Who already has, or is about to get, which mailing for which occasion.
once = Table(
    "once",
    metadata,
    _practice(),
    Column("key", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("no", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Index("once_message", "practice", "run", "no"),
)

suppression = Table(
    "suppression",
    metadata,
    _practice(),
    Column("kind", Text, primary_key=True),
    Column("address_hash", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("source", Sentence, nullable=False),
    Column("since", UtcTime, nullable=False),
)

# The queue of messages to be stored in the persons' records.
archive = Table(
    "archive",
    metadata,
    _practice(),
    Column("run", Text, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("archive", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("text", Sentence),
    Column("updated_at", UtcTime, nullable=False),
)

# Reports, bounces and complaints, stored before they are interpreted.
event = Table(
    "event",
    metadata,
    _practice(),
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("run", Text),
    Column("no", Integer),
    Column("kind", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("code", Text),
    Column("text", Sentence),
)

# Due dates of mailings that could not be prepared unattended, until they were or time ran out:
# `name` is how the mailing was named, `archive` what was answered for it, `put_off_by` who asked,
# `owner` the process that prepares it again, `run` what became of it; `told` whether somebody heard
# that it was given up.
due = Table(
    "due",
    metadata,
    _practice(),
    Column("mailing", Text, primary_key=True),
    Column("due", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("archive", Text),
    Column("state", Text, nullable=False),
    Column("reason", Sentence, nullable=False),
    Column("put_off_by", Text, nullable=False),
    Column("put_off_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried_at", UtcTime, nullable=False),
    Column("owner", Text),
    Column("run", Text),
    Column("told", Boolean, nullable=False),
)

# The processes at work: those that deliver a run, each with so many of its account's connections
# (`ledger/connections.py`), and those that serve the practice (`serienpost worker`). Whether one
# lives is said by its owner's lock; rows of dead ones are removed by whoever finds them. One that
# delivers and lives beyond its lease is frozen.
worker = Table(
    "worker",
    metadata,
    _practice(),
    Column("owner", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("run", Text),
    Column("account", Text),
    Column("connections", Integer, nullable=False),
    Column("lease_until", UtcTime),
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)

# How far the schedule of a mailing is entered in `due`; `rule` is the schedule that was read then.
schedule = Table(
    "schedule",
    metadata,
    _practice(),
    Column("mailing", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("entered_until", UtcTime, nullable=False),
)

# Who is told by mail of what (`notify:`): `at` is when that was last begun, or an hour before the
# cause arose; `waits` whether it is still to be told.
notification = Table(
    "notification",
    metadata,
    _practice(),
    Column("cause", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("waits", Boolean, nullable=False),
)

# What a practice does once a day: when somebody began it last, and when it was done last.
chore = Table(
    "chore",
    metadata,
    _practice(),
    Column("name", Text, primary_key=True),
    Column("begun_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
)

# Who may use the desk: `key` is the name as names are compared, `password` an argon2 hash (RFC
# 9106), `rights` what they may do (`service/users.py`). `changed_at` grows with each change.
user = Table(
    "user",
    metadata,
    _practice(),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

# Who is logged in at the desk: `digest` is that of the token that the browser keeps, `user` the key
# of a user, `used_at` the last time that a person did something.
session = Table(
    "session",
    metadata,
    _practice(),
    Column("digest", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=False),
)

# Wrong passwords since the last right one, by the keyed hash of a name, of where they came from,
# and of both.
failed_login = Table(
    "failed_login",
    metadata,
    _practice(),
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
)

# People chosen and checked before there is a text: `found_at` is when they were found before they
# were judged, without which there are no rows of hits; kind, account and purpose are those that
# they are judged for, if they are. `header` is whom they are chosen for and what is asked of which
# sources, `owner` the process that reads them, `reason` why they could not be read.
selection = Table(
    "selection",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("kind", Text),
    Column("account", Text),
    Column("purpose", Text),
    Column("due", Text, nullable=False),
    Column("header", SpokenJson, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Sentence),
    Column("owner", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("found_at", UtcTime),
    Column("read_at", UtcTime),
)

# The rows of a selection; no values of macros. `because` tells apart why rows are not marked: those
# with the same say the same. Of people who were only found there is number, name, occasion; these
# rows belong to `found_in(ID)` of `ledger/selections.py`, and those that are just being read
# to `reading_into(ID)`.
selected = Table(
    "selected",
    metadata,
    _practice(),
    Column("selection", Text, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("row_id", Text, nullable=False),
    Column("block", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("consenting", Text),
    Column("occasion", Text),
    Column("occasion_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("number", Text),
    Column("name", Text),
    Column("address", Text),
    Column("address_hash", Text),
    Column("unreachable", SpokenJson(none_as_null=True)),
    Column("consent", SpokenJson(none_as_null=True)),
    Column("allowed", Boolean, nullable=False),
    Column("marked", Boolean, nullable=False),
    Column("unmarked", SpokenJson(none_as_null=True)),
    Column("because", Text),
    Index("selected_row", "practice", "selection", "row_id", unique=True),
    Index("selected_person", "practice", "person"),
)

# A mailing that somebody writes at the desk: `mailing` is its id, for `once_per`; `keys` those of a
# mailing file; `version` grows with each save, `saved_at` is that of the last by a person who
# writes it; `run` is the newest run that was made of it, and `run_version` what it was made of.
draft = Table(
    "draft",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("mailing", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("keys", JSON, nullable=False),
    Column("selection", Text),
    Column("run", Text),
    Column("run_version", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
    Column("saved_by", Text, nullable=False),
)

# A file that was given to a draft, or a list that people of a selection are read from; one of
# neither waits for its selection. `id` is its name in the folder for such files, `name` what it was
# called, `kind` whether it is attached or read as a list.
uploaded = Table(
    "uploaded",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("draft", Text),
    Column("selection", Text),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", Text, nullable=False),
    Index("uploaded_draft", "practice", "draft"),
)

# What a worker is asked to do for `asked_by` (`service/tasks.py`): `what` (`read`, `prepare`), the
# selection, or the draft and its version, that it concerns, and in `detail` all else that was
# asked. `owner` is the process at it, `tries` how many have begun it, `done` the rows so far. What
# came of it: `run`, the `question` that must be answered first, or `reason`, with the exit code
# that a command would have ended with.
task = Table(
    "task",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("selection", Text),
    Column("draft", Text),
    Column("version", Integer),
    Column("detail", JSON(none_as_null=True)),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("tries", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("run", Text),
    Column("question", SpokenJson(none_as_null=True)),
    Column("exit", Integer),
    Column("reason", Sentence),
    Column("ended_at", UtcTime),
    Index("task_state", "practice", "state", "asked_at"),
)

# Who decided what and when: marks, overrides, approvals, resolved doubts, tests. `run` is a run, or
# a selection.
journal = Table(
    "journal",
    metadata,
    _practice(),
    Column("id", Text, primary_key=True),
    Column("run", Text),
    Column("no", Integer),
    Column("at", UtcTime, nullable=False),
    Column("user", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", SpokenJson(none_as_null=True)),
    Index("journal_run", "practice", "run", "no"),
)
