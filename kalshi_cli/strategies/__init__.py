"""Strategies: from a view of the markets to proposals. One file each; strangers to each other."""
