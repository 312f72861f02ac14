"""Demo practice, SMTP catcher, `demo` and `init --demo`."""
