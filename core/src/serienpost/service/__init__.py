"""The one way in: everything that a person or a program does with a practice.

Start at `open_practice`. What comes back are frozen records; what a person must decide comes back
as a typed question, never as a prompt. Faces (the command line, pages, workers, programs of
vendors) stand on this and hold no rule of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from serienpost.service.practice import Practice, open_practice

if TYPE_CHECKING:
    from serienpost import words
    from serienpost.rights import Right
    from serienpost.service.account_check import AccountFinding, AccountsStatus, CheckedAccount
    from serienpost.service.anew import Anew, find_again, is_for_past, made_anew
    from serienpost.service.answers import (
        Counted,
        CountedSign,
        CourseBar,
        DueDate,
        MessageStory,
        NamedMessage,
        PersonExport,
        PlanCounts,
        ReasonCount,
        Recipient,
        Report,
        ReviewSummary,
        RowNames,
        RunLine,
        RunStatus,
        SelectionStatus,
    )
    from serienpost.service.balances import Balance
    from serienpost.service.catalog import (
        AccountLine,
        MacroEntry,
        MailingLine,
        TemplateEntry,
        TemplateText,
        accounts,
        copy_template,
        macros,
        mailings,
        sources,
        template_text,
        templates,
    )
    from serienpost.service.channel_abilities import Abilities, abilities
    from serienpost.service.decided import Answers
    from serienpost.service.desk_worker import ensure_worker
    from serienpost.service.draft import Conflict, Draft, DraftLine
    from serienpost.service.given_files import UploadedFile
    from serienpost.service.journal import JournalEntry, JournalPage
    from serienpost.service.login import LoggedIn, LoginRefused, Session
    from serienpost.service.mailing import CheckedMailing, EditedText, Transliteration
    from serienpost.service.mailing_status import MailingStatus, mailing_statuses
    from serienpost.service.message_view import ShownFile, ShownMessage, shown_message
    from serienpost.service.notices import Notice
    from serienpost.service.own_address import TestResult
    from serienpost.service.pages import (
        message_look,
        page_environment,
        page_style,
        run_look,
        run_part,
    )
    from serienpost.service.passwords import SHORTEST_PASSWORD
    from serienpost.service.persons import FoundPerson, FoundPersons
    from serienpost.service.release import Confirmation, Obstacle
    from serienpost.service.retention import Expiring, RetentionStatus
    from serienpost.service.review_page import ReviewPage
    from serienpost.service.run import MISSED, MessagePage, Progress, Run, Stop
    from serienpost.service.same_mailing import SameMailing
    from serienpost.service.selection import Selection
    from serienpost.service.suppressions import Suppression, SuppressionPage
    from serienpost.service.tasks import (
        AskBalances,
        CheckAccounts,
        Prepare,
        PrepareDraft,
        Purge,
        ReadSelection,
        SendTest,
        Task,
        TaskStatus,
    )
    from serienpost.service.template_check import CheckedText, TextFault
    from serienpost.service.template_files import (
        EarlierText,
        TemplateConflict,
        TemplateFile,
        TemplateLine,
        check_template,
        earlier_text,
        restore_template,
        save_template,
        template_file,
        template_lines,
    )
    from serienpost.service.users import User, UserLine

__all__ = [
    "MISSED",
    "SHORTEST_PASSWORD",
    "Abilities",
    "AccountFinding",
    "AccountLine",
    "AccountsStatus",
    "Anew",
    "Answers",
    "AskBalances",
    "Balance",
    "CheckAccounts",
    "CheckedAccount",
    "CheckedMailing",
    "CheckedText",
    "Confirmation",
    "Conflict",
    "Counted",
    "CountedSign",
    "CourseBar",
    "Draft",
    "DraftLine",
    "DueDate",
    "EarlierText",
    "EditedText",
    "Expiring",
    "FoundPerson",
    "FoundPersons",
    "JournalEntry",
    "JournalPage",
    "LoggedIn",
    "LoginRefused",
    "MacroEntry",
    "MailingLine",
    "MailingStatus",
    "MessagePage",
    "MessageStory",
    "NamedMessage",
    "Notice",
    "Obstacle",
    "PersonExport",
    "PlanCounts",
    "Practice",
    "Prepare",
    "PrepareDraft",
    "Progress",
    "Purge",
    "ReadSelection",
    "ReasonCount",
    "Recipient",
    "Report",
    "RetentionStatus",
    "ReviewPage",
    "ReviewSummary",
    "Right",
    "RowNames",
    "Run",
    "RunLine",
    "RunStatus",
    "SameMailing",
    "Selection",
    "SelectionStatus",
    "SendTest",
    "Session",
    "ShownFile",
    "ShownMessage",
    "Stop",
    "Suppression",
    "SuppressionPage",
    "Task",
    "TaskStatus",
    "TemplateConflict",
    "TemplateEntry",
    "TemplateFile",
    "TemplateLine",
    "TemplateText",
    "TestResult",
    "TextFault",
    "Transliteration",
    "UploadedFile",
    "User",
    "UserLine",
    "abilities",
    "accounts",
    "check_template",
    "copy_template",
    "earlier_text",
    "ensure_worker",
    "find_again",
    "is_for_past",
    "macros",
    "made_anew",
    "mailing_statuses",
    "mailings",
    "message_look",
    "open_practice",
    "page_environment",
    "page_style",
    "restore_template",
    "run_look",
    "run_part",
    "save_template",
    "shown_message",
    "sources",
    "template_file",
    "template_lines",
    "template_text",
    "templates",
    "words",
]

# Modules that stand on the ledger are imported when one of their names is used.
_HOME = {
    "Counted": "answers",
    "CountedSign": "answers",
    "CourseBar": "answers",
    "DueDate": "answers",
    "MessageStory": "answers",
    "NamedMessage": "answers",
    "PersonExport": "answers",
    "PlanCounts": "answers",
    "ReasonCount": "answers",
    "Recipient": "answers",
    "Report": "answers",
    "ReviewSummary": "answers",
    "RowNames": "answers",
    "RunLine": "answers",
    "RunStatus": "answers",
    "SelectionStatus": "answers",
    "Anew": "anew",
    "Answers": "decided",
    "AskBalances": "tasks",
    "Balance": "balances",
    "Confirmation": "release",
    "Conflict": "draft",
    "Draft": "draft",
    "EditedText": "mailing",
    "MISSED": "run",
    "MessagePage": "run",
    "Notice": "notices",
    "FoundPerson": "persons",
    "FoundPersons": "persons",
    "Obstacle": "release",
    "Prepare": "tasks",
    "PrepareDraft": "tasks",
    "Purge": "tasks",
    "ReadSelection": "tasks",
    "SendTest": "tasks",
    "Expiring": "retention",
    "RetentionStatus": "retention",
    "Progress": "run",
    "ReviewPage": "review_page",
    "JournalEntry": "journal",
    "JournalPage": "journal",
    "LoggedIn": "login",
    "LoginRefused": "login",
    "Right": "users",
    "Run": "run",
    "SameMailing": "same_mailing",
    "Selection": "selection",
    "Session": "login",
    "Stop": "run",
    "Suppression": "suppressions",
    "SuppressionPage": "suppressions",
    "Task": "tasks",
    "TaskStatus": "tasks",
    "Transliteration": "mailing",
    "User": "users",
    "UserLine": "users",
    "ensure_worker": "desk_worker",
    "SHORTEST_PASSWORD": "passwords",
    "find_again": "anew",
    "is_for_past": "anew",
    "made_anew": "anew",
    "Abilities": "channel_abilities",
    "abilities": "channel_abilities",
    "AccountLine": "catalog",
    "AccountFinding": "account_check",
    "AccountsStatus": "account_check",
    "CheckedAccount": "account_check",
    "CheckAccounts": "tasks",
    "CheckedMailing": "mailing",
    "DraftLine": "draft",
    "MacroEntry": "catalog",
    "MailingLine": "catalog",
    "MailingStatus": "mailing_status",
    "mailing_statuses": "mailing_status",
    "ShownFile": "message_view",
    "ShownMessage": "message_view",
    "TemplateEntry": "catalog",
    "TemplateText": "catalog",
    "TestResult": "own_address",
    "UploadedFile": "given_files",
    "accounts": "catalog",
    "macros": "catalog",
    "mailings": "catalog",
    "message_look": "pages",
    "page_environment": "pages",
    "page_style": "pages",
    "run_look": "pages",
    "run_part": "pages",
    "shown_message": "message_view",
    "sources": "catalog",
    "template_text": "catalog",
    "templates": "catalog",
    "CheckedText": "template_check",
    "TextFault": "template_check",
    "TemplateConflict": "template_files",
    "TemplateFile": "template_files",
    "TemplateLine": "template_files",
    "EarlierText": "template_files",
    "check_template": "template_files",
    "copy_template": "catalog",
    "earlier_text": "template_files",
    "restore_template": "template_files",
    "save_template": "template_files",
    "template_file": "template_files",
    "template_lines": "template_files",
}


def __getattr__(name: str) -> object:
    if name == "words":
        return import_module("serienpost.words")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"serienpost.service.{_HOME[name]}"), name)
