"""What shall go wrong in the simulated exchange, and what reads tell that lag behind."""
