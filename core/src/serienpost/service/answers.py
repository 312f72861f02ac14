"""The records that use cases return, for faces to name; each is documented where it is made."""

from __future__ import annotations

from serienpost.run.report.answers import (
    CostlySign,
    DueDate,
    DueRun,
    EarlierRun,
    Explanation,
    MarkChange,
    MessageLine,
    MessageStory,
    PlanCost,
    PlanCounts,
    Recipient,
    ReviewSummary,
    RunLine,
    RunStatus,
)
from serienpost.run.report.export import PersonExport, PersonMessage, Suppressed
from serienpost.run.report.manifest import Manifest, ManifestField
from serienpost.run.report.retention import Purged
from serienpost.run.report.summary import CourseBar, ReasonCount, Report

__all__ = [
    "CostlySign",
    "CourseBar",
    "DueDate",
    "DueRun",
    "EarlierRun",
    "Explanation",
    "Manifest",
    "ManifestField",
    "MarkChange",
    "MessageLine",
    "MessageStory",
    "PersonExport",
    "PersonMessage",
    "PlanCost",
    "PlanCounts",
    "Purged",
    "ReasonCount",
    "Recipient",
    "Report",
    "ReviewSummary",
    "RunLine",
    "RunStatus",
    "Suppressed",
]
