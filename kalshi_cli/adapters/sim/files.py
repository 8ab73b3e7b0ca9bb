"""Where a simulated world keeps its files, and how they are set aside: never deleted."""

import os
from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.domain.instant import to_datetime
from kalshi_cli.errors import StoreUnusable

RESET = "Run `kalshi sim reset`: it sets the world aside, and deletes nothing."
_ASIDE = "aside-"


@dataclass(frozen=True, slots=True)
class WorldFiles:
    """The directory of one world. The simulated desk's store lies beside it."""

    directory: Path

    @classmethod
    def under(cls, home: Path) -> "WorldFiles":
        return cls(home / "sim")

    @property
    def world(self) -> Path:
        return self.directory / "world.db"

    @property
    def lock(self) -> Path:
        return self.directory / "world.lock"

    @property
    def key(self) -> Path:
        return self.directory / "key.pem"

    def private_key(self) -> str:
        """The key of the world's account, made the first time; readable by its owner alone."""
        from kalshi_cli.adapters.sim.auth import new_private_key, public_key  # 20 ms

        try:
            if not self.key.exists():
                draft = self.key.with_suffix(".new")
                draft.unlink(missing_ok=True)
                with os.fdopen(
                    os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
                ) as out:
                    out.write(new_private_key())
                draft.replace(self.key)
            pem = self.key.read_text()
            public_key(pem)
        except (OSError, ValueError) as error:
            raise StoreUnusable(
                f"{self.key} holds no usable key: {error}.",
                remedy="Check the disk and permissions; `kalshi sim reset` begins anew.",
            ) from error
        return pem

    def set_aside(self, wall_us: int) -> Path | None:
        """Move everything but the lock into a directory named after the moment.

        None where there was nothing to move. The caller holds the world.
        """
        there = [
            path
            for path in sorted(self.directory.iterdir())
            if path != self.lock and not path.name.startswith(_ASIDE)
        ]
        if not there:
            return None
        aside = self.directory / f"{_ASIDE}{to_datetime(wall_us):%Y%m%dT%H%M%S.%fZ}"
        try:
            aside.mkdir()
            for path in there:
                path.rename(aside / path.name)
        except OSError as error:
            raise StoreUnusable(
                f"The world cannot be set aside: {error}.", remedy="Check the disk and permissions."
            ) from error
        return aside
