"""A simulated world on disk: what it is made from, its log, and the one process that holds it."""
