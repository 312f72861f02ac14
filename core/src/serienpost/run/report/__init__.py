"""What the ledger tells (review, history, manifest, figures) and forgets (`retention.py`)."""
