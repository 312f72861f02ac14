"""Consent: may we contact this person, by this kind of message, for this purpose?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from serienpost.contracts.context import Context


class ConsentQuestion(NamedTuple):
    """One question to a check.

    Args:
        person_id: the person the message is about.
        consenting_id: the person whose permission counts (the representative of a minor, else
            the person); evidence is looked up by this id.
        kind: `email`, `sms`, `letter` or a channel's own kind.
        purpose: `appointment`, `recall`, ... or one of the practice's own.
        address: the normalised address that would be written to.
    """

    person_id: str
    consenting_id: str
    kind: str
    purpose: str
    address: str


class Allow(NamedTuple):
    """Yes. `evidence` names the record that says so (`patient:17 kontakt_email`), by ids only."""

    evidence: str


class Deny(NamedTuple):
    """No.

    Args:
        code: stable machine name, unique within the check (`flag_no`, `withdrawn`).
        reason: a sentence that practice staff understand; no address, no medical data.
        remedy: what would change the answer.
        overridable: whether a person may override it with a recorded reason.
    """

    code: str
    reason: str
    remedy: str
    overridable: bool = False


@dataclass(frozen=True, slots=True)
class Abstain:
    """This check has nothing to say about the question.

    Args:
        otherwise: what is told where no check allows: what this one lacks to say yes. It denies
            nothing by itself.
    """

    otherwise: Deny | None = None


Verdict: TypeAlias = Allow | Deny | Abstain


class ConsentCheck(Protocol):
    """Answers from its own evidence, looked up by id; never sees what a source says.

    Raising, a wrong type or a wrong number of answers is a Deny in the review and stops the run
    in the recheck; nothing is ever sent without an Allow.
    """

    @property
    def name(self) -> str:
        """The name used in `consent.require`."""

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Return one verdict per question, in order."""


class AddressOwner(NamedTuple):
    """Somebody in the practice's master data, and whose permission counts for that person."""

    person_id: str
    consenting_id: str


@runtime_checkable
class HasAddressOwners(Protocol):
    """A consent check that also knows whose an address is.

    A row of a list may name somebody by address alone. What all checks say about the people who
    have that address in the master data then counts for the row: where each of them is denied, it
    is denied too.
    """

    @property
    def persons(self) -> frozenset[str]:
        """The kinds of person in the master data (`patient`); rows of these are not looked up."""

    def owners(
        self, context: Context, kind: str, addresses: Sequence[str], judged_on: date
    ) -> Sequence[Sequence[AddressOwner]]:
        """For each address of a kind of contact, in order, who has it; empty for nobody.

        Asked once for a batch of rows. Raising counts as for `check`: never as nobody.

        Args:
            context: the practice.
            kind: of contact.
            addresses: as the kind normalises them.
            judged_on: the practice's date on which the messages leave; it decides who is of age,
                and with it who consents.
        """
