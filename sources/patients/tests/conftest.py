"""A practice with a few patients in the reference schema."""

from serienpost_testkit.reference_practice import add, change, context, database

__all__ = ["add", "change", "context", "database"]
