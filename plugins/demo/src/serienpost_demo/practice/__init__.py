"""The demo practice: the reference schema with realistic, made-up German data."""

from __future__ import annotations

from serienpost_demo.practice.canaries import CANARY_COLUMNS, canary
from serienpost_demo.practice.writing import MOST_PATIENTS, write_practice

__all__ = ["CANARY_COLUMNS", "MOST_PATIENTS", "canary", "write_practice"]
