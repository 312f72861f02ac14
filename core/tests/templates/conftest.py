"""Shared by the tests of texts: compile a free text, or a folder of files."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from serienpost.templates.compiled import CompiledTemplate
from serienpost.templates.folder import TemplateFiles, TextFile, from_text

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def mail() -> Callable[..., CompiledTemplate]:
    """Compile a Markdown text, for e-mail unless said otherwise."""

    def compiled(
        text: str,
        subject: str | None = None,
        *,
        append: str | None = None,
        kind: str = "email",
        language: str = "de",
        **files: bytes,
    ) -> CompiledTemplate:
        made = from_text(subject, text, "m.yaml", language=language)
        named = {name.replace("_", "."): data for name, data in files.items()}
        if named:
            made = TemplateFiles(
                "t", f"{kind}.md", language, (), made.subject, TextFile(text, f"t/{kind}.md"), named
            )
        return CompiledTemplate(made, kind, html=kind != "sms", zone=BERLIN, append=append)

    return compiled
