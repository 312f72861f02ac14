from __future__ import annotations

import gc

import pytest

from serienpost.gc_tuning import seldom_collected


def test_the_settings_come_back_whatever_happens() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with seldom_collected():
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.isenabled()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    with pytest.raises(ZeroDivisionError), seldom_collected():
        _ = 1 / 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_of_two_at_once_the_last_brings_the_settings_back() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    first, second = seldom_collected(), seldom_collected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > before[0][0]
    second.__exit__(None, None, None)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
