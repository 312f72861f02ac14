"""What `doctor` finds out about an account without sending anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from serienpost import Accepted, ProbeResult, SerienpostError, Texts, joined
from serienpost_channel_sendgrid.account import EU
from serienpost_channel_sendgrid.client import LostError, NotSentError, clients, reading
from serienpost_channel_sendgrid.composition import mailbox_object
from serienpost_channel_sendgrid.replies import utc_now, verdict
from serienpost_channel_sendgrid.sender import SEND
from serienpost_channel_sendgrid.templates import list_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context
    from serienpost_channel_sendgrid.account import SendGridAccount
    from serienpost_channel_sendgrid.client import Api, Client

_ = Texts(__name__)

_REMEDIES = {
    "401": _("check the API key and the region of base_url"),
    "403": _("give the key the right to send, and let SendGrid verify the sender"),
}


async def probe(context: Context, account: SendGridAccount) -> list[ProbeResult]:
    """What is found out about key, sender, templates and duties; a refused key ends it."""
    async with clients(context, account) as (client,):
        results = [await _try_sending(account, client)]
    if results[0].ok:
        async with reading(context, account, for_templates=True) as api:
            results.append(await _try_templates(api))
    return [*results, *duties(account)]


async def _try_sending(account: SendGridAccount, client: Client) -> ProbeResult:
    """Let SendGrid check a message to the practice itself; it is not sent (sandbox mode)."""
    sender = mailbox_object(account.sender)
    document = {
        "personalizations": [{"to": [{"email": sender["email"]}]}],
        "from": sender,
        "subject": "Test",
        "content": [{"type": "text/plain", "value": "Test"}],
        "mail_settings": {"sandbox_mode": {"enable": True}},
    }
    try:
        reply = await client.post(SEND, json.dumps(document).encode())
    except (NotSentError, LostError) as error:
        remedy = _("check base_url and the network")
        return ProbeResult(ok=False, text=error.text, remedy=remedy)
    found = verdict(reply, 1, sandbox=True, now=utc_now())
    if isinstance(found, Accepted):
        return ProbeResult(ok=True, text=_("key and sender are accepted"))
    text = getattr(found, "text", "") or f"HTTP {reply.status}"
    code = str(reply.status)
    return ProbeResult(ok=False, text=joined(" ", (code, text)), remedy=_REMEDIES.get(code))


async def _try_templates(api: Api) -> ProbeResult:
    """Whether templates can be read; a key without that right can still send rendered texts."""
    try:
        found = [each async for each in list_templates(api)]
    except SerienpostError as error:
        problem = error.problems[0]
        said = _("no templates: {reason}", reason=problem.message)
        return ProbeResult(ok=True, text=said, remedy=problem.hint)
    said = _.ngettext("{n} template can be read", "{n} templates can be read", len(found))
    return ProbeResult(ok=True, text=said)


def duties(account: SendGridAccount) -> Iterator[ProbeResult]:
    """What is not known of the company that gets the data. Warnings: the practice decides."""
    if account.is_local:
        return
    processor = account.processor
    if processor.contract_date is None:
        yield ProbeResult(
            ok=True,
            text=_(
                "warning: no contract about processing with {name} is entered", name=processor.name
            ),
            remedy=_("Art. 28 GDPR; processor.contract_date"),
        )
    if processor.attestation is None:
        yield ProbeResult(
            ok=True,
            text=_("warning: no attestation of {name} is entered", name=processor.name),
            remedy=_("section 393 SGB V asks for C5; processor.attestation"),
        )
    if account.base_url != EU:
        yield ProbeResult(
            ok=True,
            text=_("warning: the data are processed in {region}", region=account.region),
            remedy=_("an EU subuser and base_url {url}", url=EU),
        )
