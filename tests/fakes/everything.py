"""Imports all of the program, for the process that the others are forked from; none of them leaves
this machine.
"""

import gc
import importlib
import pkgutil

from fakes.loopback import stay_on_loopback

import kalshi_cli

APART = ("__main__", ".migrations.")
LATE = ("anyio._backends._asyncio", "_strptime")
"""What others import when it is first used."""

for _module in pkgutil.walk_packages(kalshi_cli.__path__, "kalshi_cli."):
    if not any(part in _module.name for part in APART):
        importlib.import_module(_module.name)
for _name in LATE:
    importlib.import_module(_name)
stay_on_loopback(setattr)
gc.freeze()
