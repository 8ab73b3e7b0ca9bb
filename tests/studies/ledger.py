"""What rules traded, rated twice: by the truth of the next look, and by what was paid in the end.

Truth is E[outcome | all information], so it has the mean of the final profit without the outcome's
noise. The results check that it is: `SURPRISE` is what they paid beyond the truth, of mean zero.
"""

from collections import defaultdict
from dataclasses import dataclass

from kalshi_cli.domain.side import Side
from tests.studies.estimate import Sums

BY_TRUTH, BY_RESULT, SURPRISE = "by truth", "by result", "result less truth"
Key = tuple[str, str]
"""One of the three ratings, and a rule or measure."""


@dataclass(slots=True)
class Position:
    """What a rule holds in a market: contracts traded, net YES, what they cost, what they are worth
    by the truth, in dollars."""

    contracts: float = 0.0
    net: float = 0.0
    cost: float = 0.0
    worth: float = 0.0


class Ledger:
    """Trades by rule, added up within events. Weights are contracts."""

    def __init__(self) -> None:
        self._events: dict[Key, dict[str, list[float]]] = defaultdict(dict)
        self._held: dict[str, dict[str, Position]] = defaultdict(dict)

    def trade(
        self,
        rule: str,
        event: str,
        ticker: str,
        side: Side,
        price: float,
        truth: float,
        contracts: float,
        charged: float = 0.0,
    ) -> None:
        """A trade, with the truth that rates it and the fee charged, in dollars a contract."""
        net = side.sign * contracts
        cost = net * price + contracts * charged
        self.ratio(rule, event, contracts, net * truth - cost)
        held = self._held[ticker].setdefault(rule, Position())
        held.contracts += contracts
        held.net += net
        held.cost += cost
        held.worth += net * truth

    def ratio(self, measure: str, event: str, weight: float, value: float) -> None:
        """Part of a measure that is not of a trade."""
        self._add((BY_TRUTH, measure), event, weight, value)

    def settle(self, event: str, ticker: str, payout: float) -> None:
        """What a market paid a YES contract."""
        for rule, held in self._held.pop(ticker, {}).items():
            paid = held.net * payout
            self._add((BY_RESULT, rule), event, held.contracts, paid - held.cost)
            self._add((SURPRISE, rule), event, held.contracts, paid - held.worth)

    def _add(self, key: Key, event: str, weight: float, value: float) -> None:
        kept = self._events[key].setdefault(event, [0.0, 0.0])
        kept[0] += weight
        kept[1] += value

    def sums(self) -> dict[Key, Sums]:
        """Every measure so far."""
        told: dict[Key, Sums] = {}
        for key, events in self._events.items():
            told[key] = Sums()
            for weight, value in events.values():
                told[key].add(weight, value)
        return told
