"""The stream's side of the exchange: after each command every session is told what it brought."""

import logging
from collections.abc import Callable, Sequence

from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.adapters.sim.stream.reporter import Reporter
from kalshi_cli.adapters.sim.stream.session import StreamSession
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.happenings import Happening

DEFAULT_LIMITS = StreamLimits()


class StreamHub:
    """Opens sessions and keeps them informed; while there are none a command costs nothing here.

    `wall` is real time in microseconds.
    """

    def __init__(
        self,
        host: Host,
        *,
        user_id: str,
        wall: Callable[[], int],
        limits: StreamLimits = DEFAULT_LIMITS,
    ) -> None:
        self._host, self._user_id, self._wall = host, user_id, wall
        self.limits = limits
        self.sessions: list[StreamSession] = []
        self._reporter: Reporter | None = None
        host.listen(self._hear)

    def open(self, wake: Callable[[], None] = lambda: None) -> StreamSession:
        """A new session; `wake` is called whenever it has frames to send."""
        if self._reporter is None:
            self._reporter = Reporter(self._host, self._user_id, self.limits.looks)
        session = StreamSession(self._reporter, self.limits, self._wall, wake)
        self.sessions.append(session)
        return session

    def drop(self, session: StreamSession) -> None:
        """A client is gone; with the last one, what was told is forgotten."""
        session.close()
        self.sessions.remove(session)
        if not self.sessions:
            self._reporter = None

    def _hear(self, happenings: Sequence[Happening]) -> None:
        """Tell every session; where that fails, none has its news in order any more."""
        if self._reporter is None:
            return
        try:
            news = list(self._reporter.report(happenings))
            for session in self.sessions:
                session.tell(news)
        except Exception:
            logging.getLogger(__name__).exception("the stream failed: all subscriptions end")
            for session in self.sessions:
                session.fail()
