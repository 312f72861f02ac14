"""A practice with a calendar in the reference schema."""

from serienpost_testkit.reference_practice import add, change, context, database

__all__ = ["add", "change", "context", "database"]
