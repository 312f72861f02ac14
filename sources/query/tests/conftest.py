"""A practice in the reference schema to query."""

from serienpost_testkit.reference_practice import add, change, context, database

__all__ = ["add", "change", "context", "database"]
