"""Whether any of it works: scores against the market, profit and loss, with intervals."""
