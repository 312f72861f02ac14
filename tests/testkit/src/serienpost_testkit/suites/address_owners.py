"""The contract of a consent check that also knows whose an address is, executable."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost import AddressOwner, HasAddressOwners
from serienpost_testkit.suites.consent import ConsentCheckSuite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost import ConsentCheck, Context
    from serienpost_testkit.canary import CanaryLog

_LARGE = 2500


class AddressOwnersSuite(ConsentCheckSuite):
    """Inherit, and supply what `ConsentCheckSuite` asks for, and addresses.

    - `kind`: the kind of contact that the addresses belong to.
    - `owned`: at least two addresses as the kind normalises them, one of them with two owners, each
      with all its owners on `judged_on`.
    - `comes_of_age`: where minors are represented, an address of one, who it is and consents before
      the day on which that person comes of age, and that day.
    """

    kind = "email"
    owned: Mapping[str, Sequence[AddressOwner]] = {}
    judged_on = date(2026, 3, 2)
    comes_of_age: tuple[str, AddressOwner, date] | None = None

    def test_it_says_whom_it_knows(self, consent_check: ConsentCheck) -> None:
        """`persons` are the kinds of person in the master data.

        When it fails: give a frozenset of what stands before the colon of a person's id.
        """
        assert isinstance(consent_check, HasAddressOwners)
        assert isinstance(consent_check.persons, frozenset)
        kinds = {
            owner.person_id.partition(":")[0] for some in self.owned.values() for owner in some
        }
        assert kinds
        assert kinds <= consent_check.persons
        assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", person) for person in consent_check.persons)

    def test_all_owners_of_an_address_are_found(
        self, consent_check: ConsentCheck, context: Context
    ) -> None:
        """Everybody who has the address is told, with who consents for that person.

        When it fails: compare addresses as the kind reads them, not as they are written; do not
        stop at the first owner; of a minor the representative consents.
        """
        assert len(self.owned) >= 2
        assert max(map(len, self.owned.values())) >= 2
        assert self._asked(consent_check, context, list(self.owned)) == self._expected()

    def test_owners_come_in_the_order_of_the_addresses(
        self, consent_check: ConsentCheck, context: Context
    ) -> None:
        """Asked in the reverse order, and twice for one address, each gets its own answer.

        When it fails: answer address by address, not in the order in which people were found.
        """
        backwards = list(self.owned)[::-1]
        expected = self._expected()[::-1]
        twice = self._asked(consent_check, context, [*backwards, backwards[0]])
        assert twice == [*expected, expected[0]]

    def test_who_consents_is_judged_for_the_day_of_leaving(
        self, consent_check: ConsentCheck, context: Context
    ) -> None:
        """Of a minor the representative consents up to the day before the birthday.

        When it fails: judge age for `judged_on`; today is not the day on which messages leave.
        """
        if self.comes_of_age is None:
            return
        address, minor, day = self.comes_of_age
        adult = AddressOwner(minor.person_id, minor.person_id)
        for judged_on, expected in ((day - timedelta(days=1), minor), (day, adult)):
            (found,) = self._asked(consent_check, context, [address], judged_on)
            assert [one for one in found if one.person_id == minor.person_id] == [expected]

    def test_thousands_of_addresses_may_come_at_once(
        self, consent_check: ConsentCheck, context: Context
    ) -> None:
        """An address that nobody has belongs to nobody, however many are asked for.

        When it fails: look at the number of bound parameters in one statement, and answer with
        an empty sequence where nobody was found.
        """
        example = next(iter(self.owned))
        strange = [f"{number}x{example}" for number in range(_LARGE)]
        found = self._asked(consent_check, context, [*strange, *self.owned])
        assert found[:_LARGE] == [[]] * _LARGE
        assert found[_LARGE:] == self._expected()

    def test_no_addresses_no_owners(self, consent_check: ConsentCheck, context: Context) -> None:
        """An empty batch is answered with an empty one.

        When it fails: return early for an empty sequence.
        """
        assert self._asked(consent_check, context, []) == []

    def test_no_address_is_logged(
        self, consent_check: ConsentCheck, context: Context, canary_log: CanaryLog
    ) -> None:
        """Log and output hold no address.

        When it fails: log ids and counts only.
        """
        canary_log.plant(*self.owned)
        self._asked(consent_check, context, list(self.owned))
        canary_log.check(self.foreign_loggers)

    def _asked(
        self,
        check: ConsentCheck,
        context: Context,
        addresses: Sequence[str],
        day: date | None = None,
    ) -> list[list[AddressOwner]]:
        assert isinstance(check, HasAddressOwners)
        given = check.owners(context, self.kind, addresses, day or self.judged_on)
        return [sorted(owners) for owners in given]

    def _expected(self) -> list[list[AddressOwner]]:
        return [sorted(owners) for owners in self.owned.values()]
