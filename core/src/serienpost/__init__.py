"""serienpost: mail merge for medical practices.

Everything a plugin author needs is importable from here; nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.config.accounts import AccountSettings as AccountSettings
    from serienpost.config.accounts import SecretRef as SecretRef
    from serienpost.config.strict import StrictModel as StrictModel
    from serienpost.context import Context as Context
    from serienpost.contracts.channels import Accepted as Accepted
    from serienpost.contracts.channels import AccountProblem as AccountProblem
    from serienpost.contracts.channels import Attachment as Attachment
    from serienpost.contracts.channels import Capabilities as Capabilities
    from serienpost.contracts.channels import Channel as Channel
    from serienpost.contracts.channels import Content as Content
    from serienpost.contracts.channels import Cost as Cost
    from serienpost.contracts.channels import Deferred as Deferred
    from serienpost.contracts.channels import Draft as Draft
    from serienpost.contracts.channels import Edition as Edition
    from serienpost.contracts.channels import Event as Event
    from serienpost.contracts.channels import Message as Message
    from serienpost.contracts.channels import Outcome as Outcome
    from serienpost.contracts.channels import ProbeResult as ProbeResult
    from serienpost.contracts.channels import Processor as Processor
    from serienpost.contracts.channels import ProviderTemplate as ProviderTemplate
    from serienpost.contracts.channels import QuotaReached as QuotaReached
    from serienpost.contracts.channels import Refused as Refused
    from serienpost.contracts.channels import Rejected as Rejected
    from serienpost.contracts.channels import Sender as Sender
    from serienpost.contracts.channels import Sent as Sent
    from serienpost.contracts.channels import Unknown as Unknown
    from serienpost.contracts.consent import Abstain as Abstain
    from serienpost.contracts.consent import Allow as Allow
    from serienpost.contracts.consent import ConsentCheck as ConsentCheck
    from serienpost.contracts.consent import ConsentQuestion as ConsentQuestion
    from serienpost.contracts.consent import Deny as Deny
    from serienpost.contracts.consent import Verdict as Verdict
    from serienpost.contracts.macros import Macro as Macro
    from serienpost.contracts.macros import MacroSetting as MacroSetting
    from serienpost.contracts.providers import Disclaimer as Disclaimer
    from serienpost.contracts.providers import KeptTemplate as KeptTemplate
    from serienpost.contracts.providers import Variable as Variable
    from serienpost.contracts.rows import FieldValue as FieldValue
    from serienpost.contracts.rows import Occasion as Occasion
    from serienpost.contracts.rows import Row as Row
    from serienpost.contracts.rows import RowRef as RowRef
    from serienpost.contracts.rows import RowRequest as RowRequest
    from serienpost.contracts.rows import Source as Source
    from serienpost.contracts.rows import Standing as Standing
    from serienpost.contracts.services import Archive as Archive
    from serienpost.contracts.services import ArchiveEntry as ArchiveEntry
    from serienpost.contracts.services import Dispatcher as Dispatcher
    from serienpost.contracts.services import SecretStore as SecretStore
    from serienpost.contracts.services import Settings as Settings
    from serienpost.contracts.services import TemplatePack as TemplatePack
    from serienpost.errors import ConfigError as ConfigError
    from serienpost.errors import PluginError as PluginError
    from serienpost.errors import Problem as Problem
    from serienpost.errors import SecretError as SecretError
    from serienpost.errors import SerienpostError as SerienpostError
    from serienpost.errors import SourceError as SourceError
    from serienpost.errors import TemplateError as TemplateError
    from serienpost.fields import Sensitivity as Sensitivity
    from serienpost.hookspecs import hookimpl as hookimpl
    from serienpost.kinds import Address as Address
    from serienpost.kinds import Kind as Kind
    from serienpost.kinds import Unreachable as Unreachable

__version__ = "0.1.0"

_HOME = {
    "config.accounts": "AccountSettings SecretRef",
    "config.strict": "StrictModel",
    "context": "Context",
    "contracts.channels": (
        "Accepted AccountProblem Attachment Capabilities Channel Content Cost Deferred Draft"
        " Edition Event Message Outcome ProbeResult Processor ProviderTemplate QuotaReached Refused"
        " Rejected Sender Sent Unknown"
    ),
    "contracts.consent": "Abstain Allow ConsentCheck ConsentQuestion Deny Verdict",
    "contracts.macros": "Macro MacroSetting",
    "contracts.providers": "Disclaimer KeptTemplate Variable",
    "contracts.rows": "FieldValue Occasion Row RowRef RowRequest Source Standing",
    "contracts.services": "Archive ArchiveEntry Dispatcher SecretStore Settings TemplatePack",
    "errors": (
        "ConfigError PluginError Problem SecretError SerienpostError SourceError TemplateError"
    ),
    "fields": "Sensitivity",
    "hookspecs": "hookimpl",
    "kinds": "Address Kind Unreachable",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(["__version__", *_MODULE_OF])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"serienpost.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
