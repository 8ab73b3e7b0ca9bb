"""A file of SQLite, read where nothing may be written beside it.

By a write-ahead log SQLite reads only where it may make one. Who closes such a file last carries
its log over and takes it away: then the file alone says it all.
"""

import os
from pathlib import Path


def uri_to_read(path: Path) -> str:
    """The URI to open a file by that is only read."""
    file = path.resolve()
    log = file.with_name(f"{file.name}-wal")
    at_rest = not log.exists() and not os.access(file.parent, os.W_OK)
    return f"{file.as_uri()}?immutable=1" if at_rest else file.as_uri()
