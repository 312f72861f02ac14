"""Briefanrede and the practice's macros."""
