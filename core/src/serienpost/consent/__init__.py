"""Consent: asking the checks, and what their answers together mean."""
