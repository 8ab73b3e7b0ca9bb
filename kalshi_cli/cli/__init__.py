"""The command line: options in, one step called, its result shown."""
