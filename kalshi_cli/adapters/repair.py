"""Mending JSON that is not quite, in a process of its own that can be killed.

The library is quick on what people write and takes seconds for some texts of a few thousand
brackets, all in one thread and under the interpreter's lock.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

LONGEST = 16_000
"""Characters worth a try."""
WITHIN_S = 5.0
"""Most of it is the interpreter's start."""
_PROGRAM = """
import json, sys
from json_repair import repair_json
mended = repair_json(sys.stdin.read(), return_objects=True)
json.dump(mended, sys.stdout, allow_nan=False)
"""


async def repaired(text: str) -> Mapping[str, Any] | None:
    """One object mended; None where it is too long, takes too long or becomes no object, or where
    this machine starts no process.
    """
    if len(text) > LONGEST:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            _PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:  # no more processes, or no more memory for one
        return None
    try:
        async with asyncio.timeout(WITHIN_S):
            told, _ = await process.communicate(text.encode())
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        value = json.loads(told)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
