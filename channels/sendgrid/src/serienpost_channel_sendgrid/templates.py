"""Templates at SendGrid: listed page by page, found by id or name, read for their variables."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from serienpost import Problem, ProviderTemplate, SerienpostError, TemplateError, Texts
from serienpost_channel_sendgrid.handlebars import Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serienpost_channel_sendgrid.client import Api

_ = Texts(__name__)

_TEMPLATES = "/v3/templates"
_PAGE = 200
_MOST_PAGES = 50
_DYNAMIC = "dynamic"
_ID = re.compile(r"(d-[0-9A-Za-z-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
_PARTS = (("subject", "subject"), ("html", "html_content"), ("text", "plain_content"))


@dataclass(frozen=True, slots=True)
class ListedTemplate:
    """A template as the list shows it; `versions` are id, name, whether in force, when changed."""

    id: str
    name: str
    generation: str
    versions: tuple[tuple[str, str, bool, str], ...]


async def list_templates(api: Api) -> AsyncIterator[ListedTemplate]:
    """All templates of the account, transactional and older ones.

    Raises:
        SerienpostError: SendGrid cannot be asked.
    """
    params: dict[str, str | int] = {"generations": "legacy,dynamic", "page_size": _PAGE}
    for _page in range(_MOST_PAGES):
        document = await api.get(_TEMPLATES, **params) or {}
        for found in _dicts(document.get("result") or document.get("templates")):
            yield _listed(found)
        following = (document.get("_metadata") or {}).get("next")
        token = parse_qs(urlsplit(str(following or "")).query).get("page_token")
        if not token:
            return
        params["page_token"] = token[0]


def _listed(found: dict[str, Any]) -> ListedTemplate:
    versions = tuple(
        (str(v.get("id", "")), str(v.get("name", "")), _is_active(v), _updated(v))
        for v in _dicts(found.get("versions"))
    )
    return ListedTemplate(
        str(found.get("id", "")),
        str(found.get("name", "")),
        str(found.get("generation", "legacy")),
        versions,
    )


async def read_template(api: Api, wanted: str) -> ProviderTemplate:
    """The template of this id or exact name, with its version in force.

    Raises:
        TemplateError: there is none, or it must not be used.
        SerienpostError: SendGrid cannot be asked.
    """
    template_id = wanted if _ID.match(wanted) else await _by_name(api, wanted)
    found = await api.get(f"{_TEMPLATES}/{quote(template_id, safe='')}")
    if found is None:
        raise TemplateError(_missing(wanted))
    name = str(found.get("name") or template_id)
    if found.get("generation") != _DYNAMIC or not template_id.startswith("d-"):
        raise TemplateError(_legacy(name))
    active = next((v for v in _dicts(found.get("versions")) if _is_active(v)), None)
    if active is None:
        raise TemplateError(
            _("the template {name} has no version in force", name=name), hint=_("activate one")
        )
    version = str(active.get("id", ""))
    path = f"{_TEMPLATES}/{quote(template_id, safe='')}/versions/{quote(version, safe='')}"
    detail = await api.get(path)
    if not isinstance(detail, dict):
        raise SerienpostError(_("SendGrid does not show the version of template {name}", name=name))
    return _provider_template(template_id, name, version, detail)


async def _by_name(api: Api, name: str) -> str:
    found = [each async for each in list_templates(api) if each.name == name]
    current = [each for each in found if each.generation == _DYNAMIC]
    if len(current) > 1:
        ids = [each.id for each in current]
        raise TemplateError(
            _("several templates are called {name}", name=name),
            hint=_("write the id: {ids}", ids=ids),
        )
    if current:
        return current[0].id
    raise TemplateError(_legacy(name) if found else _missing(name))


def _missing(wanted: str) -> Problem:
    hint = _("`serienpost sendgrid templates ACCOUNT` lists them; EU and global keep their own")
    return Problem(_("there is no template {name} at SendGrid", name=wanted), hint)


def _legacy(name: str) -> Problem:
    hint = _("make it anew as a dynamic template; its id begins with d-")
    said = _("the template {name} is a legacy template, which is not supported", name=name)
    return Problem(said, hint)


def _provider_template(
    template_id: str, name: str, version: str, detail: dict[str, Any]
) -> ProviderTemplate:
    reading = Reading()
    # SendGrid's default, also where the version does not say it.
    is_generated = detail.get("generate_plain_content") is not False
    sources = {part: str(detail.get(key) or "") for part, key in _PARTS}
    for part, source in sources.items():
        reading.add(part, source, is_generated=is_generated and part == "text")  # type: ignore[arg-type]
    if not sources["subject"].strip():
        reading.problems.append(_("the subject is empty"))
    if not (sources["html"] + sources["text"]).strip():
        reading.problems.append(_("it has no text"))
    if reading.problems:
        said = [_("the template {name}: {problem}", name=name, problem=p) for p in reading.problems]
        raise TemplateError(*map(Problem, dict.fromkeys(said)))
    packed = json.dumps(sources, sort_keys=True).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(packed).hexdigest()
    hints = tuple(dict.fromkeys(reading.hints))
    return ProviderTemplate(template_id, version, digest, name, reading.variables(), hints, sources)


def _dicts(value: object) -> list[dict[str, Any]]:
    """The objects in a list; nothing where there is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _is_active(version: dict[str, Any]) -> bool:
    """Whether a version is in force."""
    return version.get("active") in (1, True, "1")


def _updated(version: dict[str, Any]) -> str:
    """Some of SendGrid's documents write the key with a blank at its end."""
    return str(version.get("updated_at") or version.get("updated_at ") or "")
