"""What the ledger tells afterwards: history, manifest, figures, retention."""
