"""Add the table of due dates that are to be prepared again."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add `due`."""
    op.create_table(
        "due",
        Column("practice", Text, primary_key=True),
        Column("mailing", Text, primary_key=True),
        Column("due", Text, primary_key=True),
        Column("name", Text, nullable=False),
        Column("archive", Text),
        Column("state", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("put_off_by", Text, nullable=False),
        Column("put_off_at", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("tried_at", BigInteger, nullable=False),
        Column("owner", Text),
        Column("run", Text),
        Column("told", Boolean, nullable=False),
    )
