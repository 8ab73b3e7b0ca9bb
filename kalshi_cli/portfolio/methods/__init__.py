"""How to size: one file a method, chosen by `portfolio.method`."""
