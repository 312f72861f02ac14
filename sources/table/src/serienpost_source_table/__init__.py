"""Recipients from a CSV or XLSX file."""
