"""From judgements to probabilities: log-odds, the blend with the market, the baseline."""
