"""What strategies lend each other of one bankroll.

A share that is not used may be lent. Who owes whom is not kept: what is out is what strategies have
at risk beyond their shares, and all that is idle answers for it. A lender that wants its share
again has what of it is not out at once, and the rest as what was lent comes to its end: those who
borrowed enter nothing new meanwhile, and nothing is sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_MONEY, Money, total


@dataclass(frozen=True, slots=True)
class Stand:
    """One strategy, in dollars: its `own` share, what it has at risk with live orders as if filled,
    and what else it `wants`; None where nobody asked it, and it lends nothing.
    """

    own: Money
    used: Money
    wants: Money | None

    @property
    def idle(self) -> Money:
        """What of its share it does not use."""
        return max(NO_MONEY, self.own - self.used)

    @property
    def borrowed(self) -> Money:
        return max(NO_MONEY, self.used - self.own)

    @property
    def offered(self) -> Money:
        """What it would lend."""
        return NO_MONEY if self.wants is None else max(NO_MONEY, self.idle - self.wants)


def most_at_risk(strategy: str, stands: Mapping[str, Stand], bankroll: Money) -> Money:
    """Dollars that a strategy may have at risk, what it has counted in: at most its share and what
    is on offer, and never what would leave all together beyond their shares.

    `bankroll` is what of it is left to these strategies. Where it comes to less than the strategy
    has at risk, it enters nothing new.
    """
    own = stands[strategy].own
    others = [stand for name, stand in stands.items() if name != strategy]
    taken = total([stand.used for stand in others])
    shares = own + total([stand.own for stand in others])
    on_offer = total([stand.offered for stand in others])
    out = total([stand.borrowed for stand in others])
    lent = max(NO_MONEY, min(on_offer - out, bankroll - taken - own))
    return max(NO_MONEY, min(own + lent, shares - taken))


def lent_out(stands: Mapping[str, Stand]) -> Mapping[str, Money]:
    """Of each strategy's idle share, the part that is out: the same part of everybody's."""
    out = total([stand.borrowed for stand in stands.values()])
    idle = total([stand.idle for stand in stands.values()])
    if not idle:
        return dict.fromkeys(stands, NO_MONEY)
    out = min(out, idle)
    lent: dict[str, Money] = {}
    left_out, left_idle = out.units, idle.units
    for name, stand in stands.items():  # each of what is left: nothing is lost to rounding
        part = left_out * stand.idle.units // left_idle if left_idle else 0
        lent[name] = Money(part)
        left_out, left_idle = left_out - part, left_idle - stand.idle.units
    return lent
