"""Markets of one event on one scale: the harder threshold is never the likelier.

Where forecasts break that, neighbours that disagree are pooled into their mean, as isotonic
regression does (pool adjacent violators): the closest monotone sequence in least squares.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from kalshi_cli.domain.market import Market

HARDER_UPWARD = frozenset({"greater", "greater_or_equal"})
HARDER_DOWNWARD = frozenset({"less", "less_or_equal"})


def ladders(markets: Sequence[Market]) -> tuple[tuple[str, ...], ...]:
    """Tickers of each ladder of an event, from the easiest threshold to the hardest."""
    rungs: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
    for market in markets:
        upward = market.strike_type in HARDER_UPWARD
        if not upward and market.strike_type not in HARDER_DOWNWARD:
            continue
        strike = _number(market.floor_strike if upward else market.cap_strike)
        if strike is not None:
            rungs["up" if upward else "down"].append((strike if upward else -strike, market.ticker))
    return tuple(
        tuple(ticker for _, ticker in sorted(found)) for found in rungs.values() if len(found) > 1
    )


def monotone(chances: Mapping[str, float], markets: Sequence[Market]) -> dict[str, float]:
    """The probabilities with every ladder brought to fall, or stay, from rung to rung."""
    result = dict(chances)
    for ladder in ladders(markets):
        present = [ticker for ticker in ladder if ticker in chances]
        result |= dict(zip(present, _falling([chances[t] for t in present]), strict=True))
    return result


def _falling(values: Sequence[float]) -> list[float]:
    pools: list[tuple[float, int]] = []  # mean, how many
    for value in values:
        mean, size = value, 1
        while pools and pools[-1][0] < mean:
            before, many = pools.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    return [mean for mean, size in pools for _ in range(size)]


def _number(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None
