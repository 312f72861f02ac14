"""An unexpected error is blamed on the plugin in whose code it was raised."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from serienpost.plugin_attribution import plugin_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = """
def fail():
    raise RuntimeError

def through(function):
    function()
"""


@pytest.fixture
def loft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plugin `loft-post 2.1` whose module is `loft_post`."""
    info = tmp_path / "loft_post-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loft-post\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[serienpost]\nloft-post = loft_post.hooks\n")
    (tmp_path / "loft_post.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("loft_post", None)


@pytest.mark.usefixtures("loft")
def test_a_plugin_is_named_with_its_version() -> None:
    import loft_post

    with pytest.raises(RuntimeError) as caught:
        loft_post.fail()
    assert plugin_behind(caught.value) == "plugin loft-post 2.1"


@pytest.mark.usefixtures("loft")
def test_a_plugin_that_called_what_failed_is_named() -> None:
    import loft_post

    with pytest.raises(ZeroDivisionError) as caught:
        loft_post.through(lambda: 1 // 0)
    assert plugin_behind(caught.value) == "plugin loft-post 2.1"


@pytest.mark.usefixtures("loft")
def test_nobody_is_blamed_for_our_own_errors() -> None:
    with pytest.raises(ValueError, match="x") as caught:
        int("x")
    assert plugin_behind(caught.value) is None
