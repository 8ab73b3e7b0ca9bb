"""What httpcore does at each request for more than it need cost, changed in the whole process."""

import importlib.util
import sys

_LOOKED_FOR = "sniffio"
"""httpcore imports it with every request: one that is missing is searched for on disk."""
_PIECE = 2**18
"""Bytes that asyncio takes from a socket at once. httpcore asks for a quarter of them, and what is
left over is then copied, three times: a third of what it costs to receive a page of markets.
"""


def spare_searches() -> None:
    """Let an import that fails fail at once, at every request: a tenth of what one costs."""
    if _LOOKED_FOR not in sys.modules and importlib.util.find_spec(_LOOKED_FOR) is None:
        sys.modules[_LOOKED_FOR] = None  # type: ignore[assignment]  # "known to be missing"


def take_large_pieces() -> None:
    """Let a body come in pieces as large as they are read."""
    from httpcore import AsyncHTTP11Connection  # httpx, too, imports it with its first transport

    AsyncHTTP11Connection.READ_NUM_BYTES = _PIECE
