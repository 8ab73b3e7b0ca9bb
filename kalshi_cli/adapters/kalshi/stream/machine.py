"""The exchange's stream as a state machine: no socket, no clock.

Frames go in by `receive`; events come out by `take`, commands by `commands`. `seq` counts the
frames of a subscription, the answers to commands included: whatever carries one is counted, also a
frame that is not understood. A number that is missing makes all books of the subscription unknown
until they are told anew, and other channels say which read is due. A frame that comes again or late
is left out: what it tells was told, or lost with the gap that it left. Where all frames seem to do
so, the numbers went back, or one of them was wild: the subscription is begun anew.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from kalshi_cli.adapters.kalshi.rows import UNREADABLE, decode_row, reason_of
from kalshi_cli.adapters.kalshi.stream.book_feed import BookFeed
from kalshi_cli.adapters.kalshi.stream.channels import ALL, CHANNEL_OF_TYPE, Channel
from kalshi_cli.adapters.kalshi.stream.dialogue import Began, Dialogue, Ended, Outcome
from kalshi_cli.adapters.kalshi.stream.mailbox import DEFAULT_BOUNDS, Bounds, Mailbox
from kalshi_cli.adapters.kalshi.stream.messages import to_event
from kalshi_cli.adapters.kalshi.stream.patience import DEFAULT_PATIENCE, Patience
from kalshi_cli.adapters.kalshi.stream.subscription import Step, Subscription
from kalshi_cli.adapters.kalshi.stream.telling import GAP, RESTARTED, Telling
from kalshi_cli.adapters.kalshi.stream.wire import (
    Answer,
    DeltaFrame,
    Names,
    News,
    SnapshotFrame,
    decode_frame,
    decode_outline,
)
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.stream import Link, StreamEvent, StreamQuote

BEGINS = "the stream begins here"
_ANOTHERS = "of another subaccount"
"""Left out, as REST is asked for the primary one alone."""


class StreamMachine:
    """Follows markets over one connection after another."""

    def __init__(
        self,
        wanted: Sequence[Channel] = ALL,
        *,
        patience: Patience = DEFAULT_PATIENCE,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:
        self._dialogue = Dialogue(wanted, answer_s=patience.answer_s, failures=patience.failures)
        self.mailbox = Mailbox(bounds)
        self._tell = Telling(self.mailbox)
        self._feed = BookFeed(self._dialogue, self._tell, patience)
        self._quoted_us: dict[str, int] = {}
        self._unreadable = ""
        self.tally = self._tell.tally
        self._link = Link(connected=False, reason="not connected yet")

    @property
    def link(self) -> Link:
        """The connection, with its last sign of life."""
        return replace(self._link, heard_us=self._tell.heard_us)

    @property
    def broken(self) -> str:
        """Why the connection must be given up; empty while it is sound."""
        return self._unreadable or self._dialogue.broken

    def follow(self, tickers: Collection[str]) -> None:
        """Tell of these markets too."""
        if Channel.BOOKS in self._dialogue.subscriptions:
            self._feed.books.follow(tickers)
        self._dialogue.want(tickers)

    def unfollow(self, tickers: Collection[str]) -> None:
        """Tell of these markets no more."""
        self._feed.books.unfollow(tickers)
        for ticker in tickers:
            self.mailbox.forget(ticker)
            self._quoted_us.pop(ticker, None)
        self._dialogue.drop(tickers)

    def book(self, ticker: str) -> OrderBook | None:
        """A book as it stands, as of the last sign of life; None while it is unknown."""
        return self._feed.book(ticker)

    def take(self) -> tuple[StreamEvent, ...]:
        """What has happened since the last time."""
        return tuple(self.mailbox.take(self._feed.look))

    def opened(self, now_us: int, now_s: float) -> None:
        """A connection stands, and nothing has been said on it."""
        self._pass(now_s)
        self._feed.opened(now_s)
        self._unreadable = ""
        self.heard(now_us)
        self._set_link(Link(connected=True, heard_us=now_us))
        self._dialogue.open()

    def closed(self, reason: str) -> None:
        """There is no connection; what was told on one before is over."""
        if self._link.connected or self._link.reason != reason:
            self._set_link(Link(connected=False, heard_us=self._tell.heard_us, reason=reason))
        self._dialogue.close()
        self._feed.end(reason)

    def heard(self, now_us: int) -> None:
        """The connection lives: whatever the exchange sent before has arrived."""
        self._tell.heard_us = now_us

    @property
    def has_commands(self) -> bool:
        """Whether there may be something to send."""
        return self._dialogue.has_commands or self._feed.books.may_be_due

    def commands(self) -> list[str]:
        """What is to be sent, in order; it is then regarded as sent."""
        self._feed.ask_for_due()
        return self._dialogue.commands()

    def tick(self, now_s: float) -> None:
        """Time goes by: what was not answered is asked again, and quiet is broken."""
        self._pass(now_s)
        self._feed.lose_crossed()
        self._obey(self._dialogue.tick())
        self._feed.break_quiet(now_s)

    def receive(self, data: bytes | str, now_us: int) -> None:
        """Take in a frame."""
        self._tell.heard_us = now_us
        try:
            frame = decode_frame(data)
        except UNREADABLE as error:
            self._not_understood(data, reason_of(error))
            return
        if type(frame) is DeltaFrame:
            self._feed.delta(frame)
        elif type(frame) is SnapshotFrame:
            self._feed.snapshot(frame)
        elif isinstance(frame, Answer):
            self._answer(frame)
        else:
            self._news(frame)

    def _news(self, frame: News) -> None:
        kind = str(frame.__struct_config__.tag)
        self.tally[kind] += 1
        subscription = self._of(frame.sid, CHANNEL_OF_TYPE[kind])
        if subscription is None:
            self._tell.nobodys()
            return
        if frame.seq is not None and self._count(subscription, frame.seq).is_old:
            return
        before_us, subscription.sound_us = subscription.sound_us, self._tell.heard_us
        if getattr(frame.msg, "subaccount", None):
            self.tally[_ANOTHERS] += 1
            return
        try:
            event = to_event(frame)
        except InvalidValue as error:
            self._refuse_news(subscription.channel, _named(frame.msg), str(error), before_us)
            return
        if self._is_wanted(event, subscription):
            self._tell.event(event)

    def _is_wanted(self, event: StreamEvent, subscription: Subscription) -> bool:
        """Whether it is of a followed market; of two quotes the later one counts."""
        if subscription.by_market and getattr(event, "ticker", "") not in subscription.wanted:
            return False
        if isinstance(event, StreamQuote):
            if event.at_us < self._quoted_us.get(event.ticker, 0):
                return False
            self._quoted_us[event.ticker] = event.at_us
        return True

    def _answer(self, frame: Answer) -> None:
        self.tally[str(frame.__struct_config__.tag)] += 1
        subscription = None if frame.sid is None else self._dialogue.by_sid.get(frame.sid)
        is_old = (
            subscription is not None
            and frame.seq is not None
            and self._count(subscription, frame.seq).is_old
        )
        self._obey(self._dialogue.answer(frame, is_old=is_old))

    def _obey(self, outcomes: Iterable[Outcome]) -> None:
        """What the dialogue came to has consequences for books and reads."""
        for outcome in outcomes:
            if not isinstance(outcome, Began | Ended):
                self._tell.refused(outcome.what, outcome.reason)
            elif outcome.channel is Channel.BOOKS:
                self._feed.turn(outcome)
            elif isinstance(outcome, Began):
                begun = self._dialogue.subscriptions[outcome.channel]
                self._tell.due(outcome.channel, BEGINS, sound_us=begun.sound_us)
                begun.sound_us = self._tell.heard_us

    def _not_understood(self, data: bytes | str, why: str) -> None:
        """A frame that is none of those we know: new, broken, or no JSON at all."""
        try:
            outline = decode_outline(data)
        except UNREADABLE:
            self._unreadable = f"a frame is not of the stream: {why}"
            self._tell.refused("a frame", why)
            return
        channel = CHANNEL_OF_TYPE.get(outline.type)
        subscription = self._of(outline.sid, channel)
        numbered = subscription is not None and type(outline.seq) is int and outline.seq >= 0
        if subscription and numbered and self._count(subscription, outline.seq).is_old:
            return
        if channel is None:
            self._tell.word(f"unknown type {outline.type[:40]}")
        elif channel not in self._dialogue.subscriptions:
            self._tell.nobodys()
        elif channel is Channel.BOOKS:
            self._feed.refuse(_named_in(outline.msg) if numbered else "", why)
        else:
            known = self._dialogue.subscriptions[channel]
            self._refuse_news(channel, _named_in(outline.msg), why, known.sound_us)
            if subscription:
                known.sound_us = self._tell.heard_us

    def _refuse_news(self, channel: Channel, ticker: str, why: str, sound_us: int | None) -> None:
        """What cannot be read here is due to be read over REST, or refused there."""
        self._tell.refused(ticker or channel, why)
        self._tell.due(channel, why, sound_us=sound_us, ticker=ticker)

    def _of(self, sid: object, channel: Channel | None) -> Subscription | None:
        """The subscription of this number, if it is to this channel; None tells any."""
        found = self._dialogue.by_sid.get(sid) if type(sid) is int else None
        return None if found is None or channel not in {None, found.channel} else found

    def _count(self, subscription: Subscription, seq: int) -> Step:
        """Count a frame: where one is missing, what it told is lost or due to be read."""
        if subscription is self._feed.subscription:
            return self._feed.count(subscription, seq)
        step = subscription.step(seq)
        self._tell.counted(step)
        if step is Step.BACK:
            self._tell.restarted()
            self._dialogue.renew(subscription.channel, RESTARTED)
        elif step is Step.GAP:
            self._tell.due(subscription.channel, GAP, sound_us=subscription.sound_us)
        return step

    def _set_link(self, link: Link) -> None:
        self._link = link
        self.mailbox.put(link, None)

    def _pass(self, now_s: float) -> None:
        self._feed.books.now_s = self._dialogue.now_s = now_s


def _named(msg: object) -> str:
    """The market that a message names; empty where it names none."""
    found = getattr(msg, "market_ticker", None) or getattr(msg, "ticker", None)
    return found if isinstance(found, str) else ""


def _named_in(raw: bytes) -> str:
    try:
        return _named(decode_row(raw, Names))
    except InvalidValue:
        return ""
