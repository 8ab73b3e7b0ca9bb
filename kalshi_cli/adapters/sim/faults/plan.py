"""What shall go wrong, and when: rules that strike requests and frames of the stream.

Nothing here waits, sends or reads a clock. The same seed, the same rules and the same sequence of
requests and frames give the same faults.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

import msgspec

from kalshi_cli.domain.instant import DAY, MILLISECOND
from kalshi_cli.engine.noise import stream, uniforms

ANY = "*"
_ACCOUNT, _AS_OF = "/portfolio/*", "/exchange/user_data_timestamp"
_LONGEST_MS = 366 * DAY / MILLISECOND
ServerError = Literal[500, 502, 503, 504]
AtLeastZero = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_MS)]
Span = Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_MS)]
"""Milliseconds."""
_PARTS = re.compile(r"(\{[^/{}]*\}|\*)")


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the API; `path` is what follows `/trade-api/v2`."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A message about to be sent on the stream; `ticker` is empty where it has none."""

    channel: str
    ticker: str = ""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far reads are behind: market time, and commands of the account's owner."""

    span_us: int = 0
    commands: int = 0


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="fault",
):
    """When a fault strikes among what it matches: at the `nth`, at each `every`-th, or with a
    `probability`; each time where none of them is given. At most `times`, where that is given.
    """

    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.nth, self.every, self.probability)) > 1:
            raise ValueError("only one of nth, every and probability can be given")
        if any(each is not None and each < 1 for each in (self.nth, self.every, self.times)):
            raise ValueError("nth, every and times must be at least 1")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError("probability must be from 0 to 1")

    def is_due(self, occurrence: int, uniform: float) -> bool:
        """Whether it strikes the match of this number, counted from 1."""
        if self.nth is not None:
            return occurrence == self.nth
        if self.every is not None:
            return occurrence % self.every == 0
        return self.probability is None or uniform < self.probability


class RequestRule(Rule, frozen=True, kw_only=True):
    """Strikes requests by method and path. In a path `{name}` is one segment and `*` any text."""

    method: str = ANY
    path: str = ANY

    def matches(self, fact: Request | Frame) -> bool:
        if isinstance(fact, Frame) or self.method not in {ANY, fact.method}:
            return False
        return _pattern(self.path).fullmatch(fact.path) is not None


class FrameRule(Rule, frozen=True, kw_only=True):
    """Strikes frames of the stream by channel and market."""

    channel: str = ANY
    ticker: str = ANY

    def matches(self, fact: Request | Frame) -> bool:
        if isinstance(fact, Request):
            return False
        return self.channel in {ANY, fact.channel} and self.ticker in {ANY, fact.ticker}


class Latency(RequestRule, frozen=True, kw_only=True, tag="latency"):
    """The request arrives late, or with `after` its answer leaves late: by `ms` and up to
    `jitter_ms` more.
    """

    ms: AtLeastZero
    jitter_ms: AtLeastZero = 0
    after: bool = False


class TooManyRequests(RequestRule, frozen=True, kw_only=True, tag="too_many_requests"):
    """429; nothing was done."""


class ErrorBefore(RequestRule, frozen=True, kw_only=True, tag="error_before"):
    """An error of the server; nothing was done."""

    status: ServerError = 503


class ErrorAfter(RequestRule, frozen=True, kw_only=True, tag="error_after"):
    """An error of the server; what was asked for was done."""

    status: ServerError = 503


class DropRequest(RequestRule, frozen=True, kw_only=True, tag="drop_request"):
    """The connection is reset; nothing was done."""


class DropResponse(RequestRule, frozen=True, kw_only=True, tag="drop_response"):
    """The connection is reset; what was asked for was done."""


class Outage(RequestRule, frozen=True, kw_only=True, tag="outage"):
    """As `drop_request`; for `ms` from then on no connection is accepted."""

    ms: Span


class NoOrder(RequestRule, frozen=True, kw_only=True, tag="no_order"):
    """201 for an order that was not placed; with `empty`, without an order in the answer."""

    method: str = "POST"
    path: str = "/portfolio/events/orders"
    empty: bool = False


class StaleReads(RequestRule, frozen=True, kw_only=True, tag="stale_reads"):
    """Reads of the account tell how it was `ms` of market time ago, or before the last `commands`
    of its owner; the older of the two.
    """

    method: str = "GET"
    path: str = _ACCOUNT
    ms: AtLeastZero = 0
    commands: Annotated[int, msgspec.Meta(ge=0)] = 0

    def matches(self, fact: Request | Frame) -> bool:
        """Where every read of the account may lag, so may what tells how old they are."""
        told = self.path == _ACCOUNT and fact == Request("GET", _AS_OF)
        return super().matches(fact) or (told and self.method in {ANY, "GET"})

    @property
    def lag(self) -> Lag:
        return Lag(round(self.ms * MILLISECOND), self.commands)


class ShortPage(RequestRule, frozen=True, kw_only=True, tag="short_page"):
    """A page of at most `rows`, though more were asked for; its cursor leads on."""

    method: str = "GET"
    rows: Annotated[int, msgspec.Meta(ge=1)]


class LostRows(RequestRule, frozen=True, kw_only=True, tag="lost_rows"):
    """All but the first `rows` of a page are missing, without a trace."""

    method: str = "GET"
    rows: Annotated[int, msgspec.Meta(ge=1)]


class RepeatedCursor(RequestRule, frozen=True, kw_only=True, tag="repeated_cursor"):
    """A page names, as the next one, itself."""

    method: str = "GET"


class Pause(RequestRule, frozen=True, kw_only=True, tag="pause"):
    """Before the request is seen, trading pauses for `ms` of market time: in one market, on one
    shard, or everywhere.
    """

    ms: Span
    ticker: str = ""
    shard: int | None = None


class Gap(FrameRule, frozen=True, kw_only=True, tag="gap"):
    """The frame is never sent, and its number is missing."""


class Stall(FrameRule, frozen=True, kw_only=True, tag="stall"):
    """Nothing is sent on the connection for `ms` of real time."""

    ms: Span


class Duplicate(FrameRule, frozen=True, kw_only=True, tag="duplicate"):
    """The frame is sent twice."""


class Reordering(FrameRule, frozen=True, kw_only=True, tag="reordering"):
    """The frame is sent after the next one of the connection."""


class Reset(FrameRule, frozen=True, kw_only=True, tag="reset"):
    """The connection is reset instead of sending the frame."""


AnyRequestRule = (
    Latency
    | TooManyRequests
    | ErrorBefore
    | ErrorAfter
    | DropRequest
    | DropResponse
    | Outage
    | NoOrder
    | StaleReads
    | ShortPage
    | LostRows
    | RepeatedCursor
    | Pause
)
AnyFrameRule = Gap | Stall | Duplicate | Reordering | Reset


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rules in their order. `seed` None takes the world's."""

    rules: tuple[AnyRequestRule | AnyFrameRule, ...] = ()
    seed: int | None = None

    @property
    def longest_lag(self) -> Lag:
        """How much of the past its rules ask for."""
        lags = [rule.lag for rule in self.rules if isinstance(rule, StaleReads)]
        return Lag(
            max((lag.span_us for lag in lags), default=0),
            max((lag.commands for lag in lags), default=0),
        )


@dataclass(slots=True)
class Tally:
    """How many requests or frames a rule matched, and how many of them it struck."""

    matched: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Strike:
    """A rule that strikes now, at its so-manieth match, with a draw of its own for what varies."""

    rule: AnyRequestRule | AnyFrameRule
    occurrence: int
    uniform: float


class Faults:
    """A plan under way: it counts, and decides."""

    def __init__(self, plan: FaultPlan, world_seed: int) -> None:
        self.plan = plan
        self.tallies = tuple(Tally() for _ in plan.rules)
        self.seed = world_seed if plan.seed is None else plan.seed

    def decide(self, fact: Request | Frame) -> tuple[Strike, ...]:
        """The rules that strike a request or frame, in their order. Counts it as having been."""
        return tuple(
            strike
            for number, rule in enumerate(self.plan.rules)
            if rule.matches(fact) and (strike := self._strike(number, rule)) is not None
        )

    def _strike(self, number: int, rule: AnyRequestRule | AnyFrameRule) -> Strike | None:
        tally = self.tallies[number]
        tally.matched += 1
        name = stream(self.seed, "faults", f"rule {number}", tally.matched)
        first, second = uniforms(name, 2)
        if tally.struck == rule.times or not rule.is_due(tally.matched, first):
            return None
        tally.struck += 1
        return Strike(rule, tally.matched, second)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    kinds = {True: ".*", False: "[^/]+"}
    parts = _PARTS.split(path)
    return re.compile(
        "".join(
            kinds[part == ANY] if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
    )
