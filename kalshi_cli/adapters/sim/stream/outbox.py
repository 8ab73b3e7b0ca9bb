"""What is still to be sent to one client, and the form of its frames."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kalshi_cli.adapters.sim.stream.channels import Channel
from kalshi_cli.adapters.sim.stream.subscription import Subscription
from kalshi_cli.domain.instant import MILLISECOND


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell whoever subscribed to it: `body` is the JSON of a frame's `msg`.

    `in_no_prices` is the body for those who read NO levels in NO prices, where it is another.
    """

    channel: Channel
    kind: str
    ticker: str
    body: str
    in_no_prices: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A frame to be sent; channel and ticker are empty where it is about none."""

    text: str
    channel: str = ""
    ticker: str = ""


class Outbox:
    """Frames in order. `wake` is called when there are some; `wall` is real time, microseconds."""

    def __init__(self, wall: Callable[[], int], wake: Callable[[], None]) -> None:
        self._frames: deque[tuple[Subscription | None, Due]] = deque()
        self._wall, self._wake = wall, wake

    def put(
        self,
        kind: str,
        body: str,
        *,
        about: Subscription | None = None,
        ticker: str = "",
        command_id: int = 0,
        sequenced: bool = True,
    ) -> None:
        """Write a frame; one about a subscription carries its sid, and its next seq if asked."""
        head, channel = f'"id":{command_id},' if command_id else "", ""
        if about is not None:
            channel = about.channel
            about.waiting += 1
            head += f'"sid":{about.sid},'
            if sequenced:
                head += f'"seq":{about.next_seq()},'
        msg = f'"msg":{body},' if body else ""
        sent_ms = self._wall() // MILLISECOND
        text = f'{{"type":"{kind}",{head}{msg}"sending_ts_ms":{sent_ms}}}'
        self._frames.append((about, Due(text, channel, ticker)))
        self._wake()

    def take(self, most: int | None = None) -> list[Due]:
        """The next frames to send, or all of them."""
        frames = []
        for _ in range(len(self._frames) if most is None else min(most, len(self._frames))):
            about, due = self._frames.popleft()
            if about is not None:
                about.waiting -= 1
            frames.append(due)
        return frames

    def drop(self, subscription: Subscription) -> None:
        """Throw away what a subscription has not been sent."""
        kept = [item for item in self._frames if item[0] is not subscription]
        self._frames = deque(kept)
        subscription.waiting = 0
