"""The frames of the channel of books, and when a book is asked for once more."""

from collections.abc import Sequence
from itertools import islice

from kalshi_cli.adapters.kalshi.stream.books import Books
from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.dialogue import Began, Dialogue, Ended
from kalshi_cli.adapters.kalshi.stream.patience import Patience
from kalshi_cli.adapters.kalshi.stream.subscription import Step, Subscription
from kalshi_cli.adapters.kalshi.stream.telling import GAP, RESTARTED, Telling
from kalshi_cli.adapters.kalshi.stream.wire import DeltaFrame, SnapshotFrame
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.stream import BookLost

SILENT = "no snapshot came"


class BookFeed:
    """`books` are those followed, `subscription` is what tells of them; None where nothing does.

    `_told_s` is when a frame was last counted or asked for, `_unheard` how many requests went out
    since the last one came.
    """

    def __init__(self, dialogue: Dialogue, tell: Telling, patience: Patience) -> None:
        self.books = Books(patience.snapshot_s)
        self.subscription: Subscription | None = None
        self._dialogue, self._tell, self._patience = dialogue, tell, patience
        self._told_s = 0.0
        self._is_told = False
        self._unheard = 0

    def opened(self, now_s: float) -> None:
        """A connection stands, and nothing has been said on it."""
        self._told_s = now_s

    def lose_all(self, reason: str) -> None:
        """No book is known any more."""
        for ticker in self.books.lose_all(reason):
            self._tell.lost(ticker)

    def end(self, reason: str) -> None:
        """Nothing tells of books any more."""
        self.subscription = None
        self.lose_all(reason)

    def turn(self, outcome: Began | Ended) -> None:
        """The channel tells from now on, or no more."""
        if isinstance(outcome, Ended):
            self.end(outcome.reason)
        else:
            self.subscription = self._dialogue.subscriptions[Channel.BOOKS]
            self._told_s, self._unheard = self.books.now_s, 0
            self.books.awaits(self.subscription.told)

    def ask_for_due(self) -> None:
        """Ask for the books whose snapshots are due."""
        if self.subscription is not None:
            self._ask_for(self.books.due(self.subscription.told))

    def lose_crossed(self) -> None:
        """A while has passed: what stayed crossed meanwhile is lost."""
        for ticker in self.books.tick():
            self._tell.lost(ticker)

    def break_quiet(self, now_s: float) -> None:
        """Ask for a book where none was told of for too long, so that a loss at the end shows."""
        if self._is_told:
            self._is_told, self._told_s, self._unheard = False, now_s, 0
        elif self.subscription and now_s - self._told_s >= self._bearable_s:
            self._told_s = now_s
            known = (ticker for ticker in self.books if not self.books.reason(ticker))
            self._ask_for(list(islice(known, 1)))

    @property
    def _bearable_s(self) -> float:
        """How long all books may be quiet: shorter once an answer is awaited."""
        patience = self._patience
        return patience.snapshot_s if self._unheard else patience.quiet_s

    def _ask_for(self, tickers: Sequence[str]) -> None:
        """Ask for books; where nothing was told since so many requests, subscribe anew instead."""
        if not tickers:
            return
        self._unheard += 1
        if self._unheard > self._patience.failures:
            self._renew(SILENT)
        else:
            self._dialogue.ask_for(tickers)

    def _renew(self, reason: str) -> None:
        if self._dialogue.renew(Channel.BOOKS, reason):
            self.end(reason)

    def _restart(self) -> None:
        self._tell.restarted()
        self._renew(RESTARTED)

    def count(self, subscription: Subscription, seq: int) -> Step:
        """Count a frame of this subscription: where one is missing no book is known any more."""
        step = subscription.step(seq)
        self._tell.counted(step)
        if step is Step.BACK:
            self._restart()
        elif step is not Step.OLD:
            self._is_told = True
        if step is Step.GAP:
            self.lose_all(GAP)
        return step

    def delta(self, frame: DeltaFrame) -> None:
        """Take in a change of a book."""
        subscription = self.subscription
        if subscription is None or frame.sid != subscription.sid:
            self._tell.nobodys()
            return
        self._tell.tally["orderbook_delta"] += 1
        if frame.seq == subscription.last + 1:
            subscription.last, subscription.old, self._is_told = frame.seq, 0, True
        else:
            self.count(subscription, frame.seq)  # late, or after a gap: it applies to no book
            return
        ticker = frame.msg.market_ticker
        try:
            if self.books.delta(frame.msg):
                self._tell.mailbox.books[ticker] = None
        except InvalidValue as error:
            self._tell.refused(ticker, str(error))
            self._tell.lost(ticker)

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take in a book as a whole: it stands also where frames before it were lost."""
        subscription, ticker = self.subscription, frame.msg.market_ticker
        if subscription is None or frame.sid != subscription.sid:
            self._tell.nobodys()
            return
        self._tell.tally["orderbook_snapshot"] += 1
        is_answer = frame.id == self._dialogue.snapshot_id
        if uncounted := is_answer and frame.seq == subscription.last:
            step, self._is_told = Step.OLD, True
        elif is_answer and frame.seq < self._dialogue.snapshot_after:
            self._restart()  # said after what was counted when it was asked for
            return
        else:
            step = self.count(subscription, frame.seq)
        if ticker not in self.books or ticker not in subscription.told:
            return  # also where the market was left, and is not back yet
        if step.is_old and not (uncounted and self.books.reason(ticker)):
            return
        try:
            self.books.snapshot(frame.msg)
            self._tell.book(ticker)
        except InvalidValue as error:
            self._tell.refused(ticker, str(error))
            self._tell.lost(ticker)

    def refuse(self, ticker: str, why: str) -> None:
        """One book is unknown; all are where nobody knows which, or which number is missing."""
        self._tell.refused(ticker or Channel.BOOKS, why)
        if ticker in self.books:
            self.books.lose(ticker, why)
            self._tell.lost(ticker)
        elif not ticker:
            self.lose_all(why)

    def look(self, ticker: str) -> OrderBook | BookLost | None:
        """A book as it stands, or why it is unknown; None while it must be looked at later."""
        if ticker not in self.books:
            return None
        reason = self.books.reason(ticker)
        return BookLost(ticker, reason) if reason else self.book(ticker)

    def book(self, ticker: str) -> OrderBook | None:
        """A book as it stands, as of the last sign of life; None while it is unknown."""
        heard_us = self._tell.heard_us
        return None if heard_us is None else self.books.look(ticker, heard_us)
