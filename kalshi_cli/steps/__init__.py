"""The steps of the desk: the only place that joins decisions with input and output.

Each step is one async function, `(ports..., *, parameters) -> frozen result`. No printing, no
settings object, no adapter.
"""
