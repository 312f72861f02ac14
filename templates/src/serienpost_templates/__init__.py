"""Ready templates for practice mailings: one folder each, one file per kind of message."""

from __future__ import annotations

from pathlib import Path

from serienpost import TemplatePack, hookimpl


@hookimpl
def serienpost_templates() -> list[TemplatePack]:
    """Register the folder of templates that lies beside this file."""
    return [TemplatePack("serienpost-templates", Path(__file__).parent / "templates")]
