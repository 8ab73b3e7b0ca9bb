"""What an incentive programme may pay a maker, by its own terms. 0 where there is none."""

from collections.abc import Iterable

from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import HOUR

LIQUIDITY = "liquidity"
"""The exchange's word for a programme that pays for resting orders."""
_WHOLE_BPS = 10_000


def reward_per_hour(
    programs: Iterable[IncentiveProgram],
    now_us: int,
    *,
    size: float,
    others: float,
    steps_behind: int,
) -> float:
    """Dollars an hour for `size` contracts resting each side, `others` being what else rests there.

    A liquidity programme shares its pool by size up to the target, each step behind the best price
    counting less. One that pays for volume pays nobody for resting, and is not counted.
    """
    found = 0.0
    for program in programs:
        if program.kind != LIQUIDITY or program.paid_out or program.target is None:
            continue
        if not program.start_us <= now_us < program.end_us or size <= 0:
            continue
        kept = 1.0 - (program.discount_bps or 0) / _WHOLE_BPS
        counted = min(size, float(program.target)) * kept**steps_behind
        paid = float(program.reward) * counted / (counted + others)
        if program.most_per_account is not None:
            paid = min(paid, float(program.most_per_account))
        found += paid * HOUR / (program.end_us - program.start_us)
    return found
