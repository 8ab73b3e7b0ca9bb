"""Reading leaves no trace: a history is the commands alone, whoever looked at the books."""

import random

from kalshi_cli.adapters.sim.world.making import begin, freeze
from kalshi_cli.adapters.sim.world.origin import GENERATED, Origin
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Advance, Cancel, Command, Place
from kalshi_cli.engine.generated import EPOCH_US


def test_books_that_were_read_leave_the_same_bytes_as_books_that_were_not():
    origin = Origin(GENERATED, "", 2, EPOCH_US, Money.parse("10000.00"))
    read, unread = begin(origin), begin(origin)
    chance = random.Random(2)

    def both(command: Command) -> None:
        assert read.apply(command) == unread.apply(command)

    for number in range(250):
        active = [
            market
            for market in read.catalog.markets.values()
            if market.status is MarketStatus.ACTIVE
        ]
        for market in chance.sample(active, 10):
            read.world.ladders(market.ticker)
        market = chance.choice(active)
        bids, asks = read.world.ladders(market.ticker)
        if bids and asks:
            price = chance.choice([bids[0].price, asks[0].price])
            side, count = chance.choice(list(Side)), Contracts(100 * chance.randint(1, 20))
            tif = chance.choice([TimeInForce.GTC, TimeInForce.IOC])
            both(Place(f"c{number}", market.ticker, side, price, count, tif))
        if read.resting and chance.random() < 0.4:
            both(Cancel(chance.choice(read.resting).order_id))
        if chance.random() < 0.5:
            both(Advance(read.now_us + chance.randint(1, 1_800) * SECOND))
    makers = [fill for fill in read.account.fills if not fill.is_taker]
    assert len(makers) > 5
    assert freeze(read) == freeze(unread)
