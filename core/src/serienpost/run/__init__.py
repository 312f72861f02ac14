"""The life of a run: check, select, review, render, freeze, approve, deliver, report."""
