"""Transactional templates at SendGrid: found by id or name, and read for their variables."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from serienpost import Problem, ProviderTemplate, SerienpostError, TemplateError
from serienpost_channel_sendgrid.handlebars import Reading
from serienpost_channel_sendgrid.listing import TEMPLATES, dicts, is_active, list_templates

if TYPE_CHECKING:
    from serienpost_channel_sendgrid.api import Api

_DYNAMIC = "dynamic"
_ID = re.compile(r"(d-[0-9A-Za-z-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
_PARTS = (("subject", "subject"), ("html", "html_content"), ("text", "plain_content"))


async def read_template(api: Api, wanted: str) -> ProviderTemplate:
    """The template of this id or exact name, with its version in force.

    Raises:
        TemplateError: there is none, or it must not be used.
        SerienpostError: SendGrid cannot be asked.
    """
    template_id = wanted if _ID.match(wanted) else await _by_name(api, wanted)
    found = await api.get(f"{TEMPLATES}/{quote(template_id, safe='')}")
    if found is None:
        raise TemplateError(_missing(wanted))
    name = str(found.get("name") or template_id)
    if found.get("generation") != _DYNAMIC or not template_id.startswith("d-"):
        raise TemplateError(_legacy(name))
    active = next((v for v in dicts(found.get("versions")) if is_active(v)), None)
    if active is None:
        raise TemplateError(f"the template {name} has no version in force", hint="activate one")
    version = str(active.get("id", ""))
    path = f"{TEMPLATES}/{quote(template_id, safe='')}/versions/{quote(version, safe='')}"
    detail = await api.get(path)
    if not isinstance(detail, dict):
        raise SerienpostError(f"SendGrid does not show the version of template {name}")
    return _kept(template_id, name, version, detail)


async def _by_name(api: Api, name: str) -> str:
    found = [each async for each in list_templates(api) if each.name == name]
    current = [each for each in found if each.generation == _DYNAMIC]
    if len(current) > 1:
        ids = ", ".join(each.id for each in current)
        raise TemplateError(f"several templates are called {name}", hint=f"write the id: {ids}")
    if current:
        return current[0].id
    raise TemplateError(_legacy(name) if found else _missing(name))


def _missing(wanted: str) -> Problem:
    hint = "`serienpost sendgrid templates ACCOUNT` lists them; EU and global keep their own"
    return Problem(f"there is no template {wanted} at SendGrid", hint)


def _legacy(name: str) -> Problem:
    hint = "make it anew as a dynamic template; its id begins with d-"
    return Problem(f"the template {name} is a legacy template, which is not supported", hint)


def _kept(template_id: str, name: str, version: str, detail: dict[str, Any]) -> ProviderTemplate:
    reading = Reading()
    sources = {part: str(detail.get(key) or "") for part, key in _PARTS}
    for part, source in sources.items():
        reading.add(part, source)  # type: ignore[arg-type]
    if not sources["subject"].strip():
        reading.problems.append("subject: is empty")
    if not (sources["html"] + sources["text"]).strip():
        reading.problems.append("it has no text")
    if reading.problems:
        problems = (Problem(f"the template {name}: {each}") for each in reading.problems)
        raise TemplateError(*dict.fromkeys(problems))
    packed = json.dumps(sources, sort_keys=True).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(packed).hexdigest()
    hints = tuple(dict.fromkeys(reading.hints))
    return ProviderTemplate(template_id, version, digest, name, reading.variables(), hints)
