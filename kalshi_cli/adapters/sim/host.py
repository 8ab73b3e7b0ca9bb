"""An exchange that survives: each command is applied, logged and synced before it is answered."""

import time
from collections.abc import Callable

from kalshi_cli.adapters.sim.world_store import WorldStore
from kalshi_cli.adapters.sim.worlds import Origin, begin, freeze, thaw
from kalshi_cli.engine.commands import Advance, Answer, Command, Rejected
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.happenings import Happening
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.errors import IntegrityError, KalshiError

Listener = Callable[[tuple[Happening, ...]], None]
_REPLAY_S = 0.5
_COMMANDS = 500


class Host:
    """Owns an exchange and its file.

    A snapshot is taken whenever replaying the log since the last one would take about half a
    second, so that opening stays quick. After a failure of the file, memory may be ahead of it:
    the host then answers nothing any more, and `failure` says why.
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
        self._busy_s, self._since = 0.0, 0
        self._listeners: list[Listener] = []
        self.seq, self.exchange = (0, exchange) if exchange else self._load()
        self.exchange.drain()

    def _load(self) -> tuple[int, Exchange]:
        found = self._store.newest_snapshot()
        if found is None:
            seq, exchange = 0, begin(self.origin)
        else:
            seq, exchange = found[0], thaw(self.origin, found[1], found[2])
        started = time.monotonic()
        for number, command in self._store.commands_after(seq):
            exchange.apply(command)
            seq, self._since = number, self._since + 1
        self._busy_s = time.monotonic() - started
        return seq, exchange

    def account_view(self) -> ExchangeState:
        """The account as reads tell it: every route that reads orders, fills or cash asks here."""
        return self.exchange.state

    def listen(self, listener: Listener) -> None:
        """Tell somebody what happened, after each command that is on the disk."""
        self._listeners.append(listener)

    def live(self, present: Callable[[], int]) -> None:
        """From here on time passes by itself: `present` tells market time, and every command
        meets the world as it is then.
        """
        self._present = present

    def apply(self, command: Command) -> Answer:
        """Apply a command and log it; a rejected one leaves no trace, unless it burnt an id."""
        if self.failure is not None:
            raise self.failure
        started = time.monotonic()
        try:
            answer = self._apply((*self._passed(command), command))
        except KalshiError as error:
            self.failure = error
            raise
        except Exception as error:
            self.failure = IntegrityError(f"The simulated exchange failed: {error!r}.")
            raise self.failure from error
        self._busy_s += time.monotonic() - started
        told = self.exchange.drain()
        for listener in self._listeners:
            listener(told)
        if self._busy_s > _REPLAY_S or self._since >= _COMMANDS:
            self.snapshot()
        return answer

    def _passed(self, command: Command) -> tuple[Command, ...]:
        """What brings a living world to the present before a command."""
        if self._present is None or isinstance(command, Advance):
            return ()
        present_us = self._present()
        return (Advance(present_us),) if present_us > self.exchange.now_us else ()

    def _apply(self, commands: tuple[Command, ...]) -> Answer:
        """The answer to the last of some commands, which are logged as one."""
        answers = [self.exchange.apply(command) for command in commands]
        pairs = zip(commands, answers, strict=True)
        done = [command for command, answer in pairs if _leaves_trace(answer)]
        if done:
            self._store.append(self.seq + 1, done)
            self.seq += len(done)
            self._since += len(done)
        return answers[-1]

    def snapshot(self) -> None:
        """Keep the state as it is now, unless nothing happened since the last time."""
        if self._snapshots and self._since and self.failure is None:
            exchange, world = freeze(self.exchange)
            self._store.save_snapshot(self.seq, exchange, world)
        self._busy_s, self._since = 0.0, 0

    def close(self) -> None:
        """Leave a snapshot for the next opening, and close the file."""
        try:
            self.snapshot()
        finally:
            self._store.close()


def _leaves_trace(answer: Answer) -> bool:
    return not isinstance(answer, Rejected) or answer.burns_id
