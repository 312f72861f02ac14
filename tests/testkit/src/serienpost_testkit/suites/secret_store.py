"""The contract of a secret store, executable."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from serienpost import SecretError
from serienpost_testkit.suites.base import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Context, SecretStore
    from serienpost_testkit.canary import CanaryLog

# Names that no store knows, whatever it makes of them.
STRANGE = ("", " ", "NO_SUCH_SECRET", "../secret", "a/b", "x'--", "ÄÖÜ", "%", "*", "A" * 500)


class SecretStoreSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `store`: the store.
    - fixture `secrets`: name -> value of at least two secrets that the store holds; each value
      has four characters or more.
    - fixture `context`: the practice (default: a made-up one).
    """

    @pytest.fixture
    def subject(self, store: SecretStore) -> SecretStore:
        """The object under test, for the tests that all suites share."""
        return store

    def test_declares_its_name(self, store: SecretStore) -> None:
        """The store has a name that can stand under `secrets:`.

        When it fails: use a-z, 0-9, `-` and `_`, a letter first.
        """
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", store.name)

    def test_known_names_are_answered(
        self, store: SecretStore, context: Context, secrets: Mapping[str, str]
    ) -> None:
        """Each secret comes back as it was stored, as text, also when asked again.

        When it fails: strip nothing but the end of a line; decode as UTF-8.
        """
        assert len(secrets) >= 2
        for _ in range(2):
            assert {name: store.get(context, name) for name in secrets} == dict(secrets)

    @pytest.mark.parametrize("name", STRANGE)
    def test_unknown_names_are_left_to_other_stores(
        self, store: SecretStore, context: Context, secrets: Mapping[str, str], name: str
    ) -> None:
        """A name that the store does not know is None, so that the next store is asked.

        When it fails: return None instead of "" or an exception; build no path and no statement
        from a name.
        """
        assert name not in secrets
        assert store.get(context, name) is None

    def test_names_are_taken_literally(
        self, store: SecretStore, context: Context, secrets: Mapping[str, str]
    ) -> None:
        """Another spelling is another name.

        When it fails: compare exactly; mind collations of databases and file systems.
        """
        for name in secrets:
            for other in {name.swapcase(), f"{name} ", name[:-1]} - {name, *secrets}:
                assert store.get(context, other) is None

    def test_many_may_ask_at_once(
        self, store: SecretStore, context: Context, secrets: Mapping[str, str]
    ) -> None:
        """Threads that ask at the same time get their own answers.

        When it fails: keep no answer in the store; open a connection per thread.
        """
        names = list(secrets) * 10
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda name: store.get(context, name), names))
        assert answers == [secrets[name] for name in names]

    def test_nothing_is_told(
        self,
        store: SecretStore,
        context: Context,
        secrets: Mapping[str, str],
        canary_log: CanaryLog,
    ) -> None:
        """No secret is logged, printed or part of what the store says of itself.

        When it fails: log names only, and remove values from `repr`.
        """
        canary_log.plant(*secrets.values())
        said = [repr(store)]
        for name in (*secrets, *STRANGE):
            try:
                store.get(context, name)
            except SecretError as error:
                said.append(str(error))
        assert [value for value in secrets.values() if value in "".join(said)] == []
        canary_log.check(self.foreign_loggers)
