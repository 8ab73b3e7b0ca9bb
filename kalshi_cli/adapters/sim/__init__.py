"""The embedded exchange made usable: kept in a file, spoken to over Kalshi's API."""
