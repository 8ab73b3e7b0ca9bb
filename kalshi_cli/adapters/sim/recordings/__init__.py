"""Recorded exchanges read from files: tapes of trades, and streams of order books."""
