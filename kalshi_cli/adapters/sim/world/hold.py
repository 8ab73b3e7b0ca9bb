"""One process holds the world: a lock of the operating system, which dies with its holder."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from kalshi_cli.errors import StoreUnusable, WorldHeld

PATIENCE_S = 10.0
_POLL_S = 0.05


class Hold:
    """The exclusive right to a world, from construction to `release`.

    The file keeps the holder's process id for whoever has to wait. Raises `WorldHeld` after
    `patience_s` seconds.
    """

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._file = _open(path)
        give_up = time.monotonic() + patience_s
        while not self._try():
            if time.monotonic() >= give_up:
                holder, _, url = self._file.read().strip().partition("\n")
                self._file.close()
                raise _held(holder or "unknown", url)
            time.sleep(_POLL_S)
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def serves_at(self, url: str) -> None:
        """Let whoever has to wait know where the world is served."""
        self._file.write(f"{url}\n")
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def _held(holder: str, url: str) -> WorldHeld:
    if url:
        return WorldHeld(
            f"Process {holder} serves the simulated world at {url}.",
            remedy=f"Trade there with --env demo, see GET {url}/sim and POST {url}/sim/advance, "
            "stop it, or use another --home.",
        )
    return WorldHeld(
        f"Process {holder} holds the simulated world.",
        remedy="Wait until it ends, stop it, or use another --home; "
        "`kalshi sim serve` lets many programs trade in one world.",
    )


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise StoreUnusable(
            f"{path} cannot be opened: {error.strerror}.", remedy="Use another --home."
        ) from error
