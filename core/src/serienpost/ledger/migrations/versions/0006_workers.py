"""Add the tables of workers, of schedules, of notifications and of daily chores."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add `worker`, `schedule`, `notification` and `chore`."""
    op.create_table(
        "worker",
        Column("practice", Text, primary_key=True),
        Column("owner", Text, primary_key=True),
        Column("role", Text, nullable=False),
        Column("run", Text),
        Column("account", Text),
        Column("connections", Integer, nullable=False),
        Column("lease_until", BigInteger),
        Column("since", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )
    op.create_table(
        "schedule",
        Column("practice", Text, primary_key=True),
        Column("mailing", Text, primary_key=True),
        Column("rule", Text, nullable=False),
        Column("entered_until", BigInteger, nullable=False),
    )
    op.create_table(
        "notification",
        Column("practice", Text, primary_key=True),
        Column("cause", Text, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("waits", Boolean, nullable=False),
    )
    op.create_table(
        "chore",
        Column("practice", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("begun_at", BigInteger, nullable=False),
        Column("done_at", BigInteger),
    )
