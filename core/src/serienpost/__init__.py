"""serienpost: mail merge for medical practices.

The public door: everything that a plugin or a program around serienpost needs is imported from
here; nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.address_faults import is_address_fault as is_address_fault
    from serienpost.cli.group import json_option as json_option
    from serienpost.cli.output import print_table as print_table
    from serienpost.cli.practice import with_practice as with_practice
    from serienpost.cli.reply import Reply as Reply
    from serienpost.config.models import CORE_KEYS as CORE_KEYS
    from serienpost.config.models import FLAG_PURPOSES as FLAG_PURPOSES
    from serienpost.config.models import PracticeConfig as PracticeConfig
    from serienpost.config.policy import Policy as Policy
    from serienpost.config.problems import Collector as Collector
    from serienpost.config.problems import did_you_mean as did_you_mean
    from serienpost.config.reader import scan_yaml as scan_yaml
    from serienpost.context import PracticeContext as PracticeContext
    from serienpost.contracts.accounts import AccountSettings as AccountSettings
    from serienpost.contracts.accounts import Rate as Rate
    from serienpost.contracts.accounts import SecretRef as SecretRef
    from serienpost.contracts.channels import Capabilities as Capabilities
    from serienpost.contracts.channels import Channel as Channel
    from serienpost.contracts.channels import Event as Event
    from serienpost.contracts.channels import Generation as Generation
    from serienpost.contracts.channels import Go as Go
    from serienpost.contracts.channels import HasBalance as HasBalance
    from serienpost.contracts.channels import HasDisconnect as HasDisconnect
    from serienpost.contracts.channels import HasEvents as HasEvents
    from serienpost.contracts.channels import HasFinish as HasFinish
    from serienpost.contracts.channels import HasForecast as HasForecast
    from serienpost.contracts.channels import HasLayout as HasLayout
    from serienpost.contracts.channels import HasLookup as HasLookup
    from serienpost.contracts.channels import HasProbe as HasProbe
    from serienpost.contracts.channels import HasRecord as HasRecord
    from serienpost.contracts.channels import HasViews as HasViews
    from serienpost.contracts.channels import ProbeResult as ProbeResult
    from serienpost.contracts.channels import Processor as Processor
    from serienpost.contracts.channels import Sender as Sender
    from serienpost.contracts.channels import Sent as Sent
    from serienpost.contracts.consent import Abstain as Abstain
    from serienpost.contracts.consent import AddressOwner as AddressOwner
    from serienpost.contracts.consent import Allow as Allow
    from serienpost.contracts.consent import ConsentCheck as ConsentCheck
    from serienpost.contracts.consent import ConsentQuestion as ConsentQuestion
    from serienpost.contracts.consent import Deny as Deny
    from serienpost.contracts.consent import HasAddressOwners as HasAddressOwners
    from serienpost.contracts.consent import Verdict as Verdict
    from serienpost.contracts.content import Attachment as Attachment
    from serienpost.contracts.content import Content as Content
    from serienpost.contracts.content import Cost as Cost
    from serienpost.contracts.content import Draft as Draft
    from serienpost.contracts.content import FilledTemplate as FilledTemplate
    from serienpost.contracts.content import Message as Message
    from serienpost.contracts.content import ProviderTemplate as ProviderTemplate
    from serienpost.contracts.content import Refused as Refused
    from serienpost.contracts.content import Variable as Variable
    from serienpost.contracts.context import Context as Context
    from serienpost.contracts.kinds import Address as Address
    from serienpost.contracts.kinds import JudgesBy as JudgesBy
    from serienpost.contracts.kinds import Kind as Kind
    from serienpost.contracts.kinds import Unreachable as Unreachable
    from serienpost.contracts.macros import Macro as Macro
    from serienpost.contracts.macros import MacroSetting as MacroSetting
    from serienpost.contracts.macros import NamesUnknown as NamesUnknown
    from serienpost.contracts.macros import Speaks as Speaks
    from serienpost.contracts.outcomes import Accepted as Accepted
    from serienpost.contracts.outcomes import AccountProblem as AccountProblem
    from serienpost.contracts.outcomes import Deferred as Deferred
    from serienpost.contracts.outcomes import NotStarted as NotStarted
    from serienpost.contracts.outcomes import Outcome as Outcome
    from serienpost.contracts.outcomes import QuotaReached as QuotaReached
    from serienpost.contracts.outcomes import Rejected as Rejected
    from serienpost.contracts.outcomes import Unknown as Unknown
    from serienpost.contracts.practice import PracticeInfo as PracticeInfo
    from serienpost.contracts.practice import Signature as Signature
    from serienpost.contracts.providers import Disclaimer as Disclaimer
    from serienpost.contracts.providers import HasDisclaimer as HasDisclaimer
    from serienpost.contracts.providers import HasTemplates as HasTemplates
    from serienpost.contracts.rows import Advises as Advises
    from serienpost.contracts.rows import AsksClock as AsksClock
    from serienpost.contracts.rows import CountsFromLastRun as CountsFromLastRun
    from serienpost.contracts.rows import CurrentState as CurrentState
    from serienpost.contracts.rows import LacksStableIds as LacksStableIds
    from serienpost.contracts.rows import LimitsPurposes as LimitsPurposes
    from serienpost.contracts.rows import LowersClasses as LowersClasses
    from serienpost.contracts.rows import Occasion as Occasion
    from serienpost.contracts.rows import Row as Row
    from serienpost.contracts.rows import RowRef as RowRef
    from serienpost.contracts.rows import RowRequest as RowRequest
    from serienpost.contracts.rows import Source as Source
    from serienpost.contracts.rows import TellsWhatIsRead as TellsWhatIsRead
    from serienpost.contracts.services import Archive as Archive
    from serienpost.contracts.services import ArchiveEntry as ArchiveEntry
    from serienpost.contracts.services import Dispatcher as Dispatcher
    from serienpost.contracts.services import InDatabase as InDatabase
    from serienpost.contracts.services import SecretStore as SecretStore
    from serienpost.contracts.services import Settings as Settings
    from serienpost.contracts.services import TemplatePack as TemplatePack
    from serienpost.contracts.strict import StrictModel as StrictModel
    from serienpost.core_plugin import register_core as register_core
    from serienpost.errors import ConfigError as ConfigError
    from serienpost.errors import Exit as Exit
    from serienpost.errors import LedgerUnavailableError as LedgerUnavailableError
    from serienpost.errors import PluginError as PluginError
    from serienpost.errors import Problem as Problem
    from serienpost.errors import SecretError as SecretError
    from serienpost.errors import SelectionError as SelectionError
    from serienpost.errors import SerienpostError as SerienpostError
    from serienpost.errors import SourceError as SourceError
    from serienpost.errors import TemplateError as TemplateError
    from serienpost.errors import UnavailableError as UnavailableError
    from serienpost.fault_injection import faultpoint as faultpoint
    from serienpost.fields import APPOINTMENT_TYPE as APPOINTMENT_TYPE
    from serienpost.fields import CATALOGUE as CATALOGUE
    from serienpost.fields import FieldType as FieldType
    from serienpost.fields import FieldValue as FieldValue
    from serienpost.fields import Part as Part
    from serienpost.fields import Sensitivity as Sensitivity
    from serienpost.fields import known_field as known_field
    from serienpost.files import UNFINISHED as UNFINISHED
    from serienpost.files import nearest_path as nearest_path
    from serienpost.files import private_folder as private_folder
    from serienpost.files import refuse_other as refuse_other
    from serienpost.files import spreadsheet_cell as spreadsheet_cell
    from serienpost.files import unnamed_file as unnamed_file
    from serienpost.files import whole_file as whole_file
    from serienpost.files import write_private as write_private
    from serienpost.hookspecs import hookimpl as hookimpl
    from serienpost.kinds import CORE_KINDS as CORE_KINDS
    from serienpost.kinds import core_kind as core_kind
    from serienpost.kinds.email import Mailbox as Mailbox
    from serienpost.kinds.email import parse_sender as parse_sender
    from serienpost.kinds.email import refused_in_header as refused_in_header
    from serienpost.kinds.gsm import Measured as Measured
    from serienpost.kinds.gsm import measure_sms as measure_sms
    from serienpost.kinds.letter import address_lines as address_lines
    from serienpost.names import NameParts as NameParts
    from serienpost.names import name_parts as name_parts
    from serienpost.names import one_line as one_line
    from serienpost.network import HeldBackError as HeldBackError
    from serienpost.network import asking as asking
    from serienpost.network import is_loopback as is_loopback
    from serienpost.network import no_answer as no_answer
    from serienpost.network import no_connection as no_connection
    from serienpost.network import server_of as server_of
    from serienpost.network import tls_cause as tls_cause
    from serienpost.redaction import redact as redact
    from serienpost.redaction import without_secrets as without_secrets
    from serienpost.reference import PLACEHOLDER as PLACEHOLDER
    from serienpost.reference import holds_reference as holds_reference
    from serienpost.reference import unsubscribe_mail as unsubscribe_mail
    from serienpost.reference import with_reference as with_reference
    from serienpost.registry import Registry as Registry
    from serienpost.service import Practice as Practice
    from serienpost.service import open_practice as open_practice
    from serienpost.service.decided import Answers as Answers
    from serienpost.status_codes import Fault as Fault
    from serienpost.status_codes import StatusCode as StatusCode
    from serienpost.status_codes import read_status_codes as read_status_codes
    from serienpost.status_codes import telling_status as telling_status
    from serienpost.templates.browser_page import browser_page as browser_page
    from serienpost.templates.letter_page import split_page as split_page
    from serienpost.templates.passive import active_parts_of_foreign as active_parts_of_foreign
    from serienpost.text import CONTROL as CONTROL
    from serienpost.text import LINE_BREAK as LINE_BREAK
    from serienpost.text import SURROGATE as SURROGATE
    from serienpost.text import has_control as has_control
    from serienpost.translation import Money as Money
    from serienpost.translation import Text as Text
    from serienpost.translation import Texts as Texts
    from serienpost.translation import joined as joined
    from serienpost.translation import paragraphs as paragraphs
    from serienpost.translation import placeholders as placeholders
    from serienpost.translation import present_language as present_language
    from serienpost.translation import speaking as speaking
    from serienpost.words import message_state as message_state
    from serienpost.words import run_state as run_state
    from serienpost.written_values import NO_WORDS as NO_WORDS
    from serienpost.written_values import Unreadable as Unreadable
    from serienpost.written_values import is_typed as is_typed
    from serienpost.written_values import read_value as read_value

__version__ = "0.1.0"

_HOME = {
    "cli.group": "json_option",
    "cli.output": "print_table",
    "cli.practice": "with_practice",
    "cli.reply": "Reply",
    "config.models": "CORE_KEYS FLAG_PURPOSES PracticeConfig",
    "config.policy": "Policy",
    "config.problems": "Collector did_you_mean",
    "config.reader": "scan_yaml",
    "context": "PracticeContext",
    "contracts.accounts": "AccountSettings Rate SecretRef",
    "contracts.channels": (
        "Capabilities Channel Event Generation Go HasBalance HasDisconnect HasEvents HasFinish"
        " HasForecast HasLayout HasLookup HasProbe HasRecord HasViews ProbeResult"
        " Processor Sender Sent"
    ),
    "contracts.consent": (
        "Abstain AddressOwner Allow ConsentCheck ConsentQuestion Deny HasAddressOwners Verdict"
    ),
    "contracts.content": (
        "Attachment Content Cost Draft FilledTemplate Message ProviderTemplate Refused Variable"
    ),
    "contracts.context": "Context",
    "contracts.kinds": "Address JudgesBy Kind Unreachable",
    "contracts.macros": "Macro MacroSetting NamesUnknown Speaks",
    "contracts.outcomes": (
        "Accepted AccountProblem Deferred NotStarted Outcome QuotaReached Rejected Unknown"
    ),
    "contracts.practice": "PracticeInfo Signature",
    "contracts.providers": "Disclaimer HasDisclaimer HasTemplates",
    "contracts.rows": (
        "Advises AsksClock CountsFromLastRun CurrentState LacksStableIds LimitsPurposes "
        "LowersClasses Occasion Row RowRef RowRequest Source TellsWhatIsRead"
    ),
    "contracts.services": (
        "Archive ArchiveEntry Dispatcher InDatabase SecretStore Settings TemplatePack"
    ),
    "contracts.strict": "StrictModel",
    "core_plugin": "register_core",
    "errors": (
        "ConfigError Exit LedgerUnavailableError PluginError Problem SecretError SelectionError"
        " SerienpostError SourceError TemplateError UnavailableError"
    ),
    "fault_injection": "faultpoint",
    "fields": "APPOINTMENT_TYPE CATALOGUE FieldType FieldValue Part Sensitivity known_field",
    "files": (
        "UNFINISHED nearest_path private_folder refuse_other spreadsheet_cell unnamed_file"
        " whole_file write_private"
    ),
    "hookspecs": "hookimpl",
    "kinds": "CORE_KINDS core_kind",
    "kinds.email": "Mailbox parse_sender refused_in_header",
    "kinds.gsm": "Measured measure_sms",
    "kinds.letter": "address_lines",
    "names": "NameParts name_parts one_line",
    "network": "HeldBackError asking is_loopback no_answer no_connection server_of tls_cause",
    "redaction": "redact without_secrets",
    "address_faults": "is_address_fault",
    "status_codes": "Fault StatusCode read_status_codes telling_status",
    "reference": "PLACEHOLDER holds_reference unsubscribe_mail with_reference",
    "registry": "Registry",
    "service": "Practice open_practice",
    "service.decided": "Answers",
    "templates.browser_page": "browser_page",
    "templates.letter_page": "split_page",
    "templates.passive": "active_parts_of_foreign",
    "text": "CONTROL LINE_BREAK SURROGATE has_control",
    "translation": "Money Text Texts joined paragraphs placeholders present_language speaking",
    "words": "message_state run_state",
    "written_values": "NO_WORDS Unreadable is_typed read_value",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(["__version__", *_MODULE_OF])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"serienpost.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
