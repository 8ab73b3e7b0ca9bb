"""Filters: which markets are worth looking at. One file each."""
