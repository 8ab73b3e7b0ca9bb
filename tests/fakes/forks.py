"""Processes forked from one that has imported everything: that spares each of them the imports."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent


def fork(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Call a function in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fakes.everything"])
    process = context.Process(target=target, args=arguments, daemon=True)
    with pytest.MonkeyPatch.context() as patch:  # where the first one finds what it imports
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), *sys.path]))
        process.start()
    return process
