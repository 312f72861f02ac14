"""The records that use cases return, for faces to name; each is documented where it is made."""

from __future__ import annotations

from serienpost.run.report.answers import (
    CostlySign,
    CourseBar,
    DueRun,
    EarlierRun,
    Explanation,
    Manifest,
    ManifestField,
    MarkChange,
    MessageLine,
    MessageStory,
    PersonExport,
    PersonMessage,
    PlanCost,
    PlanCounts,
    ReasonCount,
    Recipient,
    Report,
    ReviewSummary,
    RunLine,
    RunStatus,
    Suppressed,
)
from serienpost.run.report.retention import Purged

__all__ = [
    "CostlySign",
    "CourseBar",
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
