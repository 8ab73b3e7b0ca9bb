"""`update_subscription`: markets or topics come and go, a book is asked for once more."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kalshi_cli.adapters.sim.stream.channels import BY_MARKET, INDEXED, Channel, Complaint
from kalshi_cli.adapters.sim.stream.commands import (
    Params,
    read_action,
    read_flag,
    read_selection,
    read_texts,
)
from kalshi_cli.adapters.sim.stream.coverage import Coverage
from kalshi_cli.adapters.sim.stream.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Update:
    """One update of a subscription, to be answered under the id of its command."""

    coverage: Coverage
    subscription: Subscription
    params: Params
    command_id: int

    def apply(self) -> None:
        """Do it and answer. Raises `Complaint` for what the channel does not support."""
        channel, action = self.subscription.channel, read_action(self.params)
        match action:
            case "add_markets" if channel in BY_MARKET:
                self._add_markets()
            case "delete_markets" if channel in BY_MARKET:
                self.coverage.remove(self.subscription, self._named())
                self._answer("ok", self.subscription.listing)
            case "get_snapshot" if channel is Channel.ORDERBOOK:
                self.coverage.send_books(self.subscription, list(self._named()), self.command_id)
            case "subscribe_indices" | "unsubscribe_indices" if channel in INDEXED:
                self._change_topics(action, "index_ids", 24)
            case "subscribe_underlyings" | "unsubscribe_underlyings" if channel == "pyth_value":
                self._change_topics(action, "underlying_tickers", 28)
            case "indexlist" if channel in INDEXED:
                self._answer(f"{channel}_indexlist", {"index_ids": []})
            case "underlying_list" if channel is Channel.UNDERLYINGS:
                self._answer(f"{channel}_underlying_list", {"underlying_tickers": []})
            case _:
                raise Complaint(13)

    def _add_markets(self) -> None:
        snapshot = read_flag(self.params, "send_initial_snapshot")
        named = self._named()
        self.coverage.admit(self.subscription, named)
        added = self.coverage.add(self.subscription, named)
        self._answer("ok", self.subscription.listing)
        self.coverage.greet(self.subscription, added, snapshot=snapshot)

    def _named(self) -> dict[str, str]:
        selection = read_selection(self.params)
        if self.subscription.markets is None:
            raise Complaint(13)
        named = self.coverage.named(selection)
        by_id = selection.ids is not None and self.subscription.channel is not Channel.TICKER
        if named is None or by_id:
            raise Complaint(14)
        return named

    def _change_topics(self, action: str, name: str, missing: int) -> None:
        chosen: Sequence[str] = read_texts(self.params, name)
        if not chosen:
            raise Complaint(missing)
        topics = self.subscription.topics
        change = topics.remove if action.startswith("unsubscribe") else topics.add
        change(chosen)
        self._answer("ok", {name: topics.shown})

    def _answer(self, kind: str, msg: object) -> None:
        body = msgspec.json.encode(msg).decode()
        self.coverage.outbox.put(kind, body, about=self.subscription, command_id=self.command_id)
