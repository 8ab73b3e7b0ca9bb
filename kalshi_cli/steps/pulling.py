"""Which resting quotes are to be taken away now, and why. Pure.

What speaks against a quote may be told only once: it is remembered until the quote is gone, whether
it rests then, is on its way or is being changed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.order import WORKING, Order, Purpose
from kalshi_cli.steps.execution import SENT_WITHIN_US
from kalshi_cli.steps.quoting import quotes_of, why_withdrawn
from kalshi_cli.strategies._base import Strategy

ASKED_PAUSE_US = 5 * SECOND
"""Between two cancels of a quote for one reason."""


@dataclass(slots=True)
class QuotesToGo:
    """`pulled` are the quotes that are to be cancelled, by their id, and why.

    Only quotes of these strategies: of others, whoever looks at the exchange takes care.
    """

    strategies: Sequence[Strategy]
    pulled: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    """Those that were handed out since the last look."""
    _asked: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Why those that were handed out were to go, and before when they are not asked again."""
    _against: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Why the quotes of a market were to go, and since when."""

    def judge(self, orders: Iterable[Order], others: OrderBook | None) -> None:
        """Have go the quotes of one market that their strategy takes back; `others` is its book
        without our orders, None where nobody knows it.
        """
        for quote, strategy in self._attended(orders).items():
            reason = why_withdrawn(strategy, quote, others)
            if reason and quote.client_order_id not in self._asked:
                self.pulled[quote.client_order_id] = reason

    def speak_against(self, ticker: str, orders: Iterable[Order], why: str, now_us: int) -> None:
        """Have go all quotes of a market, those that cannot be cancelled yet once they can."""
        self._against[ticker] = why, now_us
        for quote in self._attended(orders):
            if quote.client_order_id not in self._taken:
                self.pulled[quote.client_order_id] = why

    def see(self, orders: Sequence[Order], now_us: int) -> bool:
        """Take in all that lives. True where one that was asked to go may rest for all that is
        known: then the exchange is to be asked.
        """
        left = {quote.client_order_id for quote in quotes_of(orders)}
        self.pulled = {name: why for name, why in self.pulled.items() if name in left}
        working = {order.client_order_id for order in orders if order.state in WORKING}
        self._asked = {name: asked for name, asked in self._asked.items() if name in working}
        self._taken.clear()
        may_rest = self._ask_again(left, now_us)
        self._catch_up(orders, now_us)
        return may_rest

    def _ask_again(self, left: Collection[str], now_us: int) -> bool:
        unclear = False
        for name, (why, again_us) in self._asked.items():
            if 0 < again_us - now_us <= 2 * ASKED_PAUSE_US:  # else the clock was set back
                continue
            if name in left:
                self.pulled.setdefault(name, why)
            else:
                unclear = True
                self._asked[name] = why, now_us + ASKED_PAUSE_US
        return unclear

    def _catch_up(self, orders: Sequence[Order], now_us: int) -> None:
        """Have go what was on its way, or being changed, when something spoke against it.

        By a clock that was set back since, nobody can tell what was.
        """
        latest_us = now_us + SENT_WITHIN_US
        self._against = {t: told for t, told in self._against.items() if told[1] <= latest_us}
        spoken_of: dict[str, list[Order]] = defaultdict(list)
        for order in (o for o in orders if o.intent.purpose is Purpose.QUOTE):
            told = self._against.get(order.intent.ticker)
            if told is not None and order.created_us <= told[1]:
                spoken_of[order.intent.ticker].append(order)
        for ticker, (why, at_us) in list(self._against.items()):
            for quote in self._attended(spoken_of[ticker]):
                if quote.client_order_id not in self._asked:
                    self.pulled.setdefault(quote.client_order_id, why)
            if not spoken_of[ticker] and now_us - at_us > SENT_WITHIN_US:
                del self._against[ticker]  # none is on its way any more

    def take(self, orders: Iterable[Order], now_us: int) -> dict[Order, str]:
        """The quotes among these that are to go, once, and why; those that work on are to go again
        later.
        """
        taken, self.pulled = self.pulled, {}
        self._taken |= set(taken)
        self._asked |= {name: (why, now_us + ASKED_PAUSE_US) for name, why in taken.items()}
        return {o: taken[o.client_order_id] for o in orders if o.client_order_id in taken}

    def put_back(self, quotes: Iterable[Order]) -> None:
        """Quotes that were taken, and perhaps not asked to go: they are to, still."""
        for name in (quote.client_order_id for quote in quotes):
            if name in self._asked:
                self.pulled[name], _ = self._asked.pop(name)
                self._taken.discard(name)

    def _attended(self, orders: Iterable[Order]) -> dict[Order, Strategy]:
        """The resting quotes among these whose strategy is known, with it."""
        by_name = {strategy.name: strategy for strategy in self.strategies}
        named = ((quote, by_name.get(quote.intent.strategy)) for quote in quotes_of(orders))
        return {quote: strategy for quote, strategy in named if strategy is not None}
