"""How much work a look at a password is, and how many are looked at at once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from argon2 import extract_parameters

from serienpost.ledger.schema import failed_login
from serienpost.service import LoginRefused
from serienpost.service.passwords import _nobodys, hash_of, is_outdated, matches, place

if TYPE_CHECKING:
    from serienpost import Practice

PASSWORD = "vier kleine worte"

FLOOD = """
import pathlib, re, threading
from serienpost.service.passwords import matches

threads = [threading.Thread(target=matches, args=(None, "falsch")) for _ in range(16)]
for one in threads:
    one.start()
for one in threads:
    one.join()
# The greatest of this program: `getrusage` counts that of who started it, too.
print(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def test_a_name_that_nobody_has_costs_the_same_work() -> None:
    kept = hash_of(PASSWORD)
    assert extract_parameters(_nobodys()) == extract_parameters(kept)
    assert len(_nobodys()) == len(kept)
    assert _nobodys() != _nobodys()
    assert not matches(None, PASSWORD)
    assert matches(kept, PASSWORD)
    assert not is_outdated(kept)


def test_a_flood_does_not_eat_the_memory() -> None:
    done = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 384 * 1024, "KiB: sixteen at once would take a gigabyte"


def test_who_finds_no_place_is_asked_to_come_again(practice: Practice) -> None:
    practice.add_user("eva", PASSWORD)
    with ExitStack() as taken:
        while taken.enter_context(place()):
            pass
        assert practice.log_in("eva", PASSWORD, "127.0.0.1") == LoginRefused(1)
    with practice.ledger.read() as tx:
        assert tx.all(tx.select(failed_login)) == []
    assert not isinstance(practice.log_in("eva", PASSWORD, "127.0.0.1"), LoginRefused)
