"""Where a simulated world keeps its files, and how they are set aside: never deleted."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_cli.domain.instant import to_datetime
from kalshi_cli.errors import StoreUnusable

if TYPE_CHECKING:
    from kalshi_cli.adapters.sim.world.keys import KeyType

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

    def key(self, kind: "KeyType") -> Path:
        return self.directory / f"{kind}.pem"

    def private_key(self, kind: "KeyType") -> str:
        """A key of the world's account, made the first time; readable by its owner alone."""
        from kalshi_cli.adapters.sim.world.keys import new_private_key, public_key  # 20 ms

        file = self.key(kind)
        try:
            if not file.exists():
                draft = file.with_suffix(".new")
                draft.unlink(missing_ok=True)
                with os.fdopen(
                    os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
                ) as out:
                    out.write(new_private_key(kind))
                draft.replace(file)
            pem = file.read_text()
            public_key(pem)
        except (OSError, ValueError) as error:
            raise StoreUnusable(
                f"{file} holds no usable key: {error}.",
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
