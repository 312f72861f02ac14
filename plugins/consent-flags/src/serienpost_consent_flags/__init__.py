"""Consent from the 'Kontakt erlaubt' flags in the master data."""
