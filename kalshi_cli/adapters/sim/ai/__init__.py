"""A stand-in for xAI on this machine: its own protocol, made-up answers."""
