"""One client's conversation with the stream: commands in, frames out, no socket.

Not documented by the exchange, and decided here: a session has a channel once, and who subscribes
again adds markets to it, but cannot change in which prices it is told; a command that fails in part
fails as a whole; a subscription to a whole channel has no list of markets to change; markets that
do not exist are taken, as its REST API gives an empty book for them. Answers about a subscription
take a number of its sequence.
"""

from collections.abc import Callable, Sequence

import msgspec

from kalshi_cli.adapters.sim.stream.channels import BY_MARKET, Channel, Complaint
from kalshi_cli.adapters.sim.stream.commands import (
    Command,
    Params,
    Subscribe,
    read_command,
    read_one_sid,
    read_sids,
    read_subscribe,
)
from kalshi_cli.adapters.sim.stream.coverage import Coverage, StreamLimits
from kalshi_cli.adapters.sim.stream.outbox import Due, News, Outbox
from kalshi_cli.adapters.sim.stream.reporter import Reporter
from kalshi_cli.adapters.sim.stream.subscription import Subscription
from kalshi_cli.adapters.sim.stream.updates import Update
from kalshi_cli.domain.instant import SECOND


class StreamSession:
    """`receive` what the client sends, `tell` it what happens, and send what it is to `take`."""

    def __init__(
        self,
        reporter: Reporter,
        limits: StreamLimits,
        wall: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self._limits, self._wall = limits, wall
        self._outbox = Outbox(wall, wake)
        self._coverage = Coverage(reporter, self._outbox, limits.markets)
        self._by_sid: dict[int, Subscription] = {}
        self._on: dict[Channel, Subscription] = {}
        self._last_sid = 0

    def take(self, most: int | None = None) -> list[Due]:
        """The frames to send, in order; they are then no longer waiting."""
        return self._outbox.take(most)

    def tell(self, news: Sequence[News]) -> None:
        """Put what this client wants to know among its frames.

        A subscription whose earlier frames are still waiting in their thousands ends with error 25:
        the exchange waits for nobody.
        """
        for subscription in list(self._by_sid.values()):
            if subscription.waiting > self._limits.waiting:
                self._outbox.drop(subscription)
                self._complain(Complaint(25), about=subscription)
                self._end(subscription)
        put, on = self._outbox.put, self._on
        for item in news:
            wanted = on.get(item.channel)
            if wanted is not None and wanted.wants(item.ticker):
                body = item.body if wanted.use_yes_price else item.in_no_prices or item.body
                put(
                    item.kind,
                    body,
                    about=wanted,
                    ticker=item.ticker,
                    sequenced=wanted.is_sequenced,
                )

    def fail(self) -> None:
        """End every subscription with error 10: what it missed cannot be told any more."""
        for subscription in list(self._by_sid.values()):
            self._outbox.drop(subscription)
            self._complain(Complaint(10), about=subscription)
            self._end(subscription)

    def receive(self, message: str | bytes) -> None:
        """Obey a command, or say why not."""
        command_id = 0
        try:
            command = read_command(message)
            command_id = command.command_id
            self._obey(command)
        except Complaint as complaint:
            self._complain(complaint, command_id=command_id)

    def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._by_sid.values()):
            self._end(subscription)

    def _obey(self, command: Command) -> None:
        command_id = command.command_id
        match command.name:
            case "subscribe":
                self._subscribe(command_id, read_subscribe(command.needed))
            case "unsubscribe":
                self._unsubscribe(command_id, read_sids(command.needed))
            case "update_subscription":
                self._update(command_id, command.needed)
            case "list_subscriptions":
                listed = [{"channel": s.channel, "sid": s.sid} for s in self._by_sid.values()]
                self._outbox.put("ok", _json(listed), command_id=command_id)
            case _:
                raise Complaint(5)

    def _complain(
        self, complaint: Complaint, *, about: Subscription | None = None, command_id: int = 0
    ) -> None:
        self._outbox.put(
            "error",
            _json({"code": complaint.code, "msg": str(complaint)}),
            about=about,
            command_id=command_id,
            sequenced=about is not None and about.is_sequenced,
        )

    def _subscribe(self, command_id: int, wanted: Subscribe) -> None:
        named = self._coverage.named(wanted.selection)
        markets = {channel: named if channel in BY_MARKET else None for channel in wanted.channels}
        for channel in wanted.channels:
            self._coverage.admit(self._on.get(channel), markets[channel])
            self._check_prices(channel, wanted)
        greeted: list[tuple[Subscription, list[str]]] = []
        for channel in wanted.channels:
            subscription = self._on.get(channel) or self._begin(channel, wanted)
            subscription.topics.add(wanted.topics)
            greeted.append((subscription, self._coverage.add(subscription, markets[channel])))
            told = _json({"channel": channel, "sid": subscription.sid})
            self._outbox.put("subscribed", told, command_id=command_id)
        for subscription, added in greeted:
            self._coverage.greet(subscription, added, snapshot=wanted.send_initial_snapshot)

    def _check_prices(self, channel: Channel, wanted: Subscribe) -> None:
        """Error 11 for who would have a book in other prices than it is told in already."""
        held = self._on.get(channel) if channel is Channel.ORDERBOOK else None
        if held is not None and wanted.use_yes_price not in {None, held.use_yes_price}:
            raise Complaint(11)

    def _begin(self, channel: Channel, wanted: Subscribe) -> Subscription:
        self._last_sid += 1
        subscription = Subscription(
            sid=self._last_sid,
            channel=channel,
            markets={},
            use_yes_price=bool(wanted.use_yes_price),
            skip_ticker_ack=wanted.skip_ticker_ack,
        )
        self._by_sid[subscription.sid] = self._on[channel] = subscription
        return subscription

    def _unsubscribe(self, command_id: int, sids: Sequence[int]) -> None:
        for sid in sids:
            subscription = self._by_sid.get(sid)
            if subscription is None:
                self._complain(Complaint(7), command_id=command_id)
            else:
                self._outbox.put("unsubscribed", "", about=subscription, command_id=command_id)
                self._end(subscription)

    def _end(self, subscription: Subscription) -> None:
        del self._by_sid[subscription.sid], self._on[subscription.channel]
        self._coverage.end(subscription)

    def _update(self, command_id: int, params: Params) -> None:
        subscription = self._by_sid.get(read_one_sid(params))
        if subscription is None:
            raise Complaint(7)
        try:
            self._count(subscription)
            Update(self._coverage, subscription, params, command_id).apply()
        except Complaint as complaint:
            self._complain(complaint, about=subscription, command_id=command_id)

    def _count(self, subscription: Subscription) -> None:
        """Error 27 for who updates a subscription too often in a second."""
        second = self._wall() // SECOND
        if second != subscription.second:
            subscription.second, subscription.updates = second, 0
        subscription.updates += 1
        if subscription.updates > self._limits.updates_a_second:
            raise Complaint(27)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
