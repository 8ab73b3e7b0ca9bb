"""Incentive programmes: which markets reward quoting or trading, and when.

Drawn from the world's name and the event's: about one event in three has a liquidity programme on
each of its markets, one in ten a volume programme. A programme runs from the market's opening to
its close and counts as paid out when the market has settled. Programmes are told and no more: no
scores are kept, and the account is paid none of it. Sizes as seen at Kalshi in January 2026.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.market import Event, Market, MarketStatus
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.engine.orders import derived_id

_REWARDS = tuple(Money.parse(amount) for amount in ("10.00", "20.00", "50.00"))
_TARGETS = tuple(Contracts.parse(count) for count in ("300.00", "500.00", "1000.00"))
_DISCOUNT_BPS = 5_000
_LIQUIDITY_SHARE, _VOLUME_SHARE = 85, 25
"""Of 256."""


class IncentiveKind(StrEnum):
    LIQUIDITY = "liquidity"
    VOLUME = "volume"


class Stage(StrEnum):
    """Where a programme stands, in the exchange's words."""

    UPCOMING = "upcoming"
    ACTIVE = "active"
    CLOSED = "closed"
    PAID_OUT = "paid_out"


@dataclass(frozen=True, slots=True)
class IncentiveProgram:
    """A reward to be shared by those who quote (up to a size) or trade in a market.

    A step away from the best price counts less by `discount_bps`.
    """

    program_id: str
    ticker: str
    kind: IncentiveKind
    start_us: int
    end_us: int
    reward: Money
    paid_out: bool
    target: Contracts | None = None
    discount_bps: int | None = None

    def stage(self, now_us: int) -> Stage:
        if self.paid_out:
            return Stage.PAID_OUT
        if now_us < self.start_us:
            return Stage.UPCOMING
        return Stage.ACTIVE if now_us < self.end_us else Stage.CLOSED


def programs(world_id: str, event: Event, market: Market) -> Iterator[IncentiveProgram]:
    """The programmes of one market of an event."""
    text = f"{world_id}\x1fincentive\x1f{event.event_ticker}"
    draws = hashlib.blake2b(text.encode(), digest_size=4).digest()
    if draws[0] < _LIQUIDITY_SHARE:
        yield _program(world_id, market, IncentiveKind.LIQUIDITY, draws)
    if draws[1] < _VOLUME_SHARE:
        yield _program(world_id, market, IncentiveKind.VOLUME, draws)


def _program(world_id: str, market: Market, kind: IncentiveKind, draws: bytes) -> IncentiveProgram:
    for_liquidity = kind is IncentiveKind.LIQUIDITY
    return IncentiveProgram(
        program_id=derived_id(world_id, f"{kind} incentive", market.ticker),
        ticker=market.ticker,
        kind=kind,
        start_us=market.open_us,
        end_us=market.close_us,
        reward=_REWARDS[draws[2] % len(_REWARDS)],
        paid_out=market.status is MarketStatus.FINALIZED,
        target=_TARGETS[draws[3] % len(_TARGETS)] if for_liquidity else None,
        discount_bps=_DISCOUNT_BPS if for_liquidity else None,
    )
