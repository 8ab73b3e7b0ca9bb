"""Whatever is missing, a read is due from before it happened."""

import json
from dataclasses import dataclass, field

import pytest
import stream_frames as frames
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_frames import TICKER

from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Trade
from kalshi_cli.ports.stream import Read, Resync

BEGIN_S = 1_800_000_000
CHANNELS = (Channel.TRADES, Channel.LIFECYCLE)


@dataclass
class Tape:
    """Trades of a market as the exchange numbers them, and what a client tells of them."""

    client: StreamMachine = field(default_factory=lambda: StreamMachine(CHANNELS))
    now_s: int = BEGIN_S
    sid: int = 0
    seq: int = 0
    happened: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.client.follow([TICKER])
        self.connect()

    @property
    def now_us(self) -> int:
        return self.now_s * SECOND

    def connect(self) -> None:
        self.client.opened(self.now_us, float(self.now_s))
        self.answer()

    def answer(self) -> None:
        """Subscribe to whatever is asked for; trades count anew."""
        for command in map(json.loads, self.client.commands()):
            if command["cmd"] == "subscribe":
                (channel,) = command["params"]["channels"]
                self.sid += 1
                if channel == Channel.TRADES:
                    self.trades_sid, self.seq = self.sid, 0
                told = {"channel": channel, "sid": self.sid}
                self.hear({"type": "subscribed", "id": command["id"], "msg": told})

    def hear(self, frame: dict) -> None:
        self.client.receive(json.dumps(frame), self.now_us)

    def trade(self, how: str) -> None:
        """A trade happens; its frame arrives, is lost, cannot be read, or carries a wild number."""
        self.seq += 1
        name = f"t{len(self.happened)}"
        self.happened[name] = self.now_us
        seq = 10**12 if how == "wild" else self.seq
        if how != "lost":
            count = "?" if how == "unreadable" else "3.00"
            told = frames.trade(seq, trade_id=name, ts_ms=self.now_s * 1_000, count_fp=count)
            told["sid"] = self.trades_sid
            if how == "mistyped":
                told["msg"]["count_fp"] = 3
            self.hear(told)

    def suffer(self, fault: str) -> None:
        match fault:
            case "reset":
                self.client.closed("reset")
                self.connect()
            case "overflow":
                error = {"code": 25, "msg": "Subscription buffer overflow"}
                self.hear({"type": "error", "sid": self.trades_sid, "msg": error})
            case "ended":
                self.seq += 1
                error = {"code": 10, "msg": "Channel error"}
                self.hear({"type": "error", "sid": self.trades_sid, "seq": self.seq, "msg": error})
            case "restart":  # after so many frames that the first one shows it
                for _ in range(120):
                    self.seq += 1
                    self.hear({"type": "ok", "id": 0, "sid": self.trades_sid, "seq": self.seq})
                self.seq = 0
            case "unknown":
                self.hear({"type": "novelty", "sid": 10**9, "msg": {}})

    def wait(self, seconds: int) -> None:
        """Time goes by, and pongs say that the connection lives."""
        self.now_s += seconds
        self.client.heard(self.now_us)
        self.client.tick(float(self.now_s))
        self.answer()

    def read(self) -> None:
        """Take what is told, and read over REST what is due."""
        for event in self.client.take():
            if isinstance(event, Trade):
                self.told.add(event.trade_id)
            elif isinstance(event, Resync) and event.read is Read.TRADES:
                since_us = event.since_us or 0
                self.told |= {name for name, at_us in self.happened.items() if at_us >= since_us}


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 4_000)),
    st.tuples(
        st.just("trade"),
        st.sampled_from(["told", "told", "lost", "unreadable", "mistyped", "wild"]),
    ),
    st.tuples(
        st.just("fault"), st.sampled_from(["reset", "overflow", "ended", "restart", "unknown"])
    ),
    st.tuples(st.just("read"), st.none()),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_nothing_is_missing_before_the_instant_of_a_resync(steps):
    """Frames lost, unreadable and wildly numbered, subscriptions that end, numbers that begin anew,
    connections that break, after hours in which only pongs came: every trade is told or read."""
    tape = Tape()
    for what, how in steps:
        match what:
            case "wait":
                tape.wait(how)
            case "trade":
                tape.trade(how)
            case "fault":
                tape.suffer(how)
            case _:
                tape.read()
    tape.wait(60)
    for _ in range(6):  # no more faults: any loss shows by now
        tape.trade("told")
        tape.wait(60)
    tape.read()
    assert tape.told == set(tape.happened)


@pytest.mark.parametrize("sign", ["gap", "unreadable", "overflow", "reset"])
def test_hours_of_pongs_do_not_make_a_read_too_short(sign: str):
    tape = Tape()
    tape.trade("told")
    tape.read()
    tape.wait(3_600)
    tape.trade("lost")
    tape.wait(3_600)
    match sign:
        case "gap":
            tape.trade("told")
        case "unreadable":
            tape.trade("unreadable")
        case _:
            tape.suffer(sign)
            tape.wait(60)
    due = [e for e in tape.client.take() if isinstance(e, Resync) and e.read is Read.TRADES]
    assert due
    assert all(each.since_us is not None for each in due)
    assert min(each.since_us for each in due) == (BEGIN_S - 10) * SECOND


def test_what_was_told_is_not_read_again():
    """The read reaches back to the frame before, and no further."""
    tape = Tape()
    for _ in range(5):
        tape.trade("told")
        tape.wait(1_000)
    tape.client.take()
    tape.trade("lost")
    tape.trade("told")
    (due,) = [event for event in tape.client.take() if isinstance(event, Resync)]
    assert due.since_us == (BEGIN_S + 4_000 - 10) * SECOND
