"""What `kalshi strategies new` writes."""
