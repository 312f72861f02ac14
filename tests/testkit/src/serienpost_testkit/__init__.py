"""Conformance suites and null plugins for authors of serienpost plugins.

`suites` holds the inheritable pytest suites, `pytest_plugin` the fixtures, `plugin` the null
source, consent check, macros and channels that the core loads as `serienpost-testkit`.
"""
