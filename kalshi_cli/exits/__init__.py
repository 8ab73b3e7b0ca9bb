"""Exits: when a position is left before settlement. One file each."""
