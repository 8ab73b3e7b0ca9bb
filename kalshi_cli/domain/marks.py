"""What a position is worth now, for reports (mark) and for risk (liquidation)."""

from dataclasses import dataclass

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.side import Side

MAX_MARK_SPREAD = Price(1_000)


@dataclass(frozen=True, slots=True)
class Mark:
    """Dollars for a whole position; `is_mid` is False where only one side could be used."""

    value: Money
    is_mid: bool


def mark(net: Contracts, bid: Level | None, ask: Level | None) -> Mark:
    """Mid where both sides exist within 10 cents, else liquidation value, flagged."""
    if bid and ask and ask.price - bid.price <= MAX_MARK_SPREAD:
        doubled = bid.price.units + ask.price.units
        per_contract = doubled if net.units >= 0 else 20_000 - doubled
        return Mark(Money(per_contract * abs(net.units) // 2), is_mid=True)
    return Mark(liquidation(net, bid, ask), is_mid=False)


def liquidation(net: Contracts, bid: Level | None, ask: Level | None) -> Money:
    """Dollars at the best price of the side held; $0 where there is none."""
    if not net:
        return NO_MONEY
    side = Side.BID if net.units > 0 else Side.ASK
    if side is Side.BID:
        return bid.price * net if bid else NO_MONEY
    return ask.price.complement * -net if ask else NO_MONEY


def benchmark(bid: Level | None, ask: Level | None) -> float | None:
    """The market's probability: the mid, where both sides exist within 10 cents; else None."""
    if bid is None or ask is None or ask.price - bid.price > MAX_MARK_SPREAD:
        return None
    return (bid.price.units + ask.price.units) / 20_000
