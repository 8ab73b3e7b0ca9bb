"""How much hangs on the estimate of a queue: the same orders on recorded books, under each rule.

Ten contracts join the touch on both sides, stay two seconds, and are followed by the next ten. The
truth lies between the pessimist's share that filled and the optimist's.
"""

from dataclasses import dataclass

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_tape import BookRecording
from kalshi_cli.engine.book_world import BookWorld
from kalshi_cli.engine.tape_queue import QueueRule
from kalshi_cli.engine.world import Matched

SIZE = Contracts(1_000)
STAY_US = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Filled:
    """Orders that joined, and the share of their contracts that filled meanwhile."""

    orders: int
    share: float


def filled(books: BookRecording, rule: QueueRule) -> Filled:
    """All markets of a recording under one rule."""
    world = BookWorld(books, rule=rule)
    orders = units = 0
    for event in books.recording.events:
        market = event.markets[0].market
        world.advance(max(market.open_us, world.now_us))
        resting: list[str] = []
        while world.now_us < market.close_us:
            for order_id in resting:
                world.leave(market.ticker, order_id)
            resting = []
            bids, asks = world.ladders(market.ticker)
            for side, ladder in ((Side.BID, bids), (Side.ASK, asks)):
                if bids and asks:
                    orders += 1
                    resting.append(f"o{orders}")
                    world.join(market.ticker, resting[-1], side, ladder[0].price, SIZE)
            happened = world.advance(min(world.now_us + STAY_US, market.close_us))
            units += sum(o.execution.count.units for o in happened if isinstance(o, Matched))
    return Filled(orders, units / (orders * SIZE.units))


def rendered(found: dict[QueueRule, Filled]) -> str:
    """A line a rule."""
    return "\n".join(
        f"  {rule:<14}{each.share:>8.2%} filled of {each.orders} orders"
        for rule, each in found.items()
    )
