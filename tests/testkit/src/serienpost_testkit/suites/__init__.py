"""Inheritable pytest suites: the contracts of `serienpost`, executable.

A plugin's author subclasses a suite, supplies the fixtures that its docstring names, and inherits
every test.
"""

from serienpost_testkit.suites.channel import Arrived, ChannelSuite
from serienpost_testkit.suites.consent import ConsentCheckSuite
from serienpost_testkit.suites.macro import MacroSuite
from serienpost_testkit.suites.source import SourceSuite

__all__ = ["Arrived", "ChannelSuite", "ConsentCheckSuite", "MacroSuite", "SourceSuite"]
