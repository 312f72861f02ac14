"""Templates at the fake SendGrid: versions, of which one is in force; they may change any time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost_demo.sendgrid.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHANGED = "2026-11-02 08:15:00"


@dataclass
class Version:
    """A version: subject, HTML, text, as written in Handlebars.

    Without a text SendGrid generates it from the HTML, which is its default.
    """

    subject: str
    html: str = ""
    text: str | None = None
    name: str = "erste"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    updated_at: str = _CHANGED

    @property
    def plain(self) -> str:
        """The text part, also where it is generated."""
        return plain_text(self.html) if self.text is None else self.text


@dataclass
class Template:
    """A template with its versions; `active` is the index of the one in force, None for none."""

    name: str
    versions: list[Version] = field(default_factory=list)
    id: str = field(default_factory=lambda: f"d-{uuid.uuid4().hex}")
    generation: str = "dynamic"
    active: int | None = 0

    @property
    def current(self) -> Version | None:
        """The version in force."""
        return self.versions[self.active] if self.active is not None and self.versions else None

    def change(self, **parts: str | None) -> Version:
        """Put a new version in force that differs in these parts; returns it."""
        old = self.current or Version("")
        made: dict[str, Any] = {"subject": old.subject, "html": old.html, "text": old.text}
        self.versions.append(Version(**made | parts, name=f"Fassung {len(self.versions) + 1}"))
        self.active = len(self.versions) - 1
        return self.versions[-1]

    def plain(self, *, whole: bool) -> dict[str, Any]:
        """As the API shows it; a list leaves the contents out."""
        return {
            "id": self.id,
            "name": self.name,
            "generation": self.generation,
            "updated_at": _CHANGED,
            "versions": [self.version(each, whole=whole) for each in self.versions],
        }

    def version(self, each: Version, *, whole: bool) -> dict[str, Any]:
        """One version as the API shows it."""
        shown = {
            "id": each.id,
            "template_id": self.id,
            "active": int(each is self.current),
            "name": each.name,
            "subject": each.subject,
            "updated_at": each.updated_at,
            "generate_plain_content": each.text is None,
            "editor": "code",
        }
        return {**shown, "html_content": each.html, "plain_content": each.plain} if whole else shown


def page(templates: Sequence[Template], url: str, size: int, token: str) -> dict[str, Any]:
    """One page of a list, with the address of the next."""
    start = int(token or 0)
    shown = templates[start : start + size]
    about: dict[str, Any] = {"self": f"{url}/v3/templates", "count": len(templates)}
    if start + size < len(templates):
        about["next"] = f"{url}/v3/templates?page_size={size}&page_token={start + size}"
    return {"result": [each.plain(whole=False) for each in shown], "_metadata": about}
