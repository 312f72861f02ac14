"""The null plugin: what the core loads when a practice names `serienpost-testkit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import Channel, ConsentCheck, Macro, Settings, Source


@hookimpl
def serienpost_sources() -> list[Source[Any]]:
    """Made-up people, as many as wanted."""
    from serienpost_testkit.null.source import NullSource

    return [NullSource()]


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """A check that answers what a file says."""
    from serienpost_testkit.null.consent import NullConsent

    return [NullConsent()]


@hookimpl
def serienpost_macros() -> list[Macro]:
    """Name and number of the made-up people."""
    from serienpost_testkit.null.macros import NullName, NullNumber

    return [NullName(), NullNumber()]


@hookimpl
def serienpost_channels() -> list[Channel[Any]]:
    """One channel of each kind that sends nothing."""
    from serienpost_testkit.null.channels import null_email, null_letter, null_sms

    return [null_email(), null_sms(), null_letter()]


@hookimpl
def serienpost_settings() -> list[Settings]:
    """The key `"null"` of `serienpost.yaml`."""
    from serienpost import Settings
    from serienpost_testkit.null.settings import NullSettings

    return [Settings("null", NullSettings)]
