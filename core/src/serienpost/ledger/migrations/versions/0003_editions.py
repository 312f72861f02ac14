"""Parts and files of runs whose result is completed at the end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what a run of parts keeps about itself."""
    op.add_column("run", sa.Column("archive", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("edition", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("first_part", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("run", sa.Column("files", sa.JSON(), nullable=True))
    op.create_index("message_part", "message", ["practice", "run", "part"])
