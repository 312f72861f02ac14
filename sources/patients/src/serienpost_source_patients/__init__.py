"""Recipients from the patient table and the patient search."""
