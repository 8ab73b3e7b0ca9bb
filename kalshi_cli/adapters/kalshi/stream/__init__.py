"""The exchange's WebSocket: a pure state machine, and the thin shell that connects it."""
