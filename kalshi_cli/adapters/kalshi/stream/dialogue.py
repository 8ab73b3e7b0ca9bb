"""Commands and their answers: the exchange is told what is wanted until it has it.

One command of a channel is on its way at a time. What is not answered, or fails for now, is asked
again later; what the exchange denies is not asked again on the same connection.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kalshi_cli.adapters.kalshi.stream import channels
from kalshi_cli.adapters.kalshi.stream.channels import BY_MARKET, Action, Channel
from kalshi_cli.adapters.kalshi.stream.subscription import MOST_TICKERS, Asked, Subscription
from kalshi_cli.adapters.kalshi.stream.wire import (
    Answer,
    ErrorFrame,
    OkFrame,
    SubscribedFrame,
    UnsubscribedFrame,
)

_ENDED = frozenset({7, 10, 25})
"""Errors after which a subscription exists no more: subscribe again."""
_PASSING = frozenset({1, 18, 27})
"""Errors after which the same command may succeed."""
_FULL = 26
"""The error of a subscription that has no room for so many markets more."""
UNANSWERED = "a command was not answered"


@dataclass(frozen=True, slots=True)
class Began:
    """A channel tells from now on."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Ended:
    """A channel tells no more."""

    channel: Channel
    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Something is not to be had."""

    what: str
    reason: str


Outcome = Began | Ended | Denied


class Dialogue:
    """`answer_s` is how long an answer may take; after `failures` in a row it is `broken`."""

    def __init__(self, wanted: Sequence[Channel], *, answer_s: float, failures: int) -> None:
        self._answer_s, self._most_failures = answer_s, failures
        self.subscriptions = {channel: Subscription(channel) for channel in wanted}
        self.by_sid: dict[int, Subscription] = {}
        self.now_s = 0.0
        self.broken = ""
        self.snapshot_id = self.snapshot_after = 0
        self._is_open = False
        self._commands: list[str] = []
        self._last_id = 0

    def want(self, tickers: Collection[str]) -> None:
        for subscription in self._by_market():
            subscription.wanted.update(dict.fromkeys(tickers))
        self.reconcile()

    def drop(self, tickers: Collection[str]) -> None:
        for subscription in self._by_market():
            for ticker in tickers:
                subscription.wanted.pop(ticker, None)
        self.reconcile()

    def open(self) -> None:
        self._is_open, self.broken = True, ""
        self.reconcile()

    def close(self) -> None:
        """The connection is over, and with it every subscription."""
        self._is_open = False
        self._commands.clear()
        self.by_sid.clear()
        for subscription in self.subscriptions.values():
            subscription.reset()

    @property
    def has_commands(self) -> bool:
        return bool(self._commands)

    def commands(self) -> list[str]:
        """What is to be sent, in order; it is then regarded as sent."""
        taken, self._commands = self._commands, []
        return taken

    def tick(self) -> list[Outcome]:
        """Time goes by: what was not answered has failed.

        Where nobody knows whether markets were left, the way back into them is a new subscription:
        frames from before and after would look alike.
        """
        outcomes: list[Outcome] = []
        for channel, subscription in self.subscriptions.items():
            pending = subscription.pending
            if pending is not None and pending.until_s <= self.now_s:
                self._fail(subscription, UNANSWERED)
                if pending.asked is Asked.DELETE:
                    outcomes += self.renew(channel, UNANSWERED)
        self.reconcile()
        return outcomes

    def answer(self, frame: Answer, *, is_old: bool) -> list[Outcome]:
        """An answer has come. `is_old` says that it came before: it settles what still waits."""
        outcomes: list[Outcome] = []
        match frame:
            case SubscribedFrame():
                outcomes = self._subscribed(frame)
            case OkFrame():
                if (settled := self._asker(frame.id)) is not None:
                    settled.settle()
            case UnsubscribedFrame():
                ended = None if frame.sid is None else self.by_sid.get(frame.sid)
                if ended is not None and not is_old:
                    outcomes = self._end(ended, "unsubscribed")
            case ErrorFrame():
                outcomes = [] if is_old else self._complaint(frame)
        self.reconcile()
        return outcomes

    def ask_for(self, tickers: Sequence[str]) -> None:
        """Ask for these books once more: what is then said has a number after `snapshot_after`,
        or repeats it.
        """
        sid = self.subscriptions[Channel.BOOKS].sid
        self.snapshot_after = self.subscriptions[Channel.BOOKS].last
        for start in range(0, len(tickers) if sid is not None else 0, MOST_TICKERS):
            self.snapshot_id = self._next_id()
            some = tickers[start : start + MOST_TICKERS]
            self._commands.append(
                channels.update(self.snapshot_id, Channel.BOOKS, sid or 0, Action.SNAPSHOT, some)
            )

    def renew(self, channel: Channel, reason: str) -> list[Outcome]:
        """Leave a subscription and begin another: the way to a book that cannot be asked for."""
        subscription = self.subscriptions[channel]
        if subscription.sid is None:
            return []
        self._commands.append(channels.unsubscribe(self._next_id(), subscription.sid))
        subscription.fail(self.now_s)
        return self._end(subscription, reason)

    def reconcile(self) -> None:
        """Tell the exchange what differs from what it was told."""
        for subscription in self.subscriptions.values() if self._is_open else ():
            waits = subscription.pending is not None or self.now_s < subscription.not_before_s
            if not waits and not subscription.refused:
                self._tell(subscription)

    def _by_market(self) -> Iterable[Subscription]:
        return (self.subscriptions[each] for each in BY_MARKET if each in self.subscriptions)

    def _tell(self, subscription: Subscription) -> None:
        channel, sid, by_market = subscription.channel, subscription.sid, subscription.by_market
        missing = subscription.missing()[: subscription.most] if by_market else []
        surplus = subscription.surplus()[:MOST_TICKERS] if by_market else []
        command_id = self._last_id + 1
        if sid is None:
            if not missing and by_market:
                return
            asked, named = Asked.SUBSCRIBE, missing
            command = channels.subscribe(command_id, channel, missing)
        elif by_market and not subscription.wanted:
            asked, named = Asked.UNSUBSCRIBE, []
            command = channels.unsubscribe(command_id, sid)
        elif missing:
            asked, named = Asked.ADD, missing
            command = channels.update(command_id, channel, sid, Action.ADD, missing)
        elif surplus:
            asked, named = Asked.DELETE, surplus
            command = channels.update(command_id, channel, sid, Action.DELETE, surplus)
        else:
            return
        self._commands.append(command)
        subscription.awaits(self._next_id(), asked, named, self.now_s + self._answer_s)

    def _asker(self, command_id: int | None) -> Subscription | None:
        """The subscription whose command this is the answer to."""
        for subscription in self.subscriptions.values():
            if subscription.pending is not None and subscription.pending.command_id == command_id:
                return subscription
        return None

    def _subscribed(self, frame: SubscribedFrame) -> list[Outcome]:
        asker = self._asker(frame.id)
        if asker is None or asker.channel != frame.msg.channel:
            return []
        asker.settle()
        if asker.sid == frame.msg.sid:
            return []
        asker.sid, asker.last, asker.old = frame.msg.sid, 0, 0
        self.by_sid[frame.msg.sid] = asker
        return [Began(asker.channel)]

    def _complaint(self, frame: ErrorFrame) -> list[Outcome]:
        code, said = frame.msg.code, " ".join(frame.msg.msg.split())[:200]
        reason = f"error {code}: {said}"
        asker, about = (
            self._asker(frame.id),
            self.by_sid.get(-1 if frame.sid is None else frame.sid),
        )
        is_snapshot = asker is None and frame.id == self.snapshot_id
        if about is None:
            about = self.subscriptions.get(Channel.BOOKS) if is_snapshot else asker
        if code in _ENDED and about is not None:
            about.fail(self.now_s)
            return self._end(about, reason)
        if asker is not None and code in _PASSING:
            self._fail(asker, reason)
        elif asker is not None:
            named = [frame.msg.market_ticker or "", *(frame.msg.market_tickers or ())]
            if code == _FULL and asker.is_adding and not any(named):
                return _left_out(asker, reason)
            asker.deny(reason, named)
        elif is_snapshot:
            return [] if code in _PASSING else self.renew(Channel.BOOKS, reason)
        return [Denied(about.channel if about else "a command", reason)]

    def _fail(self, subscription: Subscription, reason: str) -> None:
        subscription.fail(self.now_s)
        if subscription.failures > self._most_failures:
            self.broken = f"{subscription.channel}: {reason}"

    def _end(self, subscription: Subscription, reason: str) -> list[Outcome]:
        if subscription.sid is not None:
            self.by_sid.pop(subscription.sid, None)
        subscription.end()
        return [Ended(subscription.channel, reason)]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _left_out(subscription: Subscription, reason: str) -> list[Outcome]:
    """What fits is asked for next; nothing is denied until not even one market more does."""
    left_out = subscription.try_fewer()
    if not left_out:
        return []
    named = f"no room for {len(left_out)} markets: {', '.join(left_out)}"
    return [Denied(subscription.channel, f"{reason}; {named}")]
