"""What the made-up provider knows: accounts, orders, what they cost, and reports."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serienpost import measure_sms

if TYPE_CHECKING:
    from collections.abc import Sequence

# In which the provider reads times without an offset.
ZONE = ZoneInfo("Europe/Berlin")

CODES = {"2": "Flash", "6": "Standard", "18": "HighQuality", "19": "HighQualityLong"}
TYPES = (
    "Flash",
    "Standard",
    "StandardDeliveryNotification",
    "StandardLong",
    "HighQuality",
    "HighQualityLong",
    "PSTNFixedLine",
)
_FIRST_JOB = 700_001
_FIRST_REPORT = 40_000_000


@dataclass
class Account:
    """A customer of the provider."""

    user: str
    password: str
    credits: float = 1000.0
    locked: bool = False
    # From where it may be used; None = from anywhere.
    addresses: frozenset[str] | None = None


@dataclass(frozen=True)
class Job:
    """One order. `send_at` is in UTC; until then it is queued and not charged."""

    id: int
    user: str
    caption: str
    sender: str
    recipient: str
    text: str
    type: str
    created: datetime
    send_at: datetime

    @property
    def number(self) -> str:
        """The recipient with country code, as in `+4915112345678`."""
        if self.recipient.startswith("00"):
            return "+" + self.recipient[2:]
        return "+49" + self.recipient[1:] if self.recipient.startswith("0") else self.recipient


@dataclass(frozen=True)
class Report:
    """What the provider says of an order later on (`SMSReport`)."""

    id: int
    job: Job
    status: str


@dataclass
class Gateway:
    """The provider's state. Safe to be looked at while the server runs.

    Attributes:
        accounts: by user.
        prices: credits per SMS of a type; 1 for types that are not named.
        jobs: all orders that it took, in order.
        report_states: shell patterns of recipients -> `Status` of their report, None = no report
            yet; the first that fits. Others are reported as `DELIVRD`.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    prices: dict[str, float] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    report_states: dict[str, str | None] = field(default_factory=dict)
    _offset: timedelta = timedelta()
    _fetched: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        """The provider's time."""
        return datetime.now(UTC) + self._offset

    def forward(self, time: timedelta) -> None:
        """Move the provider's clock; orders whose time has come count as sent."""
        self._offset += time

    def sign_in(self, user: str, password: str, address: str) -> str:
        """The call-level status of a login: `Ok`, or why it is refused."""
        account = self.accounts.get(user)
        if account is None or account.password != password:
            return "InvalidUser"
        if account.locked:
            return "AccountLocked"
        if account.addresses is not None and address not in account.addresses:
            return "IPLock"
        return "Ok"

    def take(
        self,
        user: str,
        caption: str,
        sender: str,
        recipient: str,
        text: str,
        type_: str,
        send_at: datetime | None,
    ) -> Job:
        """Take an order."""
        with self._lock:
            now = self.now()
            due = max(now, send_at or now)
            number = _FIRST_JOB + len(self.jobs)
            job = Job(number, user, caption, sender, recipient, text, type_, now, due)
            self.jobs.append(job)
        return job

    def withdraw(self, caption: str) -> int:
        """What a person does in the portal: remove queued orders of this name."""
        with self._lock:
            gone = [j for j in self.jobs if j.caption == caption and j.send_at > self.now()]
            self.jobs = [job for job in self.jobs if job not in gone]
        return len(gone)

    def sent(self, user: str | None = None) -> list[Job]:
        """Orders whose time has come."""
        now = self.now()
        return [j for j in list(self.jobs) if j.send_at <= now and user in (None, j.user)]

    def queued(self) -> list[Job]:
        """Orders that still wait for their time."""
        return [job for job in list(self.jobs) if job.send_at > self.now()]

    def cost(self, job: Job) -> float:
        """Credits that an order takes when it is sent."""
        return measure_sms(job.text).segments * self.prices.get(job.type, 1.0)

    def balance(self, user: str) -> float:
        """Credits left; what is queued is not deducted yet."""
        return self.accounts[user].credits - sum(self.cost(job) for job in self.sent(user))

    def reports(self, user: str) -> list[Report]:
        """All reports about this customer's orders, in order."""
        found = [(job, self._report_state(job)) for job in self.sent(user)]
        return [
            Report(_FIRST_REPORT + job.id, job, status)
            for job, status in found
            if status is not None
        ]

    def new_reports(self, user: str, limit: int) -> Sequence[Report]:
        """Reports that were not fetched yet; each is given once. `limit` 0 = all."""
        with self._lock:
            new = [one for one in self.reports(user) if one.id not in self._fetched]
            new = new[: limit or None]
            self._fetched |= {one.id for one in new}
        return new

    def jobs_named(self, user: str, caption: str, since: datetime) -> list[Job]:
        """Orders of this name that were made since then."""
        return [
            job
            for job in list(self.jobs)
            if job.user == user and job.caption == caption and job.created >= since
        ]

    def _report_state(self, job: Job) -> str | None:
        for pattern, state in self.report_states.items():
            if fnmatchcase(job.recipient, pattern):
                return state
        return "DELIVRD"
