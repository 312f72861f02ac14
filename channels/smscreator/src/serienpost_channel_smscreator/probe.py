"""What `doctor` finds out about an account without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import ProbeResult
from serienpost_channel_smscreator.queries import QueryError, balance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost_channel_smscreator.account import SmsCreatorAccount
    from serienpost_channel_smscreator.gateway import Gateway

_REMEDIES = {
    "InvalidUser": "check user and password in the secret store",
    "AccountLocked": "ask the provider why the account is locked",
    "IPLock": "allow this network address in the provider's portal",
    "certificate": "nothing is sent over a connection that is not the provider's; check base_url",
}
# Settings whose defaults nobody confirmed.
ASSUMED = {
    "credits_per_segment": "the price of one SMS",
    "unicode": "what happens to signs outside of GSM 03.38",
    "delivered_status": "which reports mean delivered",
    "failed_status": "which reports mean not delivered",
}


async def probe(account: SmsCreatorAccount, gateway: Gateway) -> Sequence[ProbeResult]:
    """Log in by asking for the balance; the warning level; what is assumed."""
    try:
        credits_left = await balance(gateway)
    except QueryError as error:
        remedy = next((r for code, r in _REMEDIES.items() if code in str(error)), None)
        return [ProbeResult(False, str(error), remedy or "check base_url and the network")]
    results = [ProbeResult(True, "login accepted")]
    level = account.balance_warning
    if level is not None and credits_left < level:
        text = f"{credits_left:g} credits are left, fewer than balance_warning ({level:g})"
        results.append(ProbeResult(False, text, "top up the account"))
    assumed = [what for name, what in ASSUMED.items() if name not in account.model_fields_set]
    if assumed:
        text = f"assumed, not set: {', '.join(assumed)} (see docs/smscreator.md)"
        results.append(ProbeResult(True, text))
    return results
