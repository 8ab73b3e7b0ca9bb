"""The embedded exchange's rules: pure, synchronous, deterministic.

`world` is everything in the market that is not ours; `exchange` keeps our account against it.
"""
