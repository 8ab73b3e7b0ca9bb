"""The composition root: the only place that chooses adapters, and opens only what is needed.

`records` opens the store alone, `opening` the whole desk; whoever needs only the first imports
only the first.
"""
