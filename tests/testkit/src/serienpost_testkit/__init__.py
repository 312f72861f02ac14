"""Conformance suites and a null channel for plugin authors."""
