"""`sendgrid templates ACCOUNT`: what templates there are at SendGrid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from serienpost import ConfigError, Texts, json_option, with_practice

if TYPE_CHECKING:
    from serienpost import Context, Practice, Reply
    from serienpost_channel_sendgrid.account import SendGridAccount


_ = Texts(__name__)


@click.group(name="sendgrid")
def sendgrid_group() -> None:
    """What is kept at SendGrid."""


@sendgrid_group.command(name="templates")
@click.argument("account")
@json_option
@with_practice
def templates_command(practice: Practice, account: str) -> Reply:
    """List the templates at SendGrid with their versions."""
    import asyncio

    from serienpost import Reply, print_table

    context = practice.context
    found = asyncio.run(_listed(context, _account(context, account)))

    def text() -> None:
        print_table(
            [
                _("id"),
                _("name"),
                _("generation"),
                _("version"),
                _("in force"),
                _("changed"),
            ],
            [
                [
                    t["id"],
                    t["name"],
                    t["generation"],
                    v["name"],
                    _("yes") if v["active"] else _("no"),
                    v["updated_at"],
                ]
                for t in found
                for v in t["versions"] or [{"name": "-", "active": False, "updated_at": ""}]
            ],
        )

    return Reply({"account": account, "templates": found}, text)


def _account(context: Context, name: str) -> SendGridAccount:
    from serienpost_channel_sendgrid.account import SendGridAccount

    account = context.accounts.get(name)
    if not isinstance(account, SendGridAccount):
        ours = [n for n, a in context.accounts.items() if isinstance(a, SendGridAccount)]
        hint = _("one of {names}", names=ours) if ours else _("write one with channel: sendgrid")
        raise ConfigError(_("there is no account {name} at SendGrid", name=name), hint=hint)
    return account


async def _listed(context: Context, account: SendGridAccount) -> list[dict[str, Any]]:
    from serienpost_channel_sendgrid.client import reading
    from serienpost_channel_sendgrid.templates import list_templates

    async with reading(context, account, for_templates=True) as api:
        return [
            {
                "id": each.id,
                "name": each.name,
                "generation": each.generation,
                "versions": [
                    {"id": id_, "name": name, "active": active, "updated_at": updated}
                    for id_, name, active, updated in each.versions
                ],
            }
            async for each in list_templates(api)
        ]
