"""From a mailing to a frozen run: check, select, review, render, freeze."""
