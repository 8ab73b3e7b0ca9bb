"""Market time as a straight line over real time: how a served world's clock runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeScale:
    """At `wall0_us` (real UTC) market time was `virtual0_us`; it runs `speed` times as fast."""

    wall0_us: int
    virtual0_us: int
    speed: float

    def at(self, wall_us: int) -> int:
        """Market time at a real instant."""
        return self.virtual0_us + round((wall_us - self.wall0_us) * self.speed)

    @property
    def is_real(self) -> bool:
        """Whether market time is real time."""
        return self.speed == 1 and self.virtual0_us == self.wall0_us

    def as_json(self) -> dict[str, int | float]:
        """As `sim serve` tells it and `KALSHI_SIM_CLOCK` takes it: instants in microseconds."""
        return {"wall0": self.wall0_us, "virtual0": self.virtual0_us, "speed": self.speed}
