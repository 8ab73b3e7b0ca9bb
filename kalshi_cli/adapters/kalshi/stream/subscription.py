"""One channel's subscription: which markets it should cover, which it does, and its numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from kalshi_cli.adapters.kalshi.stream.channels import BY_MARKET, Channel

MOST_TICKERS = 1_000
"""Named in one command."""
_MOST_OLD = 5
"""So many frames in a row that come again or late mean that the numbers went back."""
_FARTHEST_BACK = 100
"""How far behind the newest number such a frame may be."""


class Step(Enum):
    """What a frame's number says: the next, one that was told before, that some are missing, or
    that the numbers began anew, or one of them was wild.
    """

    NEXT = auto()
    OLD = auto()
    GAP = auto()
    BACK = auto()

    @property
    def is_old(self) -> bool:
        """Whether what the frame tells was told, or was lost with the gap that it left."""
        return self in {Step.OLD, Step.BACK}


class Asked(Enum):
    """The kind of command whose answer is awaited."""

    SUBSCRIBE = auto()
    ADD = auto()
    DELETE = auto()
    UNSUBSCRIBE = auto()


@dataclass(frozen=True, slots=True)
class Pending:
    """A command on its way: what it asks, for which markets, and until when it may take."""

    command_id: int
    asked: Asked
    tickers: tuple[str, ...]
    until_s: float


@dataclass(slots=True)
class Subscription:
    """`wanted` is what it should cover, `told` what the exchange has been told; both are empty for
    a channel that tells everything. `refused` says why the exchange does not let us have it, and
    `refused_markets` are those it does not take; both hold for one connection.
    There was no room for those `left_out`, and at most `most` are named in the next command; both
    hold until markets are left. `old` counts the frames in a row that came again or late.

    `sound_us` is when the last frame of news arrived that was counted, or when the subscription
    began: what came before was told, or is due to be read. A pong shows no frame that is missing.
    """

    channel: Channel
    wanted: dict[str, None] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    refused_markets: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    most: int = MOST_TICKERS
    sid: int | None = None
    last: int = 0
    old: int = 0
    pending: Pending | None = None
    refused: str = ""
    failures: int = 0
    not_before_s: float = 0.0
    sound_us: int | None = None

    @property
    def by_market(self) -> bool:
        return self.channel in BY_MARKET

    def step(self, seq: int) -> Step:
        """Count a frame. After a gap the count goes on from where it stands."""
        if seq <= self.last:
            self.old += 1
            is_back = self.old >= _MOST_OLD or self.last - seq > _FARTHEST_BACK
            return Step.BACK if is_back else Step.OLD
        is_next = seq == self.last + 1
        self.last, self.old = seq, 0
        return Step.NEXT if is_next else Step.GAP

    def awaits(self, command_id: int, asked: Asked, tickers: Sequence[str], until_s: float) -> None:
        """A command was sent; the exchange counts as told."""
        self.pending = Pending(command_id, asked, tuple(tickers), until_s)
        if asked is Asked.DELETE:
            self.told.difference_update(tickers)
        else:
            self.told.update(tickers)

    @property
    def is_adding(self) -> bool:
        """Whether markets are on their way into it."""
        pending = self.pending
        return pending is not None and pending.asked in {Asked.SUBSCRIBE, Asked.ADD}

    def settle(self) -> None:
        """What was pending is done."""
        if self.pending is not None and self.pending.asked is Asked.DELETE:
            self._make_room()
        self.pending, self.failures = None, 0

    def try_fewer(self) -> list[str]:
        """What is pending was too much: half of it next. Those for which there is no room at all,
        where it was a single market.
        """
        tickers = () if self.pending is None else self.pending.tickers
        self.pending = None
        self.told.difference_update(tickers)
        self.most = max(1, len(tickers) // 2)
        full = self.missing() if len(tickers) <= 1 else []
        self.left_out.update(full)
        return full

    def fail(self, now_s: float) -> None:
        """What is pending did not work, and may work another time; later each time."""
        if self.pending is not None and self.pending.asked is Asked.DELETE:
            self.told.update(self.pending.tickers)
        elif self.pending is not None:
            self.told.difference_update(self.pending.tickers)
        self.pending = None
        self.failures += 1
        self.not_before_s = now_s + min(30.0, 0.5 * 2.0**self.failures)

    def deny(self, reason: str, named: Collection[str]) -> None:
        """What is pending will not work on this connection: for the named markets, or for all."""
        pending, self.pending = self.pending, None
        if pending is None or pending.asked in {Asked.DELETE, Asked.UNSUBSCRIBE}:
            return
        self.told.difference_update(pending.tickers)
        self.refused_markets.update(set(pending.tickers).intersection(named) or pending.tickers)
        if not self.by_market:
            self.refused = reason

    def end(self) -> None:
        """The subscription is over: at the exchange there is nothing left of it."""
        self.sid, self.last, self.old, self.pending = None, 0, 0, None
        self.told.clear()
        self._make_room()

    def reset(self) -> None:
        """The connection is over."""
        self.end()
        self.refused, self.failures, self.not_before_s = "", 0, 0.0
        self.refused_markets.clear()

    def missing(self) -> list[str]:
        out = self.refused_markets | self.left_out
        return [t for t in self.wanted if t not in self.told and t not in out]

    def surplus(self) -> list[str]:
        return [t for t in self.told if t not in self.wanted]

    def _make_room(self) -> None:
        self.left_out.clear()
        self.most = MOST_TICKERS
