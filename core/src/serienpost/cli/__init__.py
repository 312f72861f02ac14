"""The command line. Each command stands in a module that is imported when it is called."""
