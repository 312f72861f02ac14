"""What the fake SendGrid answers, and mails as their recipients would get them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serienpost_demo.sendgrid import handlebars
from serienpost_demo.sendgrid.script import error_document
from serienpost_demo.webserver import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost_demo.sendgrid import schema
    from serienpost_demo.sendgrid.templates import Template


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as its recipient would get it; `request` counts the requests taken before."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    ref: str | None
    request: int
    attachments: tuple[tuple[str, bytes], ...] = ()


def parts(
    mail: schema.MailSend, one: schema.Personalization, template: Template | None
) -> tuple[str, str, str]:
    """Subject, text and HTML as the recipient gets them."""
    if template and template.current:
        data: Mapping[str, Any] = one.dynamic_template_data or {}
        version = template.current
        return (
            handlebars.render(version.subject, data),
            handlebars.render(version.plain, data),
            handlebars.render(version.html, data),
        )
    contents = {each.type: each.value for each in mail.content}
    subject = one.subject or mail.subject or ""
    return subject, contents.get("text/plain", ""), contents.get("text/html", "")


def document_answer(document: object) -> Answer:
    """A JSON document."""
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})


def refusal(status: int, message: str, field_name: str | None = None) -> Answer:
    """An error as SendGrid writes it."""
    return Answer(status, error_document([(message, field_name)]))
