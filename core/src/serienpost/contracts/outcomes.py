"""The closed vocabulary of what became of a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  # part of public records
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took responsibility; `ref` is its own reference, if it gave one."""

    ref: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not sent, and not tried again by itself.

    `scope` says what is at fault: `address`, it definitely reaches nobody; `recipient`, something
    else on that side (mailbox full, unwanted); `message`, its content, or nobody knows. Several
    people in a row who are refused alike pause the run, unless it is their addresses: so say
    `address` only where the answer leaves no doubt.
    """

    code: str
    text: str
    scope: Literal["address", "recipient", "message"] = "recipient"


@dataclass(frozen=True, slots=True)
class Deferred:
    """Definitely not sent now, worth another try after `retry_after` seconds (None: backoff).

    `connection` marks a failure to reach the provider at all, which says nothing about the message.
    Without `retry_after` nobody answered: the attempt is not counted, the whole account rests for a
    moment, and after four rests the run pauses with `text`, which names the server and what to do
    (`no_answer`). With it the provider turned us away for so long; ten in a row pause the run.
    """

    code: str
    text: str
    retry_after: float | None = None
    connection: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been sent; `stage` says where certainty ended (`data`, `reply`)."""

    stage: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """Definitely not sent, and nothing else will be: bad login, sender refused. Pauses the run."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class QuotaReached:
    """Definitely not sent; the account may send again at `until` (aware, UTC; None: unknown)."""

    code: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Nothing of it was written, since `go` said no. No attempt is counted."""


ProviderAnswer: TypeAlias = Accepted | Rejected | Deferred | Unknown | AccountProblem | QuotaReached
Outcome: TypeAlias = ProviderAnswer | NotStarted
