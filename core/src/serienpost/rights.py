"""What users of the desk may do: the one list of rights."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """What a user of the desk may do; there are no others.

    `read` is everybody's: see selections, drafts, runs and reports. `prepare`: choose people, write
    drafts, prepare runs, change marks, send tests to an own address, put an address on the
    suppression list. `approve`: release a run; pause, cancel and retry it; decide about doubts.
    `administer`: users, templates, the journal, what is taken off the suppression list, what is
    removed for its age, what a person may ask for (Art. 15 and 17 GDPR), SQL.
    """

    READ = "read"
    PREPARE = "prepare"
    APPROVE = "approve"
    ADMINISTER = "administer"
