"""What `doctor` finds out about an account without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import ProbeResult, Texts
from serienpost_channel_smscreator.queries import QueryError, balance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost_channel_smscreator.account import SmsCreatorAccount
    from serienpost_channel_smscreator.gateway import Gateway

_ = Texts(__name__)

_REMEDIES = {
    "InvalidUser": _("check user and password in the secret store"),
    "AccountLocked": _("ask the provider why the account is locked"),
    "IPLock": _("allow this network address in the provider's portal"),
    "certificate": _(
        "nothing is sent over a connection that is not the provider's; check base_url"
    ),
}
# Settings whose defaults nobody confirmed.
ASSUMED = {
    "credits_per_segment": _("the price of one SMS"),
    "unicode": _("what happens to signs outside of GSM 03.38"),
    "delivered_status": _("which reports mean delivered"),
    "failed_status": _("which reports mean not delivered"),
}


async def probe(account: SmsCreatorAccount, gateway: Gateway) -> Sequence[ProbeResult]:
    """Log in by asking for the balance; the warning level; what is assumed."""
    try:
        credits_left = await balance(gateway)
    except QueryError as error:
        remedy = _REMEDIES.get(error.code, _("check base_url and the network"))
        return [ProbeResult(False, error.sentence, remedy)]
    results = [ProbeResult(True, _("login accepted"))]
    level = account.balance_warning
    if level is not None and credits_left < level:
        text = _(
            "{credits} credits are left, fewer than balance_warning ({level})",
            credits=credits_left,
            level=level,
        )
        results.append(ProbeResult(False, text, _("top up the account")))
    assumed = [what for name, what in ASSUMED.items() if name not in account.model_fields_set]
    if assumed:
        text = _("assumed, not set: {settings} (see docs/smscreator.md)", settings=assumed)
        results.append(ProbeResult(True, text))
    return results
