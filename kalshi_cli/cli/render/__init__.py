"""Results as tables for people or JSON for programs; nothing else writes to stdout."""
