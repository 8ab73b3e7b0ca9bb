"""An exchange's stream of books in a page: true books, frames with numbers, answers to commands.

Written for the client's tests alone; it shares no code with the embedded exchange. `truth`
remembers the books after every numbered frame, so that a client can be held to what it was told.
"""

import json
from copy import deepcopy
from typing import Any

Book = dict[str, dict[int, int]]
"""Units by raw YES price, of the sides `yes` (bids) and `no` (asks)."""
MARKET_ID = "8c8f4f0a-6d0b-4f6f-9a55-0b9d7b8a0c11"


def dollars(raw: int) -> str:
    return f"{raw // 10_000}.{raw % 10_000:04}"


def count(units: int) -> str:
    sign, units = ("-", -units) if units < 0 else ("", units)
    return f"{sign}{units // 100}.{units % 100:02}"


class BookFeed:
    """`change` what rests, `obey` commands; `frames` are what was said and not yet taken."""

    def __init__(self, **books: Book) -> None:
        self.books: dict[str, Book] = books
        self.sid = self.seq = self.clock = 0
        self.covered: dict[str, None] = {}
        self.frames: list[bytes] = []
        self.truth: dict[tuple[int, int], dict[str, Book]] = {}

    def take(self) -> list[bytes]:
        taken, self.frames = self.frames, []
        return taken

    def change(self, ticker: str, side: str, raw: int, to: int) -> None:
        """A level is now `to` units; one that shrinks to nothing is gone."""
        levels = self.books[ticker][side]
        by = to - levels.pop(raw, 0)
        if to:
            levels[raw] = to
        self.clock += 1
        if by and ticker in self.covered:
            msg = {
                "market_ticker": ticker,
                "market_id": MARKET_ID,
                "clock": self.clock,
                "price_dollars": dollars(raw),
                "delta_fp": count(by),
                "side": side,
                "ts_ms": 1_800_000_000_000 + self.clock,
            }
            self._say("orderbook_delta", msg, numbered=True)

    def disconnect(self) -> None:
        """The client is gone."""
        self.covered.clear()
        self.frames.clear()
        self.sid += 1

    def obey(self, text: str) -> None:
        """Answer a command about the channel of books, as the exchange documents it."""
        command: dict[str, Any] = json.loads(text)
        params, command_id = command["params"], command["id"]
        tickers = params.get("market_tickers", [])
        match command["cmd"], params.get("action"):
            case "subscribe", _:
                if params["channels"] != ["orderbook_delta"]:
                    return
                assert params["use_yes_price"] is True
                self.sid, self.seq = self.sid + 1, 0
                told = {"channel": "orderbook_delta", "sid": self.sid}
                self._say("subscribed", told, command_id=command_id)
                self._cover(tickers)
            case "unsubscribe", _:
                self.covered.clear()
                self._say("unsubscribed", None, command_id=command_id, numbered=True)
            case "update_subscription", _ if params["sids"] != [self.sid]:
                error = {"code": 7, "msg": "Unknown subscription ID"}
                self._say("error", error, command_id=command_id)
            case _, "add_markets":
                self._say("ok", {}, command_id=command_id, numbered=True)
                self._cover(tickers)
            case _, "delete_markets":
                for ticker in tickers:
                    self.covered.pop(ticker, None)
                self._say("ok", {}, command_id=command_id, numbered=True)
            case _, "get_snapshot":
                for ticker in tickers:
                    self._snapshot(ticker, command_id)

    def _cover(self, tickers: list[str]) -> None:
        for ticker in tickers:
            if ticker not in self.covered:
                self.covered[ticker] = None
                self._snapshot(ticker)

    def _snapshot(self, ticker: str, command_id: int = 0) -> None:
        msg: dict[str, Any] = {
            "market_ticker": ticker,
            "market_id": MARKET_ID,
            "clock": self.clock,
        }
        for side, levels in self.books[ticker].items():
            if levels:
                told = [[dollars(raw), count(units)] for raw, units in sorted(levels.items())]
                msg[f"{side}_dollars_fp"] = told
        self._say("orderbook_snapshot", msg, command_id=command_id, numbered=True)

    def _say(self, kind: str, msg: object, *, command_id: int = 0, numbered: bool = False) -> None:
        frame: dict[str, Any] = {"type": kind}
        if command_id:
            frame["id"] = command_id
        if numbered:
            self.seq += 1
            frame |= {"sid": self.sid, "seq": self.seq}
            self.truth[self.sid, self.seq] = deepcopy(self.books)
        if msg is not None:
            frame["msg"] = msg
        self.frames.append(json.dumps(frame).encode())
