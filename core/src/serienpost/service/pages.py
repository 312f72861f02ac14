"""What pages of a run are made of, for desks: its parts, and how templates are rendered."""

from __future__ import annotations

from serienpost.run.report.page import (
    message_look,
    page_environment,
    page_style,
    run_look,
    run_part,
)

__all__ = ["message_look", "page_environment", "page_style", "run_look", "run_part"]
