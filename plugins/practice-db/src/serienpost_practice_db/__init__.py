"""The practice's own database: schema mapping, read-only streaming, status check."""
