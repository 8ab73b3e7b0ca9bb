"""Who sits at the keyboard, for the record."""

import getpass
import os


def person() -> str:
    """The user's name; their number where the machine knows no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}"
