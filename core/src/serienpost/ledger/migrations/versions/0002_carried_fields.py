"""Which fields each message carries, for the manifest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; messages of older runs count as carrying every field of their text."""
    op.add_column("run", sa.Column("carries", sa.JSON(), nullable=True))
    op.add_column("message", sa.Column("carried", sa.Text(), nullable=True))
