"""The ledger: the database of runs and messages, the only truth about what was sent."""
