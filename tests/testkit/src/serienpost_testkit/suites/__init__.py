"""Inheritable pytest suites: the contracts of `serienpost`, executable.

A plugin's author subclasses a suite, supplies the fixtures that its docstring names, and inherits
every test.
"""

from serienpost_testkit.suites.address_owners import AddressOwnersSuite
from serienpost_testkit.suites.archive import ArchiveSuite, Kept
from serienpost_testkit.suites.channel import Arrived, ChannelSuite
from serienpost_testkit.suites.consent import ConsentCheckSuite
from serienpost_testkit.suites.dispatcher import DispatcherSuite
from serienpost_testkit.suites.macro import MacroSuite
from serienpost_testkit.suites.secret_store import SecretStoreSuite
from serienpost_testkit.suites.settings import SettingsSuite
from serienpost_testkit.suites.source import SourceSuite

__all__ = [
    "AddressOwnersSuite",
    "ArchiveSuite",
    "Arrived",
    "ChannelSuite",
    "ConsentCheckSuite",
    "DispatcherSuite",
    "Kept",
    "MacroSuite",
    "SecretStoreSuite",
    "SettingsSuite",
    "SourceSuite",
]
