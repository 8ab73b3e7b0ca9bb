"""uvicorn's WebSocket with the exchange's heartbeat. Imported only where the exchange is served."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEARTBEAT = b"heartbeat"


class HeartbeatProtocol(WebSocketsSansIOProtocol):
    """Its pings carry the exchange's own body."""

    def send_keepalive_ping(self) -> None:
        self.ping_timer = None
        if self.close_sent or self.transport.is_closing():
            return
        self.pending_ping_payload = HEARTBEAT
        self.ping_sent_at = self.loop.time()
        self.conn.send_ping(HEARTBEAT)
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.ping_timeout is None:
            self.schedule_ping()
        else:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)


OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "ws": HeartbeatProtocol,
        "ws_ping_interval": 10.0,
        "ws_ping_timeout": 30.0,
        "ws_max_size": 64 * 1024 * 1024,
        "ws_per_message_deflate": True,
    }
)
"""For `uvicorn.Config`. Who answers no ping for half a minute is gone."""
