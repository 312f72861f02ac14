from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serienpost.contracts.accounts import Rate
from serienpost.ledger.permits import take_permits
from serienpost.ledger.schema import account, permit
from serienpost.ledger.store import new_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Desk = Any

RATES = st.lists(
    st.builds(Rate, st.integers(1, 6), st.sampled_from([1, 5, 60])), min_size=1, max_size=3
)
# Seconds that pass on the wall clock (backwards too), then permits wanted.
STEPS = st.lists(
    st.tuples(st.one_of(st.floats(0, 20), st.floats(0, 120), st.floats(-30, 0)), st.integers(0, 9)),
    max_size=40,
)

QUICK = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _take(
    desk: Desk, name: str, steps: Sequence[tuple[float, int]], rates: list[Rate], *, spread: bool
) -> tuple[list[datetime], list[tuple[datetime, int, int, datetime | None]]]:
    """Stamps of all permits, and of each step: time, wanted, given, when the next is free."""
    stamps: list[datetime] = []
    log = []
    with desk.ledger.begin() as tx:
        for seconds, wanted in steps:
            desk.clock.forward(seconds)
            tx.now = desk.clock()
            given_, free_at = take_permits(tx, name, rates, wanted, spread=spread)
            last = tx.scalar(tx.select(account, account.c.last_stamp).filter_by(account=name))
            stamps += [last] * given_
            log.append((tx.now, wanted, given_, free_at))
    return stamps, log


def _fits(stamps: Sequence[datetime], at: datetime, rates: list[Rate], *, spread: bool) -> bool:
    """Whether one more permit at this moment keeps every rate, by counting."""
    for rate in rates:
        window = timedelta(seconds=rate.seconds)
        if sum(at - stamp < window for stamp in stamps) >= rate.count:
            return False
        if spread and stamps and at - stamps[-1] < window / rate.count:
            return False
    return True


@QUICK
@given(rates=RATES, steps=STEPS, spread=st.booleans())
def test_no_window_holds_more_than_its_rate(
    desk: Desk, rates: list[Rate], steps: list[tuple[float, int]], spread: bool
) -> None:
    stamps, _ = _take(desk, new_ref(), steps, rates, spread=spread)
    assert stamps == sorted(stamps)
    for rate in rates:
        for early, late in zip(stamps, stamps[rate.count :], strict=False):
            assert late - early >= timedelta(seconds=rate.seconds)
        if spread:
            for early, late in pairwise(stamps):
                assert late - early >= timedelta(seconds=rate.seconds / rate.count)


@QUICK
@given(rates=RATES, steps=STEPS, spread=st.booleans())
def test_no_allowance_is_wasted(
    desk: Desk, rates: list[Rate], steps: list[tuple[float, int]], spread: bool
) -> None:
    """Fewer permits than wanted only where one more would break a rate; and until the named time,
    not longer."""
    stamps: list[datetime] = []
    _, log = _take(desk, new_ref(), steps, rates, spread=spread)
    for now, wanted, given_, free_at in log:
        stamp = max([now, *stamps[-1:]])
        for _ in range(given_):
            assert _fits(stamps, stamp, rates, spread=spread)
            stamps.append(stamp)
        if given_ == wanted:
            assert free_at is None
            continue
        assert not _fits(stamps, stamp, rates, spread=spread)
        assert free_at is not None
        assert free_at > stamp
        assert _fits(stamps, free_at, rates, spread=spread)
        assert not _fits(stamps, free_at - timedelta(microseconds=1), rates, spread=spread)


def test_the_whole_allowance_may_be_used_at_once(desk: Desk) -> None:
    begun = desk.clock()
    steps = [(0, 100), (30, 100), (29.9, 100), (0.1, 100)]
    _, log = _take(desk, "post", steps, [Rate(10, 60)], spread=False)
    assert [given_ for _, _, given_, _ in log] == [10, 0, 0, 10]
    assert log[0][3] == begun + timedelta(seconds=60)


def test_spread_spaces_them_evenly(desk: Desk) -> None:
    steps = [(0, 9), (5, 9), (1, 9), (30, 9)]
    _, log = _take(desk, "post", steps, [Rate(10, 60)], spread=True)
    assert [given_ for _, _, given_, _ in log] == [1, 0, 1, 1]


def test_the_strictest_of_several_rates_counts(desk: Desk) -> None:
    rates = [Rate(4, 1), Rate(6, 60)]
    _, log = _take(desk, "post", [(0, 9), (1, 9), (1, 9), (58, 9)], rates, spread=False)
    assert [given_ for _, _, given_, _ in log] == [4, 2, 0, 4]


def test_without_a_rate_nothing_is_recorded(desk: Desk) -> None:
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [], 7) == (7, None)
        assert take_permits(tx, "post", [Rate(1, 1)], 0) == (0, None)
    assert (desk.rows(account), desk.rows(permit)) == ([], [])


def test_a_clock_set_back_gives_nothing_away(desk: Desk) -> None:
    begun = desk.clock()
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(2, 60)], 2) == (2, None)
    desk.clock.forward(-3600)
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(2, 60)], 1) == (0, begun + timedelta(seconds=60))
    desk.clock.forward(3600 + 60)
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(2, 60)], 3)[0] == 2


def test_permits_outlive_the_process(desk: Desk, desk_of: Callable[[str], Desk]) -> None:
    with desk.ledger.begin() as tx:
        take_permits(tx, "post", [Rate(3, 60)], 2)
    again = desk_of("sonnenschein")
    with again.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(3, 60)], 2)[0] == 1


def test_a_transaction_that_is_undone_takes_no_permit(desk: Desk) -> None:
    with suppress(ZeroDivisionError), desk.ledger.begin() as tx:
        take_permits(tx, "post", [Rate(3, 60)], 3)
        raise ZeroDivisionError
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(3, 60)], 3) == (3, None)


def test_accounts_do_not_share(desk: Desk) -> None:
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(1, 60)], 1)[0] == 1
        assert take_permits(tx, "grid", [Rate(1, 60)], 1)[0] == 1
        assert take_permits(tx, "post", [Rate(1, 60)], 1)[0] == 0


def test_a_rate_that_is_made_longer_counts_earlier_permits(desk: Desk) -> None:
    begun = desk.clock()
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(2, 1)], 2) == (2, None)
    desk.clock.forward(60)
    with desk.ledger.begin() as tx:
        assert take_permits(tx, "post", [Rate(2, 1)], 2) == (2, None)
    with desk.ledger.begin() as tx:
        longer = take_permits(tx, "post", [Rate(5, 3600)], 9)
    assert longer == (1, begun + timedelta(seconds=3600))


def test_permits_are_kept_for_a_day_and_then_forgotten(desk: Desk) -> None:
    for _ in range(12):
        with desk.ledger.begin() as tx:
            take_permits(tx, "post", [Rate(5, 1), Rate(2, 1)], 2)
        desk.clock.forward(1)
    assert len(desk.rows(permit)) == 24
    desk.clock.forward(86_400)
    for _ in range(6):
        with desk.ledger.begin() as tx:
            take_permits(tx, "post", [Rate(5, 1), Rate(2, 1)], 2)
        desk.clock.forward(1)
    assert [row["seq"] for row in desk.rows(permit)] == list(range(25, 37))
