"""An exchange that survives: each command is applied, logged and synced before it is answered."""

import logging
import time
from collections.abc import Callable

from kalshi_cli.adapters.sim.faults.past_accounts import READ_LAG, PastAccounts
from kalshi_cli.adapters.sim.faults.plan import FaultPlan, Faults, Frame, Request, Strike
from kalshi_cli.adapters.sim.world.making import begin, freeze, thaw
from kalshi_cli.adapters.sim.world.origin import Origin
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.engine.commands import Advance, Answer, Command, Rejected
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.happenings import Happening, OfAccount
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.errors import IntegrityError, KalshiError

Listener = Callable[[tuple[Happening, ...]], None]
_REPLAY_S = 0.5
_COMMANDS = 500
_PER_SNAPSHOT = 5.0
"""Seconds of commands for each second that a snapshot takes, at least."""
_UNLOGGED_US = 30 * SECOND
"""How much idle time may not be on the disk yet: a served world that late catches up."""


class Host:
    """Owns an exchange and its file.

    A snapshot is taken whenever replaying the log since the last one would take about half a
    second, so that opening stays quick; of a big world, whose snapshots cost more, less often.
    After a failure of the file, memory may be ahead of it: the host then answers nothing any more,
    and `failure` says why.
    """

    def __init__(
        self,
        store: WorldStore,
        origin: Origin,
        *,
        snapshots: bool,
        exchange: Exchange | None = None,
    ) -> None:
        """Take up the stored world, or `exchange`, just begun from `origin`."""
        self._store = store
        self._snapshots = snapshots
        self.origin = origin
        self.failure: KalshiError | None = None
        self._present: Callable[[], int] | None = None
        self._busy_s, self._since, self._snapshot_s = 0.0, 0, 0.0
        self._listeners: list[Listener] = []
        self.seq, self.exchange = (0, exchange) if exchange else self._load()
        self.exchange.drain()
        self._logged_us, self._idle = self.exchange.now_us, 0
        self.plan_faults(FaultPlan())

    def _load(self) -> tuple[int, Exchange]:
        started = time.monotonic()
        found = self._store.newest_snapshot()
        if found is None:
            seq, exchange = 0, begin(self.origin)  # beginning anew each time is slow, too
        else:
            seq, exchange = found[0], thaw(self.origin, found[1], found[2])
            started = time.monotonic()
        for number, command in self._store.commands_after(seq):
            exchange.apply(command)
            seq, self._since = number, self._since + 1
        self._busy_s = time.monotonic() - started
        return seq, exchange

    def account_view(self) -> ExchangeState:
        """The account as reads tell it: every route that reads orders, fills or cash asks here.

        It is the present one, unless a fault lets the request that is being answered lag.
        """
        lag = READ_LAG.get()
        past = None if lag is None else self._past.seen(lag, self.now())
        return past or self.exchange.state

    def account_as_of(self) -> int:
        """The instant of that view: now, unless a fault lets the request lag."""
        lag = READ_LAG.get()
        return self.exchange.now_us if lag is None else self._past.as_of(lag, self.now())

    @property
    def clock(self) -> int:
        """How often the exchange has moved: it never falls while this host lives."""
        return self.seq + self._idle

    def plan_faults(self, plan: FaultPlan) -> None:
        """What shall go wrong from here on, instead of what was planned before."""
        self.faults = Faults(plan, self.origin.seed)
        self._past = PastAccounts(plan.longest_lag, self.exchange.state)

    def strikes(self, fact: Request | Frame) -> tuple[Strike, ...]:
        """The faults that strike a request or a frame of the stream."""
        return self.faults.decide(fact)

    def listen(self, listener: Listener) -> None:
        """Tell somebody what happened, after each command that is on the disk.

        A listener that raises is logged and told again next time: what is on the disk is done,
        whatever becomes of the news of it.
        """
        self._listeners.append(listener)

    def live(self, present: Callable[[], int]) -> None:
        """From here on time passes by itself: `present` tells market time, and every command
        meets the world as it is then.
        """
        self._present = present

    def apply(self, command: Command) -> Answer:
        """Apply a command and log it; a rejected one leaves no trace, unless it burnt an id."""
        return self._obey(command, is_tick=False)

    def tick(self, to_us: int) -> None:
        """Let time pass by itself. As long as nothing happens in it, it is logged only with the
        next command, or when it has become half a minute.
        """
        self._obey(Advance(to_us), is_tick=True)

    def _obey(self, command: Command, *, is_tick: bool) -> Answer:
        if self.failure is not None:
            raise self.failure
        started = time.monotonic()
        try:
            answer, told = self._apply(command, is_tick=is_tick)
            self._busy_s += time.monotonic() - started
            if self._is_snapshot_due():
                self.snapshot()
        except KalshiError as error:
            self.failure = error
            raise
        except Exception as error:
            self.failure = IntegrityError(f"The simulated exchange failed: {error!r}.")
            raise self.failure from error
        self._tell(told)
        return answer

    def _tell(self, told: tuple[Happening, ...]) -> None:
        for listener in self._listeners:
            try:
                listener(told)
            except Exception:
                logging.getLogger(__name__).exception("a listener failed: %r", listener)

    def now(self) -> int:
        """Market time of this moment; the world may be a little behind."""
        world_us = self.exchange.now_us
        return world_us if self._present is None else max(self._present(), world_us)

    def _passed(self, command: Command) -> list[Command]:
        """What comes before a command: in a living world the present."""
        now_us = self.now()
        if isinstance(command, Advance) or now_us <= self.exchange.now_us:
            return []
        return [Advance(now_us)]

    def _apply(self, command: Command, *, is_tick: bool) -> tuple[Answer, tuple[Happening, ...]]:
        """The answer to a command, and what happened; it and what was before are logged as one."""
        began_us, cash = self.exchange.now_us, dict(self.exchange.account.cash_on)
        commands = (*self._passed(command), command)
        answers = [self.exchange.apply(each) for each in commands]
        pairs = zip(commands, answers, strict=True)
        done = [each for each, answer in pairs if _leaves_trace(answer)]
        told = self.exchange.drain()
        has_moved_cash = cash != self.exchange.account.cash_on
        is_quiet = not told and not has_moved_cash
        if is_tick and is_quiet and self.exchange.now_us - self._logged_us < _UNLOGGED_US:
            self._idle += 1
        elif done:
            self._log(done, began_us)
            self._past.follow(
                self.exchange.state,
                self.exchange.now_us,
                by_owner=not isinstance(command, Advance),
                changed=has_moved_cash or any(isinstance(each, OfAccount) for each in told),
            )
        return answers[-1], told

    def _log(self, done: list[Command], began_us: int) -> None:
        """Put commands on the disk, and before them the idle time that was not yet."""
        idle: list[Command] = [Advance(began_us)] if began_us > self._logged_us else []
        self._store.append(self.seq + 1, [*idle, *done])
        self.seq += len(idle) + len(done)
        self._since += len(idle) + len(done)
        self._logged_us = self.exchange.now_us

    def snapshot(self) -> None:
        """Keep the state as it is now, unless nothing happened since the last time."""
        if self.failure is None and self.exchange.now_us > self._logged_us:
            self._log([], self.exchange.now_us)
        if self._snapshots and self._since and self.failure is None:
            started = time.monotonic()
            exchange, world = freeze(self.exchange)
            self._store.save_snapshot(self.seq, exchange, world)
            self._snapshot_s = time.monotonic() - started
        self._busy_s, self._since = 0.0, 0

    def _is_snapshot_due(self) -> bool:
        long_to_replay = self._busy_s > _REPLAY_S or self._since >= _COMMANDS
        return long_to_replay and self._busy_s > _PER_SNAPSHOT * self._snapshot_s

    def close(self) -> None:
        """Leave a snapshot for the next opening, and close the file."""
        try:
            self.snapshot()
        finally:
            self._store.close()


def _leaves_trace(answer: Answer) -> bool:
    return not isinstance(answer, Rejected) or answer.burns_id
