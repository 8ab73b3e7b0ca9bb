"""What a client may ask of the stream, read from its frames. Raises `Complaint` for what is none.

Whoever asks for several channels at once gets all of them, or an error and none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from kalshi_cli.adapters.sim.stream.channels import BY_MARKET, Channel, Complaint

Params = Mapping[str, object]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SELECTORS = ("market_ticker", "market_tickers", "market_id", "market_ids")
_MOST_SHARDS = 100


@dataclass(frozen=True, slots=True)
class Command:
    """A frame of the client. An id of 0 is none."""

    command_id: int
    name: str
    params: Params | None

    @property
    def needed(self) -> Params:
        """The parameters of a command that cannot do without."""
        if self.params is None:
            raise Complaint(2)
        return self.params


@dataclass(frozen=True, slots=True)
class Selection:
    """Markets by ticker or by UUID; None selects nothing in particular."""

    tickers: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`use_yes_price` is None where nothing is said of it."""

    channels: tuple[Channel, ...]
    selection: Selection
    topics: tuple[str, ...]
    use_yes_price: bool | None
    send_initial_snapshot: bool
    skip_ticker_ack: bool


def read_command(message: str | bytes) -> Command:
    """The command in a frame; error 1 where there is none."""
    try:
        body = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Complaint(1) from error
    if not isinstance(body, dict):
        raise Complaint(1)
    command_id, name, params = body.get("id", 0), body.get("cmd"), body.get("params")
    if type(command_id) is not int or command_id < 0:
        raise Complaint(1)
    if name is not None and not isinstance(name, str):
        raise Complaint(1)
    return Command(command_id, name or "", params if isinstance(params, dict) else None)


def read_subscribe(params: Params) -> Subscribe:
    """Channels, markets and options of a subscription."""
    channels = _channels(params)
    selection = read_selection(params)
    for channel in channels:
        _check_selection(channel, selection)
    if Channel.COMMUNICATIONS in channels:
        _check_communications(params)
    return Subscribe(
        channels=channels,
        selection=selection,
        topics=read_texts(params, "index_ids") + read_texts(params, "underlying_tickers"),
        use_yes_price=(read_flag(params, "use_yes_price") if "use_yes_price" in params else None),
        send_initial_snapshot=read_flag(params, "send_initial_snapshot"),
        skip_ticker_ack=read_flag(params, "skip_ticker_ack"),
    )


def _channels(params: Params) -> tuple[Channel, ...]:
    if not params.get("channels"):
        raise Complaint(3)
    try:
        return tuple(dict.fromkeys(Channel(name) for name in read_texts(params, "channels")))
    except ValueError as error:
        raise Complaint(8) from error


def read_selection(params: Params) -> Selection:
    """The markets that a command names: in one of four ways, or not at all."""
    named = [name for name in _SELECTORS if params.get(name) is not None]
    if not named:
        return Selection()
    if len(named) > 1:
        raise Complaint(11)
    chosen = (_text(params, named[0]),) if named[0][-1] != "s" else read_texts(params, named[0])
    if not chosen:
        raise Complaint(11)
    if "ticker" in named[0]:
        return Selection(tickers=chosen)
    if not all(_UUID.fullmatch(each) for each in chosen):
        raise Complaint(11)
    return Selection(ids=tuple(each.lower() for each in chosen))


def _check_selection(channel: Channel, selection: Selection) -> None:
    """Only tickers can be asked for by UUID; books must name their markets."""
    if channel is Channel.ORDERBOOK and selection.tickers is None:
        raise Complaint(14)
    if channel in BY_MARKET - {Channel.TICKER} and selection.ids is not None:
        raise Complaint(11)


def _check_communications(params: Params) -> None:
    if params.get("user_filter", "") not in ("", "self"):
        raise Complaint(11)
    factor, key = params.get("shard_factor"), params.get("shard_key")
    if factor is None and key is None:
        return
    if factor is None:
        raise Complaint(20)
    if not isinstance(factor, int) or not isinstance(key, int | None):
        raise Complaint(11)
    if not 0 < factor <= _MOST_SHARDS:
        raise Complaint(19 if factor <= 0 else 22)
    if key is not None and not 0 <= key < factor:
        raise Complaint(21)


def read_sids(params: Params) -> tuple[int, ...]:
    """The subscriptions that a command names by `sids`."""
    sids = params.get("sids")
    if not sids:
        raise Complaint(4)
    if not isinstance(sids, list) or any(type(sid) is not int for sid in sids):
        raise Complaint(11)
    return tuple(dict.fromkeys(sids))


def read_one_sid(params: Params) -> int:
    """The one subscription that an update names, by `sid` or by `sids`."""
    given = [params[name] for name in ("sid", "sids") if params.get(name) is not None]
    sids = given[0] if len(given) == 1 else None
    sid = sids[0] if isinstance(sids, list) and len(sids) == 1 else sids
    if type(sid) is not int:
        raise Complaint(12)
    return sid


def read_action(params: Params) -> str:
    if not params.get("action"):
        raise Complaint(15)
    return _text(params, "action")


def read_flag(params: Params, name: str) -> bool:
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise Complaint(11)
    return value


def read_texts(params: Params, name: str) -> tuple[str, ...]:
    """A list of texts, each once; empty where it is missing."""
    values = params.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise Complaint(11)
    return tuple(dict.fromkeys(values))


def _text(params: Params, name: str) -> str:
    value = params[name]
    if not isinstance(value, str) or not value:
        raise Complaint(11)
    return value
