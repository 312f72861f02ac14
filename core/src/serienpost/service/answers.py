"""The records that use cases return, for faces to name; each is documented where it is made."""

from __future__ import annotations

from serienpost.run.prepare.count import Counted, CountedSign
from serienpost.run.report.answers import (
    CostlySign,
    DueDate,
    DueRun,
    EarlierRun,
    Explanation,
    LanguageCount,
    MarkChange,
    MessageLine,
    MessageStory,
    NamedMessage,
    PlanCost,
    PlanCounts,
    Recipient,
    ReviewSummary,
    RunLine,
    RunStatus,
    SelectionStatus,
    SharedRows,
    TakenSelection,
    UnmarkedReason,
)
from serienpost.run.report.course import CourseBar
from serienpost.run.report.export import PersonExport, PersonMessage, PersonSelected, Suppressed
from serienpost.run.report.live_names import RowName, RowNames
from serienpost.run.report.manifest import Manifest, ManifestField
from serienpost.run.report.pauses import PauseEnd
from serienpost.run.report.retention import Purged
from serienpost.run.report.summary import ReasonCount, Report
from serienpost.service.schedule import Planned, PlannedDate, PlannedHoliday, WaitingSchedule

__all__ = [
    "CostlySign",
    "Counted",
    "CountedSign",
    "CourseBar",
    "DueDate",
    "DueRun",
    "EarlierRun",
    "Explanation",
    "LanguageCount",
    "Manifest",
    "ManifestField",
    "MarkChange",
    "MessageLine",
    "MessageStory",
    "NamedMessage",
    "PauseEnd",
    "PersonExport",
    "PersonMessage",
    "PersonSelected",
    "PlanCost",
    "PlanCounts",
    "Planned",
    "PlannedDate",
    "PlannedHoliday",
    "Purged",
    "ReasonCount",
    "Recipient",
    "Report",
    "ReviewSummary",
    "RowName",
    "RowNames",
    "RunLine",
    "RunStatus",
    "SelectionStatus",
    "SharedRows",
    "Suppressed",
    "TakenSelection",
    "UnmarkedReason",
    "WaitingSchedule",
]
