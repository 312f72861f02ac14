"""Schedules of mailings: the words that people write, public holidays, the moments that follow."""
