"""Add the tables of the desk: users and sessions, selections, drafts, tasks of workers."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add `user`, `session`, `failed_login`, `selection`, `selected`, `draft` and `task`."""
    op.create_table(
        "user",
        Column("practice", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("name", Text, nullable=False),
        Column("password", Text, nullable=False),
        Column("rights", JSON, nullable=False),
        Column("added_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
    )
    op.create_table(
        "session",
        Column("practice", Text, primary_key=True),
        Column("digest", Text, primary_key=True),
        Column("user", Text, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("used_at", BigInteger, nullable=False),
    )
    op.create_table(
        "failed_login",
        Column("practice", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("failures", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_table(
        "selection",
        Column("practice", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("kind", Text),
        Column("account", Text),
        Column("purpose", Text),
        Column("due", Text, nullable=False),
        Column("header", JSON, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("owner", Text),
        Column("created_at", BigInteger, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("found_at", BigInteger),
        Column("read_at", BigInteger),
    )
    op.create_table(
        "selected",
        Column("practice", Text, primary_key=True),
        Column("selection", Text, primary_key=True),
        Column("no", Integer, primary_key=True),
        Column("row_id", Text, nullable=False),
        Column("block", Integer, nullable=False),
        Column("person", Text, nullable=False),
        Column("consenting", Text),
        Column("occasion", Text),
        Column("occasion_at", BigInteger),
        Column("expires_at", BigInteger),
        Column("number", Text),
        Column("name", Text),
        Column("address", Text),
        Column("address_hash", Text),
        Column("unreachable", JSON),
        Column("consent", JSON),
        Column("allowed", Boolean, nullable=False),
        Column("marked", Boolean, nullable=False),
        Column("unmarked", JSON),
        Column("because", Text),
    )
    op.create_table(
        "draft",
        Column("practice", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("mailing", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("user", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("keys", JSON, nullable=False),
        Column("selection", Text),
        Column("run", Text),
        Column("run_version", Integer),
        Column("created_at", BigInteger, nullable=False),
        Column("saved_at", BigInteger, nullable=False),
        Column("saved_by", Text, nullable=False),
    )
    op.create_table(
        "uploaded",
        Column("practice", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("draft", Text),
        Column("selection", Text),
        Column("kind", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("added_at", BigInteger, nullable=False),
        Column("added_by", Text, nullable=False),
    )
    op.create_table(
        "task",
        Column("practice", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("what", Text, nullable=False),
        Column("selection", Text),
        Column("draft", Text),
        Column("version", Integer),
        Column("detail", JSON),
        Column("asked_by", Text, nullable=False),
        Column("asked_at", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("owner", Text),
        Column("tries", Integer, nullable=False),
        Column("done", Integer, nullable=False),
        Column("run", Text),
        Column("question", JSON),
        Column("exit", Integer),
        Column("reason", Text),
        Column("ended_at", BigInteger),
    )
    op.create_index("uploaded_draft", "uploaded", ["practice", "draft"])
    op.create_index("selected_row", "selected", ["practice", "selection", "row_id"], unique=True)
    op.create_index("selected_person", "selected", ["practice", "person"])
    op.create_index("task_state", "task", ["practice", "state", "asked_at"])
