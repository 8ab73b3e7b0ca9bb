"""When an event of the generated world is listed, trades, is answered and pays.

Most lives go as announced. Some close early, some are abandoned, in some trading pauses for a while
and some answers are disputed: all of it drawn once for an event, so that its markets stay together.
"""

import math
from dataclasses import dataclass

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.engine.noise import normal_of, stream, uniforms
from kalshi_cli.engine.series_plan import SeriesPlan
from kalshi_cli.engine.world_plan import Genesis

LONGEST_DISPUTE = DAY
_SHORTEST_DISPUTE = HOUR
_SHORTEST_PAUSE, _MEAN_PAUSE = 10 * MINUTE, 45 * MINUTE


@dataclass(frozen=True, slots=True)
class Dispute:
    """A contested answer. If `amended`, the first one was wrong: `error` deviations off."""

    from_us: int
    until_us: int
    amended: bool
    error: float


@dataclass(frozen=True, slots=True)
class Times:
    """An event's life. `closed_us` is when trading really ends, `close_us` what was announced.

    `pause` is when trading stopped and when it went on, if it did.
    """

    listed_us: int
    open_us: int
    close_us: int
    closed_us: int
    determined_us: int
    finalized_us: int
    abandoned: bool
    pause: tuple[int, int] | None = None
    dispute: Dispute | None = None

    def moves(self) -> tuple[tuple[int, MarketStatus], ...]:
        """The changes of status, in order of time."""
        return (
            (self.open_us, MarketStatus.ACTIVE),
            *self._pausing(),
            (self.closed_us, MarketStatus.CLOSED),
            (self.determined_us, MarketStatus.DETERMINED),
            *self._disputing(),
            (self.finalized_us, MarketStatus.FINALIZED),
        )

    def _pausing(self) -> tuple[tuple[int, MarketStatus], ...]:
        if self.pause is None:
            return ()
        return (self.pause[0], MarketStatus.INACTIVE), (self.pause[1], MarketStatus.ACTIVE)

    def _disputing(self) -> tuple[tuple[int, MarketStatus], ...]:
        if self.dispute is None:
            return ()
        after = MarketStatus.AMENDED if self.dispute.amended else MarketStatus.DETERMINED
        return (self.dispute.from_us, MarketStatus.DISPUTED), (self.dispute.until_us, after)


def scheduled_close(plan: SeriesPlan, epoch_us: int, number: int) -> int:
    """When event `number` is announced to close; 0 is the first at or after the epoch's day."""
    midnight = epoch_us - epoch_us % DAY
    return midnight + (plan.offset_h + number * plan.period_h) * HOUR


def listed_at(plan: SeriesPlan, epoch_us: int, number: int) -> int:
    return scheduled_close(plan, epoch_us, number) - (plan.life_h + plan.lead_h) * HOUR


def first_closing_after(plan: SeriesPlan, epoch_us: int, at_us: int) -> int:
    """The first event that is announced to close after an instant."""
    return (at_us - scheduled_close(plan, epoch_us, 0)) // (plan.period_h * HOUR) + 1


def longest_aftermath(plan: SeriesPlan) -> int:
    """From the announced close to the payment, at most."""
    return plan.answer_delay_min * MINUTE + 2 * plan.settlement_timer_s * SECOND + LONGEST_DISPUTE


def draw_times(genesis: Genesis, plan: SeriesPlan, number: int, draws: list[float]) -> Times:
    """The life of event `number`; `draws` are three uniforms."""
    close_us = scheduled_close(plan, genesis.epoch_us, number)
    life = plan.life_h * HOUR
    open_us = close_us - life
    upsets = genesis.plan.upsets
    abandoned = draws[0] < upsets.scalar
    early = abandoned or draws[1] < plan.early_close
    share = 0.4 + 0.55 * draws[2] if early else 1.0
    closed_us = open_us + int(life * share) // SECOND * SECOND
    determined_us = closed_us + plan.answer_delay_min * MINUTE
    luck = uniforms(stream(genesis.seed, plan.ticker, "upsets", number), 9)
    disputed = not abandoned and luck[0] < upsets.disputes
    dispute = _dispute(plan, determined_us, luck[1:6]) if disputed else None
    answered_us = determined_us if dispute is None else dispute.until_us
    paused = luck[6] < upsets.pauses
    return Times(
        listed_us=open_us - plan.lead_h * HOUR,
        open_us=open_us,
        close_us=close_us,
        closed_us=closed_us,
        determined_us=determined_us,
        finalized_us=answered_us + plan.settlement_timer_s * SECOND,
        abandoned=abandoned,
        pause=_pause(plan, open_us, closed_us, luck[7:]) if paused else None,
        dispute=dispute,
    )


def _dispute(plan: SeriesPlan, determined_us: int, luck: list[float]) -> Dispute:
    """It begins before the answer would have paid."""
    from_us = determined_us + int(plan.settlement_timer_s * (0.1 + 0.8 * luck[0])) * SECOND
    span = LONGEST_DISPUTE - _SHORTEST_DISPUTE
    lasts = (_SHORTEST_DISPUTE + int(span * luck[1])) // SECOND * SECOND
    return Dispute(from_us, from_us + lasts, luck[2] < 0.5, normal_of(luck[3], luck[4]))


def _pause(
    plan: SeriesPlan, open_us: int, closed_us: int, luck: list[float]
) -> tuple[int, int] | None:
    """From one requote to another; None where it would not end before trading does."""
    refresh = plan.refresh_s * SECOND
    start = (open_us + int((closed_us - open_us) * (0.1 + 0.7 * luck[0]))) // refresh * refresh
    lasts = _SHORTEST_PAUSE - int(math.log(luck[1]) * _MEAN_PAUSE)
    end = min(start + -(-lasts // refresh) * refresh, (closed_us - 1) // refresh * refresh)
    return (start, end) if open_us < start < end else None
