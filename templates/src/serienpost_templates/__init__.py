"""Ready templates for practice mailings."""
