"""The contract of a source, executable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ValidationError

from serienpost import (
    CATALOGUE,
    CountsFromLastRun,
    CurrentState,
    LacksStableIds,
    Row,
    RowRef,
    RowRequest,
    Sensitivity,
    SourceError,
    is_typed,
)
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.sentences import unsayable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serienpost import Context, Source
    from serienpost_testkit.canary import CanaryLog

    Read = Callable[[RowRequest], list[Row]]
    Ask = Callable[[Sequence[RowRef], frozenset[str]], Sequence[CurrentState]]

_PERSON_ID = re.compile(r"[a-z][a-z0-9_-]*:[^\s/]+\Z")
_OCCASION_ID = re.compile(r"[a-z][a-z0-9_-]*:\S+\Z")
_PLAIN = (str, int, bool, date, time, datetime, type(None))


class SourceSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `source`: the source.
    - fixture `selection`: what would stand under `select:`, as a mapping; it must select at
      least three rows.
    - fixture `context`: a practice that has its data (default: an empty made-up practice).
    - `due`: the date that relative selections count from.
    """

    due: date = date(2026, 3, 2)

    @pytest.fixture
    def subject(self, source: Source[Any]) -> Source[Any]:
        """The object under test, for the tests that all suites share."""
        return source

    @pytest.fixture
    def selected(self, source: Source[Any], selection: Mapping[str, object]) -> BaseModel:
        """The selection, checked by the source's own model."""
        checked: BaseModel = source.selection.model_validate(dict(selection))
        return checked

    @pytest.fixture
    def fields(self, source: Source[Any], context: Context, selected: BaseModel) -> frozenset[str]:
        """All fields that the source offers for the selection."""
        return frozenset(source.offers(context, selected))

    @pytest.fixture
    def read(self, source: Source[Any], context: Context, selected: BaseModel) -> Read:
        """Reads all selected rows."""
        return lambda request: [
            row for batch in source.rows(context, selected, request) for row in batch
        ]

    @pytest.fixture
    def ask(self, source: Source[Any], context: Context, selected: BaseModel) -> Ask:
        """Asks about rows again, with these fields."""
        return lambda refs, fields: source.current(
            context, selected, refs, RowRequest(fields, self.due)
        )

    @pytest.fixture
    def rows(self, read: Read, fields: frozenset[str]) -> list[Row]:
        """All selected rows with all offered fields."""
        return read(RowRequest(fields, self.due))

    def test_selection_has_at_least_three_rows(self, rows: list[Row]) -> None:
        """The author's selection is large enough for the other tests to mean something.

        When it fails: let `selection` be such that at least three rows are selected on `due`, and
        give `context` the data.
        """
        assert len(rows) >= 3

    def test_has_a_name_and_a_title(self, source: Source[Any]) -> None:
        """`name` is a word for mailings, `title` a sentence for `serienpost sources`.

        When it fails: set both on the source as text.
        """
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", source.name)
        assert source.title.strip()

    def test_selection_model_refuses_unknown_keys(
        self, source: Source[Any], selection: Mapping[str, object]
    ) -> None:
        """A misspelt filter is an error, never "everybody".

        When it fails: derive the model from `serienpost.StrictModel`.
        """
        assert issubclass(source.selection, BaseModel)
        with pytest.raises(ValidationError, match="no_such_filter"):
            source.selection.model_validate({**selection, "no_such_filter": True})

    def test_selection_is_read_again_as_it_was(
        self, source: Source[Any], selected: BaseModel
    ) -> None:
        """A run keeps the selection as JSON and reads it again for each later command.

        When it fails: the model does not accept what it writes by its own aliases.
        """
        plain = selected.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert source.selection.model_validate(plain, strict=False) == selected

    def test_selection_model_describes_its_keys(self, source: Source[Any]) -> None:
        """Every key of the selection has a description; it is the source's manual.

        When it fails: write `Field(description=...)` for the keys named.
        """
        silent = [
            name for name, key in source.selection.model_fields.items() if not key.description
        ]
        assert silent == []

    def test_offers_fields_with_known_classes(
        self, source: Source[Any], context: Context, selected: BaseModel
    ) -> None:
        """`offers` maps field names to a class of data or None for the catalogue's.

        When it fails: return lower-case class names as in `Sensitivity`, or None.
        """
        offered = source.offers(context, selected)
        assert offered
        labels = {None, *(known.label for known in Sensitivity)}
        assert {name for name, label in offered.items() if label not in labels} == set()

    def test_what_counts_from_the_last_run_can_be_kept(
        self, source: Source[Any], selected: BaseModel
    ) -> None:
        """A run keeps what `since_last_run` wrote out, and reads it again.

        When it fails: return a selection of the source's own model, the same for the same dates.
        """
        if not isinstance(source, CountsFromLastRun):
            return
        for last_due in (None, self.due - timedelta(days=3), self.due - timedelta(days=400)):
            written = source.since_last_run(selected, self.due, last_due)
            assert written == source.since_last_run(selected, self.due, last_due)
            plain = written.model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert source.selection.model_validate(plain, strict=False) == written

    def test_is_relative_is_yes_or_no(self, source: Source[Any], selected: BaseModel) -> None:
        """`is_relative` says whether another day selects other people.

        When it fails: return True or False itself.
        """
        assert isinstance(source.is_relative(selected), bool)

    def test_rows_is_an_iterator(
        self, source: Source[Any], context: Context, selected: BaseModel, fields: frozenset[str]
    ) -> None:
        """`rows` returns an iterator, not a list.

        When it fails: write `rows` as a generator that yields batches.
        """
        assert isinstance(source.rows(context, selected, RowRequest(fields, self.due)), Iterator)

    def test_rows_come_lazily(
        self,
        source: Source[Any],
        context: Context,
        selected: BaseModel,
        fields: frozenset[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The first batch is there before the last row is made.

        When it fails: do not build a list of all rows; read and yield batch by batch, and let
        `request.batch` decide how many rows are read at once.
        """
        made = Counter[str]()

        def counted(_row: Row, *_args: object, **_kwargs: object) -> None:
            made["rows"] += 1

        monkeypatch.setattr(Row, "__init__", counted)
        batches = source.rows(context, selected, RowRequest(fields, self.due, batch=1))
        next(batches)
        at_first = made["rows"]
        rest = sum(len(batch) for batch in batches)
        assert at_first < 1 + rest, "all rows were made before the first batch came"

    @pytest.mark.parametrize("batch", [1, 2])
    def test_batches_are_not_larger_than_asked(
        self,
        source: Source[Any],
        context: Context,
        selected: BaseModel,
        fields: frozenset[str],
        batch: int,
    ) -> None:
        """No batch holds more than `request.batch` rows.

        When it fails: cut what the database returns, the last batch too.
        """
        request = RowRequest(fields, self.due, batch=batch)
        sizes = [len(rows) for rows in source.rows(context, selected, request)]
        assert max(sizes) <= batch

    def test_batch_size_changes_nothing_else(self, read: Read, rows: list[Row]) -> None:
        """The same rows come in batches of one and of two, in the same order.

        When it fails: look for rows lost or repeated at the border of two batches, or for an
        order that is not fixed by a unique key.
        """
        fields = frozenset(rows[0].fields)
        for batch in (1, 2):
            request = RowRequest(fields, self.due, batch=batch)
            assert read(request) == rows

    def test_order_is_stable(self, read: Read, rows: list[Row]) -> None:
        """Read again, the rows come in the same order, also with fewer fields.

        When it fails: end the order with a unique key (the person's id).
        """
        again = read(RowRequest(frozenset(), self.due))
        assert [row.id for row in again] == [row.id for row in rows]

    def test_ids_are_stable_or_the_line_to_add_is_said(
        self, source: Source[Any], context: Context, selected: BaseModel, rows: list[Row]
    ) -> None:
        """People have the same ids in every run, or `unstable_ids` says what to add.

        When it fails: take a key that stays a person's own, not a position; or write
        `unstable_ids`, which returns the line to add, or None where the ids are stable.
        """
        remedy = None
        if isinstance(source, LacksStableIds):
            remedy = source.unstable_ids(context, selected)
        assert remedy is None or (isinstance(remedy, str) and remedy.strip())
        again = source.rows(
            context, selected, RowRequest(frozenset(), self.due + timedelta(days=1))
        )
        known = {row.person_id for row in rows}
        if remedy is None and not source.is_relative(selected):
            assert known <= {row.person_id for batch in again for row in batch}

    def test_order_by_is_kept_or_refused(self, read: Read, fields: frozenset[str]) -> None:
        """`-name` is the reverse of `name`; a source that cannot sort raises `SourceError`.

        When it fails: look at `request.order_by`; it must not be ignored silently.
        """
        field = min(fields, key=lambda name: (name != "nachname", name))
        orders = []
        for order in (field, f"-{field}"):
            request = RowRequest(fields, self.due, order_by=(order,))
            try:
                rows = read(request)
            except SourceError:
                return
            orders.append([row.fields[field] for row in rows])
        rising, falling = ([value for value in order if value is not None] for order in orders)
        assert rising == falling[::-1]

    def test_row_ids_are_unique(self, rows: list[Row]) -> None:
        """A person, with an occasion a person and occasion, appears once.

        When it fails: look for a join that repeats people.
        """
        counts = Counter(row.id for row in rows)
        assert [row for row, count in counts.items() if count > 1] == []

    def test_ids_are_kind_and_key(self, rows: list[Row]) -> None:
        """Ids look like `patient:17`, of occasions like `termin:99`.

        When it fails: put the kind, in lower case, and a colon before the key.
        """
        wrong = [row.person_id for row in rows if not _PERSON_ID.match(row.person_id)]
        wrong += [
            row.occasion.id
            for row in rows
            if row.occasion and not _OCCASION_ID.match(row.occasion.id)
        ]
        wrong += [
            row.consenting_id
            for row in rows
            if row.consenting_id and not _PERSON_ID.match(row.consenting_id)
        ]
        assert wrong == []

    def test_occasion_times_are_aware_and_utc(self, rows: list[Row]) -> None:
        """`starts_at` and `expires_at` are aware times in UTC.

        When it fails: attach the zone of the practice to naive times, then convert to UTC.
        """
        times = [
            moment
            for row in rows
            if row.occasion
            for moment in (row.occasion.starts_at, row.occasion.expires_at)
            if moment is not None
        ]
        assert [moment for moment in times if moment.utcoffset() != timedelta(0)] == []

    def test_rows_have_exactly_the_fields_asked_for(
        self, read: Read, fields: frozenset[str]
    ) -> None:
        """A row carries each requested field, None where the person lacks it, and no other.

        When it fails: build `Row.fields` from `request.fields` alone and read no other column.
        """
        some = frozenset(sorted(fields)[: len(fields) // 2])
        for asked in (fields, some, frozenset[str]()):
            rows = read(RowRequest(asked, self.due))
            assert {frozenset(row.fields) for row in rows} == {asked}

    def test_values_are_plain(self, rows: list[Row]) -> None:
        """Values are text, numbers, yes/no, dates, times or None.

        When it fails: convert what the database driver returns (Decimal, bytes, row objects).
        """
        odd = {
            (name, type(value).__name__)
            for row in rows
            for name, value in row.fields.items()
            if type(value) not in _PLAIN
        }
        assert odd == set()

    def test_values_are_of_their_fields_types(self, rows: list[Row]) -> None:
        """A field that the catalogue knows as a number, a yes or no, a day or a moment has such a
        value: a text, even `nein`, would be a yes to whoever looks whether something stands there.

        When it fails: give `read_value` of `serienpost` what the source holds; a row whose value is
        `Unreadable` is unreachable.
        """
        odd = {
            (name, type(value).__name__)
            for row in rows
            for name, value in row.fields.items()
            if name in CATALOGUE and not is_typed(CATALOGUE[name].type, value)
        }
        assert odd == set()

    def test_reading_can_stop_early(
        self,
        source: Source[Any],
        context: Context,
        selected: BaseModel,
        read: Read,
        rows: list[Row],
    ) -> None:
        """After reading one batch only, everything can be read again.

        When it fails: close cursors in `finally`, so that a generator may be left early.
        """
        request = RowRequest(frozenset(rows[0].fields), self.due, batch=1)
        batches = source.rows(context, selected, request)
        next(batches)
        del batches
        assert read(request) == rows

    def test_current_answers_in_order(
        self, ask: Ask, rows: list[Row], fields: frozenset[str]
    ) -> None:
        """`current` says of each row, in the order asked, that it is valid, with its values.

        When it fails: answer row by row in the order of `rows`, not in that of the database.
        """
        asked = rows[::-1]
        states = ask(_refs(asked), fields)
        assert [type(state) for state in states] == [CurrentState] * len(asked)
        assert [state.gone for state in states] == [None] * len(asked)
        assert [dict(state.fields or {}) for state in states] == [dict(row.fields) for row in asked]

    def test_current_names_who_consents(
        self, ask: Ask, rows: list[Row], fields: frozenset[str]
    ) -> None:
        """`current` gives the same `consenting_id` as the row had.

        When it fails: read the representative in `current` as in `rows`.
        """
        states = ask(_refs(rows), fields)
        assert [state.consenting_id for state in states] == [row.consenting_id for row in rows]

    def test_current_reads_only_the_fields_asked_for(
        self, ask: Ask, rows: list[Row], fields: frozenset[str]
    ) -> None:
        """`current` returns the requested fields and no others.

        When it fails: build `CurrentState.fields` from `request.fields` alone.
        """
        asked = frozenset(sorted(fields)[:1])
        states = ask(_refs(rows), asked)
        assert {frozenset(state.fields or {}) for state in states} == {asked}

    @pytest.mark.parametrize("key", ["999999999", "no-such-key"])
    def test_unknown_rows_are_gone(
        self, ask: Ask, rows: list[Row], fields: frozenset[str], key: str
    ) -> None:
        """A person who is no longer there is `gone`, with a code and a sentence.

        When it fails: answer for ids that are not found, instead of leaving them out, also
        for keys that cannot be in the practice at all.
        """
        kind = rows[0].person_id.partition(":")[0]
        known = _refs(rows[:2])
        unknown = RowRef(f"{kind}:{key}", known[0].occasion_id, known[0].occasion_starts_at)
        asked = [known[0], unknown, known[1]]
        states = ask(asked, fields)
        assert len(states) == 3
        assert [state.gone is None for state in states] == [True, False, True]
        code, sentence = states[1].gone or ("", "")
        assert code
        assert sentence

    def test_its_sentences_are_said_in_each_language(
        self,
        source: Source[Any],
        context: Context,
        selected: BaseModel,
        rows: list[Row],
        ask: Ask,
        fields: frozenset[str],
    ) -> None:
        """The title, why a row is unreachable or gone, the line to add for stable ids, and what is
        said about an order that is refused are made by `_`.

        When it fails: hand on what `_` makes; an f-string and `join` make plain text of it. A
        package that never uses `_` speaks one language and passes.
        """
        said: list[str | None] = [source.title]
        said += [row.unreachable[1] for row in rows if row.unreachable]
        kind = rows[0].person_id.partition(":")[0]
        unknown = replace(_refs(rows[:1])[0], person_id=f"{kind}:no-such-key")
        said += [state.gone[1] for state in ask([unknown], fields) if state.gone]
        if isinstance(source, LacksStableIds):
            said.append(source.unstable_ids(context, selected))
        try:
            request = RowRequest(fields, self.due, order_by=("no_such_field",))
            next(iter(source.rows(context, selected, request)), None)
        except SourceError as error:
            said += [one for each in error.problems for one in (each.message, each.hint)]
        assert unsayable(source, said) == []

    def test_current_of_nothing_is_nothing(self, ask: Ask, fields: frozenset[str]) -> None:
        """No rows asked, no states answered.

        When it fails: return early for an empty sequence.
        """
        assert list(ask([], fields)) == []

    def test_nothing_personal_is_logged(
        self, read: Read, ask: Ask, rows: list[Row], canary_log: CanaryLog
    ) -> None:
        """Log and output hold no value of a field.

        When it fails: log ids and counts only.
        """
        canary_log.plant(*(value for row in rows for value in row.fields.values()))
        fields = frozenset(rows[0].fields)
        read(RowRequest(fields, self.due))
        ask(_refs(rows), fields)
        canary_log.check(self.foreign_loggers)


def _refs(rows: Sequence[Row]) -> list[RowRef]:
    return [
        RowRef(
            row.person_id,
            row.occasion.id if row.occasion else None,
            row.occasion.starts_at if row.occasion else None,
        )
        for row in rows
    ]
