"""Plugins that do nothing, observably: for tests of the core and for benchmarks."""
