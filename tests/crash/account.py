"""The account as its owner reads it over the exchange's API, without the desk's code."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from fakes.signature import PREFIX, signature

from kalshi_cli.adapters.clock import SystemClock

Row = dict[str, Any]
THROTTLED = 429


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the exchange has of it, as of one moment."""

    orders: list[Row]
    fills: list[Row]
    settlements: list[Row]
    positions: list[Row]
    cash: Decimal


@dataclass(frozen=True, slots=True)
class Owner:
    """Asks a served exchange; `line` is what it told when it started."""

    line: Row
    pem: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def account(self) -> Account:
        """All of it as of one moment: the world lives on, so it is read until nothing changed."""
        before = None
        while (account := self._read()) != before:
            before = account
        return account

    def orders(self) -> list[Row]:
        """All orders; something may happen while they are read."""
        return list(self._pages("orders", "orders"))

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask what only test harnesses may."""
        answer = self.http.request(method, f"{self.line['base_url']}/sim{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def _read(self) -> Account:
        orders = self.orders()
        fills, settlements = (list(self._pages(key, key)) for key in ("fills", "settlements"))
        positions = list(self._pages("positions", "market_positions"))
        balance = self._ask("/portfolio/balance")
        return Account(orders, fills, settlements, positions, Decimal(balance["balance_dollars"]))

    def _pages(self, path: str, key: str) -> Iterator[Row]:
        cursor = ""
        while True:
            page = self._ask(f"/portfolio/{path}?limit=1000&cursor={cursor}")
            yield from page[key]
            cursor = page["cursor"]
            if not cursor:
                return

    def _ask(self, path: str) -> Row:
        stamp = str(SystemClock().wall() // 1_000)
        signed = f"{stamp}GET{PREFIX}{path.partition('?')[0]}"
        headers = {
            "KALSHI-ACCESS-KEY": self.line["api_key_id"],
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": signature(self.pem, signed),
        }
        url = self.line["base_url"] + PREFIX + path
        while (answer := self.http.get(url, headers=headers)).status_code == THROTTLED:
            time.sleep(0.05)  # the desk has used up what it and its owner may ask a second
        assert answer.status_code == 200, answer.text
        found: Row = answer.json()
        return found
