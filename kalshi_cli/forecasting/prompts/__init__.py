"""The instructions of each role, as plain text that a person can read and edit."""
