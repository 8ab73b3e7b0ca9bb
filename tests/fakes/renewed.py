"""A lease that never runs out by the clock: its token alone says whose it is."""

from dataclasses import dataclass


@dataclass
class Renewed:
    """Its keeper is always there before anybody looks."""

    token: str

    def check(self) -> None:
        """It has not run out."""
