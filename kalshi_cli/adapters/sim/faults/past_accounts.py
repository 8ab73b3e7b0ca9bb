"""What the account was before each of the last commands: what reads tell that lag behind writes."""

import copy
from collections import deque
from contextvars import ContextVar
from dataclasses import fields, replace
from typing import NamedTuple

from kalshi_cli.adapters.sim.faults.plan import Lag
from kalshi_cli.engine.account import Account
from kalshi_cli.engine.state import ExchangeState

READ_LAG: ContextVar[Lag | None] = ContextVar("read_lag", default=None)
"""The lag of the request that is being answered."""


class _Past(NamedTuple):
    """The account before a command, which came at an instant. Numbers count commands."""

    number: int
    until_us: int
    state: ExchangeState


class PastAccounts:
    """Keeps as much of the past as the longest lag asks for; nothing where there is none.

    The account is copied when it has changed, not when time passes.
    """

    def __init__(self, longest: Lag, state: ExchangeState) -> None:
        self._span_us = longest.span_us
        self._by_time: deque[_Past] = deque()
        self._by_command: deque[_Past] = deque(maxlen=longest.commands)
        self._seen = 0
        self._present = None if longest == Lag() else _still(state)

    def follow(
        self, state: ExchangeState, changed_us: int, *, by_owner: bool, changed: bool
    ) -> None:
        """The account as it is after a command of its owner's, or after time has passed."""
        if self._present is None:
            return
        self._seen += 1
        past = _Past(self._seen, changed_us, self._present)
        if by_owner:
            self._by_command.append(past)
        if changed or by_owner:
            self._by_time.append(past)
            self._present = _still(state)
        while self._by_time and self._by_time[0].until_us <= changed_us - self._span_us:
            self._by_time.popleft()

    def seen(self, lag: Lag, now_us: int) -> ExchangeState | None:
        """The account as a read with such a lag sees it; None where that is the present one."""
        found = [past for past in self._by_time if past.until_us > now_us - lag.span_us][:1]
        found += self._before_commands(lag)
        return min(found).state if found else None

    def as_of(self, lag: Lag, now_us: int) -> int:
        """The instant of what such a read sees."""
        before = [past.until_us for past in self._before_commands(lag)]
        return min([now_us - lag.span_us, *before])

    def _before_commands(self, lag: Lag) -> list[_Past]:
        return list(self._by_command)[-lag.commands :][:1] if lag.commands else []


def _still(state: ExchangeState) -> ExchangeState:
    """The account as it is now, to be kept: containers are copied, what is in them never changes.

    Only the catalog goes on living: market data do not lag.
    """
    copied = {each.name: copy.copy(getattr(state, each.name)) for each in fields(ExchangeState)}
    account = state.account
    kept = {each.name: copy.copy(getattr(account, each.name)) for each in fields(Account)}
    return replace(state, **{**copied, "account": replace(account, **kept)})
