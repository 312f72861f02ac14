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
