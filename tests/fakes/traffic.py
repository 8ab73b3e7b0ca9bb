"""Orders as tests write them: a bid for ten contracts at $0.50, but for what is said."""

from fakes.scripted_world import START_US, ScriptedWorld

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Advance, Place, Placed
from kalshi_cli.engine.exchange import Exchange

A, B = "KXT-1-A", "KXT-1-B"
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


def order(
    side=Side.BID, price="0.5000", count="10.00", tif=GTC, *, ticker=A, client="", **more
) -> Place:
    return Place(client, ticker, side, Price.parse(price), Contracts.parse(count), tif, **more)


def placed(exchange: Exchange, command: Place) -> Placed:
    answer = exchange.apply(command)
    assert isinstance(answer, Placed), answer
    return answer


def rested(exchange: Exchange, **terms) -> str:
    """Place an order that rests; its id."""
    answer = placed(exchange, order(**terms))
    assert answer.remaining, answer
    return answer.order_id


def live(exchange: Exchange, world: ScriptedWorld, span_us: int = MINUTE) -> None:
    """Let some time pass."""
    exchange.apply(Advance(max(world.now_us, START_US) + span_us))
