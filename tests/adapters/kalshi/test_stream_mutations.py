"""Ten thousand frames that are wrong in every way that JSON allows."""

import json
import random
import re
from copy import deepcopy
from typing import Any

import stream_frames as frames
from stream_frames import SIDS, TICKER

from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.stream import MarketChange, StreamEvent, StreamQuote

NOW_US = 1_800_000_000_000_000
MUTATIONS = 10_000
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**30), 2**63, 1e308, "", "0", "NaN", "Infinity",
    "-0.4200", "0.42005", "1.0001", "42", "4e-1", "0,42", "\u0660.\u0664\u0662", "0.42\x00", "🂡",
    "\ud800", "yes", "x" * 5_000, [], {}, [[]], [["0.4200"]], [["0.4200", "1.00", "2"]],
    {"a": {"b": []}}, [["0.4200", "-5.00"]], [["0.0000", "5.00"]], [["0.4200", 5]], [None],
)  # fmt: skip
BODIES = (
    b"", b" ", b"null", b"[]", b"0", b'"text"', b"<html>502 Bad Gateway</html>", b"\xff\xfe\x00",
    b"{" * 500, b"[" * 50_000, b'{"type":' * 3_000,
    b'{"type":"trade","sid":3,"seq":1,"msg":' + b"[" * 3_000,
    b'{"type":"ticker"}', b'{"type":1e999}', b'{"type":"trade","seq":' + b"9" * 4_000 + b"}",
)  # fmt: skip


def mutated(draw: random.Random) -> bytes:
    """A valid frame with one to three things wrong in it, or no frame at all."""
    if draw.random() < 0.1:
        return draw.choice(BODIES)
    frame = json.loads(json.dumps(draw.choice(frames.EVERY)))
    for _ in range(draw.randint(1, 3)):
        damage(draw, frame)
    text = json.dumps(frame).encode(errors="surrogatepass")
    if draw.random() < 0.1:
        text = text[: draw.randrange(len(text))]
    if draw.random() < 0.05:
        at = draw.randrange(max(1, len(text)))
        text = text[:at] + bytes([draw.randrange(256)]) + text[at + 1 :]
    return text


def damage(draw: random.Random, frame: dict[str, Any]) -> None:
    inner = frame.get("msg")
    place = inner if isinstance(inner, dict) and inner and draw.random() < 0.75 else frame
    key = draw.choice(list(place) or ["type"])
    match draw.randrange(4):
        case 0:
            place.pop(key, None)
        case 1:
            place[draw.choice(["novel", "sid", "seq", "id", "msg"])] = deepcopy(draw.choice(JUNK))
        case 2 if isinstance(place.get(key), list):
            place[key] = [*place[key], *place[key]]
        case _:
            place[key] = deepcopy(draw.choice(JUNK))


def prices_in(data: bytes) -> set[int]:
    """Every text of a frame that is a price."""
    found = set()
    for text in re.findall(r'"((?:[^"\\]|\\.)*)"', data.decode("latin-1")):
        try:
            found.add(Price.parse(text).units)
        except InvalidValue:
            continue
    return found


def told(event: StreamEvent) -> set[int]:
    """The prices that an event tells."""
    match event:
        case OrderBook():
            return {level.price.units for level in (*event.bids, *event.asks)}
        case StreamQuote():
            sides = {side.price.units for side in (event.bid, event.ask) if side}
            return sides | ({event.last.units} if event.last else set())
        case Trade() | Fill() | OrderReport():
            return {event.price.units}
        case MarketChange() if event.settlement_value is not None:
            return {event.settlement_value.units}
    return set()


def connected() -> StreamMachine:
    machine = StreamMachine()
    machine.follow([TICKER])
    machine.opened(NOW_US, 0.0)
    for command in map(json.loads, machine.commands()):
        (channel,) = command["params"]["channels"]
        frame = {"type": "subscribed", "id": command["id"],
                 "msg": {"channel": channel, "sid": SIDS[channel]}}  # fmt: skip
        machine.receive(json.dumps(frame), NOW_US)
    machine.receive(json.dumps(frames.snapshot()), NOW_US)
    machine.take()
    return machine


def test_ten_thousand_mutated_frames():
    """Each meets a client in order: never an exception, never a price that was not in a frame, and
    what it told is well formed: a book is never crossed, a price is between $0 and $1."""
    draw = random.Random(20_261_126)
    before = told(connected().book(TICKER))
    refused = broken = heard = 0
    for _ in range(MUTATIONS):
        machine, data = connected(), mutated(draw)
        machine.receive(data, NOW_US)
        known = prices_in(data) | before
        for event in machine.take():
            prices = told(event)
            assert prices <= known, (data, event)
            assert all(0 <= price <= 10_000 for price in prices), (data, event)
            heard += bool(prices)
        machine.tick(100.0)
        machine.commands()
        refused += machine.tally["refused"]
        broken += bool(machine.broken)
    assert refused > MUTATIONS / 4
    assert broken > MUTATIONS / 20
    assert heard > MUTATIONS / 20


def test_a_client_lives_through_all_of_them_in_a_row():
    draw = random.Random(7)
    machine = connected()
    for number in range(MUTATIONS):
        machine.receive(mutated(draw), NOW_US)
        if number % 100 == 0:
            machine.take()
            machine.tick(float(number))
            machine.commands()
        if machine.broken:
            machine.closed(machine.broken)
            machine.opened(NOW_US, float(number))
    assert len(machine.tally) < 200
    assert len(machine.take()) < 1_000
