"""The programs of measuring start: `make bench` reports and never fails, so nothing else tells."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("program", ["tests.bench", "tests.studies"])
def test_every_part_can_be_imported(program: str):
    """As `make` starts it: from the project's root, without the paths that pytest adds."""
    code = f"import {program}.__main__"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
