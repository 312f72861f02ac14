"""Drop a column that nothing was ever written to."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Drop `message.attachments`."""
    op.drop_column("message", "attachments")
