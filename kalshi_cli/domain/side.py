"""Which way an order goes, and the one place where NO becomes YES.

Everything inside the program is quoted in YES: `bid` buys YES, `ask` sells YES. People think in
YES and NO; the functions below are the only translation.
Source: Kalshi's order direction page; V2 orders carry `side: bid | ask` and a YES price.
"""

from enum import StrEnum

from kalshi_cli.domain.money import Contracts, Price


class Side(StrEnum):
    """The side of the YES book an order joins."""

    BID = "bid"
    ASK = "ask"

    @property
    def sign(self) -> int:
        """+1 for a bid (the position grows), -1 for an ask."""
        return 1 if self is Side.BID else -1

    @property
    def opposite(self) -> "Side":
        return Side.ASK if self is Side.BID else Side.BID

    def signed(self, count: Contracts) -> Contracts:
        """The change of position that `count` contracts on this side make."""
        return Contracts(self.sign * count.units)


class Outcome(StrEnum):
    """A person's word for what is held; inside the program a position is signed YES contracts."""

    YES = "yes"
    NO = "no"


def yes_terms(outcome: Outcome, *, buy: bool, price: Price) -> tuple[Side, Price]:
    """Turn "buy NO at q" into the order on the YES book: an ask at 1 - q."""
    side = Side.BID if buy == (outcome is Outcome.YES) else Side.ASK
    return side, price if outcome is Outcome.YES else price.complement


def spoken_terms(side: Side, yes_price: Price, *, leaves: bool) -> tuple[bool, Outcome, Price]:
    """The way back from `yes_terms`: whether it buys, which outcome, and that outcome's price.

    An ask that `leaves` a position sells YES; one that opens or adds buys NO.
    """
    outcome = Outcome.YES if (side is Side.BID) is not leaves else Outcome.NO
    return not leaves, outcome, yes_price if outcome is Outcome.YES else yes_price.complement


def spoken_net(net: Contracts) -> str:
    """`10 NO`, of a signed position."""
    outcome = Outcome.NO if net.units < 0 else Outcome.YES
    return f"{abs(net).spoken} {outcome.upper()}" if net.units else "nothing"


def held_terms(net: Contracts, yes_price: Price) -> tuple[Outcome, Contracts, Price]:
    """Say a signed position as people do: outcome, positive count, price of that outcome."""
    if net.units < 0:
        return Outcome.NO, -net, yes_price.complement
    return Outcome.YES, net, yes_price
