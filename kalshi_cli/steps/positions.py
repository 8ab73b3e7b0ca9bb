"""What is held by our books, against what the exchange says is held."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_CONTRACTS, ONE_DOLLAR, Contracts
from kalshi_cli.domain.position import Position, net_by_ticker
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.paging import collect


@dataclass(frozen=True, slots=True)
class Difference:
    """Something the exchange says otherwise. `ours` and `theirs` are texts in the same unit."""

    what: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Where positions differ; nothing where they could not be read whole, and `why` not.

    In `unreadable` markets nothing can be said; it says what is wrong there.

    `gone` are markets that somebody holds here and the exchange does not show, also where what two
    owners hold adds up to nothing: there no difference tells that it is over. `unexplained` is what
    it says is held beyond what our fills come to, as nobody's, at the most that it may have cost:
    $1 a contract.
    """

    differences: tuple[Difference, ...]
    why: str = ""
    gone: frozenset[str] = frozenset()
    unexplained: tuple[Position, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


async def compare_positions(trading: Trading, store: Store) -> Compared:
    """Compare net positions with the exchange's."""
    theirs = await collect(trading.positions)
    if theirs.doubt:
        return Compared((), theirs.doubt)
    async with store.unit(reads=True) as unit:
        positions = await unit.ledger.positions(open_only=True)
    ours = [position for position in positions if position.ticker not in theirs.unreadable]
    reported = {position.ticker: position.net for position in theirs.items if position.net}
    return replace(
        compared(net_by_ticker(ours), reported),
        gone=frozenset(position.ticker for position in ours) - reported.keys(),
        unreadable=theirs.unreadable,
    )


def compared(ours: Mapping[str, Contracts], theirs: Mapping[str, Contracts]) -> Compared:
    """Pure: two sides by ticker, where a market with nothing held is absent."""
    differing = {
        ticker: (ours.get(ticker, NO_CONTRACTS), theirs.get(ticker, NO_CONTRACTS))
        for ticker in sorted(ours.keys() | theirs.keys())
        if ours.get(ticker) != theirs.get(ticker)
    }
    return Compared(
        tuple(Difference(t, str(own), str(told)) for t, (own, told) in differing.items()),
        unexplained=tuple(_beyond(t, told - own) for t, (own, told) in differing.items()),
    )


def _beyond(ticker: str, net: Contracts) -> Position:
    return Position(ticker, EXTERNAL, net, ONE_DOLLAR * abs(net))
