"""Recipients by database query over patients or Interessenten."""
